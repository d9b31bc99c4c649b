"""Probabilistic record linkage from a TOML configuration: Splink (Fellegi–Sunter) with fixed m and u probabilities.

The model stands in the file and is never trained on the way, so that the same rows give the same links.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from fupin.kernel.errors import UserError

if TYPE_CHECKING:
    from splink.comparison_library import CustomComparison

PAIRS: Mapping[str, pl.DataType] = {"left": pl.String(), "right": pl.String(), "probability": pl.Float64()}
_CONFIG_KEYS = {"id", "clean", "derive", "comparison", "blocking", "prior", "threshold", "deterministic", "cluster",
                "one_to_one", "truth_pattern", "labels"}  # fmt: skip
_ROW, _SIDE = "fupin_row", "fupin_side"
_FUNCTIONS = {
    "jaro_winkler": "jaro_winkler_similarity({l}, {r}) >= {x}",
    "levenshtein": "levenshtein({l}, {r}) <= {x}",
    "damerau_levenshtein": "damerau_levenshtein({l}, {r}) <= {x}",
    "prefix": "left({l}, {x}) = left({r}, {x})",
}
CLEANING: Mapping[str, Any] = {
    "strip": lambda c: c.str.strip_chars(),
    "lower": lambda c: c.str.to_lowercase(),
    "digits": lambda c: c.str.replace_all(r"\D", ""),
    "letters": lambda c: c.str.replace_all(r"[^\pL]", ""),
    "null_if_blank": lambda c: pl.when(c.str.len_chars() > 0).then(c),
}


@dataclass(frozen=True)
class Model:
    """A linkage model. ``comparison``: columns with levels; ``blocking``: SQL conditions over l and r;
    ``deterministic``: lists of columns whose equality links without more; ``threshold``: least match probability."""

    comparison: tuple[Mapping[str, Any], ...]
    blocking: tuple[str, ...]
    prior: float
    threshold: float
    id: str = "unique_id"
    clean: Mapping[str, Sequence[str]] | None = None
    derive: Mapping[str, str] | None = None
    deterministic: tuple[tuple[str, ...], ...] = ()
    cluster: bool = False
    one_to_one: bool = False
    truth_pattern: str = ""
    labels: str = ""


def _fail(path: Path, zh: str, en: str) -> UserError:
    return UserError(
        f"关联配置 {path.name}：{zh}", f"linkage configuration {path.name}: {en}",
        "对照 fupin/engine/data/linkage 中的示例修改", "compare with the examples in fupin/engine/data/linkage",
    )  # fmt: skip


def read_model(path: Path) -> Model:
    """Raises UserError when the file is missing or wrong."""
    if not path.is_file():
        raise _fail(path, "文件不存在", "no such file")
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise _fail(path, f"不是有效的 TOML（{error}）", f"not valid TOML ({error})") from error
    if stray := set(raw) - _CONFIG_KEYS:
        raise _fail(path, f"有不认识的键：{', '.join(sorted(stray))}", f"unknown keys: {', '.join(sorted(stray))}")
    if missing := [key for key in ("comparison", "blocking", "prior", "threshold") if key not in raw]:
        raise _fail(path, f"缺少：{', '.join(missing)}", f"missing: {', '.join(missing)}")
    rules = tuple(tuple(rule) for rule in raw.get("deterministic", ()))
    lists = {"comparison": tuple(raw["comparison"]), "blocking": tuple(raw["blocking"]), "deterministic": rules}
    model = Model(**{**raw, **lists})
    for comparison in model.comparison:
        for level in comparison.get("levels", ()):
            if not {"m", "u"} <= set(level):
                raise _fail(
                    path,
                    f"比较 {comparison.get('column')} 有一级没有 m 和 u",
                    f"a level of {comparison.get('column')} lacks m or u",
                )
    return model


def _condition(level: Mapping[str, Any], column: str) -> str:
    """The SQL of a level: ``sql`` as it stands, ``exact``, or a function with its limit."""
    if "sql" in level:
        return str(level["sql"])
    name = str(level.get("of", column))
    left, right = f'"{name}_l"', f'"{name}_r"'
    for function, template in _FUNCTIONS.items():
        if function in level:
            return template.format(l=left, r=right, x=level[function])
    return f"{left} = {right}"


def _comparison(raw: Mapping[str, Any]) -> CustomComparison:
    # Splink and DuckDB take seconds to import: only those who link pay for it
    from splink.comparison_level_library import CustomLevel, ElseLevel, NullLevel
    from splink.comparison_library import CustomComparison

    levels: list[Any] = [NullLevel(raw["column"])]
    for level in raw["levels"]:
        made = ElseLevel() if level.get("else") else CustomLevel(_condition(level, raw["column"]))
        options = {"m_probability": level["m"], "u_probability": level["u"]}
        if "tf" in level:
            options["tf_adjustment_column"] = level["tf"]
        levels.append(made.configure(**options))
    return CustomComparison(comparison_levels=levels, output_column_name=raw["column"])


def prepare(frame: pl.DataFrame, model: Model) -> pl.DataFrame:
    """Clean the columns and add the derived ones (DuckDB SQL over the cleaned columns)."""
    import duckdb

    cleaned = []
    for column, operations in (model.clean or {}).items():
        expression = pl.col(column).cast(pl.String)
        for operation in operations:
            expression = CLEANING[operation](expression)
        cleaned.append(expression.alias(column))
    frame = frame.with_columns(cleaned)
    if model.derive:
        made = ", ".join(f'{sql} AS "{name}"' for name, sql in model.derive.items())
        with duckdb.connect() as connection:
            connection.register("frame", frame.to_arrow(compat_level=pl.CompatLevel.oldest()))
            frame = pl.DataFrame(connection.sql("FROM frame").project(f"*, {made}").to_arrow_table())
    return frame


def splink_settings(model: Model, link_type: str) -> dict[str, Any]:
    """The model as Splink wants it; ``link_type``: dedupe_only or link_only."""
    return {
        "link_type": link_type,
        "unique_id_column_name": model.id,
        "comparisons": [_comparison(raw) for raw in model.comparison],
        "blocking_rules_to_generate_predictions": list(model.blocking),
        "probability_two_random_records_match": model.prior,
        "retain_matching_columns": False,
    }


def predict(model: Model, left: pl.DataFrame, right: pl.DataFrame | None = None, least: float = 0.0) -> pl.DataFrame:
    """Candidate pairs of prepared frames with a match probability of at least ``least`` (columns: :data:`PAIRS`).

    With one frame pairs inside it, with two frames pairs across.
    """
    if right is None:
        left = left.sort(model.id)  # of a pair inside it the smaller id is on the left, in whatever order rows came
    found = numbered_pairs(model, left, right, least)
    ids = [frame[model.id].cast(pl.String) for frame in (left, left if right is None else right)]
    pairs = found.with_columns(ids[0].gather(found["left"]).alias("left"), ids[1].gather(found["right"]).alias("right"))
    return pairs.sort("left", "right")


def numbered_pairs(model: Model, left: pl.DataFrame, right: pl.DataFrame | None, least: float) -> pl.DataFrame:
    """As :func:`predict`, with numbers of rows from 0 (UInt32) instead of ids, sorted by them.

    Splink gets both frames as one, each row with its side and its number: it joins numbers much faster than texts.
    """
    import duckdb
    from splink import Linker
    from splink.backends.duckdb import DuckDBAPI

    frames = [left] if right is None else [left, right.select(left.columns)]
    sided = [frame.with_columns(pl.lit(side, pl.Int8).alias(_SIDE)) for side, frame in enumerate(frames)]
    # strings as Polars holds them: they are not copied on the way to DuckDB
    table = pl.concat(sided).with_row_index(_ROW).to_arrow(compat_level=pl.CompatLevel.newest())
    if right is not None:
        across = tuple(f"({rule}) and l.{_SIDE} = 0 and r.{_SIDE} = 1" for rule in model.blocking)
        model = replace(model, blocking=across)
    settings = splink_settings(replace(model, id=_ROW), "dedupe_only")
    with duckdb.connect() as connection:
        registered = DuckDBAPI(connection=connection).register(table, dataset_display_name="fupin_rows")
        predicted = Linker(registered, settings, log_level=None).inference.predict(
            threshold_match_probability=least or None
        )
        columns = f"{_ROW}_l AS left, {_ROW}_r AS right, match_probability AS probability"
        pairs = pl.DataFrame(predicted.as_duckdbpyrelation().project(columns).to_arrow_table())
    begin = 0 if right is None else len(left)
    return pairs.with_columns(pl.col("right") - pl.lit(begin, pl.UInt32)).sort("left", "right")


def deterministic_pairs(model: Model, left: pl.DataFrame, right: pl.DataFrame | None = None) -> pl.DataFrame:
    """Pairs that agree on every column of one of the deterministic rules; probability 1."""
    found = [pl.DataFrame(schema=dict(PAIRS))]
    other = left if right is None else right
    for columns in model.deterministic:
        joined = left.select(pl.col(model.id).cast(pl.String).alias("left"), *columns).join(
            other.select(pl.col(model.id).cast(pl.String).alias("right"), *columns), on=list(columns)
        )
        if right is None:
            joined = joined.filter(pl.col("left") < pl.col("right"))
        found.append(joined.select("left", "right", pl.lit(1.0).alias("probability")))
    return pl.concat(found)


def clusters(pairs: pl.DataFrame) -> dict[str, str]:
    """Row → the smallest id of the rows it is linked to, directly or through others (union–find)."""
    parent: dict[str, str] = {}

    def root(node: str) -> str:
        while parent.setdefault(node, node) != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    for left, right in zip(pairs["left"], pairs["right"], strict=True):
        a, b = sorted((root(left), root(right)))
        parent[b] = a
    return {node: root(node) for node in parent}


def _closed(pairs: pl.DataFrame) -> pl.DataFrame:
    """All pairs inside the clusters; a pair that was only inferred has the least probability of the given ones."""
    members = pl.DataFrame(list(clusters(pairs).items()), schema={"id": pl.String, "of": pl.String}, orient="row")
    both = members.join(members, on="of", suffix="_r").filter(pl.col("id") < pl.col("id_r"))
    ordered = pairs.select(
        pl.min_horizontal("left", "right"), pl.max_horizontal("left", "right").alias("right"), "probability"
    )
    known = both.select(pl.col("id").alias("left"), pl.col("id_r").alias("right")).join(
        ordered, on=["left", "right"], how="left"
    )
    return known.with_columns(pl.col("probability").fill_null(pairs["probability"].min()))


def _one_to_one(pairs: pl.DataFrame) -> pl.DataFrame:
    """Keep a pair only when each side is the other's best (ties: the smaller id)."""
    order = [pl.col("probability"), pl.col("left"), pl.col("right")]
    ranked = pairs.sort(order, descending=[True, False, False])
    best_left = ranked.unique(subset="left", keep="first", maintain_order=True)
    return best_left.unique(subset="right", keep="first", maintain_order=True)


def link_frames(model: Model, left: pl.DataFrame, right: pl.DataFrame | None = None) -> pl.DataFrame:
    """The links of raw frames (columns: :data:`PAIRS`): deterministic rules, then the model from the threshold on."""
    first = prepare(left, model)
    second = None if right is None else prepare(right, model)
    scored = predict(model, first, second, model.threshold)
    pairs = pl.concat([deterministic_pairs(model, first, second), scored])
    pairs = pairs.sort("probability", descending=True).unique(
        subset=["left", "right"], keep="first", maintain_order=True
    )
    if right is None:
        pairs = pairs.select(
            pl.min_horizontal("left", "right"), pl.max_horizontal("left", "right").alias("right"), "probability"
        )
        pairs = pairs.unique(subset=["left", "right"], keep="first", maintain_order=True)
    if model.one_to_one:
        pairs = _one_to_one(pairs)
    if model.cluster and len(pairs):
        pairs = _closed(pairs)
    return pairs.sort("left", "right")
