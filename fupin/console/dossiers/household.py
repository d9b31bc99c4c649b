"""What the portrait tells beside index and findings: income year by year against the line, help, states, screening."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from fupin.accounts.api import User
from fupin.catalogue.parameters import parameters
from fupin.catalogue.schema import CatalogueError
from fupin.console import trails
from fupin.console.lists.cases import Row
from fupin.identify import api as identify
from fupin.registry import api as registry
from fupin.registry.api import Household, HouseholdState, LedgerEntry
from fupin.ui.charts import KINDS, total
from fupin.ui.templatetags.ui import language

LINE = "poverty_line_national"
YEAR = 12
RECENT = 6


@dataclass(frozen=True)
class IncomeYear:
    """A calendar year of the ledger in 分; ``months``: how many of it are on record. ``line``: the national line of
    the year, None before there was one. Less than the line over a whole year is ``below``."""

    year: int
    months: int
    wage: int
    business: int
    transfer: int
    assets: int
    cost: int
    per_head: int | None
    line: int | None

    @property
    def net(self) -> int:
        return self.wage + self.business + self.transfer + self.assets - self.cost

    @property
    def whole(self) -> bool:
        return self.months >= YEAR

    @property
    def below(self) -> bool:
        return self.whole and self.line is not None and self.per_head is not None and self.per_head < self.line


def income_years(entries: Sequence[LedgerEntry], members: int, region: str) -> list[IncomeYear]:
    """The newest year first."""
    years: dict[int, list[LedgerEntry]] = {}
    for entry in entries:
        years.setdefault(entry.month // 100, []).append(entry)
    return [_year(year, years[year], members, region) for year in sorted(years, reverse=True)]


def _year(year: int, entries: Iterable[LedgerEntry], members: int, region: str) -> IncomeYear:
    found = list(entries)
    sums = {kind: sum(total(entry, kind) for entry in found) for kind in (*KINDS, "cost")}
    net = sum(sums[kind] for kind in KINDS) - sums["cost"]
    months = min(YEAR, sum(entry.period_months for entry in found))
    return IncomeYear(
        year, months, sums["wage"], sums["business"], sums["transfer"], sums["property"], sums["cost"],
        net // members if members else None, line_of(date(year, 12, 31), region),
    )  # fmt: skip


def line_of(on: date, region: str) -> int | None:
    """The national poverty line on a day, in 分; None before there was one."""
    try:
        return int(parameters()[LINE].at(on, region))
    except CatalogueError:
        return None


@dataclass(frozen=True)
class StateLine:
    state: str
    since: date
    until: date | None


def state_lines(states: Iterable[HouseholdState]) -> list[StateLine]:
    """The newest first."""
    lines = [StateLine(one.state, one.valid_from, one.valid_to) for one in states]
    return sorted(lines, key=lambda one: one.since, reverse=True)


@dataclass(frozen=True)
class HitLine:
    """An open contradiction of the newest screening that covers the household. ``rule``: "" where it is not shown."""

    severity: int
    said: str
    rule: str
    since: date
    screening: str
    key: str


def hit_lines(user: User, household: Household) -> list[HitLine]:
    return [
        HitLine(
            hit.severity,
            identify.screen_message(hit, language()),
            "" if identify.screening_veiled(hit.rule) else hit.rule,
            hit.since,
            hit.screening_id,
            hit.key,
        )
        for hit in identify.open_hits_of(user, household.village_code, household.pk)
    ]


def dossier_of(user: User, household: Household, ledger: Sequence[LedgerEntry]) -> dict[str, Any]:
    """What the template needs of all this."""
    helpers = registry.helpers_of(user, household)
    cases = [Row(case, household, "") for case in identify.cases_for(user).filter(household_id=household.pk)]
    return {
        "helpers": [one for one in helpers if one.until is None],
        "former_helpers": [one for one in helpers if one.until is not None],
        "years": income_years(ledger, household.members, household.village_code),
        "states": state_lines(registry.states_of(user, household)),
        "hits": hit_lines(user, household),
        "cases": cases,
        "monitored": identify.monitored(household.pk) if cases else None,
    }


@dataclass(frozen=True)
class Source:
    """Where a group of figures comes from: who collected and who entered it, when, with which load or act."""

    group: str
    lines: list[trails.Responsible]


def sources_of(user: User, household: Household, group: str) -> Source:
    """Who answers for one group; of the ledger the newest months. NotFound for a group that there is not."""
    if group not in GROUPS:
        raise registry.NotFound(group)
    answers = registry.answers_of(registry.timeline_of(user, household), household)
    wanted = [one for one in answers if one.group in GROUPS[group]]
    return Source(group, trails.responsible(wanted))


#: card of the page → groups of the trail
GROUPS = {
    "household": ("household",),
    "members": ("members", "numbers"),
    "ledger": ("ledger",),
    "survey": ("survey",),
    "helping": ("helping",),
}
