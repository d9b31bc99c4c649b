"""A case from its beginning to its end, and everything that it refuses on the way."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from fupin.accounts.api import acting_as
from fupin.accounts.tests.fixtures import Cast
from fupin.identify.cases.course import Votes
from fupin.identify.cases.models import Case
from fupin.identify.cases.queries import case_for, cases_for, late, mine, monitored, overdue, waits_for
from fupin.identify.cases.services import Blocked, Form, open_case, take_step
from fupin.identify.cases.tests.play import apply_for, compared, hang, papers, ready_form, take, to_step
from fupin.kernel.errors import Forbidden, NotFound, UserError
from fupin.registry.models import Household
from fupin.registry.tests.fixtures import Homes

Wait = Callable[[int], None]


def codes(error: pytest.ExceptionInfo[Blocked]) -> list[str]:
    return [one.code for one in error.value.blocks]


def test_a_case_begins_at_its_first_step_with_a_limit_for_it(cast: Cast, applicant: Household) -> None:
    case = apply_for(cast.cadre, applicant)
    assert (case.step, case.ended, case.opened_on, case.opened_by) == (
        "application",
        "",
        timezone.localdate(),
        cast.cadre,
    )
    case = take(cast.cadre, case)
    assert case.step == "survey"
    assert case.due_on is not None
    assert case.due_on >= timezone.localdate() + timedelta(10)


def test_monitoring_from_the_clue_to_the_recognition(
    cast: Cast, homes: Homes, applicant: Household, wait: Wait
) -> None:
    compared(applicant.pk)
    case = apply_for(cast.cadre, applicant, "monitoring", "marginal")
    case = to_step(cast, case, "", wait)
    assert (case.ended, case.step) == ("passed", "")
    recognised = monitored(applicant.pk)
    assert recognised is not None
    assert (recognised.kind, recognised.since, recognised.case_id) == ("marginal", case.ended_on, case.pk)


def test_a_risk_is_not_over_before_six_months(cast: Cast, homes: Homes, applicant: Household, wait: Wait) -> None:
    compared(applicant.pk)
    to_step(cast, apply_for(cast.cadre, applicant, "monitoring", "sudden"), "", wait)
    case = to_step(cast, apply_for(cast.cadre, applicant, "risk_removal"), "county_decision", wait)
    with pytest.raises(Blocked) as early:
        take(cast.county_office, case)
    assert codes(early) == ["too_early_after"]
    wait(190)
    assert take(cast.county_office, case).ended == "passed"
    assert monitored(applicant.pk) is None


def test_whose_turn_it_is_not_is_refused_and_told_who(cast: Cast, applicant: Household) -> None:
    case = apply_for(cast.cadre, applicant)
    with pytest.raises(Forbidden, match="村级办理"):
        take(cast.county_office, case)
    assert list(mine(cast.cadre, cases_for(cast.cadre))) == [case]
    assert list(mine(cast.county_office, cases_for(cast.county_office))) == []


def test_a_case_of_another_village_is_not_there(cast: Cast, applicant: Household) -> None:
    case = apply_for(cast.cadre, applicant)
    with pytest.raises(NotFound):
        case_for(cast.stranger, case.pk)
    with acting_as(cast.stranger), pytest.raises(NotFound):
        open_case(by=cast.stranger, household_id=applicant.pk, procedure="identification")


def test_a_household_has_one_open_case_of_a_procedure(cast: Cast, applicant: Household) -> None:
    apply_for(cast.cadre, applicant)
    with pytest.raises(UserError, match="已有同一程序的办件在办"):
        apply_for(cast.cadre, applicant)


def test_a_procedure_is_only_for_households_in_its_states(cast: Cast, homes: Homes) -> None:
    with pytest.raises(UserError, match="只适用于一般农户"):
        apply_for(cast.cadre, homes.own)


def test_a_kind_that_does_not_exist_is_refused(cast: Cast, applicant: Household) -> None:
    with pytest.raises(UserError, match="类别"):
        apply_for(cast.cadre, applicant, "monitoring", "rich")
    with pytest.raises(UserError, match="类别"):
        apply_for(cast.cadre, applicant, "monitoring")


def test_every_reason_is_told_at_once(cast: Cast, applicant: Household) -> None:
    case = apply_for(cast.cadre, applicant)
    with acting_as(cast.cadre):
        assert [one.code for one in waits_for(case)] == ["paper", "paper"]
        with pytest.raises(Blocked) as refused:
            take_step(by=cast.cadre, case=case, form=Form("pass"))
    assert codes(refused) == ["paper", "paper", "signature"]
    assert "缺少材料：贫困户申请书" in refused.value.zh


def test_more_votes_than_voters_decide_nothing(cast: Cast, homes: Homes, applicant: Household, wait: Wait) -> None:
    compared(applicant.pk)
    case = to_step(cast, apply_for(cast.cadre, applicant), "appraisal", wait)
    with pytest.raises(Blocked) as refused:
        take(cast.cadre, case, votes=Votes(eligible=20, present=15, yes=14, no=3))
    assert codes(refused) == ["too_many_votes"]


def test_without_a_comparison_the_county_passes_nothing(cast: Cast, applicant: Household, wait: Wait) -> None:
    case = to_step(cast, apply_for(cast.cadre, applicant), "comparison", wait)
    with pytest.raises(Blocked) as refused:
        take(cast.county_office, case)
    assert codes(refused) == ["not_compared"]


def test_a_notice_cannot_be_ended_early_nor_hung_for_fewer_days(
    cast: Cast, homes: Homes, applicant: Household, wait: Wait
) -> None:
    compared(applicant.pk)
    case = to_step(cast, apply_for(cast.cadre, applicant), "first_notice", wait)
    with pytest.raises(UserError, match="不足法定天数"):
        hang(cast.cadre, case, last_day=timezone.localdate() + timedelta(6))
    hang(cast.cadre, case)
    wait(7)
    case = case_for(cast.cadre, case.pk)
    with pytest.raises(Blocked) as refused:
        take(cast.cadre, case)
    assert codes(refused) == ["too_early"]
    wait(1)
    assert take(cast.cadre, case).step == "town_audit"


def test_sent_back_everything_after_is_done_again(cast: Cast, homes: Homes, applicant: Household, wait: Wait) -> None:
    compared(applicant.pk)
    case = to_step(cast, apply_for(cast.cadre, applicant), "town_audit", wait)
    with pytest.raises(UserError, match="理由"):
        take(cast.town, case, outcome="return", to="survey")
    case = take(cast.town, case, outcome="return", to="survey", note="人口与户口簿不符")
    assert case.step == "survey"
    with acting_as(cast.cadre):
        assert [one.code for one in waits_for(case)] == ["paper"]  # the form of the first survey does not count


def test_a_refused_application_ends_without_changing_the_household(
    cast: Cast, homes: Homes, applicant: Household, wait: Wait
) -> None:
    compared(applicant.pk)
    case = to_step(cast, apply_for(cast.cadre, applicant), "appraisal", wait)
    case = take(cast.cadre, case, outcome="refuse", note="评议未通过")
    assert case.ended == "refused"
    assert Household.objects.get(pk=applicant.pk).state == "9"


def test_what_is_over_its_limit_is_found(cast: Cast, applicant: Household, wait: Wait) -> None:
    case = take(cast.cadre, apply_for(cast.cadre, applicant))
    assert list(late(Case.objects.all())) == []
    wait(40)
    assert list(late(Case.objects.all())) == [case]
    assert overdue(case) > 10


def test_two_who_take_the_same_step_one_is_told(cast: Cast, applicant: Household) -> None:
    case = apply_for(cast.cadre, applicant)
    papers(cast.cadre, case)
    take(cast.cadre, case)
    with acting_as(cast.cadre), pytest.raises(UserError, match=r"刚被别人办理|还不能办结"):
        take_step(by=cast.cadre, case=case, form=ready_form(case))


def test_exit_names_every_unmet_standard(cast: Cast, homes: Homes, wait: Wait) -> None:
    case = to_step(cast, apply_for(cast.cadre, homes.own, "exit"), "standards", wait)
    assert case.standards == "household_guangxi"
    met = {"livelihood", "medical", "education", "road", "water", "electricity", "television"}
    answers = {item: (item in met, "") for item in (*met, "housing", "income")}
    with pytest.raises(Blocked) as refused:
        take(cast.cadre, case, standards=answers)
    assert codes(refused) == ["unmet", "unmet"]
    assert "未达标：有住房保障" in refused.value.zh
