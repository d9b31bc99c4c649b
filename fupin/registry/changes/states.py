"""脱贫属性: recognised, exited, fallen back, and the correction of a wrong entry or exit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.db import transaction

from fupin.accounts.api import User
from fupin.catalogue.schema import code_lists
from fupin.kernel.errors import UserError
from fupin.registry.change_models import RegistryChange
from fupin.registry.changes.checks import demand_day, demand_reason, home_to_change
from fupin.registry.changes.steps import Step
from fupin.registry.household_models import Household, HouseholdState


@dataclass(frozen=True)
class Turn:
    """``before``: states it may begin in. ``overwrites``: it may reach back behind the present period."""

    before: tuple[str, ...]
    after: tuple[str, ...]
    overwrites: bool = False


TURNS = {
    "entry": Turn(("9",), ("0",)),
    "exit": Turn(("0", "2", "3"), ("1", "2")),
    "return": Turn(("1", "2"), ("3",)),
    "correct_entry": Turn(("0", "1", "2", "3"), ("9",), overwrites=True),
    "correct_exit": Turn(("1", "2"), ("0", "3"), overwrites=True),
}


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
    proofs: Sequence[str] = (),
    version: int | None = None,
    finding: str = "",
) -> RegistryChange:
    """The household's state from ``effective`` on. ``entry``, ``exit`` and ``return`` need the case that was passed.

    Raises NotFound, Forbidden, UserError (a day that cannot be, a state that does not follow), Stale.
    """
    home = home_to_change(by, household_id, version)
    turn = TURNS[kind]
    demand_reason(reason)
    demand_day(effective)
    if home.state not in turn.before or state not in turn.after or state == home.state:
        raise _does_not_follow(home, state)
    step = Step(home)
    _turn(step, home, state, effective, turn)
    return step.write(
        by=by, kind=kind, effective=effective, reason=reason, proofs=proofs, case_id=case_id, finding=finding,
        state=(home.state, state),
    )  # fmt: skip


def _turn(step: Step, home: Household, state: str, effective: date, turn: Turn) -> None:
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
