"""What the address asks of a list, read once and shown again in the filter bar."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from django.db.models import F, Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from fupin.accounts.api import User
from fupin.identify import api as identify
from fupin.identify.api import Finding, HouseholdIndex, Run
from fupin.kernel.identity import names_a_person
from fupin.registry import api as registry
from fupin.ui.words import Word

LISTED = ("0", "1", "2", "3")
UNEXITED = ("0", "2", "3")
#: choices of ``state`` in the address → codes of 脱贫属性
STATES: Mapping[str, tuple[str, ...]] = {
    "listed": LISTED,
    "unexited": UNEXITED,
    **{code: (code,) for code in (*LISTED, "9")},
}
STATE_GROUPS: Mapping[str, Word] = {"listed": _("在册"), "unexited": _("在册未脱贫")}
HALVES = 20_000  # low + high counts each ten-thousandth of a point twice
FEN = 100  # 分 in one 元
BOUNDS = ("index_from", "index_to", "income_from", "income_to")
INCOMES: Mapping[str, Word] = {"known": _("收入已知"), "unknown": _("收入未知")}


def inside(code: str) -> Q:
    """Villages below a region; the code's digits are followed by ``:``."""
    return Q(village_code__gte=code, village_code__lt=code + ":") if code else Q()


def whole(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else None


def day(text: str) -> date | None:
    """A day of the address; None for anything else."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def bound(request: HttpRequest, name: str) -> int | None:
    """A whole number of the address, also a negative one; None for anything else."""
    text = request.GET.get(name, "").strip()
    number = whole(text.removeprefix("-"))
    return -number if number is not None and text.startswith("-") else number


@dataclass(frozen=True)
class HouseholdFilter:
    """Bounds: ``index_…`` in points on the middle of the interval, ``income_…`` in 元 per head and year; from ≤ x < to.

    An upper bound of 100 points includes them. ``income``: known or unknown; a bound asks for known ones.
    """

    run: str = ""
    region: str = ""
    band: str = ""
    state: str = ""
    q: str = ""
    findings: str = ""
    cause: str = ""
    income: str = ""
    index_from: int | None = None
    index_to: int | None = None
    income_from: int | None = None
    income_to: int | None = None

    @classmethod
    def of(cls, request: HttpRequest) -> HouseholdFilter:
        names = ("run", "region", "band", "state", "q", "findings", "cause", "income")
        asked: dict[str, Any] = {name: request.GET.get(name, "").strip() for name in names}
        return cls(**asked | {name: bound(request, name) for name in BOUNDS})

    @property
    def bounds(self) -> dict[str, int]:
        """Those that are asked for, by their names in the address."""
        asked = {name: getattr(self, name) for name in BOUNDS}
        return {name: value for name, value in asked.items() if value is not None}

    @property
    def bounded_index(self) -> bool:
        return self.index_from is not None or self.index_to is not None

    @property
    def bounded_income(self) -> bool:
        return self.income_from is not None or self.income_to is not None

    def known_count(self, user: User, run: Run) -> int | None:
        """How many rows ``select`` has where the run has counted them: for a region and nothing else."""
        if replace(self, run="", region="") != HouseholdFilter():
            return None
        counts = identify.counts_known(user, run, self.region)
        return counts.households if counts else None

    def select(self, user: User, run: Run) -> QuerySet[HouseholdIndex]:
        found = identify.index_for(user, run).filter(inside(self.region))
        if self.band:
            found = found.filter(band=self.band)
        if self.state:
            found = found.filter(state__in=STATES.get(self.state, ()))
        if self.findings:
            found = found.filter(findings__gt=0)
        if self.cause:  # as it stood when the run was made, like everything else on the list
            found = found.filter(cause=self.cause)
        if self.q:
            found = found.filter(household_id__in=household_ids(user, self.q))
        return self._of_income(self._between(found))

    def _between(self, found: QuerySet[HouseholdIndex]) -> QuerySet[HouseholdIndex]:
        if not self.bounded_index:
            return found
        found = found.annotate(twice=F("low") + F("high"))
        if self.index_from is not None:
            found = found.filter(twice__gte=self.index_from * HALVES)
        if self.index_to is not None and self.index_to < 100:
            found = found.filter(twice__lt=self.index_to * HALVES)
        return found

    def _of_income(self, found: QuerySet[HouseholdIndex]) -> QuerySet[HouseholdIndex]:
        if self.income in INCOMES:
            found = found.filter(income_head__isnull=self.income == "unknown")
        if self.income_from is not None:
            found = found.filter(income_head__gte=self.income_from * FEN)
        if self.income_to is not None:
            found = found.filter(income_head__lt=self.income_to * FEN)
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

    def known_count(self, user: User, run: Run) -> int | None:
        """How many rows ``select`` has where the run has counted them: for a region, all of it or what is severe."""
        if replace(self, run="", region="", severity="") != FindingFilter() or self.severity not in ("", "severe"):
            return None
        counts = identify.counts_known(user, run, self.region)
        return counts and (counts.severe_findings if self.severity else counts.findings)

    def select(self, user: User, run: Run) -> QuerySet[Finding]:
        found = identify.findings_for(user, run).filter(inside(self.region))
        found = identify.of_rule(found, self.rule, self.topic)
        if self.direction:
            found = found.filter(direction=self.direction)
        if self.severity == "severe":
            found = found.filter(severity__lte=2)
        elif self.severity:
            found = found.filter(severity=whole(self.severity) or 0)
        if self.q:
            found = found.filter(household_id__in=household_ids(user, self.q))
        return found


def household_ids(user: User, text: str) -> QuerySet[registry.Household, str]:
    """A whole ID or phone number is not looked up here: it would stand in the address. The page sends it by POST."""
    found = registry.Household.objects.none() if names_a_person(text) else registry.search_households(user, text)
    return found.values_list("household_id", flat=True)


def run_asked(user: User, run_id: str) -> Run | None:
    """The run that the address names, else the latest. NotFound for a run that is not the user's to see."""
    return identify.run_for(user, run_id) if run_id else identify.latest_run(user)
