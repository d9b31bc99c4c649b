"""What a run gives out under agreements: rows for a message or for the API, and what a department's data led to.

Rows are whole; ``exchange`` lets out what the agreement names. Only the platform reads here, in the agreement's region.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from django.db import transaction
from django.db.models import Q

from fupin.accounts.api import Scope, User, acting_for
from fupin.catalogue.load import load_catalogue
from fupin.catalogue.rules import Rule
from fupin.catalogue.schema import datasets
from fupin.exchange import api as exchange
from fupin.exchange.api import Agreement
from fupin.identify.models import Finding, HouseholdIndex, RegionAggregate, Run, RunState
from fupin.identify.queries import RuleCount, in_scope

Row = dict[str, Any]


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
        with acting_for(None, subscription.agreement.region), transaction.atomic():
            rows = list(shared_rows(subscription.agreement, run))
            made += exchange.push_rows(subscription=subscription, subject=run.pk, about=about(run), rows=rows)
    return made


def _concerns(agreement: Agreement, run: Run) -> bool:
    """One region lies in the other."""
    return agreement.region.startswith(run.region) or run.region.startswith(agreement.region)


def about(run: Run) -> dict[str, str]:
    """What is said of the run beside its rows."""
    return {"run": run.pk, "region": run.region, "as_of": run.as_of.isoformat()}


def shared_run(agreement: Agreement) -> Run | None:
    """The newest finished run over the agreement's whole region, else the newest inside it."""
    above = [agreement.region[:length] for length in (2, 4, 6, 9, 12) if length <= len(agreement.region)]
    ((low, high),) = Scope.of(agreement.region).ranges()
    newest = Run.objects.filter(state=RunState.FINISHED).order_by("-as_of", "-started_at")
    return newest.filter(region__in=above).first() or newest.filter(region__gte=low, region__lt=high).first()


def shared_rows(agreement: Agreement, run: Run, region: str = "") -> Iterator[Row]:
    """In a fixed order; of a part of the agreement's region where one is named. The caller acts for that region."""
    inside = in_scope(Scope.of(agreement.region).within(region), "village_code")
    return _changes(run, inside) if agreement.dataset == "household_changes" else _findings(agreement, run, inside)


def _findings(agreement: Agreement, run: Run, inside: Q) -> Iterator[Row]:
    found = Finding.objects.filter(inside, run=run).order_by("severity", "village_code", "finding_id")
    if exchange.OUTGOING[agreement.dataset].own:
        found = found.filter(rule__in=rules_of(agreement.taker))
    rules = load_catalogue().rules
    names = ("household_id", "village_code", "finding_id", "rule", "severity", "direction", "topic", "n")
    for household, village, finding, rule, severity, direction, topic, n in found.values_list(*names).iterator():
        yield {
            "household_number": household,
            "village": village,
            "finding": finding,
            "rule": rule,
            "title": rules[rule].zh if rule in rules else rule,
            "severity": severity,
            "direction": direction,
            "topic": topic,
            "rows": n,
        }


def _changes(run: Run, inside: Q) -> Iterator[Row]:
    """Households whose state or band is not what the run before of the same region said; none when there was none."""
    older = Run.objects.filter(state=RunState.FINISHED, region=run.region, started_at__lt=run.started_at, rerun_of=None)
    before = older.order_by("-started_at").first()
    if before is None:
        return
    names = ("household_id", "village_code", "state", "band", "low", "high")
    known = {
        household: (state, band)
        for household, state, band in HouseholdIndex.objects.filter(inside, run=before).values_list(
            "household_id", "state", "band"
        )
    }
    now = HouseholdIndex.objects.filter(inside, run=run).order_by("village_code", "household_id")
    for household, village, state, band, low, high in now.values_list(*names).iterator():
        was = known.get(household, ("", ""))
        if was != (state, band):
            yield {
                "household_number": household,
                "village": village,
                "state": state,
                "state_before": was[0],
                "band": band,
                "band_before": was[1],
                "low": low,
                "high": high,
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
