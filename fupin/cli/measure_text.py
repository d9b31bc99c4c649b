"""Measures as tables on the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import typer

NAMES: Mapping[str, str] = {
    "fgt0": "收入贫困发生率 FGT0", "fgt1": "贫困深度 FGT1", "fgt2": "贫困强度 FGT2", "watts": "Watts 指数",
    "gini": "基尼系数 Gini", "mld": "平均对数离差 MLD", "mean": "均值 mean",
    "h": "多维发生率 H", "a": "平均剥夺 A", "m0": "多维贫困指数 M0",
}  # fmt: skip


def shown(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:,.2f}" if abs(value) >= 1000 else f"{value:.6f}"


def print_file(answer: Mapping[str, Any]) -> None:
    typer.echo(f"{answer['file']}: {answer['rows']:,} 行 rows，权数合计 weight {answer['weight_sum']:,.0f}")
    if "line" in answer:
        typer.echo(f"贫困线 line: {answer['line']:,.6g}（{answer['line_as']}）; 严格低于为贫困 / poor = strictly below")
    if "mpi" in answer:
        mpi = answer["mpi"]
        trial = "，试行 / trial" if mpi["trial"] else ""
        typer.echo(f"多维 multidimensional: {mpi['zh']} {mpi['en']}, k = {mpi['cutoff']:.4g}{trial}")
    for told in answer["notices"]:
        typer.echo(f"! {told['zh']}\n  {told['en']}")
    _entry(answer)
    for group in answer.get("groups", []):
        typer.echo(f"\n{answer['by']} = {group['group']}（n = {group['n']:,}）")
        _entry(group)


def _entry(entry: Mapping[str, Any]) -> None:
    typer.echo(f"{'':24}{'值 value':>14}{'标准误 se':>12}  区间 interval")
    for key, name in NAMES.items():
        if key in entry:
            _line(name, key, entry)
    for one in entry.get("indicators", []):
        typer.echo(
            f"  {one['zh']} {one['en']}: 剥夺 {shown(one['headcount'])}，删失 censored {shown(one['censored'])}，"
            f"贡献 contribution {shown(one['contribution'])}"
        )
    for step in entry.get("quantiles", []):
        _line(f"分位数 p = {step['p']:g}", "value", step)
    for step in entry.get("lorenz", []):
        _line(f"洛伦兹 L({step['p']:g})", "share", step)
    for key, why in entry["undefined"].items():
        typer.echo(f"  {key}: {why['zh']} / {why['en']}")


def _line(name: str, key: str, entry: Mapping[str, Any]) -> None:
    low, high = shown(entry[f"{key}_low"]), shown(entry[f"{key}_high"])
    typer.echo(f"  {name:22}{shown(entry[key]):>14}{shown(entry[f'{key}_se']):>14}  {low} … {high}")


def print_regions(answer: Mapping[str, Any]) -> None:
    typer.echo(f"运行 run {answer['run']} · {answer['as_of']}")
    line = answer["line"]
    typer.echo(
        f"{line['zh']} {line['en']}: {line['value'] / 100:,.0f} 元/人·年 yuan per person and year ({line['id']})"
    )
    typer.echo(f"{answer['spec']['zh']}（试行 / trial），k = {answer['spec']['cutoff']:.4g}")
    for entry in (answer["region"], *answer["regions"]):
        small = " · 户数少 small" if entry["small"] else ""
        typer.echo(
            f"\n{entry['code']} {entry['name']}: {entry['persons']:,} 人 persons，"
            f"收入未知 income unknown {entry['unknown_persons']:,}{small}"
        )
        for key, name in NAMES.items():
            if entry.get(key) is not None:
                _line(name, key, entry if key != "mean" else _in_yuan(entry))
        most = f"FGT0 {shown(entry.get('fgt0_most'))}，H {shown(entry.get('h_most'))}"
        typer.echo(f"  未知都算贫困时 if all unknown is poor: {most}")


def _in_yuan(entry: Mapping[str, Any]) -> dict[str, float | None]:
    names = ("mean", "mean_se", "mean_low", "mean_high")
    return {name: None if entry[name] is None else entry[name] / 100 for name in names}
