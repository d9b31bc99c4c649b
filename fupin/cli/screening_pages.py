"""Pages of the logic screening (逻辑筛查): a page for each theme, and one that leads to them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from fupin.catalogue.rules import POPULATIONS
from fupin.catalogue.schema import code_lists
from fupin.catalogue.screening import Screening, ScreenRule, read_screening
from fupin.cli.markdown import page, table

SEVERITIES = {1: "红 red", 2: "橙 orange", 3: "黄 yellow", 4: "蓝 blue", 5: "提示 hint"}
EXPECTED = {"hit": "命中 hit", "miss": "近似不命中 near miss", "unknown": "不知 unknown"}
READING = """\
A rule reads one row: a person, a household or a village of the registry. A hit changes nothing: somebody mends the
entry or says why it is right. Where a value is missing the answer is unknown, which is no hit and is counted.

Names: a person's own columns bare; `h_` household and survey, `f_` fields, `v_` sums over a village's households, `q_`
parameters, `x_` facts beside the registry."""
BESIDE = """\
They come with a snapshot as `screen_persons.parquet` and `screen_households.parquet`. A rule that names one which a
snapshot does not bring is told as not applicable (不适用)."""


def screening_pages() -> dict[str, str]:
    """File name → text."""
    screening = read_screening()
    pages = {"screening.md": _overview(screening)}
    for theme, (zh, en) in screening.themes.items():
        rules = _of_theme(screening, theme)
        parts = [line for rule in rules for line in _rule_section(rule)]
        pages[f"screening-{theme}.md"] = page(f"{zh} {en}: {len(rules)} screening rules 筛查规则", parts)
    return pages


def _of_theme(screening: Screening, theme: str) -> list[ScreenRule]:
    return [rule for rule in screening.rules.values() if rule.theme == theme]


def _overview(screening: Screening) -> str:
    themes = [
        (f"[{zh} {en}](screening-{theme}.md)", len(rules), *_counted(rules), sum(rule.trial for rule in rules))
        for theme, (zh, en) in screening.themes.items()
        for rules in [_of_theme(screening, theme)]
    ]
    every = list(screening.rules.values())
    total = ("**合计 total**", len(every), *_counted(every), sum(rule.trial for rule in every))
    scopes = [(f"`{name}`", _states(states)) for name, states in POPULATIONS.items()]
    beside = [
        (f"`{column.id}`", column.level, column.zh, column.en, column.type, _list(_naming(screening, column.id)))
        for column in screening.columns.values()
    ]
    staged = [(f"`{field.id}`", field.zh, field.en, field.type, field.unit) for field in screening.staged.values()]
    parts = [READING, "", *table(("theme", "rules", *SEVERITIES.values(), "trial 试行"), [*themes, total])]
    parts += ["## Whom a rule is about 适用范围", "", *table(("name", "states of the household"), scopes)]
    parts += ["## Facts beside the registry `x_`", "", BESIDE, ""]
    parts += table(("fact", "of a", "zh", "en", "type", "rules"), beside)
    parts += ["## Facts across rows, as fields", "", *table(("field", "zh", "en", "type", "unit"), staged)]
    return page(f"Logic screening 逻辑筛查: {len(every)} rules", parts)


def _counted(rules: Iterable[ScreenRule]) -> list[int]:
    severities = [rule.severity for rule in rules]
    return [severities.count(severity) for severity in SEVERITIES]


def _states(states: tuple[str, ...] | None) -> str:
    return "all" if states is None else ", ".join(code_lists()["household_state"].label(state) for state in states)


def _naming(screening: Screening, name: str) -> list[str]:
    return [rule.id for rule in screening.rules.values() if name in _names(rule)]


def _names(rule: ScreenRule) -> set[str]:
    return set(re.findall(r"\w+", " ".join([rule.where, *rule.message.values()])))


def _list(names: Iterable[str]) -> str:
    return ", ".join(names)


def _rule_section(rule: ScreenRule) -> list[str]:
    trial = ", 试行 trial" if rule.trial else ""
    needs = sorted(name for name in _names(rule) if name.startswith("x_"))
    facts = [
        f"* {SEVERITIES[rule.severity]}{trial} · one row for a {rule.level} · households: {rule.population}",
        f"* condition: `{rule.where}`",
        *([f"* applicable where a snapshot brings {_list(f'`{name}`' for name in needs)}"] if needs else []),
        f"* says: {rule.message['zh']} / {rule.message['en']}",
        f"* mended by: {rule.mends} · source: {rule.source}",
        *(_example(example) for example in rule.examples),
    ]
    return [f"## `{rule.id}` (version {rule.version}) {rule.zh} {rule.en}", "", *facts, ""]


def _example(example: Mapping[str, Any]) -> str:
    row = ", ".join(f"{name} = {json.dumps(value, ensure_ascii=False, default=str)}"
                    for name, value in example["row"].items())  # fmt: skip
    why = f" ({example['why']})" if example.get("why") else ""
    return f"* {EXPECTED[example['expect']]}: `{row or 'nothing known'}`{why}"
