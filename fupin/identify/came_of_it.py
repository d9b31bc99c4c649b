"""What came of a department's data, in figures alone: a department learns what they were good for, and about nobody."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from django.db.models import Count, Exists, OuterRef

from fupin.accounts.api import User, acting_for
from fupin.identify.cases.models import Case, CaseAct
from fupin.identify.models import Finding
from fupin.identify.sharing import rules_of
from fupin.identify.verdict_models import FindingVerdict, Said
from fupin.registry.api import RegistryChange


@dataclass(frozen=True)
class CameOfIt:
    """Findings that people confirmed or dismissed, changes made of the confirmed ones that still stand, and ended cases
    of households about which the data had raised a finding in the run that was looked at."""

    confirmed: int
    dismissed: int
    changes: int
    passed: int
    refused: int
    withdrawn: int


def came_of(user: User, department: str) -> CameOfIt:
    """In the user's region. The caller has asked whether the user may open the department's page."""
    rules, low = rules_of(department), user.region
    inside = {"village_code__gte": low, "village_code__lt": low + ":"}
    with acting_for(None, low):
        verdicts = FindingVerdict.objects.filter(rule__in=rules, **inside).order_by("run_id", "finding_id", "-pk")
        newest = list(verdicts.distinct("run_id", "finding_id").values_list("run_id", "finding_id", "verdict"))
        said = Counter(verdict for _run, _finding, verdict in newest)
        keys = [f"{run}/{finding}" for run, finding, verdict in newest if verdict == Said.CONFIRMED]
        changes = RegistryChange.objects.filter(finding__in=keys, reversed_by__isnull=True).count()
        cases = _ended(rules, inside)
    return CameOfIt(
        said[Said.CONFIRMED], said[Said.DISMISSED], changes, *(cases[one] for one in ("passed", "refused", "withdrawn"))
    )


def _ended(rules: list[str], inside: dict[str, str]) -> Counter[str]:
    raised = Finding.objects.filter(
        run_id=OuterRef("run"), household_id=OuterRef(OuterRef("household_id")), rule__in=rules
    )
    looked = CaseAct.objects.filter(Exists(raised), case=OuterRef("pk"))
    rows = Case.objects.filter(Exists(looked), **inside).exclude(ended="").order_by()
    return Counter(dict(rows.values_list("ended").annotate(n=Count("pk"))))
