"""A village's dossier: its form beside what the registry counts, exit standards one by one, team and projects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from fupin.accounts import api as accounts
from fupin.accounts.api import User
from fupin.catalogue.village_form import Item, village_form
from fupin.catalogue.village_standards import StandardTest, VillageStandard, village_standards
from fupin.registry import api as registry
from fupin.registry.api import Region, VillageYear
from fupin.ui.facts import value_in_words
from fupin.ui.templatetags.ui import language, tongue

#: figures of which the registry's own count is the truth when standards are judged
JUDGED_BY_COUNT = (
    "households", "persons", "registered_households", "registered_persons", "poor_households", "poor_persons",
)  # fmt: skip


@dataclass(frozen=True)
class ItemLine:
    """One item of the form: stated and counted in words ("" where the registry does not count it)."""

    name: str
    label: str
    unit: str
    stated: str
    known: bool
    counted: str
    difference: str


@dataclass(frozen=True)
class TestLine:
    """``figure`` and ``threshold`` in words; ``counted``: the verdict by the registry's own count where it differs."""

    what: str
    figure: str
    threshold: str
    verdict: str
    counted: str


@dataclass(frozen=True)
class StandardLine:
    number: int
    standard: VillageStandard
    verdict: str
    tests: list[TestLine]


def village_dossier(user: User, village: Region, year: int | None) -> dict[str, Any]:
    """What the page and the printed form need. ``year`` None: the newest one. NotFound outside the scope."""
    forms = registry.forms_of(user, village.code)
    form = next((one for one in forms if one.year == year), None) if year else next(iter(forms), None)
    if year and form is None:
        raise registry.NotFound(str(year))
    counted = registry.village_counts(user, village.code)
    stated = registry.stated(form)
    lines = standard_lines(stated, counted)
    return {
        "form": form,
        "years": [one.year for one in forms],
        "groups": item_groups(stated, counted),
        "counted": counted,
        "incidence": incidence_of(counted),
        "standards": lines,
        "set": village_standards(),
        "met": sum(line.verdict == "met" for line in lines),
        "team": registry.team_of(user, village.code),
        "projects": list(registry.projects_of(user, village.code)),
        "helpers": registry.helpers_counted(user, village.code).count(),
        "cadres": accounts.cadres_of(village.code),
        "entered": _entered(form),
        "may_state": accounts.may(user, "state_village"),
    }


def _entered(form: VillageYear | None) -> str:
    """Which account wrote it, or that it came with a load; "" without a form."""
    if form is None:
        return ""
    return form.entered_by or _("载入")


def judged(stated: Mapping[str, Any], counted: Mapping[str, Any]) -> dict[str, Any]:
    """By which a village is judged, the same for its own page and for the lists of a county."""
    return {**stated, **{name: counted[name] for name in JUDGED_BY_COUNT if counted.get(name) is not None}}


def incidence_of(counted: Mapping[str, Any]) -> float | None:
    return counted["poor_persons"] / counted["persons"] if counted["persons"] else None


def item_groups(stated: Mapping[str, Any], counted: Mapping[str, Any]) -> list[tuple[str, list[ItemLine]]]:
    form = village_form()
    zh = language() == "zh"
    return [
        (name[0 if zh else 1], [_item_line(item, stated, counted) for item in form.of_group(group)])
        for group, name in form.groups.items()
    ]


def _item_line(item: Item, stated: Mapping[str, Any], counted: Mapping[str, Any]) -> ItemLine:
    column, value = item.column, stated.get(item.name)
    own = counted.get(item.counted) if item.counted else None
    return ItemLine(
        item.name,
        tongue(column),
        column.unit,
        _words(item, value),
        value is not None and value != "",
        "" if own is None else _words(item, own),
        _difference(value, own),
    )


def _words(item: Item, value: Any) -> str:
    return value_in_words(value, item.column.type, unit="" if item.column.type == "money" else item.column.unit)


def _difference(value: Any, own: Any) -> str:
    """With its sign; "" where both agree to a tenth, or one is not known."""
    if value is None or own is None:
        return ""
    apart = float(value) - float(own)
    if abs(apart) < 0.1:
        return ""
    return f"{apart:+,.1f}".removesuffix(".0")


def standard_lines(stated: Mapping[str, Any], counted: Mapping[str, Any]) -> list[StandardLine]:
    values, own = judged(stated, counted), registry.with_counts(stated, counted)
    return [
        StandardLine(number, one, one.verdict(values), [_test_line(test, values, own) for test in one.tests])
        for number, one in enumerate(village_standards().standards, 1)
    ]


def _test_line(test: StandardTest, values: Mapping[str, Any], own: Mapping[str, Any]) -> TestLine:
    verdict, other = test.verdict(values), test.verdict(own)
    return TestLine(_what(test), _figure(test, values), _threshold(test), verdict, other if other != verdict else "")


def _what(test: StandardTest) -> str:
    name = tongue(test.item.column)
    if not test.of:
        return name
    whole = tongue(village_form().items[test.of].column)
    pattern = _("不属于“%(part)s”的占“%(whole)s”") if test.rest else _("“%(part)s”占“%(whole)s”")
    return pattern % {"part": name, "whole": whole}


def _figure(test: StandardTest, values: Mapping[str, Any]) -> str:
    figure = test.figure(values)
    if figure is None:
        return _("未知")
    if not test.limit:
        return _("是") if figure else _("否")
    return f"{100 * figure:.2f}%" if test.of else _words(test.item, _number(test, figure))


def _number(test: StandardTest, figure: float) -> float | int:
    return round(figure) if test.item.column.type in ("int", "money") else figure


def _threshold(test: StandardTest) -> str:
    words = {"at_least": _("不低于 %(n)s"), "at_most": _("不超过 %(n)s"), "below": _("低于 %(n)s")}
    if not test.limit:
        return _("应为“是”")
    number = f"{100 * test.threshold:g}%" if test.of else _words(test.item, _number(test, test.threshold))
    return words[test.limit] % {"n": number}


def verdict_counts(verdicts: Sequence[str]) -> dict[str, int]:
    return {word: verdicts.count(word) for word in ("met", "unmet", "unknown")}
