"""分户, 并户, 新增户, 销户."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from django.db import transaction

from fupin.accounts import api as accounts
from fupin.accounts.api import User
from fupin.kernel.errors import NotFound, UserError
from fupin.registry.change_models import RegistryChange
from fupin.registry.changes.checks import (
    HEAD,
    Filing,
    begin,
    demand_day,
    demand_level,
    demand_reason,
    home_to_change,
    kind_of,
    present_members,
)
from fupin.registry.changes.members import Joining, new_number
from fupin.registry.changes.papers import demand_papers
from fupin.registry.changes.seats import OTHER, Relations, demand_next_head, demand_relation, move, relation_of, seat
from fupin.registry.changes.steps import Step
from fupin.registry.household_models import Household, HouseholdState, Region

#: what a new household takes along from the one it came out of
INHERITED = (
    "state", "attribute", "standard", "cause_main", "cause_other", "registered_on", "exited_on", "relocated",
    "only_child", "martyr_family",
)  # fmt: skip
UNREGISTERED = "9"


@transaction.atomic
def split(
    *,
    by: User,
    household_id: str,
    filing: Filing,
    members: Sequence[str],
    head: str,
    relations: Relations | None = None,
    next_head: str = "",
) -> RegistryChange:
    """Some members become a household of their own with the same state; ``next_head`` follows a head who goes with
    them. ``change.other`` is the new household. Raises NotFound, Forbidden, UserError, Stale."""
    home, kind = begin(by, household_id, filing, "split")
    present = present_members(home)
    going = [row for row in present if row.person_id in set(members)]
    staying = [row for row in present if row not in going]
    if len(going) != len(set(members)) or head not in members:
        raise NotFound(head)
    if not staying:
        raise UserError(
            "分户后原户没有成员", "nobody would stay in the household",
            "至少留一人，或改为变更户主", "leave somebody, or change the head instead",
        )  # fmt: skip
    demand_day(kind, filing.effective, joined=max(row.valid_from for row in going))
    fresh = Household(
        household_id=new_number(), village_code=home.village_code, **{name: getattr(home, name) for name in INHERITED}
    )
    step = Step(home, other=fresh)
    step.add(fresh)
    step.add(HouseholdState(household=fresh, state=home.state, valid_from=filing.effective))
    for row in going:
        move(step, row, fresh, relation_of(row.person_id, head, relations or {}, OTHER), filing.effective)
    if any(row.relation == HEAD for row in going):
        demand_next_head(staying, next_head)
        seat(step, staying, next_head, relations or {}, filing.effective)
    return step.file(by, filing, state=(home.state, home.state))


@transaction.atomic
def merge(
    *, by: User, household_id: str, into: str, filing: Filing, relations: Relations | None = None
) -> RegistryChange:
    """All members move into another household of the village, whose head stays; this one ends.

    Raises NotFound, Forbidden, UserError (into itself, in a circle, of another state), Stale.
    """
    if household_id == into:
        raise UserError(
            "一户不能并入自己", "a household cannot merge into itself", "请选择另一户", "choose another one"
        )
    first, second = sorted((household_id, into))  # the same order for everybody: nobody waits for the other
    home_to_change(by, first)
    home_to_change(by, second)
    taking = home_to_change(by, into)
    _demand_open(taking, household_id)
    home, kind = begin(by, household_id, filing, "merge")
    if (home.village_code, home.state) != (taking.village_code, taking.state):
        raise UserError(
            "两户不在同一行政村，或脱贫属性不同，不能并户",
            "the households are of different villages or states: they cannot merge",
            "跨村先登记迁入迁出；属性不同先办理相应程序",
            "between villages record the moves; with different states finish the procedure first",
        )  # fmt: skip
    members = present_members(home)
    demand_day(kind, filing.effective, joined=max([row.valid_from for row in members], default=None))
    step = Step(home, other=taking)
    for row in members:
        relation = (relations or {}).get(row.person_id) or OTHER
        demand_relation(relation)
        move(step, row, taking, relation, filing.effective)
    _end(step, home, filing.effective)
    return step.file(by, filing)


def _demand_open(taking: Household, household_id: str) -> None:
    if taking.ended_on is None:
        return
    merged = RegistryChange.objects.filter(household=taking, kind="merge", reversed_by__isnull=True).last()
    if merged is not None and merged.other_id == household_id:
        raise UserError(
            f"户 {taking.pk} 已并入户 {household_id}（变更 {merged.pk}），不能循环并户",
            f"household {taking.pk} was merged into {household_id} (change {merged.pk}): not in a circle",
            "如要改为反方向，先撤销那一次并户", "to turn it around, take that merge back first",
        )  # fmt: skip
    raise UserError(
        f"户 {taking.pk} 已销户或并户，不能并入", f"household {taking.pk} has ended: nobody can join it",
        "请选择现有的户", "choose a household that exists",
    )  # fmt: skip


@transaction.atomic
def new_household(*, by: User, village: str, filing: Filing, facts: Mapping[str, Any], number: str) -> RegistryChange:
    """A household that was never registered, with its head; as 一般农户. Raises NotFound, Forbidden, UserError."""
    kind = kind_of(filing.kind, "new")
    if not Region.objects.filter(code=village, level=5).exists() or not by.scope.covers(village):
        raise NotFound(village)
    accounts.require(by, "change_registry", village)
    demand_level(by, kind)
    demand_reason(filing.reason)
    demand_papers(kind, filing.papers)
    home = Household(household_id=new_number(), village_code=village, state=UNREGISTERED)
    step = Step(home)
    joining = Joining(step, kind, filing, facts, number)
    step.add(home)
    step.add(HouseholdState(household=home, state=UNREGISTERED, valid_from=filing.effective))
    joining.join(home, HEAD)
    return joining.write(by)


@transaction.atomic
def end_household(*, by: User, household_id: str, filing: Filing) -> RegistryChange:
    """销户: the members leave, the household ends. Raises NotFound, Forbidden, UserError, Stale."""
    home, kind = begin(by, household_id, filing, "end_household")
    members = present_members(home)
    demand_day(kind, filing.effective, joined=max([row.valid_from for row in members], default=None))
    step = Step(home)
    for row in members:
        step.change(row, valid_to=filing.effective)
    _end(step, home, filing.effective)
    return step.file(by, filing)


def _end(step: Step, home: Household, since: date) -> None:
    step.change(home, ended_on=since)
    for period in _open_periods(home):
        if period.valid_from < since:
            step.change(period, valid_to=since)
        else:
            step.remove(period)


def _open_periods(home: Household) -> Iterable[HouseholdState]:
    return HouseholdState.objects.filter(household=home, valid_to__isnull=True)
