"""The explanation of an index in the order in which a reader asks: what is missing, what was lost, why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from fupin.catalogue.load import load_catalogue
from fupin.catalogue.schema import datasets, tables
from fupin.registry import api as registry
from fupin.registry.api import LedgerEntry, MemberView, Survey
from fupin.ui.charts import KINDS, total
from fupin.ui.facts import Fact, fact, value_in_words
from fupin.ui.markup import filled
from fupin.ui.templatetags.ui import language, tongue

ABLE = ("01", "02", "05")  # 普通劳动力, 技能劳动力, 弱劳动力或半劳动力
YEAR = 12
ASKED_FIRST = 5
LOST_FIRST = 8

#: heading → the first column of its group; the groups follow the order of the table ``survey``
GROUPS = (
    ("住房", "housing", "house_area"),
    ("家当", "belongings", "beds"),
    ("水电路网与公共服务", "services", "electric_home"),
    ("吃穿", "food and clothes", "meat_days_week"),
    ("土地与产业", "land and production", "farmland_mu"),
    ("存款与债务", "savings and debts", "savings"),
    ("读书与其他", "study and other", "study_space"),
)


@dataclass(frozen=True)
class Line:
    """One indicator that lost points: points in points, ``value`` in words."""

    name: str
    dimension: str
    value: str
    points: float
    full: float
    evidence: list[str]
    reference: str

    @property
    def lost(self) -> float:
        return self.full - self.points

    @property
    def row(self) -> SafeString:
        """Its row of the table of lost points."""
        return filled(
            '<tr><td>{}<div class="table-note">{}</div></td><td>{}</td><td class="num">{}</td><td class="num">{}</td>'
            '<td class="table-note" title="{}">{}</td></tr>',
            self.name,
            self.dimension,
            self.value,
            f"{self.points:.2f}",
            f"{self.full:.2f}",
            self.reference,
            "；".join(self.evidence) or "–",
        )


@dataclass(frozen=True)
class Asked:
    """A fact that nobody has told us and by how many points it would narrow the interval."""

    name: str
    narrows: float
    source: str


@dataclass(frozen=True)
class Told:
    """``lost``: what is known and lost points, the most first."""

    lost: list[Line]
    asked: list[Asked]
    findings: list[dict[str, Any]]

    @property
    def most_lost(self) -> list[Line]:
        return self.lost[:LOST_FIRST]

    @property
    def also_lost(self) -> list[Line]:
        return self.lost[LOST_FIRST:]

    @property
    def deciding(self) -> list[Asked]:
        return self.asked[:ASKED_FIRST]


def told_of(raw: Mapping[str, Any]) -> Told:
    """From ``engine.explain``."""
    lines = [
        _line(one, dimension)
        for dimension in raw["dimensions"]
        for one in dimension["indicators"]
        if one["status"] == "known" and one["points"] < one["full"]
    ]
    findings = [
        {**one, "said": one["message"][language()], "sources": sources_in_words(one["evidence"])}
        for one in raw["findings"]
    ]
    findings.sort(key=lambda one: one["severity"])
    lines.sort(key=lambda line: -line.lost)
    return Told(lines, [_asked(one) for one in raw["unknown_fields"]], findings)


def _line(raw: Mapping[str, Any], dimension: Mapping[str, Any]) -> Line:
    field = load_catalogue().fields.get(raw["field"])
    return Line(
        name=tongue(raw),
        dimension=tongue(dimension),
        value=value_in_words(raw["value"], field.type, field.codes, field.unit) if field else _("不显示"),
        points=raw["points"],
        full=raw["full"],
        evidence=sources_in_words(raw["evidence"]),
        reference=raw["reference"],
    )


def _asked(raw: Mapping[str, Any]) -> Asked:
    field = load_catalogue().fields[raw["field"]]
    kind, _colon, dataset = field.source.partition(":")
    known = datasets().get(dataset)
    source = (known.department_zh if language() == "zh" else known.department_en) if known else kind
    return Asked(tongue(field), raw["narrows"], source)


def sources_in_words(evidence: Iterable[Mapping[str, Any]]) -> list[str]:
    """Department, data set, row, cut-off; a delivery that gave several rows is named once with its rows.

    ``absent``: the newest delivery says nothing of this household, and that is what the value rests on.
    """
    grouped: dict[tuple[str, str], list[str]] = {}
    for one in evidence:
        place = _("无此户记录") if one.get("absent") else str(one["row"] or "")
        grouped.setdefault((str(one["dataset"]), str(one["cut_off"] or "")), []).append(place)
    return [_source(dataset, cut_off, rows) for (dataset, cut_off), rows in grouped.items()]


def _source(dataset: str, cut_off: str, rows: Sequence[str]) -> str:
    known = datasets().get(dataset)
    zh = language() == "zh"
    if known is None:
        names = {"survey": ("入户调查", "survey"), "ledger": ("收支台账", "ledger")}
        return " ".join(filter(None, [names.get(dataset, ("登记库", "registry"))[0 if zh else 1], cut_off]))
    head = f"{known.department_zh} {known.zh}" if zh else f"{known.department_en} {known.en}"
    return " · ".join(filter(None, [head, cut_off, _place([row for row in rows if row], zh)]))


def _place(rows: Sequence[str], zh: bool) -> str:
    if not rows or not rows[0].isdigit():
        return "".join(rows[:1])
    return f"第 {'、'.join(rows[:3])} 行" if zh else f"row {', '.join(rows[:3])}"


def working_members(members: Iterable[MemberView]) -> int:
    able = {registry.label("labour", code, language()) for code in ABLE}
    return sum(member.labour in able for member in members)


@dataclass(frozen=True)
class PerHead:
    """Net income per head in 分 over ``months`` months up to ``until`` (YYYY-MM)."""

    amount: int
    months: int
    until: str


def income_per_head(entries: Sequence[LedgerEntry], members: int) -> PerHead | None:
    """(K − R) / A over the last twelve months on record: wages, business, property, transfers less production costs."""
    taken: list[LedgerEntry] = []
    for entry in sorted(entries, key=lambda one: one.month, reverse=True):
        if sum(one.period_months for one in taken) + entry.period_months > YEAR:
            break
        taken.append(entry)
    if not taken or not members:
        return None
    net = sum(sum(total(entry, kind) for kind in KINDS) - total(entry, "cost") for entry in taken)
    until = f"{taken[0].month // 100}-{taken[0].month % 100:02d}"
    return PerHead(net // members, sum(entry.period_months for entry in taken), until)


def survey_groups(survey: Survey | None) -> dict[str, Any] | None:
    """The latest year's answers in groups, with the count of questions that nobody answered."""
    if survey is None:
        return None
    columns = [column for column in tables()["survey"].columns.values() if column.name not in _HEAD]
    starts = {first: (zh, en) for zh, en, first in GROUPS}
    groups: list[dict[str, Any]] = []
    for column in columns:
        if column.name in starts or not groups:
            zh, en = starts.get(column.name, GROUPS[0][:2])
            groups.append({"name": zh if language() == "zh" else en, "facts": []})
        groups[-1]["facts"].append(fact(column, getattr(survey, column.name)))
    facts: list[Fact] = [one for group in groups for one in group["facts"]]
    unknown = sum(not one.known for one in facts)
    return {"year": survey.year, "on": survey.surveyed_on, "by": survey.surveyor, "groups": groups, "unknown": unknown}


_HEAD = ("household_id", "year", "surveyed_on", "surveyor")
