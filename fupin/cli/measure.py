"""`fupin measure`: poverty and inequality of a file or of a run, with standard errors and intervals."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fupin.cli.acting import acting_user
from fupin.cli.django_setup import django_ready
from fupin.cli.measure_text import print_file, print_regions
from fupin.cli.run import find_run
from fupin.kernel.errors import UserError

if TYPE_CHECKING:
    from fupin.engine.measure.file import Question


def register(app: typer.Typer) -> None:
    app.command("measure")(measure_command)


File = Annotated[Path | None, typer.Argument(help="CSV、XLSX、Parquet；用 --run 时不写 / left out with --run")]
Spec = Annotated[Path | None, typer.Option(help="多维贫困规格 TOML / specification of a multidimensional index")]
Account = Annotated[str | None, typer.Option("--as", help="账号（与 --run 同用）/ account to act for, with --run")]
LINE_HELP = "贫困线：数字、mean、60%median 等 / the line: a number, mean, 60%median and the like"
BY_HELP = "分组列；与 --run 同用时为层级 / column of groups; with --run a level: level, county, town, village"
MISSING_HELP = "排除有缺失值的行 / leave out rows with missing values"
LOGS_HELP = "福利列是自然对数 / welfare is given as natural logarithms"


def measure_command(
    file: File = None,
    welfare: Annotated[str, typer.Option(help="福利列 / column of income or consumption per head")] = "",
    line: Annotated[str, typer.Option(help=LINE_HELP)] = "",
    weight: Annotated[str, typer.Option(help="权数列 / column of weights")] = "",
    by: Annotated[str, typer.Option(help=BY_HELP)] = "",
    strata: Annotated[str, typer.Option(help="分层列 / column of strata")] = "",
    clusters: Annotated[str, typer.Option(help="初级抽样单位列 / column of primary sampling units")] = "",
    confidence: Annotated[float, typer.Option(help="置信水平 / level of the intervals")] = 0.95,
    quantiles: Annotated[int, typer.Option(help="分位数：分几等份 / quantiles, in so many parts")] = 0,
    lorenz: Annotated[int, typer.Option(help="洛伦兹曲线：分几段 / Lorenz curve, in so many steps")] = 0,
    mpi: Spec = None,
    cutoff: Annotated[str, typer.Option(help="代替规格中的临界值，如 1/6 / instead of the spec's cutoff")] = "",
    drop_missing: Annotated[bool, typer.Option("--drop-missing", help=MISSING_HELP)] = False,
    logs: Annotated[bool, typer.Option("--logs", help=LOGS_HELP)] = False,
    run: Annotated[str, typer.Option(help="运行编号或 latest：测算登记库 / a run: measure the registry")] = "",
    region: Annotated[str, typer.Option(help="区划代码（与 --run 同用）/ region code, with --run")] = "",
    user: Account = None,
    as_json: Annotated[bool, typer.Option("--json", help="机器可读 / machine readable")] = False,
) -> None:
    """测算贫困与不平等：FGT、Watts、基尼、MLD、多维贫困 / poverty and inequality, multidimensional poverty."""
    if run:
        _of_run(run, region, by, user, as_json, alone=file is None and not (welfare or line or weight or mpi))
        return
    from fupin.engine.measure.file import Question
    from fupin.engine.measure.spec import read_spec

    asked = Question(
        welfare, line, weight, by, strata, clusters, confidence, quantiles, lorenz,
        read_spec(mpi) if mpi else None, _cutoff(cutoff, mpi), drop_missing, logs,
    )  # fmt: skip
    answer = measure_file(_demanded(file), asked)
    if as_json:
        typer.echo(json.dumps(answer, ensure_ascii=False, allow_nan=False))
    else:
        print_file(answer)


def measure_file(path: Path, asked: Question) -> dict[str, Any]:
    """The answer for one table, with the file's name. Raises UserError."""
    from fupin.engine.measure.file import check_question, measure_table
    from fupin.exchange.reading.plain import open_plain  # not through exchange.api: that would start a database

    check_question(asked)
    with open_plain(path) as table:
        return {"file": path.name, **measure_table(asked, table.columns, table.pieces)}


def _demanded(file: Path | None) -> Path:
    if file is None:
        raise UserError(
            "没有给出文件", "no file given",
            "写上文件名，或用 --run latest 测算登记库", "name a file, or measure the registry with --run latest",
        )  # fmt: skip
    return file


def _cutoff(text: str, mpi: Path | None) -> Any:
    from fractions import Fraction

    if not text:
        return None
    try:
        value = Fraction(text)
    except (ValueError, ZeroDivisionError):
        value = Fraction(0)
    if mpi is None or not 0 < value <= 1:
        raise UserError(
            f"--cutoff 用不上或看不懂：{text}", f"--cutoff does not fit or cannot be read: {text}",
            "与 --mpi 同用，写 0 到 1 之间的数或分数，如 1/3", "use it with --mpi: a number or fraction such as 1/3",
        )  # fmt: skip
    return value


def _of_run(run_id: str, region: str, by: str, user: str | None, as_json: bool, *, alone: bool) -> None:
    """The registry's measures as the run's acceptance kept them."""
    if not alone:
        raise UserError(
            "--run 测算登记库，不与文件、--welfare、--line、--weight、--mpi 同用",
            "--run measures the registry: not together with a file, --welfare, --line, --weight or --mpi",
            "去掉其中之一；登记库按目录里的贫困线和随附规格测算",
            "leave one out; the registry is measured against the catalogue's line and the shipped specification",
        )  # fmt: skip
    django_ready()
    from fupin.identify import api as identify

    account = acting_user(user)
    run = find_run(account, None if run_id == "latest" else run_id)
    answer = identify.measures_told(account, run, region or max(run.region, account.region, key=len), _level(by))
    if as_json:
        typer.echo(json.dumps(answer, ensure_ascii=False, allow_nan=False))
    else:
        print_regions(answer)


def _level(text: str) -> int | None:
    """3 county, 4 town, 5 village, by number or name; None: only the region itself."""
    if not text:
        return None
    from fupin.kernel.regions import LEVEL_NAMES

    named = {name: level for level, names in LEVEL_NAMES.items() for name in (*names, str(level))}
    if text == "level":
        return 0
    if named.get(text, 6) > 5:
        raise UserError(
            f"--by 看不懂：{text}", f"not a level: {text}",
            "写 level（下一级）、county、town、village，或 3、4、5",
            "write level (the next one down), county, town, village, or 3, 4, 5",
        )  # fmt: skip
    return named[text]
