"""What a user may see of runs, indexes and findings. Every query takes the user first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain
from typing import NamedTuple

from django.db.models import Count, Q, QuerySet
from django.db.models.functions import Length

from fupin.accounts.api import Scope, User
from fupin.catalogue.load import load_catalogue
from fupin.identify.aggregates import HISTOGRAM_STEP
from fupin.identify.health_words import HEALTH, NOT_SHOWN, merged
from fupin.identify.models import Finding, HouseholdIndex, RegionAggregate, RegionResult, Run, RunState
from fupin.kernel.errors import NotFound


@dataclass(frozen=True)
class RuleCount:
    rule: str
    zh: str
    en: str
    severity: int
    direction: str
    topic: str
    n: int


class Counts(NamedTuple):
    """Households and findings of a part of a run; ``severe_findings``: those of severity 1 or 2."""

    households: int
    findings: int
    severe_findings: int


class RegionRow(NamedTuple):
    """What lists and maps need of a region: of ``RegionResult``, cheap enough for a city's 1,856 villages."""

    region: str
    level: int
    persons: int
    households: int
    unexited_persons: int
    undecided: int
    findings: int
    low_sum: int
    high_sum: int


def in_scope(scope: Scope, column: str) -> Q:
    """Condition on a column of region codes; an empty scope matches nothing."""
    condition = Q(pk__in=[]) if not scope else Q()
    for low, high in scope.ranges():
        condition |= Q(**{f"{column}__gte": low, f"{column}__lt": high})
    return condition


def runs_for(user: User) -> QuerySet[Run]:
    """Runs whose region the user's scope touches: a cadre sees the city's run, cut down to the village."""
    inside = in_scope(user.scope, "region")
    return Run.objects.filter(Q(region__in=ancestors_of(user.scope)) | inside)


def ancestors_of(scope: Scope) -> list[str]:
    """The regions that hold a whole prefix of the scope, itself among them."""
    return [prefix[:length] for prefix in scope.prefixes for length in (2, 4, 6, 9, 12) if length <= len(prefix)]


def run_for(user: User, run_id: str) -> Run:
    run = runs_for(user).filter(pk=run_id).first()
    if run is None:
        raise NotFound(run_id)
    return run


def latest_run(user: User) -> Run | None:
    """The newest finished run that covers the user's region; only when there is none, the newest inside it.

    A run over one town never takes the place of the city's.
    """
    finished = runs_for(user).filter(state=RunState.FINISHED).order_by("-as_of", "-started_at")
    finished = finished.defer("manifest")  # twenty thousand characters, which hardly any page reads
    return finished.filter(region__in=ancestors_of(user.scope)).first() or finished.first()


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


def region_rows(user: User, run: Run, code: str, level: int) -> list[RegionRow]:
    """The regions of a level inside one (itself at its own level) that the user may see, by code."""
    inside = RegionResult.objects.filter(run=run, level=level, region__gte=code, region__lt=code + ":")
    visible = inside.filter(in_scope(user.scope, "region")).order_by("region")
    return [RegionRow(*row) for row in visible.values_list(*RegionRow._fields)]


def counts_known(user: User, run: Run, region: str = "") -> Counts | None:
    """What the run counted in the user's part of a region when it was loaded; None where it keeps no such figure."""
    codes = _nearest_codes(user.scope.within(region), run)
    kept = RegionResult.objects.filter(run=run, region__in=codes)
    rows = [Counts(*row) for row in kept.values_list(*Counts._fields)] if codes else []
    return Counts(*map(sum, zip(*rows, strict=True))) if rows and len(rows) == len(codes) else None


def rule_counts(user: User, run: Run) -> list[RuleCount]:
    """Findings per rule, the most severe first; those about health as one for who may not see it."""
    rules = load_catalogue().rules
    names = {id_: (rule.zh, rule.en) for id_, rule in rules.items()} | {HEALTH: (NOT_SHOWN["zh"], NOT_SHOWN["en"])}
    counted = merged((*key, n) for key, n in _counted_rules(user, run).items())
    rows = [
        RuleCount(rule, *names.get(rule, (rule, rule)), severity, direction, topic, n)
        for rule, severity, direction, topic, n in counted
    ]
    return sorted(rows, key=lambda row: (row.severity, -row.n, row.rule))


def _counted_rules(user: User, run: Run) -> Mapping[tuple[str, int, str, str], int]:
    """Rule, severity, direction, topic → findings: as counted when the run was loaded, else counted now."""
    codes = _nearest_codes(user.scope, run)
    kept = list(RegionAggregate.objects.filter(run=run, region__in=codes).values_list("rules", flat=True))
    counted: Counter[tuple[str, int, str, str]] = Counter()
    if kept and len(kept) == len(codes):
        for rule, severity, direction, topic, n in chain.from_iterable(kept):
            counted[rule, severity, direction, topic] += n
        return counted
    keys = ("rule", "severity", "direction", "topic")
    for *key, n in findings_for(user, run).values_list(*keys).annotate(n=Count("finding_id")):
        counted[key[0], key[1], key[2], key[3]] = n
    return counted


def region_aggregate(user: User, run: Run, code: str) -> RegionAggregate | None:
    """What the charts of a region draw; None when the run keeps none. NotFound for a region wider than the scope."""
    if not user.scope.covers(code):
        raise NotFound(code)
    return RegionAggregate.objects.filter(run=run, region=code).first()


def histogram(user: User, run: Run, region: str = "") -> list[tuple[int, int]]:
    """(lower bound in points, households) by the middle of the interval, in steps of two points from 0 to 98."""
    codes = _nearest_codes(user.scope.within(region), run)
    counted: Counter[int] = Counter()
    for bins in RegionAggregate.objects.filter(run=run, region__in=codes).values_list("histogram", flat=True):
        counted.update(dict(bins))
    return [(number * HISTOGRAM_STEP, counted[number]) for number in range(100 // HISTOGRAM_STEP)]


def _nearest_codes(scope: Scope, run: Run) -> list[str]:
    """The regions whose rows add up to a scope: a prefix itself, or the run's region where the prefix is wider."""
    both = ((prefix, run.region) for prefix in scope.prefixes)
    return [max(one, other, key=len) for one, other in both if one.startswith(other) or other.startswith(one)]
