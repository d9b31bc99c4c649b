"""`fupin run`, `rerun`, `runs`, `explain`, `score`: identification from the command line."""

from __future__ import annotations

import json
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fupin.cli.acting import acting_user
from fupin.cli.django_setup import django_ready
from fupin.cli.explain_text import print_explanation, print_run, print_score
from fupin.cli.progress import step_progress
from fupin.kernel.errors import UserError

if TYPE_CHECKING:
    from fupin.identify.api import Run

As = Annotated[str | None, typer.Option("--as", help="账号 / account to act for")]
AsJson = Annotated[bool, typer.Option("--json", help="机器可读 / machine readable")]


class Engine(StrEnum):
    """What computes a run; the results are the same."""

    POLARS = "polars"
    SPARK = "spark"


EngineOption = Annotated[
    Engine | None, typer.Option(help="计算引擎，结果相同 / what computes; the results are the same")
]
RunOption = Annotated[str | None, typer.Option("--run", help="运行编号，缺省为最近一次 / run, the newest by default")]


def register(app: typer.Typer) -> None:
    app.command("run")(run_command)
    app.command("rerun")(rerun_command)
    app.command("runs")(runs_command)
    app.command("explain")(explain_command)
    app.command("score")(score_command)
    app.command("screen")(screen_command)


def parse_day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UserError(
            zh=f"日期看不懂：{text}",
            en=f"not a date: {text}",
            hint_zh="请写成 2026-10-31 的样子",
            hint_en="write it like 2026-10-31",
        ) from None


def run_command(
    region: Annotated[str, typer.Option(help="区划代码 / region code, such as 4501")],
    as_of: Annotated[str, typer.Option(help="数据截止日 / cut-off date, such as 2026-10-31")],
    resume: Annotated[str | None, typer.Option(help="接着跑被中断的运行 / take up a killed run")] = None,
    engine: EngineOption = None,
    user: As = None,
    as_json: AsJson = False,
) -> None:
    """识别运行：快照 → 匹配 → 比对 → 指数 / snapshot → link → compare → index."""
    django_ready()
    from fupin.identify import api as identify

    by = acting_user(user)
    if resume:
        run = find_run(by, resume)
    else:
        day = parse_day(as_of)
        run = identify.start_run(by=by, region=region, as_of=day, in_background=False, engine=engine or "")
    with step_progress(quiet=as_json) as report:
        run = identify.execute_run(run, report, engine or "")
    _show(run, as_json)


def screen_command(
    region: Annotated[str, typer.Option(help="区划代码 / region code, such as 4501")],
    as_of: Annotated[str, typer.Option(help="截止日 / cut-off date, such as 2026-10-31")],
    user: As = None,
    as_json: AsJson = False,
) -> None:
    """逻辑筛查：逐条规则查登记内容的矛盾 / logic screening: contradictions inside the registry."""
    django_ready()
    from fupin.identify import api as identify

    by = acting_user(user)
    one = identify.start_screening(by=by, region=region, as_of=parse_day(as_of), in_background=False)
    with step_progress(quiet=as_json) as report:
        one = identify.execute_screening(one, report)
    if as_json:
        typer.echo(json.dumps({"screening": one.pk, "counts": one.counts}))
        return
    told = one.counts
    typer.echo(
        f"{one.pk}\n适用规则 / rules applicable: {told['applicable']} / {told['rules']}\n"
        f"待更正 / to mend: {told['open']:,}，新发现 / new: {told['fresh']:,}，严重 / severe: {told['severe']:,}\n"
        f"已改正 / mended: {told['mended']:,}  豁免中 / exempted: {told['exempted']:,}"
    )


def rerun_command(run_id: str, engine: EngineOption = None, user: As = None, as_json: AsJson = False) -> None:
    """用当时钉住的输入再跑一次并比较摘要 / repeat a run over its pinned inputs and compare digests."""
    django_ready()
    from fupin.identify import api as identify

    by = acting_user(user)
    first = find_run(by, run_id)
    again = identify.repeat_run(by=by, run=first, engine=engine or "")
    with step_progress(quiet=as_json) as report:
        again = identify.execute_run(again, report)
    differing = identify.differing_digests(first, again)
    if as_json:
        engines = [run.manifest["engine"]["name"] for run in (first, again)]
        typer.echo(json.dumps({"run": again.id, "rerun_of": first.id, "engines": engines, "differing": differing}))
    elif not differing:
        typer.echo(f"结果一致 / same digests: {', '.join(sorted(again.manifest['digests']))}")
    if differing:
        raise UserError(
            zh=f"重跑结果与原运行不同：{', '.join(differing)}",
            en=f"the repeated run differs in: {', '.join(differing)}",
            hint_zh="请保留两个运行文件夹并报告此问题",
            hint_en="keep both run folders and report it",
        )


def runs_command(user: As = None, as_json: AsJson = False) -> None:
    """列出运行 / list the runs."""
    django_ready()
    from fupin.identify import api as identify

    rows = [
        {"id": r.id, "region": r.region, "as_of": str(r.as_of), "state": r.state, "step": r.step}
        for r in identify.runs_for(acting_user(user))
    ]
    typer.echo(
        json.dumps(rows) if as_json else "\n".join("  ".join(row.values()) for row in rows) or "还没有运行 / no runs"
    )


def explain_command(household_id: str, run_id: RunOption = None, user: As = None, as_json: AsJson = False) -> None:
    """说明一户的指数如何得来、每条疑点的证据 / how the index came about, the evidence of every finding."""
    django_ready()
    from fupin.identify import api as identify

    by = acting_user(user)
    run = find_run(by, run_id)
    try:
        told = identify.explain(by, run, household_id)
    except identify.NotFound:
        raise UserError(
            zh=f"运行 {run.id} 中没有户编号 {household_id}（或不在您的辖区）",
            en=f"no household {household_id} in run {run.id} (or outside your region)",
            hint_zh="在“农户”页或 fupin runs 中核对编号",
            hint_en="check the number on the households page, or the run with `fupin runs`",
        ) from None
    if as_json:
        typer.echo(json.dumps(told, ensure_ascii=False, default=str))
    else:
        print_explanation(told)


def score_command(
    run_id: str,
    truth: Annotated[Path, typer.Option(help="模拟城市的 truth 文件夹 / truth folder of a generated city")],
    user: As = None,
    as_json: AsJson = False,
) -> None:
    """与模拟真相比较：精确率、召回率、错评漏评 / against the generated truth: precision, recall, errors."""
    django_ready()
    from fupin.engine.score import score
    from fupin.identify import api as identify

    if not (truth / "anomalies.parquet").exists():
        raise UserError(
            zh=f"{truth} 里没有 anomalies.parquet",
            en=f"no anomalies.parquet in {truth}",
            hint_zh="请给出 fupin simulate 输出文件夹中的 truth",
            hint_en="give the folder `truth` that `fupin simulate` wrote",
        )
    result: dict[str, Any] = score(identify.run_folder(find_run(acting_user(user), run_id)), truth)
    if as_json:
        typer.echo(json.dumps(result, ensure_ascii=False, default=str))
    else:
        print_score(result)


def find_run(by: Any, run_id: str | None) -> Run:
    """The named run, else the newest finished one. Raises UserError when there is none."""
    from fupin.identify import api as identify

    run = identify.runs_for(by).filter(pk=run_id).first() if run_id else identify.latest_run(by)
    if run is None:
        raise UserError(
            zh=f"没有这个运行：{run_id}" if run_id else "还没有完成的运行",
            en=f"no such run: {run_id}" if run_id else "no finished run yet",
            hint_zh="用 fupin runs 查看，或用 fupin run 发起",
            hint_en="list them with `fupin runs`, or start one with `fupin run`",
        )
    return run


def _show(run: Run, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({"run": run.id, "state": run.state, "counts": run.counts, "manifest": run.manifest}))
    else:
        print_run(run.id, run.counts, run.manifest)
