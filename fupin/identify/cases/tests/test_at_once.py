"""Two acts at the same instant: one of them holds, the other is refused with words, and nothing is half done."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED
from concurrent.futures import wait as wait_for
from typing import Any

import pytest

from fupin.accounts.api import User
from fupin.accounts.tests.fixtures import VILLAGE, Cast
from fupin.identify.cases.application_models import Application
from fupin.identify.cases.applications import Content, apply, take_up
from fupin.identify.cases.bulk import begin_bulk, check_sample, decide_bulk
from fupin.identify.cases.models import (
    Bulk,
    BulkCase,
    Case,
    CaseAct,
    CasePaper,
    Monitored,
    Notice,
    Objection,
    ObjectionAnswer,
    SampleCheck,
)
from fupin.identify.cases.notices import PublicNotice, answer_objection, hang_notice, object_to, public_notice
from fupin.identify.cases.queries import case_for, demand_nothing_under_way, present_step
from fupin.identify.cases.refusals import said_by_database
from fupin.identify.cases.services import attach_paper, open_case, take_step
from fupin.identify.cases.tests.hands import PATIENCE, at_once, came_of, hands
from fupin.identify.cases.tests.play import (
    apply_for,
    as_user,
    at_the_town,
    colleague,
    compared,
    hang,
    object_as_anybody,
    ordinary_household,
    papers,
    ready_form,
    to_step,
)
from fupin.kernel.errors import UserError
from fupin.registry import api as registry
from fupin.registry.models import Household
from fupin.registry.tests.changing import DAY, filing
from fupin.registry.tests.fixtures import HEAD_ID, Homes

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])
Wait = Callable[[int], None]
Deed = tuple[User | None, Callable[..., Any], dict[str, Any]]
SIGNED = {"auditor": "梁润生", "leader": "韦志远"}


def refused(error: Any) -> str:
    """What the loser reads: in Chinese and English, and what to do now."""
    assert isinstance(error, UserError), error
    assert all((error.zh, error.en, error.hint_zh, error.hint_en))
    return error.zh


def by(user: User, work: Callable[..., Any], **given: Any) -> Deed:
    return user, work, {"by": user, **given}


def passing(user: User, case: Case, **changes: Any) -> Deed:
    return by(user, take_step, case=case, form=ready_form(case, changes))


@pytest.fixture
def case(cast: Cast, homes: Homes, applicant: Household, wait: Wait) -> Case:
    """An application that waits for the town; its papers are there."""
    compared(applicant.pk)
    found = to_step(cast, apply_for(cast.cadre, applicant), "town_audit", wait)
    papers(cast.town, found)
    return found


OTHERS = [{}, {"outcome": "refuse", "note": "不属实"}, {"outcome": "return", "to": "survey", "note": "再查"}]


@pytest.mark.parametrize("other", OTHERS)
def test_of_two_decisions_the_first_holds(cast: Cast, case: Case, other: dict[str, Any]) -> None:
    taken, error = at_once(passing(cast.town, case), passing(colleague(cast.town), case, **other))
    assert isinstance(taken, CaseAct)
    assert "刚被别人办理" in refused(error)
    assert Case.objects.get(pk=case.pk).step == "second_notice"
    assert case.acts.filter(step="town_audit").count() == 1


def test_a_paper_does_not_come_to_a_step_that_was_just_taken(cast: Cast, case: Case) -> None:
    (wanted,) = present_step(case).papers
    second = by(colleague(cast.town), attach_paper, case=case, paper=wanted, kept_at="档案柜 2")
    _taken, error = at_once(passing(cast.town, case), second)
    assert "刚被别人办理" in refused(error)
    assert CasePaper.objects.filter(case=case, step="town_audit").count() == 1


@pytest.fixture
def hanging(cast: Cast, homes: Homes, applicant: Household, wait: Wait) -> tuple[Case, PublicNotice]:
    """An application whose notice has hung long enough to the law, and still hangs: its last day is later."""
    compared(applicant.pk)
    case = to_step(cast, apply_for(cast.cadre, applicant), "first_notice", wait)
    notice = public_notice(hang(cast.cadre, case).pk)
    papers(cast.cadre, case)
    return case_for(cast.cadre, case.pk), notice


def objecting(case: Case, notice: PublicNotice) -> Deed:
    return None, object_to, {"notice": notice, "case": case.pk, "body": "这家在县城有两套房"}


def test_a_notice_does_not_pass_over_an_objection_of_the_same_instant(
    cast: Cast, hanging: tuple[Case, PublicNotice], wait: Wait, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At midnight of its last day: the objection was begun while it hung, the act afterwards."""
    case, notice = hanging
    with hands(None, cast.cadre) as (anybody, cadre):
        receipt = anybody.do(object_to, notice=notice, case=case.pk, body="这家在县城有两套房")
        wait(8)
        act = cadre.do(take_step, **passing(cast.cadre, case)[2])
        anybody.let_go()
        assert "异议" in refused(came_of(act))
        cadre.let_go()
        assert isinstance(came_of(receipt), str)
    assert Case.objects.get(pk=case.pk).step == "first_notice"


def test_an_objection_comes_too_late_for_a_case_that_was_just_sent_back(
    cast: Cast, hanging: tuple[Case, PublicNotice]
) -> None:
    case, notice = hanging
    _taken, error = at_once(
        passing(cast.cadre, case, outcome="return", to="survey", note="再查"), objecting(case, notice)
    )
    assert "公示已经结束" in refused(error)
    assert not Objection.objects.exists()


def test_an_objection_is_answered_once(cast: Cast, hanging: tuple[Case, PublicNotice]) -> None:
    case, _notice = hanging
    object_as_anybody(case, Notice.objects.get())
    given = {"objection": Objection.objects.get(), "answer": "入户核实过"}
    first = by(cast.town, answer_objection, **given, upheld=False)
    _made, error = at_once(first, by(cast.county_office, answer_objection, **given, upheld=True))
    assert "已经答复" in refused(error)
    assert not ObjectionAnswer.objects.get().upheld


def test_a_notice_is_hung_once(cast: Cast, homes: Homes, applicant: Household, wait: Wait) -> None:
    compared(applicant.pk)
    case = to_step(cast, apply_for(cast.cadre, applicant), "first_notice", wait)
    given = {"village": VILLAGE, "procedure": case.procedure, "step": case.step, "place": "村委会公告栏"}
    made, error = at_once(by(cast.cadre, hang_notice, **given), by(cast.town, hang_notice, **given))
    assert "刚被别人" in refused(error)
    assert [one.pk for one in Notice.objects.all()] == [made.pk]


@pytest.fixture
def waiting(cast: Cast, homes: Homes, wait: Wait) -> list[Case]:
    return at_the_town(cast, wait, 4)


def listed(user: User, cases: Sequence[Case]) -> Bulk:
    with as_user(user):
        return begin_bulk(by=user, cases=cases)


def looked_into(user: User, bulk: Bulk) -> None:
    with as_user(user):
        for row in bulk.cases.filter(sampled=True):
            check_sample(by=user, bulk_case=row, sound=True, note="看了调查表和公示照片")


def deciding(user: User, bulk: Bulk) -> Deed:
    return by(user, decide_bulk, bulk=bulk, signatures=SIGNED, kept_at="镇扶贫站 2026-3", note="同意")


def steps(cases: Sequence[Case]) -> list[str]:
    return [Case.objects.get(pk=one.pk).step for one in cases]


def test_a_list_does_not_pass_a_case_that_is_just_sent_back(cast: Cast, waiting: list[Case]) -> None:
    bulk, second = listed(cast.town, waiting), colleague(cast.town)
    looked_into(second, bulk)
    back = passing(second, waiting[2], outcome="return", to="survey", note="再核人口")
    _taken, error = at_once(back, deciding(cast.town, bulk))
    assert "刚被别人办理" in refused(error)
    assert steps(waiting) == ["town_audit", "town_audit", "survey", "town_audit"]
    assert not CasePaper.objects.filter(step="town_audit").exists()
    assert not CaseAct.objects.filter(bulk=bulk).exists()


def test_a_case_of_a_list_that_just_passed_is_not_decided_alone(cast: Cast, waiting: list[Case]) -> None:
    bulk, second = listed(cast.town, waiting), colleague(cast.town)
    looked_into(second, bulk)
    alone = passing(second, waiting[2], outcome="refuse", note="不属实")
    done, error = at_once(deciding(cast.town, bulk), alone)
    assert done == 4
    assert "刚被别人办理" in refused(error)
    assert set(steps(waiting)) == {"second_notice"}


def test_a_list_that_is_handed_in_twice_passes_once(cast: Cast, waiting: list[Case]) -> None:
    bulk = listed(cast.town, waiting)
    looked_into(colleague(cast.town), bulk)
    done, error = at_once(deciding(cast.town, bulk), deciding(cast.town, bulk))
    assert done == 4
    assert "刚被别人办理" in refused(error)
    assert CaseAct.objects.filter(bulk=bulk).count() == 4


def test_two_lists_do_not_hold_the_same_case(cast: Cast, waiting: list[Case]) -> None:
    """Otherwise the sample that suits could be chosen."""
    first = by(cast.town, begin_bulk, cases=waiting)
    _bulk, error = at_once(first, by(colleague(cast.town), begin_bulk, cases=waiting[::-1]))
    assert "抽好样的名单" in refused(error)
    assert Bulk.objects.count() == 1
    assert BulkCase.objects.count() == 4


def test_a_sampled_case_is_looked_into_once(cast: Cast, waiting: list[Case]) -> None:
    bulk, second = listed(cast.town, waiting), colleague(cast.town)
    row = bulk.cases.filter(sampled=True)[0]
    sound = by(second, check_sample, bulk_case=row, sound=True, note="看了调查表")
    unsound = by(cast.county_office, check_sample, bulk_case=row, sound=False, note="人口不实")
    _made, error = at_once(unsound, sound)
    assert "已经核查" in refused(error)
    assert not SampleCheck.objects.get().sound


def test_a_household_has_one_case_of_a_procedure(cast: Cast, applicant: Household) -> None:
    given = {"household_id": applicant.pk, "procedure": "identification"}
    opened, error = at_once(by(cast.cadre, open_case, **given), by(cast.town, open_case, **given))
    assert "已有同一程序的办件" in refused(error)
    assert [one.pk for one in Case.objects.all()] == [opened.pk]


def test_a_case_is_not_opened_for_a_household_that_is_just_ending(cast: Cast, applicant: Household) -> None:
    opening = by(cast.cadre, open_case, household_id=applicant.pk, procedure="identification")
    _change, error = at_once(ending(cast.town, applicant), opening)
    assert "销户或并户" in refused(error)
    assert not Case.objects.exists()


def test_a_household_does_not_end_while_a_case_is_opened_for_it(cast: Cast, applicant: Household) -> None:
    opening = by(cast.cadre, open_case, household_id=applicant.pk, procedure="identification")
    opened, error = at_once(opening, ending(cast.town, applicant))
    assert isinstance(opened, Case)
    assert "还有在办的办件" in refused(error)
    assert Household.objects.get(pk=applicant.pk).ended_on is None


def ending(user: User, home: Household) -> Deed:
    """As the page does it."""

    def end(**given: Any) -> Any:
        demand_nothing_under_way(home.pk)
        with said_by_database():
            return registry.end_household(**given)

    return by(user, end, household_id=home.pk, filing=filing("end_household", DAY))


def test_of_two_procedures_of_a_household_one_takes_effect(
    cast: Cast, homes: Homes, applicant: Household, wait: Wait
) -> None:
    compared(applicant.pk)
    watched = to_step(cast, apply_for(cast.cadre, applicant, "monitoring", "marginal"), "county_decision", wait)
    papers(cast.county_office, watched)
    known = to_step(cast, apply_for(cast.cadre, applicant), "announcement", wait)
    hang(cast.cadre, known)
    wait(8)
    known = case_for(cast.cadre, known.pk)
    papers(cast.cadre, known)
    _act, error = at_once(passing(cast.cadre, known), passing(cast.county_office, watched))
    assert "已经变化" in refused(error)
    assert Household.objects.get(pk=applicant.pk).state == "0"
    assert not Monitored.objects.exists()


def test_a_household_whose_case_is_just_passing_takes_no_second_one(
    cast: Cast, homes: Homes, applicant: Household, wait: Wait
) -> None:
    """The one waits for the household, the other for the case: they must not wait for each other."""
    compared(applicant.pk)
    case = to_step(cast, apply_for(cast.cadre, applicant), "announcement", wait)
    hang(cast.cadre, case)
    wait(8)
    case = case_for(cast.cadre, case.pk)
    papers(cast.cadre, case)
    opening = by(cast.town, open_case, household_id=applicant.pk, procedure="identification")
    act, error = at_once(passing(cast.cadre, case), opening)
    assert isinstance(act, CaseAct)
    assert refused(error)
    assert Case.objects.count() == 1


def test_an_application_is_taken_up_once(cast: Cast, homes: Homes, applicant: Household) -> None:
    other = ordinary_household("H-other", VILLAGE, "农秀兰")
    apply(village=VILLAGE, content=Content("农秀英", HEAD_ID, "13877100001", "丈夫常年患病"), members=3)
    made = Application.objects.get()
    first = by(cast.cadre, take_up, application=made, household_id=applicant.pk)
    _case, error = at_once(first, by(cast.town, take_up, application=made, household_id=other.pk))
    assert "已经处理" in refused(error)
    assert [one.household_id for one in Case.objects.all()] == [applicant.pk]


def test_two_who_wait_for_each_other_are_parted_with_words(cast: Cast, waiting: list[Case]) -> None:
    """No service does it; whoever adds papers case by case in an order of his own might."""
    second, given = colleague(cast.town), {"paper": "audit_opinion", "kept_at": "档案柜"}
    with hands(cast.town, second) as (one, other):
        begun = [one.do(attach_paper, by=cast.town, case=waiting[0], **given)]
        begun += [other.do(attach_paper, by=second, case=waiting[1], **given)]
        begun += [one.do(attach_paper, by=cast.town, case=waiting[1], **given)]
        begun += [other.do(attach_paper, by=second, case=waiting[0], **given)]
        wait_for(begun[2:], PATIENCE, FIRST_COMPLETED)
        for hand in (one, other) if begun[2].done() else (other, one):
            hand.let_go()
        (error,) = [each for each in map(came_of, begun) if not isinstance(each, CasePaper)]
        assert "正由别人办理" in refused(error)
