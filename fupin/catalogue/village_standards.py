"""Exit standards of a village as data, and whether a village meets them: standard by standard, with the figure.

Source: ``data/standards/village_*.toml``. What nobody has stated leaves a standard undecided, never met.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from fupin.catalogue.entries import demand_choice, demand_keys, read_list
from fupin.catalogue.schema import DATA, CatalogueError
from fupin.catalogue.village_form import Item, village_form

FOLDER = DATA / "standards"
LIMITS = ("at_least", "at_most", "below")
MET, UNMET, UNKNOWN = "met", "unmet", "unknown"
Values = Mapping[str, Any]


@dataclass(frozen=True)
class StandardTest:
    """One look at the form: ``limit`` and ``threshold``, or "" for a flag that must be so. ``of``: the figure is the
    share of that column, with ``rest`` the share of those that the column does not count."""

    item: Item
    limit: str = ""
    threshold: float = 0.0
    of: str = ""
    rest: bool = False

    def figure(self, values: Values) -> float | bool | None:
        """The number (a share 0–1 where ``of`` is named), whether the flag is set; None when it is not known."""
        value = values.get(self.item.name)
        if value is None or not self.limit:
            return None if value is None else bool(value)
        if not self.of:
            return float(value)
        whole = values.get(self.of)
        if not whole:
            return None
        share = float(value) / float(whole)
        return 1 - share if self.rest else share

    def verdict(self, values: Values) -> str:
        figure = self.figure(values)
        if figure is None:
            return UNKNOWN
        return MET if self._holds(figure) else UNMET

    def _holds(self, figure: float | bool) -> bool:
        if self.limit == "at_least":
            return figure >= self.threshold
        if self.limit == "at_most":
            return figure <= self.threshold
        return figure < self.threshold if self.limit else bool(figure)


@dataclass(frozen=True)
class VillageStandard:
    """``trial``: the threshold is ours, not the province's."""

    id: str
    zh: str
    en: str
    reference: str
    tests: tuple[StandardTest, ...]
    trial: bool = False

    def verdict(self, values: Values) -> str:
        """``unmet`` when a test is not met, ``unknown`` when one cannot be judged, else ``met``."""
        found = {test.verdict(values) for test in self.tests}
        return next(one for one in (UNMET, UNKNOWN, MET) if one in found)


@dataclass(frozen=True)
class VillageStandards:
    id: str
    zh: str
    en: str
    reference: str
    standards: tuple[VillageStandard, ...]

    @property
    def items(self) -> tuple[str, ...]:
        """Every item of the form that a standard looks at."""
        tests = [test for one in self.standards for test in one.tests]
        return tuple(dict.fromkeys(name for test in tests for name in (test.item.name, test.of) if name))

    def verdicts(self, values: Values) -> dict[str, str]:
        return {one.id: one.verdict(values) for one in self.standards}


@cache
def village_standards(id_: str = "village_guangxi", folder: Path = FOLDER) -> VillageStandards:
    """Raises CatalogueError."""
    raw, found = read_list(folder / f"{id_}.toml", "standard", _standard, "subject")
    return VillageStandards(raw["id"], raw["zh"], raw["en"], raw["reference"], tuple(found))


def _standard(raw: Mapping[str, Any], where: str) -> VillageStandard:
    demand_keys(raw, ("id", "zh", "en", "reference", "tests"), ("trial",), where)
    tests = tuple(_test(one, where) for one in raw["tests"])
    return VillageStandard(raw["id"], raw["zh"], raw["en"], raw["reference"], tests, raw.get("trial", False))


def _test(raw: Mapping[str, Any], where: str) -> StandardTest:
    items = village_form().items
    if "flag" in raw:
        demand_keys(raw, ("flag",), (), where)
        demand_choice(raw["flag"], [name for name, one in items.items() if one.column.type == "flag"], "flag", where)
        return StandardTest(items[raw["flag"]])
    demand_keys(raw, ("column",), ("of", "rest", *LIMITS), where)
    demand_choice(raw["column"], items, "column", where)
    limits = [limit for limit in LIMITS if limit in raw]
    if len(limits) != 1:
        raise CatalogueError(f"{where}: {raw['column']}: write exactly one of {', '.join(LIMITS)}")
    if "of" in raw:
        demand_choice(raw["of"], items, "of", where)
    elif raw.get("rest"):
        raise CatalogueError(f"{where}: {raw['column']}: rest needs the whole, name it with of")
    return StandardTest(
        items[raw["column"]], limits[0], float(raw[limits[0]]), raw.get("of", ""), raw.get("rest", False)
    )
