"""What the address asks of a list, read once and shown again in the filter bar."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import F, Q, QuerySet
from django.http import HttpRequest

from fupin.accounts.api import User
from fupin.identify import api as identify
from fupin.identify.api import Finding, HouseholdIndex, Run
from fupin.kernel.identity import normalise
from fupin.registry import api as registry

PAGE_SIZE = 50
LISTED = ("0", "1", "2", "3")
UNEXITED = ("0", "2", "3")
#: choices of ``state`` in the address → codes of 脱贫属性
STATES: Mapping[str, tuple[str, ...]] = {
    "listed": LISTED,
    "unexited": UNEXITED,
    **{code: (code,) for code in (*LISTED, "9")},
}
SORTS: Mapping[str, tuple[str, ...]] = {
    "low": ("low", "household_id"),
    "high": ("-high", "household_id"),
    "unknown": ("-unknown", "household_id"),
    "findings": ("-findings", "household_id"),
    "place": ("village_code", "household_id"),
}
HALVES = 20_000  # low + high counts each ten-thousandth of a point twice


def inside(code: str) -> Q:
    """Villages below a region; the code's digits are followed by ``:``."""
    return Q(village_code__gte=code, village_code__lt=code + ":") if code else Q()


def whole(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else None


@dataclass(frozen=True)
class HouseholdFilter:
    """``low``/``high``: bounds in points on the middle of the interval, as the histogram's bars ask."""

    run: str = ""
    region: str = ""
    band: str = ""
    state: str = ""
    q: str = ""
    sort: str = "low"
    low: int | None = None
    high: int | None = None
    findings: str = ""
    cause: str = ""

    @classmethod
    def of(cls, request: HttpRequest) -> HouseholdFilter:
        names = ("run", "region", "band", "state", "q", "sort", "findings", "cause")
        asked = {name: request.GET.get(name, "").strip() for name in names}
        asked["sort"] = asked["sort"] if asked["sort"] in SORTS else "low"
        return cls(**asked, low=whole(request.GET.get("low", "")), high=whole(request.GET.get("high", "")))

    def select(self, user: User, run: Run) -> QuerySet[HouseholdIndex]:
        found = identify.index_for(user, run).filter(inside(self.region))
        if self.band:
            found = found.filter(band=self.band)
        if self.state:
            found = found.filter(state__in=STATES.get(self.state, ()))
        if self.findings:
            found = found.filter(findings__gt=0)
        if self.cause:
            homes = registry.households_for(user).filter(cause_main=self.cause)
            found = found.filter(household_id__in=homes.values("household_id"))
        if self.q:
            found = found.filter(household_id__in=household_ids(user, self.q))
        return self._between(found).order_by(*SORTS[self.sort])

    def _between(self, found: QuerySet[HouseholdIndex]) -> QuerySet[HouseholdIndex]:
        if self.low is None and self.high is None:
            return found
        found = found.annotate(twice=F("low") + F("high"))
        if self.low is not None:
            found = found.filter(twice__gte=self.low * HALVES)
        if self.high is not None and self.high < 100:
            found = found.filter(twice__lt=self.high * HALVES)
        return found


@dataclass(frozen=True)
class FindingFilter:
    run: str = ""
    region: str = ""
    rule: str = ""
    severity: str = ""
    direction: str = ""
    topic: str = ""
    q: str = ""

    @classmethod
    def of(cls, request: HttpRequest) -> FindingFilter:
        names = ("run", "region", "rule", "severity", "direction", "topic", "q")
        return cls(**{name: request.GET.get(name, "").strip() for name in names})

    def select(self, user: User, run: Run) -> QuerySet[Finding]:
        found = identify.findings_for(user, run).filter(inside(self.region))
        exact = {name: getattr(self, name) for name in ("rule", "direction", "topic") if getattr(self, name)}
        found = found.filter(**exact)
        if self.severity == "severe":
            found = found.filter(severity__lte=2)
        elif self.severity:
            found = found.filter(severity=whole(self.severity) or 0)
        if self.q:
            found = found.filter(household_id__in=household_ids(user, self.q))
        return found.order_by("severity", "village_code", "finding_id")


def household_ids(user: User, text: str) -> QuerySet[registry.Household, str]:
    """A whole ID number is not looked up here: it would stand in the address. The page sends it by POST instead."""
    found = (
        registry.search_households(user, text) if normalise(text).number is None else registry.Household.objects.none()
    )
    return found.values_list("household_id", flat=True)


def run_asked(user: User, run_id: str) -> Run | None:
    """The run that the address names, else the latest. NotFound for a run that is not the user's to see."""
    return identify.run_for(user, run_id) if run_id else identify.latest_run(user)


def page_of(request: HttpRequest, rows: QuerySet[Any] | Sequence[Any], size: int = PAGE_SIZE) -> Page[Any]:
    """The page the address asks for; beyond the last one, the last."""
    return Paginator(rows, size).get_page(request.GET.get("page"))


def page_of_index(request: HttpRequest, user: User, run: Run, asked: HouseholdFilter) -> Page[HouseholdIndex]:
    """A page of a run's households: numbers first (sorting 225,337 whole rows is slow), then the rows of the page.

    A search is costly and finds few: its numbers are fetched at once, instead of once to count and once to show.
    """
    ids = asked.select(user, run).values_list("household_id", flat=True)
    page: Page[Any] = Paginator(list(ids) if asked.q else ids, PAGE_SIZE).get_page(request.GET.get("page"))
    shown = list(page.object_list)
    rows = {row.household_id: row for row in identify.index_for(user, run).filter(household_id__in=shown)}
    page.object_list = [rows[id_] for id_ in shown]
    return page
