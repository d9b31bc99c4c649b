"""Exit standards of households as data: 两不愁三保障, and the local variants of provinces.

Source: ``data/standards``, one file a list. An item holds when each of its tests holds; a test compares one fact of the
household with a value, a list of codes or a dated parameter. A fact nobody has told us leaves the item unknown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from fupin.catalogue.entries import demand_choice, demand_keys, demand_new, read_list
from fupin.catalogue.parameters import parameters
from fupin.catalogue.schema import DATA, CatalogueError

#: what can be asked of a household: fact → (zh, en, unit)
FACTS: Mapping[str, tuple[str, str, str]] = {
    "income_head": ("近十二个月人均纯收入", "net income per head, twelve months", "分/人年"),
    "earning_months": ("近十二个月有工资或经营收入的月数", "months with wages or business income", "月"),
    "subsistence_months": ("近十二个月领取低保或特困供养金的月数", "months with subsistence allowance", "月"),
    "grain_short_months": ("缺粮月数", "months short of grain", "月"),
    "meat_days_week": ("每周吃肉蛋豆天数", "days a week with meat, eggs or beans", "天"),
    "clothes_enough": ("四季换季衣服", "clothes for all seasons", ""),
    "quilts_enough": ("四季被褥充足", "bedding for all seasons", ""),
    "out_of_school": ("六至十五岁未在校人数", "children of 6 to 15 years not at school", "人"),
    "uninsured": ("未参加基本医保人数", "members without basic medical insurance", "人"),
    "house_grade": ("住房安全等级", "grade of the house", ""),
    "water_safe": ("饮水安全", "safe water", ""),
    "electric_home": ("通生活用电", "electricity", ""),
    "tv_signal": ("通广播电视", "broadcast signal", ""),
    "road_type": ("入户路类型", "road to the house", ""),
}
_COMPARISONS = ("at_least", "at_most", "above", "above_parameter", "one_of", "holds")


@dataclass(frozen=True)
class Test:
    """``how``: one of at_least, at_most, above (numbers), above_parameter (its id), one_of (codes), holds (a flag)."""

    fact: str
    how: str
    value: Any

    def limit(self, on: date, region: str) -> Any:
        """What the fact is compared with on a day in a region."""
        return parameters()[self.value].at(on, region) if self.how == "above_parameter" else self.value

    def met(self, value: Any, on: date, region: str) -> bool | None:
        """None when the fact is not known."""
        if value is None:
            return None
        limit = self.limit(on, region)
        if self.how == "at_least":
            return bool(value >= limit)
        if self.how == "at_most":
            return bool(value <= limit)
        if self.how == "one_of":
            return value in limit
        return bool(value) == limit if self.how == "holds" else bool(value > limit)


@dataclass(frozen=True)
class Item:
    """``any_of``: one test that holds is enough; else all of them must."""

    id: str
    zh: str
    en: str
    reference: str
    tests: tuple[Test, ...]
    any_of: bool = False

    def met(self, facts: Mapping[str, Any], on: date, region: str) -> bool | None:
        """None: not known, and what is known does not decide."""
        answers = [test.met(facts.get(test.fact), on, region) for test in self.tests]
        decisive = self.any_of
        if decisive in answers:
            return decisive
        return None if None in answers else not decisive


@dataclass(frozen=True)
class Standards:
    """``regions``: prefixes of the regions that use this list in place of the national one."""

    id: str
    zh: str
    en: str
    reference: str
    regions: tuple[str, ...]
    items: tuple[Item, ...]

    def item(self, id_: str) -> Item:
        """Raises KeyError."""
        return next((item for item in self.items if item.id == id_), None) or _absent(id_)


def _absent(id_: str) -> Item:
    raise KeyError(id_)


def _test(raw: Mapping[str, Any], where: str) -> Test:
    demand_keys(raw, ("fact",), _COMPARISONS, where)
    demand_choice(raw["fact"], FACTS, "fact", where)
    found = [name for name in _COMPARISONS if name in raw]
    if len(found) != 1:
        raise CatalogueError(f"{where}: a test has one comparison; write one of {', '.join(_COMPARISONS)}")
    (how,) = found
    if how == "above_parameter":
        demand_choice(raw[how], parameters(), "above_parameter", where)
        if (unit := parameters()[raw[how]].unit) != FACTS[raw["fact"]][2]:
            raise CatalogueError(f"{where}: {raw['fact']} and {raw[how]} ({unit}) are not in the same unit")
    value = tuple(raw[how]) if how == "one_of" else raw[how]
    return Test(raw["fact"], how, value)


def _item(raw: Mapping[str, Any], place: str) -> Item:
    demand_keys(raw, ("id", "zh", "en", "reference", "test"), ("any_of", "examples"), place)
    tests = tuple(_test(one, place) for one in raw["test"])
    item = Item(raw["id"], raw["zh"], raw["en"], raw["reference"], tests, raw.get("any_of", False))
    _demand_examples(item, raw.get("examples", []), place)
    return item


def _demand_examples(item: Item, examples: list[Mapping[str, Any]], where: str) -> None:
    """Every item shows a household that meets it and one that does not, and both come out as written."""
    if {True, False} - {one.get("met") for one in examples}:
        raise CatalogueError(f"{where}: give an example that meets the item and one that does not")
    for one in examples:
        facts = {name: value for name, value in one.items() if name not in ("met", "on")}
        for name in facts:
            demand_choice(name, FACTS, "example", where)
        if item.met(facts, one.get("on", date(2020, 12, 31)), "") is not one["met"]:
            raise CatalogueError(f"{where}: the example {facts} does not come out as met = {one['met']}")


@cache
def standards(folder: Path = DATA / "standards") -> Mapping[str, Standards]:
    """Every list of household standards by id. Raises CatalogueError."""
    found: dict[str, Standards] = {}
    for path in sorted(folder.glob("household_*.toml")):
        raw, items = read_list(path, "item", _item, "regions")
        demand_new(raw["id"], found, path.name)
        regions = tuple(raw.get("regions", ()))
        found[raw["id"]] = Standards(raw["id"], raw["zh"], raw["en"], raw["reference"], regions, tuple(items))
    if not any(not one.regions for one in found.values()):
        raise CatalogueError(f"{folder.name}: no list without regions; one must hold everywhere else")
    return found


def standards_for(region: str) -> Standards:
    """The list of the nearest region that has one of its own, else the national one."""
    ranked = [(len(prefix), one) for one in standards().values() for prefix in one.regions or ("",)
              if region.startswith(prefix)]  # fmt: skip
    return max(ranked, key=lambda pair: pair[0])[1]
