"""The printed forms of a village and of a region: what their pages show, as the data of a layout."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.utils import timezone

from fupin.catalogue.village_form import village_form
from fupin.console.dossiers.place import PartLine
from fupin.registry import api as registry
from fupin.registry.api import Region, Tally
from fupin.ui import words
from fupin.ui.templatetags.ui import label, percent, tongue, yuan

PART_HEADS = (
    "地区",
    "户数",
    "人口",
    "在册户",
    "未脱贫户",
    "未脱贫人口",
    "发生率 %",
    "已脱贫户",
    "返贫户",
    "监测户",
    "达标村",
    "村数",
)


def village_paper(village: Region, told: Mapping[str, Any]) -> dict[str, Any]:
    form = told["form"]
    stated = " ".join(filter(None, [form.stated_by, form.stated_on and form.stated_on.isoformat()])) if form else ""
    return {
        "name": village.name,
        "code": village.code,
        "place": " ".join(region.name for region in registry.breadcrumb(village.code)),
        "year": form.year if form else "    ",
        "stated": stated,
        "reference": village_form().reference,
        "groups": [
            {
                "name": name,
                "items": [(one.label, one.stated if one.known else "", one.counted, one.difference) for one in items],
            }
            for name, items in told["groups"]
        ],
        "team": [(one.name, words.TEAM_ROLES[one.role], one.unit, one.post, one.since) for one in told["team"]],
        "projects": [
            (one.year, one.name, yuan(one.funds), one.source, words.PROJECT_PROGRESS[one.progress])
            for one in told["projects"]
        ],
        "standard_set": tongue(told["set"]),
        "standards": _standards(told["standards"]),
        "standard_note": f"{told['set'].reference}。标“试行”的，门槛未公布，由本平台暂定。",
    }


def _standards(lines: Iterable[Any]) -> list[tuple[Any, ...]]:
    """One row a test; number, name and verdict stand in the first row of each standard."""
    rows: list[tuple[Any, ...]] = []
    for line in lines:
        name = tongue(line.standard) + ("（试行）" if line.standard.trial else "")
        for place, test in enumerate(line.tests):
            head = (line.number, name) if place == 0 else ("", "")
            rows.append((*head, test.what, test.figure, test.threshold, words.VERDICTS[test.verdict][1]))
    return rows


def place_paper(region: Region | None, told: Mapping[str, Any]) -> dict[str, Any]:
    whole: PartLine = told["whole"]
    return {
        "name": region.name if region else "全国",
        "today": timezone.localdate().isoformat(),
        "figures": _figures(whole, told),
        "part_heads": PART_HEADS,
        "parts": [_part(one) for one in told["lines"]],
        "causes": [(label(cause, "cause"), f"{n:,}") for cause, n in told["causes"]],
        "standard_set": tongue(told["set"]),
        "standards": [(one.name[0], one.met, one.unmet, one.unknown) for one in told["standards"]],
    }


def _figures(whole: PartLine, told: Mapping[str, Any]) -> list[tuple[str, str]]:
    tally: Tally = whole.tally
    helping, team = told["helping"], told["team"]
    return [
        ("农户", f"{tally.households:,} 户"),
        ("农村人口", f"{tally.persons:,} 人"),
        ("在册", f"{tally.registered_households:,} 户"),
        ("未脱贫", f"{tally.poor_households:,} 户 {tally.poor_persons:,} 人"),
        ("贫困发生率", f"{percent(tally.incidence)} %"),
        ("已脱贫", f"{tally.exited_households:,} 户"),
        ("返贫", f"{tally.returned_households:,} 户"),
        ("监测户", f"{whole.monitored:,} 户"),
        ("达到出列标准的村", f"{whole.ready} / {whole.villages}"),
        ("驻村工作队", f"{team.villages} 村 {team.members} 人"),
        ("帮扶责任人", f"{helping.helpers:,} 人"),
        ("有帮扶人的在册户", f"{helping.households:,} 户"),
        ("没有帮扶人的在册户", f"{told['unhelped']:,} 户"),
    ]


def _part(one: PartLine) -> tuple[Any, ...]:
    tally = one.tally
    numbers = (
        tally.households, tally.persons, tally.registered_households, tally.poor_households, tally.poor_persons,
    )  # fmt: skip
    after = (tally.exited_households, tally.returned_households, one.monitored, one.ready, one.villages)
    return one.name, *(f"{n:,}" for n in numbers), percent(tally.incidence), *(f"{n:,}" for n in after)
