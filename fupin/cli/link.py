"""``fupin link``: find the rows of CSV files that describe the same person."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fupin.kernel.errors import UserError

if TYPE_CHECKING:  # loaded when the command runs: `fupin --help` must be quick
    import polars as pl

    from fupin.engine.evaluate import Score
    from fupin.engine.linkage import Model


def read_csv(path: Path) -> pl.DataFrame:
    """A CSV file with texts only; spaces around headers are dropped. Raises UserError."""
    import polars as pl

    if not path.is_file():
        raise UserError(f"找不到文件：{path}", f"no such file: {path}", "检查路径", "check the path")
    try:
        frame = pl.read_csv(path, infer_schema_length=0)
    except (pl.exceptions.PolarsError, UnicodeDecodeError) as error:
        raise UserError(
            f"{path.name} 不能按 CSV 读取：{error}", f"{path.name} cannot be read as CSV: {error}",
            "另存为 UTF-8 编码、逗号分隔的 CSV", "save it as UTF-8, comma separated",
        ) from error  # fmt: skip
    if not len(frame):
        raise UserError(f"{path.name} 没有数据行", f"{path.name} has no rows", "检查文件内容", "check the file")
    names = [name.strip() for name in frame.columns]
    if len(set(names)) < len(names):
        twice = sorted({name for name in names if names.count(name) > 1})
        raise UserError(
            f"{path.name} 有重名的列：{'、'.join(twice)}", f"{path.name} has columns twice: {', '.join(twice)}"
        )
    return frame.rename(dict(zip(frame.columns, names, strict=True)))


def _demand(path: Path, frame: pl.DataFrame, model: Model, truth: str) -> None:
    compared = {str(comparison["column"]) for comparison in model.comparison}
    keys = {column for rule in model.deterministic for column in rule}
    derived = set(model.derive or {})
    wanted = ({model.id} | compared | keys | set(model.clean or {}) | ({truth} if truth else set())) - derived
    if missing := sorted(wanted - set(frame.columns)):
        raise UserError(
            f"{path.name} 没有列：{'、'.join(missing)}", f"{path.name} has no column {', '.join(missing)}",
            f"文件中的列：{'、'.join(frame.columns)}；修改配置或文件",
            f"its columns: {', '.join(frame.columns)}; mend the configuration or the file",
        )  # fmt: skip
    if frame.get_column(model.id).n_unique() < len(frame):
        raise UserError(f"{path.name} 的 {model.id} 有重复值", f"{model.id} of {path.name} is not unique")


def _entities(path: Path, frame: pl.DataFrame, model: Model, truth: str) -> dict[str, str]:
    column = frame.get_column(truth).str.strip_chars()
    if model.truth_pattern:
        column = column.str.extract(model.truth_pattern)
    if column.null_count():
        raise UserError(
            f"{path.name} 的真值列 {truth} 有 {column.null_count()} 行为空或不合 truth_pattern",
            f"truth column {truth} of {path.name} is empty or does not fit truth_pattern in {column.null_count()} rows",
        )
    ids = frame.get_column(model.id).str.strip_chars()
    return dict(zip(ids, column, strict=True))


def _labels(path: Path, model: Model) -> dict[tuple[str, str], bool]:
    frame = read_csv(path)
    left, right = f"{model.id}_l", f"{model.id}_r"
    needed = (left, right, "clerical_match_score")
    if missing := [name for name in needed if name not in frame.columns]:
        raise UserError(
            f"标注文件 {path.name} 没有列：{'、'.join(missing)}", f"labels {path.name}: no column {', '.join(missing)}"
        )
    rows = frame.select(needed).iter_rows()
    return {(a, b) if a < b else (b, a): float(score) > 0.5 for a, b, score in rows}


def _score(
    pairs: pl.DataFrame, frames: list[pl.DataFrame], paths: list[Path], model: Model, config: Path, truth: str
) -> Score:
    from fupin.engine.evaluate import score_entities, score_labels

    if model.labels:
        return score_labels(pairs, _labels(config.parent / model.labels, model))
    found = [_entities(path, frame, model, truth) for path, frame in zip(paths, frames, strict=True)]
    return score_entities(pairs, found[0], found[1] if len(found) > 1 else None)


def run_link(paths: list[Path], config: Path, truth: str = "") -> tuple[pl.DataFrame, Score | None]:
    """Links of one or two CSV files (left, right, probability) and, with a truth column, their score.

    Raises UserError.
    """
    import polars as pl

    from fupin.engine.linkage import link_frames, read_model

    model = read_model(config)
    frames = [read_csv(path) for path in paths]
    for path, frame in zip(paths, frames, strict=True):
        _demand(path, frame, model, truth)
    frames = [frame.with_columns(pl.col(model.id).str.strip_chars()) for frame in frames]
    pairs = link_frames(model, frames[0], frames[1] if len(frames) > 1 else None)
    return pairs, _score(pairs, frames, paths, model, config, truth) if truth else None


def _say(pairs: pl.DataFrame, score: Score | None, as_json: bool) -> None:
    result: dict[str, float] = {"links": len(pairs), **(score.as_dict() if score else {})}
    if as_json:
        typer.echo(json.dumps(result))
        return
    typer.echo(f"关联 links: {len(pairs)}")
    if score:
        typer.echo(f"精确率 precision: {score.precision:.4f}   召回率 recall: {score.recall:.4f}   F1: {score.f1:.4f}")
        typer.echo(f"tp {score.tp}   fp {score.fp}   fn {score.fn}")


def link(
    left: Annotated[Path, typer.Argument(help="CSV file")],
    right: Annotated[
        Path | None, typer.Argument(help="second CSV file; without it duplicates inside LEFT are sought")
    ] = None,
    config: Annotated[
        Path | None, typer.Option(help="TOML: columns, cleaning, comparisons, blocking, threshold")
    ] = None,
    truth: Annotated[str, typer.Option(help="column that says who a row describes")] = "",
    out: Annotated[Path | None, typer.Option(help="write the links as CSV")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
) -> None:
    """关联：找出描述同一人的行。Find the rows that describe the same person."""
    if config is None:
        raise UserError(
            "没有给出关联配置", "no linkage configuration given",
            "加上 --config 文件.toml（示例见 fupin/engine/data/linkage）",
            "add --config FILE.toml (examples: fupin/engine/data/linkage)",
        )  # fmt: skip
    pairs, score = run_link([left] if right is None else [left, right], config, truth)
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        pairs.write_csv(out)
    _say(pairs, score, as_json)


def register(app: typer.Typer) -> None:
    app.command("link")(link)
