"""脱贫属性: recognised, exited, fallen back, and the correction of a wrong entry or exit."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from django.db import transaction

from fupin.accounts.api import User
from fupin.catalogue.changes import ChangeKind
from fupin.catalogue.schema import code_lists
from fupin.kernel.errors import UserError
from fupin.registry.change_models import RegistryChange
from fupin.registry.changes.checks import Filing, begin, demand_day
from fupin.registry.changes.papers import Paper
from fupin.registry.changes.steps import Step
from fupin.registry.household_models import Household, HouseholdState


@transaction.atomic
def change_state(
    *,
    by: User,
    household_id: str,
    state: str,
    effective: date,
    kind: str,
    reason: str,
    case_id: int | None = None,
    papers: Sequence[Paper] = (),
    version: int | None = None,
    finding: str = "",
) -> RegistryChange:
    """The household's state from ``effective`` on. ``entry``, ``exit`` and ``return`` need the case that was passed.

    Raises NotFound, Forbidden, UserError (a day that cannot be, a state that does not follow), Stale.
    """
    filing = Filing(kind, effective, reason, tuple(papers), version, finding)
    home, turn = begin(by, household_id, filing, "state")
    demand_day(turn, effective)
    if turn.by_case and case_id is None:
        raise _only_by_case(turn)
    if home.state not in turn.begins_in or state not in turn.ends_in or state == home.state:
        raise _does_not_follow(home, state)
    step = Step(home)
    _turn(step, home, state, effective, turn)
    return step.file(by, filing, case_id=case_id, state=(home.state, state))


def _turn(step: Step, home: Household, state: str, effective: date, turn: ChangeKind) -> None:
    periods = list(HouseholdState.objects.filter(household=home).order_by("valid_from"))
    if periods and effective < periods[0].valid_from:
        raise _before(periods[0].valid_from, "该户进入登记库之前", "before the household was known")
    if periods and not turn.overwrites and effective <= periods[-1].valid_from:
        raise _before(periods[-1].valid_from, "早于现有脱贫属性的起始日", "not after the present state's first day")
    kept = [one for one in periods if one.valid_from < effective]
    for one in periods:
        if one not in kept:
            step.remove(one)
    last = kept[-1] if kept else None
    if last is not None and last.state == state:
        step.change(last, valid_to=None)
    else:
        if last is not None:
            step.change(last, valid_to=effective)
        step.add(HouseholdState(household=home, state=state, valid_from=effective))
    step.change(home, state=state, **_dates(home, state, effective, kept))


def _dates(home: Household, state: str, effective: date, kept: Sequence[HouseholdState]) -> dict[str, object]:
    """识别日期 and 脱贫日期 that go with the state; who is not registered has no causes and no attribute."""
    if state == "9":
        nothing = ("registered_on", "exited_on", "attribute", "standard", "cause_main", "cause_other")
        return dict.fromkeys(nothing)
    if state in ("1", "2"):
        return {"exited_on": effective}
    if home.state == "9":
        return {"registered_on": effective, "exited_on": None}
    if home.state in ("1", "2") and state == "0":
        return {"exited_on": None}
    earlier = [one.valid_from for one in kept if one.state in ("1", "2")]
    return {"exited_on": earlier[-1] if earlier else home.exited_on}


def _only_by_case(turn: ChangeKind) -> UserError:
    return UserError(
        f"“{turn.zh}”只能由办结的程序作出", f"{turn.en!r} comes about by a passed case alone",
        "请在该户页面发起相应程序", "open the procedure on the household's page",
    )  # fmt: skip


def _does_not_follow(home: Household, state: str) -> UserError:
    names = code_lists()["household_state"]
    return UserError(
        f"户 {home.pk} 现为“{names.label(home.state, 'zh')}”，不能这样改为“{names.label(state, 'zh')}”",
        f"household {home.pk} is now {names.label(home.state, 'en')!r}: "
        f"it cannot become {names.label(state, 'en')!r} this way",
        "请核对现有脱贫属性，选择对应的变更种类",
        "look at the present state and choose the kind of change that fits it",
    )


def _before(day: date, zh: str, en: str) -> UserError:
    return UserError(
        f"生效日期{zh}（{day:%Y-%m-%d}）", f"the day of effect is {en} ({day:%Y-%m-%d})",
        "请填写其后的日期", "give a later day",
    )  # fmt: skip
