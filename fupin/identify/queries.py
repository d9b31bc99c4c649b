"""What a user may see of runs, indexes and findings. Every query takes the user first."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, F, IntegerField, Q, QuerySet
from django.db.models.functions import Cast, Length

from fupin.accounts.api import Scope, User
from fupin.catalogue.load import load_catalogue
from fupin.identify.models import Finding, HouseholdIndex, RegionResult, Run, RunState
from fupin.kernel.errors import NotFound

HISTOGRAM_STEP = 2  # points


@dataclass(frozen=True)
class RuleCount:
    rule: str
    zh: str
    en: str
    severity: int
    direction: str
    topic: str
    n: int


def in_scope(scope: Scope, column: str) -> Q:
    """Condition on a column of region codes; an empty scope matches nothing."""
    condition = Q(pk__in=[]) if not scope else Q()
    for low, high in scope.ranges():
        condition |= Q(**{f"{column}__gte": low, f"{column}__lt": high})
    return condition


def runs_for(user: User) -> QuerySet[Run]:
    """Runs whose region the user's scope touches: a cadre sees the city's run, cut down to the village."""
    condition = Q(pk__in=[])
    for prefix in user.scope.prefixes:
        ancestors = [prefix[:length] for length in (2, 4, 6, 9, 12) if length <= len(prefix)]
        condition |= Q(region__in=ancestors) | Q(region__gte=prefix, region__lt=prefix + ":")
    return Run.objects.filter(condition)


def run_for(user: User, run_id: str) -> Run:
    run = runs_for(user).filter(pk=run_id).first()
    if run is None:
        raise NotFound(run_id)
    return run


def latest_run(user: User) -> Run | None:
    """The newest finished run that covers the user's region, the widest first when two were begun together."""
    return runs_for(user).filter(state=RunState.FINISHED).order_by("-as_of", "-started_at").first()


def previous_run(user: User, run: Run) -> Run | None:
    """The finished run of the same region begun before this one."""
    older = runs_for(user).filter(state=RunState.FINISHED, region=run.region, started_at__lt=run.started_at)
    return older.order_by("-started_at").first()


def index_for(user: User, run: Run) -> QuerySet[HouseholdIndex]:
    return HouseholdIndex.objects.filter(in_scope(user.scope, "village_code"), run=run)


def findings_for(user: User, run: Run) -> QuerySet[Finding]:
    return Finding.objects.filter(in_scope(user.scope, "village_code"), run=run)


def region_result(user: User, run: Run, code: str) -> RegionResult:
    """The figures of one region; a region that is wider than the scope is not the user's to see."""
    result = RegionResult.objects.filter(run=run, region=code).first() if user.scope.covers(code) else None
    if result is None:
        raise NotFound(code)
    return result


def region_results(user: User, run: Run, parent_code: str, level: int | None = None) -> list[RegionResult]:
    """The regions below ``parent_code`` that the user may see, by code: those of a level, else the nearest ones."""
    below = RegionResult.objects.filter(run=run, region__gte=parent_code, region__lt=parent_code + ":")
    below = below.filter(in_scope(user.scope, "region")).exclude(region=parent_code)
    if level is not None:
        return list(below.filter(level=level).order_by("region"))
    nearest = below.annotate(width=Length("region")).order_by("width").values_list("width", flat=True).first()
    return list(below.annotate(width=Length("region")).filter(width=nearest).order_by("region")) if nearest else []


def rule_counts(user: User, run: Run) -> list[RuleCount]:
    """Findings per rule, the most severe first."""
    rules = load_catalogue().rules
    counted = findings_for(user, run).values("rule", "severity", "direction", "topic").annotate(n=Count("finding_id"))
    rows = [
        RuleCount(
            row["rule"],
            rules[row["rule"]].zh if row["rule"] in rules else row["rule"],
            rules[row["rule"]].en if row["rule"] in rules else row["rule"],
            row["severity"],
            row["direction"],
            row["topic"],
            row["n"],
        )
        for row in counted
    ]
    return sorted(rows, key=lambda row: (row.severity, -row.n, row.rule))


def histogram(user: User, run: Run, region: str = "") -> list[tuple[int, int]]:
    """(lower bound in points, households) by the middle of the interval, in steps of two points from 0 to 98."""
    inside = index_for(user, run).filter(in_scope(user.scope.within(region), "village_code"))
    width = HISTOGRAM_STEP * 20_000  # low + high counts each ten-thousandth twice
    bins = inside.annotate(bin=Cast((F("low") + F("high")) / width, IntegerField())).values("bin")
    counted = {row["bin"]: row["n"] for row in bins.annotate(n=Count("household_id"))}
    last = 100 // HISTOGRAM_STEP - 1
    counted[last] = counted.get(last, 0) + counted.pop(last + 1, 0)
    return [(number * HISTOGRAM_STEP, counted.get(number, 0)) for number in range(last + 1)]


def village_means(user: User, run: Run, village_code: str) -> list[float]:
    """Share of each dimension's points that the village's households earn on average (middle of the interval), 0–1."""
    result = region_result(user, run, village_code)
    sums = zip(result.dim_low_sum, result.dim_high_sum, result.dim_weight_sum, strict=True)
    return [(low + high) / 2 / (weight * 10_000) if weight else 0.0 for low, high, weight in sums]
