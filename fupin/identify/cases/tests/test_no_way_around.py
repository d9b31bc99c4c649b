"""The app's login speaks SQL as it likes: a case stays on its course, and what was done stays done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import Error, connection, transaction
from django.utils import timezone

from fupin.accounts.api import acting_as
from fupin.accounts.tests.fixtures import Cast
from fupin.identify.cases import services
from fupin.identify.cases.course import Votes
from fupin.identify.cases.models import Case
from fupin.identify.cases.queries import case_for
from fupin.identify.cases.services import take_step
from fupin.identify.cases.tests.play import apply_for, compared, hang, papers, ready_form, taker, to_step
from fupin.kernel.errors import UserError
from fupin.registry.models import Household
from fupin.registry.tests.fixtures import Homes

Wait = Callable[[int], None]
INSERT = """INSERT INTO identify_caseact (case_id, village_code, step, outcome, returned_to, taken_on, by_id, note,
            signatures, standards, run) VALUES (%s, '', %s, %s, '', '2000-01-01', %s, %s, '{}', '{}', '')"""


def refused(statement: str, *values: Any) -> str:
    """What the database says to it."""
    with pytest.raises(Error) as said, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, values)
    return str(said.value)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE identify_case SET step = 'announcement'",
        "UPDATE identify_case SET ended = 'passed', step = '', ended_on = now()",
        "UPDATE identify_case SET entered_on = '2020-01-01', hung_on = '2020-01-01'",
        "DELETE FROM identify_caseact",
        "UPDATE identify_caseact SET note = 'x'",
        "DELETE FROM identify_casepaper",
        "UPDATE identify_notice SET last_day = '2020-01-01'",
        "INSERT INTO identify_steprule SELECT * FROM identify_steprule",
        "UPDATE identify_steprule SET papers = '{}'",
        "UPDATE identify_datedparameter SET value = 0",
        "DELETE FROM identify_standarditem",
        "UPDATE identify_bulk SET seed = 1",
        "UPDATE identify_bulkcase SET sampled = false",
        "INSERT INTO identify_monitored SELECT * FROM identify_monitored",
        "DELETE FROM identify_objection",
        "UPDATE identify_objectionanswer SET upheld = false",
    ],
)
def test_nothing_of_a_case_can_be_changed_or_taken_away(cast: Cast, applicant: Household, statement: str) -> None:
    apply_for(cast.cadre, applicant)
    with acting_as(cast.county_office):
        assert "permission denied" in refused(statement)


def test_a_case_cannot_be_born_at_its_end(cast: Cast, applicant: Household) -> None:
    with acting_as(cast.cadre):
        made = Case.objects.create(
            procedure="identification", household_id=applicant.pk, village_code="x", opened_by=cast.county_office,
            opened_on="2020-01-01", entered_on="2020-01-01", entered_at=timezone.now(), step="", ended="passed",
            ended_on="2020-01-01",
        )  # fmt: skip
        case = case_for(cast.cadre, made.pk)
    assert (case.step, case.ended, case.opened_by) == ("application", "", cast.cadre)
    assert case.opened_on == timezone.localdate()


def test_an_act_on_another_step_than_the_present_one_is_refused(cast: Cast, applicant: Household) -> None:
    case = apply_for(cast.cadre, applicant)
    with acting_as(cast.county_office):
        said = refused(INSERT, case.pk, "county_decision", "pass", cast.county_office.pk, "")
    assert "does not stand there" in said


PAPER = """INSERT INTO identify_casepaper (case_id, village_code, step, paper, kept_at, by_id)
           VALUES (%s, '', 'application', %s, %s, %s)"""


def test_an_act_without_its_papers_is_refused(cast: Cast, applicant: Household) -> None:
    """Which they are stands in the catalogue, and from there in a table of the owner's; a space is no place."""
    case = apply_for(cast.cadre, applicant)
    with acting_as(cast.cadre):
        assert "a paper is missing" in refused(INSERT, case.pk, "application", "pass", cast.cadre.pk, "")
        assert "wants no such paper" in refused(PAPER, case.pk, "minutes", "档案柜", cast.cadre.pk)
        assert "a paper that is nowhere" in refused(PAPER, case.pk, "application", "  ", cast.cadre.pk)
        with connection.cursor() as cursor:  # one of two
            cursor.execute(PAPER, [case.pk, "application", "档案柜", cast.cadre.pk])
        assert "a paper is missing" in refused(INSERT, case.pk, "application", "pass", cast.cadre.pk, "")


def test_an_act_of_another_level_is_refused(cast: Cast, applicant: Household) -> None:
    case = apply_for(cast.cadre, applicant)
    with acting_as(cast.county_office):
        assert "not of your level" in refused(INSERT, case.pk, "application", "pass", cast.county_office.pk, "")
    with acting_as(cast.stranger):
        assert "no such case" in refused(INSERT, case.pk, "application", "pass", cast.stranger.pk, "")


def test_an_act_bears_the_name_of_whoever_did_it(cast: Cast, applicant: Household) -> None:
    case = apply_for(cast.cadre, applicant)
    with acting_as(cast.cadre):
        with connection.cursor() as cursor:
            cursor.execute(INSERT, [case.pk, "application", "withdraw", cast.county_office.pk, "不申请了"])
        act = case.acts.get()
    assert (act.by, act.taken_on) == (cast.cadre, timezone.localdate())


#: step → what is spoilt in an otherwise complete act
SPOILT: list[tuple[str, dict[str, Any], str]] = [
    ("application", {"papers": False}, "a paper is missing"),
    ("survey", {"signatures": {"household": "韦大山", "surveyor": " "}}, "a signature is missing"),
    ("appraisal", {"votes": None}, "no votes"),
    ("appraisal", {"votes": Votes(30, 19, 19, 0)}, "too few present"),
    ("appraisal", {"votes": Votes(30, 20, 10, 0)}, "no majority"),
    ("comparison", {"uncompared": True}, "not compared"),
    ("first_notice", {"unhung": True}, "does not hang"),
    ("first_notice", {"days": 7}, "still hangs"),
    ("second_notice", {"days": 7}, "still hangs"),
    ("announcement", {"days": 7}, "still hangs"),
]


@pytest.mark.parametrize(("step", "spoilt", "said"), SPOILT)
def test_what_a_service_forgot_to_ask_the_database_asks(
    cast: Cast,
    homes: Homes,
    applicant: Household,
    wait: Wait,
    monkeypatch: pytest.MonkeyPatch,
    step: str,
    spoilt: dict[str, Any],
    said: str,
) -> None:
    spoilt = dict(spoilt)
    compared(*([] if spoilt.pop("uncompared", False) else [applicant.pk]))
    case = to_step(cast, apply_for(cast.cadre, applicant), step, wait)
    monkeypatch.setattr(services, "blocks_of", lambda *_given: [])
    who = taker(cast, case)
    if spoilt.pop("papers", True):
        papers(who, case)
    if "notice" in step or "announcement" in step:
        if not spoilt.pop("unhung", False):
            hang(who, case)
        wait(spoilt.pop("days", 99))
        case = case_for(who, case.pk)
    with acting_as(who), pytest.raises(UserError, match=said):
        take_step(by=who, case=case, form=replace(ready_form(case), **spoilt))


def test_a_shortened_notice_is_refused_by_the_database_too(
    cast: Cast, homes: Homes, applicant: Household, wait: Wait, monkeypatch: pytest.MonkeyPatch
) -> None:
    from fupin.identify.cases import notices

    compared(applicant.pk)
    case = to_step(cast, apply_for(cast.cadre, applicant), "first_notice", wait)
    monkeypatch.setattr(notices, "shortest", lambda *_given: timezone.localdate())
    with pytest.raises(UserError, match="shorter than it must hang"):
        hang(cast.cadre, case, last_day=timezone.localdate() + timedelta(6))


def test_an_exit_with_an_unmet_standard_is_refused_by_the_database_too(
    cast: Cast, homes: Homes, wait: Wait, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = to_step(cast, apply_for(cast.cadre, homes.own, "exit"), "standards", wait)
    papers(cast.cadre, case)
    form = ready_form(case)
    monkeypatch.setattr(services, "blocks_of", lambda *_given: [])
    with acting_as(cast.cadre), pytest.raises(UserError, match="a standard is not met"):
        take_step(by=cast.cadre, case=case, form=replace(form, standards={**form.standards, "housing": (False, "")}))
