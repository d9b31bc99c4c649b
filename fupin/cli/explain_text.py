"""Runs, explanations and scores as text for the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

BANDS = {
    "poor": "贫困 poor",
    "possibly": "可能贫困 possibly",
    "stable": "稳定脱贫 stable",
    "undecided": "待定 undecided",
}
SHOWN_FIELDS = 8

console = Console()


def _table(title: str, head: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
    table = Table(title=title, title_justify="left")
    for number, name in enumerate(head):
        table.add_column(name, justify="left" if number == 0 else "right", overflow="fold")
    for row in rows:
        table.add_row(*("—" if value is None else str(value) for value in row))
    console.print(table)


def print_run(run_id: str, counts: Mapping[str, Any], manifest: Mapping[str, Any]) -> None:
    """Counts, bands, rules and the time of each step of a finished run."""
    console.print(f"运行 run {run_id}: {counts['households']:,} 户 households, {counts['persons']:,} 人 persons")
    listed = counts["listed_bands"]
    _table(
        "分档 bands",
        ("", "全部 all", "建档立卡 listed"),
        ((BANDS[band], f"{n:,}", f"{listed.get(band, 0):,}") for band, n in counts["bands"].items()),
    )
    _table("疑点 findings", ("规则 rule", "户 households"), ((rule, f"{n:,}") for rule, n in counts["rules"].items()))
    steps = manifest["steps"].items()
    _table("步骤 steps", ("", "秒 s", "峰值 MiB"), ((name, s["seconds"], s["peak_mib"]) for name, s in steps))


def print_explanation(told: Mapping[str, Any]) -> None:
    """Index, the points lost in each dimension and why, unknown facts, findings with their evidence."""
    console.print(
        f"户 household {told['household_id']}  指数 index {told['low']:.2f}–{told['high']:.2f}  {BANDS[told['band']]}"
    )
    for dimension in told["dimensions"]:
        score = f"{dimension['low']:.2f}–{dimension['high']:.2f} / {dimension['weight']}"
        title = f"{dimension['zh']} {dimension['en']}: {score}"
        _table(title, ("指标", "所见", "得分", "满分", "依据"), map(_indicator_row, dimension["indicators"]))
    unknown = told["unknown_fields"][:SHOWN_FIELDS]
    _table("先补采 unknown facts", ("事实", "可收窄 points"), ((f["zh"], f"{f['narrows']:.2f}") for f in unknown))
    for finding in told["findings"]:
        console.print(f"[bold]疑点 {finding['severity']}[/] {finding['message']['zh']}\n  {finding['message']['en']}")
        console.print(f"  规则 rule {finding['rule']} v{finding['version']}")
        for row in finding["evidence"]:
            console.print(f"  依据 {_place(row)}")


def _indicator_row(indicator: Mapping[str, Any]) -> tuple[object, ...]:
    words = {"unknown": "未知", "not_applicable": "不适用"}
    status = indicator["status"]
    value = words.get(status) or _value(indicator["value"], indicator["unit"])
    points = f"{indicator['points']:.2f}" if status == "known" else "—"
    return indicator["zh"], value, points, f"{indicator['full']:.2f}", "; ".join(map(_place, indicator["evidence"][:2]))


def _value(value: object, unit: str) -> str:
    """A fact as people write it: money in 元, flags in words."""
    if isinstance(value, bool):
        return "是" if value else "否"
    if unit == "分" and isinstance(value, int):
        return f"{value / 100:,.2f} 元"
    return f"{value} {unit}".strip()


def _place(row: Mapping[str, Any]) -> str:
    """Department, data set, cut-off date and row of a piece of evidence."""
    where = f"{row['department_zh']} {row['dataset_zh']} {row['cut_off'] or ''}".strip()
    if row.get("absent"):
        return f"{where} 批次 {row['delivery']} 无此户记录"
    return where if row["row"] is None else f"{where} 批次 {row['delivery']} 第 {row['row']:,} 行"


def print_score(result: Mapping[str, Any]) -> None:
    """Precision and recall of rules and topics, recall beyond the rules, errors of targeting."""
    head = ("", "发现", "属实", "精确率", "召回率", "断言成立 claim holds")
    for name, title in (("rules", "规则 rules"), ("topics", "主题 topics")):
        rows = (
            (key, r.get("found", r["tp"] + r["fp"]), r["tp"], r["precision"], r["recall"], r.get("claim"))
            for key, r in result[name].items()
        )
        _table(title, head, rows)
    hidden = result["undescribed"]
    console.print(
        f"无规则可述的错误 errors that no rule describes: {hidden['found']}/{hidden['planted']} ({hidden['recall']})"
    )
    targeting = {key: errors for key, errors in result["targeting"].items() if key != "bands"}
    errors = ((k, e["selected"], e["inclusion_error"], e["exclusion_error"]) for k, e in targeting.items())
    _table("错评与漏评 targeting", ("", "选出", "错评率", "漏评率"), errors)
