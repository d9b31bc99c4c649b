"""What came of a department's data: findings confirmed, changes made, cases ended; figures of the own region alone."""

from __future__ import annotations

from collections.abc import Callable

from fupin.accounts.api import acting_as
from fupin.accounts.tests.fixtures import FAR_VILLAGE, VILLAGE, Cast
from fupin.identify.came_of_it import CameOfIt, came_of
from fupin.identify.cases.tests.play import apply_for, compared, take, to_step
from fupin.identify.models import Finding, FindingVerdict, Run
from fupin.identify.sharing import rules_of
from fupin.registry.changes.papers import keep_papers
from fupin.registry.models import Household, RegistryChange
from fupin.registry.tests.changing import seen
from fupin.registry.tests.fixtures import Homes

Wait = Callable[[int], None]
OWN, OTHER = rules_of("civil_affairs")[0], rules_of("public_security")[0]


def found(run: Run, household: str, village: str, number: int, rule: str) -> Finding:
    return Finding.objects.create(
        run=run, finding_id=f"f{number}", rule=rule, rule_version=1, topic="subsistence", village_code=village,
        household_id=household, severity=2, direction="misplaced", n=1, exempted=0,
    )  # fmt: skip


def judged(cast: Cast, finding: Finding, verdict: str) -> None:
    FindingVerdict.objects.create(
        run_id=finding.run_id, finding_id=finding.finding_id, rule=finding.rule, household_id=finding.household_id,
        village_code=finding.village_code, verdict=verdict, reason="入户看过", by=cast.office,
    )  # fmt: skip


def test_a_department_reads_how_many_and_of_nobody_else(
    cast: Cast, homes: Homes, applicant: Household, wait: Wait
) -> None:
    run = compared(applicant.pk)
    one, far = found(run, applicant.pk, VILLAGE, 1, OWN), found(run, "H-far", FAR_VILLAGE, 2, OWN)
    for finding, verdict in ((one, "dismissed"), (one, "confirmed"), (far, "confirmed")):
        judged(cast, finding, verdict)  # the newest holds
    judged(cast, found(run, applicant.pk, VILLAGE, 3, OTHER), "confirmed")
    change = RegistryChange.objects.create(
        kind="correct_entry", household=homes.own, village_code=VILLAGE, effective="2026-11-01", finding="R-test/f1",
        reason="核实", by=cast.office,
    )  # fmt: skip
    keep_papers(change, seen("correct_entry"), cast.office)
    case = to_step(cast, apply_for(cast.cadre, applicant), "appraisal", wait)
    take(cast.cadre, case, outcome="refuse", note="评议未通过")
    with acting_as(cast.department):
        assert came_of(cast.department, "civil_affairs") == CameOfIt(2, 0, 1, 0, 1, 0)
    with acting_as(cast.county_office):
        own = came_of(cast.county_office, "civil_affairs")
        assert (own.confirmed, own.refused) == (1 if FAR_VILLAGE[:6] != VILLAGE[:6] else 2, 1)
        assert came_of(cast.county_office, "finance").confirmed == 0
