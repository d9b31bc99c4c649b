"""``fupin simulate``: generate a city to run on."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fupin.cli.progress import step_progress
from fupin.kernel.errors import UserError

if TYPE_CHECKING:
    from fupin.simulate.api import Summary


def register(app: typer.Typer) -> None:
    app.command("simulate")(simulate_command)


def simulate_command(
    out: Annotated[Path, typer.Option(help="目标文件夹 / target folder")],
    households: Annotated[int, typer.Option(min=0, help="建档立卡户 / registered households")] = 75_337,
    others: Annotated[int, typer.Option(min=0, help="其他农户 / other rural households")] = 150_000,
    seed: Annotated[int, typer.Option(min=0, help="随机种子，相同种子字节相同 / same seed, same bytes")] = 2016,
    region: Annotated[str, typer.Option(help="区划代码前缀 / region code prefix")] = "4501",
    as_of: Annotated[str, typer.Option("--as-of", help="截止日期 / cut-off date")] = "2026-10-31",
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON / print JSON")] = False,
) -> None:
    """生成模拟城市：登记数据、十九个部门的原始文件、真值 / generated city: registry, raw deliveries, truth."""
    from fupin.simulate.api import simulate

    day = _day(as_of)
    with step_progress() as report:
        try:
            summary = simulate(
                out, households=households, others=others, seed=seed, as_of=day, region=region, progress=report
            )
        except ValueError as error:
            zh, _, en = str(error).partition("。 ")
            raise UserError(zh=zh, en=en) from error
    typer.echo(json.dumps(asdict(summary), default=str, ensure_ascii=False) if as_json else _text(summary))


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise UserError(
            zh=f"日期无法识别：{text}",
            en=f"not a date: {text}",
            hint_zh="请写成 2026-10-31",
            hint_en="write it as 2026-10-31",
        ) from error


def _text(summary: Summary) -> str:
    kinds = "，".join(f"{name} {count:,}" for name, count in summary.anomalies.items())
    return (
        f"模拟数据 generated data → {summary.out}\n"
        f"户 households {summary.households:,}  人 persons {summary.persons:,}"
        f"  真贫 truly poor {summary.truly_poor:,}\n"
        f"台账 ledger rows {summary.ledger_rows:,}\n"
        f"部门文件 deliveries {summary.deliveries}  行 rows {summary.delivered_rows:,}\n"
        f"埋设 planted: {kinds}\n规则无法描述的错误 errors no rule describes {summary.undescribed:.0%}"
    )
