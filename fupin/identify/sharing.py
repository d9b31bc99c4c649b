"""What a run gives out under agreements: rows for a message or for the API, and what a department's data led to.

Rows are whole; ``exchange`` lets out what the agreement names. Only the platform reads here, in the agreement's region.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from fupin.accounts.api import Scope, User, acting_for
from fupin.catalogue.load import load_catalogue
from fupin.catalogue.rules import Rule
from fupin.catalogue.schema import datasets
from fupin.exchange import api as exchange
from fupin.exchange.api import Agreement
from fupin.identify.models import Finding, HouseholdIndex, RegionAggregate, Run, RunState
from fupin.identify.queries import RuleCount, in_scope

Row = dict[str, Any]
Key = tuple[int | str, ...]
AT_ONCE = 2_000
#: name in a row → column by which rows are in order
COLUMNS = {
    "severity": "severity",
    "village": "village_code",
    "finding": "finding_id",
    "household_number": "household_id",
}


def announce_run(run: Run) -> int:
    """Messages of a finished run for every subscription whose agreement holds; how many were made.

    A run that repeats another says nothing new. Called again after a kill it makes none twice.
    """
    if run.rerun_of_id is not None or run.state != RunState.FINISHED:
        return 0
    made = 0
    for subscription in exchange.open_subscriptions():
        if not _concerns(subscription.agreement, run):
            continue
        with acting_for(None, subscription.agreement.region, health=False), transaction.atomic():
            rows = list(shared_rows(subscription.agreement, run))
            made += exchange.push_rows(subscription=subscription, subject=run.pk, about=about(run), rows=rows)
    return made


def _concerns(agreement: Agreement, run: Run) -> bool:
    """One region lies in the other."""
    return agreement.region.startswith(run.region) or run.region.startswith(agreement.region)


def about(run: Run) -> dict[str, str]:
    """What is said of the run beside its rows."""
    return {"run": run.pk, "region": run.region, "as_of": run.as_of.isoformat()}


def shared_run(agreement: Agreement, wanted: str = "") -> Run | None:
    """The newest finished run over the agreement's whole region, else the newest inside it; or the ``wanted`` one."""
    finished = Run.objects.filter(state=RunState.FINISHED)
    if wanted:
        found = finished.filter(pk=wanted).first()
        return found if found is not None and _concerns(agreement, found) else None
    above = [agreement.region[:length] for length in (2, 4, 6, 9, 12) if length <= len(agreement.region)]
    ((low, high),) = Scope.of(agreement.region).ranges()
    newest = finished.order_by("-as_of", "-started_at")
    return newest.filter(region__in=above).first() or newest.filter(region__gte=low, region__lt=high).first()


def shared_rows(agreement: Agreement, run: Run, region: str = "") -> Iterator[Row]:
    """In a fixed order; of a part of the agreement's region where one is named. The caller acts for that region."""
    shared = Shared(agreement, run, region)
    after: Key = ()
    while rows := shared.page(after, AT_ONCE):
        yield from rows
        after = shared.key_of(rows[-1])


class Shared:
    """The rows of a run under an agreement, taken page by page: each page begins behind the last row's key."""

    def __init__(self, agreement: Agreement, run: Run, region: str = "") -> None:
        self.run = run
        inside = in_scope(Scope.of(agreement.region).within(region), "village_code")
        self.changes = agreement.dataset == "household_changes"
        self.order = ("household_number",) if self.changes else ("severity", "village", "finding")  # as indexes have it
        self.before = _run_before(run) if self.changes else None
        self._all: QuerySet[Any] = self._changed(inside) if self.changes else _findings(agreement, run, inside)

    def total(self) -> int:
        return self._all.count()

    def key_of(self, row: Row) -> Key:
        return tuple(row[name] for name in self.order)

    def page(self, after: Key, most: int) -> list[Row]:
        columns = [COLUMNS[name] for name in self.order]
        query = self._all.order_by(*columns)
        if after:
            query = query.filter(beyond(columns, after))
        return self._changes(query[:most]) if self.changes else [_finding(one) for one in query[:most]]

    def _changed(self, inside: Q) -> QuerySet[HouseholdIndex]:
        """Households whose state or band is not what the run before said; none when there was none."""
        if self.before is None:
            return HouseholdIndex.objects.none()
        same = HouseholdIndex.objects.filter(
            run=self.before, household_id=OuterRef("household_id"), state=OuterRef("state"), band=OuterRef("band")
        )
        return HouseholdIndex.objects.filter(~Exists(same), inside, run=self.run).defer("dim_low", "dim_high")

    def _changes(self, query: QuerySet[HouseholdIndex]) -> list[Row]:
        now = list(query)
        was = HouseholdIndex.objects.filter(run=self.before, household_id__in=[one.household_id for one in now])
        known = {one.household_id: one for one in was}
        return [_change(one, known.get(one.household_id)) for one in now]


def beyond(columns: Sequence[str], after: Key) -> Q:
    """What comes later than the key in the order of the columns."""
    found = Q()
    for place, name in enumerate(columns):
        equal = dict(zip(columns[:place], after, strict=False))
        found |= Q(**equal, **{f"{name}__gt": after[place]})
    return found


def _findings(agreement: Agreement, run: Run, inside: Q) -> QuerySet[Finding]:
    found = Finding.objects.filter(inside, run=run).defer("params", "evidence")
    return found.filter(rule__in=rules_of(agreement.taker)) if exchange.OUTGOING[agreement.dataset].own else found


def _finding(one: Finding) -> Row:
    rules = load_catalogue().rules
    return {
        "household_number": one.household_id,
        "village": one.village_code,
        "finding": one.finding_id,
        "rule": one.rule,
        "title": rules[one.rule].zh if one.rule in rules else one.rule,
        "severity": one.severity,
        "direction": one.direction,
        "topic": one.topic,
        "rows": one.n,
    }


def _run_before(run: Run) -> Run | None:
    older = Run.objects.filter(state=RunState.FINISHED, region=run.region, started_at__lt=run.started_at, rerun_of=None)
    return older.order_by("-started_at").first()


def _change(now: HouseholdIndex, was: HouseholdIndex | None) -> Row:
    return {
        "household_number": now.household_id,
        "village": now.village_code,
        "state": now.state,
        "state_before": was.state if was else "",
        "band": now.band,
        "band_before": was.band if was else "",
        "low": now.low,
        "high": now.high,
    }


def rules_of(department: str) -> list[str]:
    """The rules that go through the department's data, or ask whether a person stands in them (``has_…``)."""
    owned = {one.id for one in datasets().values() if one.department == department}
    return sorted(rule.id for rule in load_catalogue().rules.values() if owned & {rule.table, *_asked(rule)})


def _asked(rule: Rule) -> list[str]:
    return re.findall(r"\bhas_(\w+)", f"{rule.where} {rule.having}")


@dataclass(frozen=True)
class Raised:
    """Findings of one rule over a department's data; ``before``: of the run before, None when there was none."""

    rule: RuleCount
    before: int | None


def raised_from(user: User, department: str) -> tuple[Run | None, list[Raised]]:
    """What came of a department's data in the user's region: counts alone, the most severe rules first.

    The caller has asked whether the user may open the department's page.
    """
    region = user.region
    runs = (
        Run.objects.filter(state=RunState.FINISHED, rerun_of=None).order_by("-as_of", "-started_at").defer("manifest")
    )
    kept = RegionAggregate.objects.filter(run__in=runs, region=region).order_by("-run__as_of", "-run__started_at")
    two = list(kept.select_related("run").only("run_id", "region", "rules", "run__id", "run__as_of")[:2])
    if not two:
        return None, []
    wanted = set(rules_of(department))
    now, before = (_counted(one, wanted) for one in (two[0], two[-1]))
    rows = [Raised(one, before.get(rule, replace(one, n=0)).n if len(two) == 2 else None) for rule, one in now.items()]
    rows += [Raised(replace(one, n=0), one.n) for rule, one in before.items() if rule not in now]
    return two[0].run, sorted(rows, key=lambda one: (one.rule.severity, -one.rule.n, one.rule.rule))


def _counted(kept: RegionAggregate, wanted: set[str]) -> dict[str, RuleCount]:
    rules = load_catalogue().rules
    return {
        rule: RuleCount(rule, rules[rule].zh, rules[rule].en, severity, direction, topic, n)
        for rule, severity, direction, topic, n in kept.rules
        if rule in wanted
    }
