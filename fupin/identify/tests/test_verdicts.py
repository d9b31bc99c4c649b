"""A finding is confirmed or dismissed by people; a confirmed one proposes a change, and shows what came of it."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from fupin.accounts.api import acting_as
from fupin.accounts.tests.fixtures import CITY, VILLAGE, Cast
from fupin.catalogue.changes import change_kinds
from fupin.identify import api as identify
from fupin.identify.models import Finding, FindingVerdict, Run, RunState
from fupin.kernel.errors import Forbidden, UserError
from fupin.registry import api as registry
from fupin.registry.tests.changing import seen
from fupin.registry.tests.fixtures import Homes

DIED = date(2026, 3, 1)


@pytest.fixture
def finding(cast: Cast, homes: Homes) -> Finding:
    run = Run.objects.create(
        id="r1", region=CITY, as_of=date(2026, 10, 31), state=RunState.FINISHED, finished_at=timezone.now(),
        manifest={"x": 1},
    )  # fmt: skip
    return Finding.objects.create(
        run=run, finding_id="f1", rule="listed_dead", rule_version=1, topic="dead", village_code=VILLAGE,
        household_id="H-own", severity=1, direction="misplaced", n=1, exempted=0,
        params={"name": "韦小月", "changed_on": DIED.isoformat()},
    )  # fmt: skip


def judge(cast: Cast, finding: Finding, verdict: str = "confirmed", **more: Any) -> FindingVerdict:
    with acting_as(cast.cadre):
        return identify.judge_finding(by=cast.cadre, finding=finding, verdict=verdict, reason="入户看过", **more)


def test_a_confirmed_death_proposes_whose_and_since_when(cast: Cast, finding: Finding) -> None:
    assert identify.proposal_of(cast.cadre, finding) is None
    judge(cast, finding)
    proposal = identify.proposal_of(cast.cadre, finding)
    assert proposal == identify.Proposal(change_kinds()["death"], "H-own", "P-child", DIED, "r1/f1")
    assert identify.proposed_by(cast.cadre, "r1/f1") == proposal
    assert identify.proposed_by(cast.stranger, "r1/f1") is None


def test_what_is_dismissed_proposes_nothing(cast: Cast, finding: Finding) -> None:
    judge(cast, finding)
    judge(cast, finding, "dismissed")
    assert identify.proposal_of(cast.cadre, finding) is None
    assert FindingVerdict.objects.count() == 2


def test_it_changes_nothing_by_itself_and_shows_the_change_that_people_made(cast: Cast, finding: Finding) -> None:
    judge(cast, finding)
    assert [one.person_id for one in registry.members_of(cast.cadre, "H-own")] == ["P-own", "P-child"]
    form = registry.Filing("death", DIED, "入户核实", seen("death"), finding="r1/f1")
    with acting_as(cast.cadre):
        made = registry.end_membership(by=cast.cadre, household_id="H-own", person_id="P-child", filing=form)
        assert identify.change_of(cast.cadre, finding) == made
        registry.reverse(by=cast.cadre, change_id=made.pk, reason="办理有误")
        assert identify.change_of(cast.cadre, finding) is None


def test_a_verdict_needs_a_reason_and_the_right_place(cast: Cast, finding: Finding) -> None:
    with pytest.raises(UserError, match="核实情况"):
        identify.judge_finding(by=cast.cadre, finding=finding, verdict="confirmed", reason="  ")
    with pytest.raises(UserError, match="属实或不属实"):
        identify.judge_finding(by=cast.cadre, finding=finding, verdict="maybe", reason="入户看过")
    with pytest.raises(Forbidden):
        identify.judge_finding(by=cast.stranger, finding=finding, verdict="confirmed", reason="入户看过")


def test_verdicts_are_only_added_and_guarded_by_village(cast: Cast, finding: Finding) -> None:
    judge(cast, finding)
    for sql in ("UPDATE identify_findingverdict SET reason = 'x'", "DELETE FROM identify_findingverdict"):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql)
    with acting_as(cast.stranger):
        assert not FindingVerdict.objects.exists()
