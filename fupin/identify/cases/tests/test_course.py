"""The course of a case: no way leads past a notice, a meeting, a paper."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from fupin.catalogue.procedures import LASTING, Procedure, procedures
from fupin.identify.cases.course import (
    HANG,
    OUTCOMES,
    PASS,
    PASSED,
    Act,
    Standing,
    Votes,
    after,
    blocks,
    last_day_of,
    outcomes,
    standing,
)

OPENED = date(2026, 3, 2)
REGION = "450123103"
GOOD = Votes(eligible=30, present=20, yes=11, no=9)


def ready(procedure: Procedure, now: Standing, on: date | None = None) -> Act:
    """An act with everything that the present step wants."""
    step = procedure.step(now.step)
    last = last_day_of(step, now, REGION)
    day = on or (last + timedelta(1) if last else now.since)
    papers, signatures = frozenset(step.papers), frozenset(step.signatures)
    return Act(now.step, "pass", day, papers=papers, signatures=signatures, votes=GOOD, compared=True)


def codes(procedure: Procedure, now: Standing, act: Act, unanswered: int = 0) -> list[str]:
    return [one.code for one in blocks(procedure, now, act, region=REGION, unanswered=unanswered)]


def walk_to(procedure: Procedure, step: str) -> Standing:
    now = Standing(procedure.steps[0].id, OPENED)
    while now.step != step:
        now = after(procedure, hung(procedure, now), ready(procedure, hung(procedure, now)))
    return hung(procedure, now)


def hung(procedure: Procedure, now: Standing) -> Standing:
    """The notice, where the step is one, put up on its first day."""
    if procedure.step(now.step).kind not in LASTING:
        return now
    return after(procedure, now, Act(now.step, "hang", now.since))


@pytest.mark.parametrize("procedure", procedures().values(), ids=lambda one: one.id)
def test_with_everything_in_order_it_passes_step_by_step(procedure: Procedure) -> None:
    now, steps = Standing(procedure.steps[0].id, OPENED), []
    while not now.ended:
        now = hung(procedure, now)
        act = ready(procedure, now)
        assert codes(procedure, now, act) == []
        steps.append(now.step)
        now = after(procedure, now, act)
    assert now.ended == PASSED
    assert steps == [step.id for step in procedure.steps]


STEPS = st.sampled_from(["", *{step.id for procedure in procedures().values() for step in procedure.steps}])
ACTS = st.builds(
    Act,
    step=STEPS,
    outcome=st.sampled_from([*[PASS] * 9, *[HANG] * 3, *OUTCOMES]),  # else few walks get to the end
    on=st.integers(-3, 20).map(lambda days: OPENED + timedelta(days)),
    to=STEPS,
    papers=st.just(frozenset(paper for one in procedures().values() for paper in one.papers)),
    signatures=st.just(frozenset(name for one in procedures().values() for s in one.steps for name in s.signatures)),
    votes=st.just(GOOD),
    compared=st.booleans(),
)


@settings(max_examples=50, deadline=None)
@given(st.data())
def test_no_sequence_of_acts_reaches_the_end_without_every_notice(data: st.DataObject) -> None:
    procedure = procedures()["identification"]
    now, notices = Standing(procedure.steps[0].id, OPENED), set()
    for _ in range(60):
        if now.ended:
            break
        drawn = data.draw(ACTS)
        # mostly acts that fit, so that the walk gets far; the day is any
        act = replace(drawn, step=now.step if data.draw(st.integers(0, 9)) else drawn.step)
        act = replace(act, on=now.since + (act.on - OPENED))
        unanswered = data.draw(st.sampled_from([0, 0, 0, 1]))
        if blocks(procedure, now, act, region=REGION, unanswered=unanswered):
            continue
        try:
            following = after(procedure, now, act)
        except ValueError:
            continue
        step = procedure.step(now.step)
        if act.outcome == "pass" and step.kind in LASTING:
            assert now.hung is not None
            assert (act.on - now.hung).days > 7
            assert not unanswered
            notices.add(step.id)
        now = following
    event(now.ended or "on the way")
    if now.ended == PASSED:
        assert notices == {"first_notice", "second_notice", "announcement"}


def test_a_notice_may_not_be_ended_before_its_days_are_over() -> None:
    procedure = procedures()["identification"]
    now = walk_to(procedure, "first_notice")
    assert now.hung is not None
    last = now.hung + timedelta(7)
    assert codes(procedure, now, ready(procedure, now, on=last)) == ["too_early"]
    assert codes(procedure, now, ready(procedure, now, on=last + timedelta(1))) == []


def test_a_notice_that_hangs_nowhere_is_not_over_however_long_one_waits() -> None:
    procedure = procedures()["identification"]
    now = replace(walk_to(procedure, "first_notice"), hung=None)
    assert codes(procedure, now, ready(procedure, now, on=now.since + timedelta(99))) == ["not_hung"]


def test_a_notice_that_says_a_later_day_hangs_until_then() -> None:
    procedure = procedures()["identification"]
    now = walk_to(procedure, "first_notice")
    assert now.hung is not None
    longer = replace(now, until=now.hung + timedelta(15))
    assert codes(procedure, longer, ready(procedure, longer, on=now.hung + timedelta(15))) == ["too_early"]
    assert codes(procedure, longer, ready(procedure, longer, on=now.hung + timedelta(16))) == []


def test_an_upheld_objection_sends_the_case_back() -> None:
    procedure = procedures()["identification"]
    now = walk_to(procedure, "first_notice")
    told = blocks(procedure, now, ready(procedure, now), region=REGION, upheld=1)
    assert [one.code for one in told] == ["upheld"]
    back = after(procedure, now, Act("first_notice", "return", now.since, to="survey"))
    assert (back.step, back.hung) == ("survey", None)


def test_an_objection_keeps_a_notice_open_until_it_is_answered() -> None:
    procedure = procedures()["identification"]
    now = walk_to(procedure, "second_notice")
    assert codes(procedure, now, ready(procedure, now), unanswered=2) == ["objections"]


@pytest.mark.parametrize(
    ("votes", "code"),
    [
        (None, "no_votes"),
        (Votes(30, 31, 20, 0), "present"),
        (Votes(30, 0, 0, 0), "present"),
        (Votes(30, 20, 15, 6), "too_many_votes"),
        (Votes(30, 20, 21, -1), "too_many_votes"),
        (Votes(30, 19, 19, 0), "quorum"),
        (Votes(30, 20, 10, 0), "majority"),
    ],
)
def test_a_meeting_that_cannot_be_decides_nothing(votes: Votes | None, code: str) -> None:
    procedure = procedures()["identification"]
    now = walk_to(procedure, "appraisal")
    assert codes(procedure, now, replace(ready(procedure, now), votes=votes)) == [code]


def test_every_missing_paper_and_signature_is_named() -> None:
    procedure = procedures()["identification"]
    now = walk_to(procedure, "survey")
    bare = replace(ready(procedure, now), papers=frozenset(), signatures=frozenset({"surveyor"}))
    told = [one.zh for one in blocks(procedure, now, bare, region=REGION, unanswered=0)]
    assert told == ["缺少材料：入户调查表", "缺少签字：户主或家人", "缺少签字：复核人"]


def test_one_unmet_standard_stops_an_exit_and_is_named() -> None:
    procedure = procedures()["exit"]
    now = walk_to(procedure, "standards")
    act = replace(ready(procedure, now), unmet=("饮水安全",))
    assert [one.zh for one in blocks(procedure, now, act, region=REGION, unanswered=0)] == ["未达标：饮水安全"]


def test_a_decision_sends_back_only_to_steps_that_it_may() -> None:
    procedure = procedures()["identification"]
    now = walk_to(procedure, "county_decision")
    act = Act("county_decision", "return", now.since, to="survey")
    assert after(procedure, now, act) == Standing("survey", now.since)
    with pytest.raises(ValueError, match="does not return to 'announcement'"):
        after(procedure, now, replace(act, to="announcement"))


def test_acts_out_of_order_are_told() -> None:
    procedure = procedures()["identification"]
    begun = Standing(procedure.steps[0].id, OPENED)
    with pytest.raises(ValueError, match="stands at 'application', not at 'announcement'"):
        standing(procedure, OPENED, [replace(ready(procedure, begun), step="announcement")])
    now = walk_to(procedure, "survey")
    with pytest.raises(ValueError, match="began on"):
        after(procedure, now, ready(procedure, now, on=now.since - timedelta(1)))


def test_the_last_notice_cannot_be_refused() -> None:
    assert outcomes(procedures()["identification"].step("announcement")) == ("hang", "pass", "return")
