"""What every change is asked before it is worked out: who, which record, unchanged since it was read, on which day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.utils import timezone

from fupin.accounts import api as accounts
from fupin.accounts.api import User
from fupin.catalogue.changes import ChangeKind, change_kinds
from fupin.kernel.errors import Forbidden, NotFound, UserError
from fupin.kernel.regions import LEVEL_NAMES, level_of
from fupin.kernel.seen import Stale
from fupin.registry.changes.papers import Paper, demand_papers
from fupin.registry.household_models import Household, HouseholdState, Membership
from fupin.registry.queries import households_for
from fupin.registry.waiting import patient

SHORTEST_REASON = 4
LEVELS = {"village": 5, "town": 4, "county": 3}
HEAD = "01"


@dataclass(frozen=True)
class Filing:
    """What stands on every form of a change. ``version``: of the record as it was read; None: whatever it is now."""

    kind: str
    effective: date
    reason: str
    papers: tuple[Paper, ...] = ()
    version: int | None = None
    finding: str = ""


def begin(by: User, household_id: str, filing: Filing, *acts: str) -> tuple[Household, ChangeKind]:
    """The household, locked until the transaction ends, and the kind.

    Raises NotFound, Forbidden, UserError, Stale, Busy.
    """
    kind = kind_of(filing.kind, *acts)
    home = home_to_change(by, household_id, None if kind.about == "person" else filing.version)
    if not kind.by_case:  # a passed case was decided step by step, each at its own level
        demand_level(by, kind)
    demand_reason(filing.reason)
    demand_papers(kind, filing.papers)
    if home.ended_on is not None:
        raise UserError(
            f"户 {home.pk} 已于 {home.ended_on:%Y-%m-%d} 销户或并户",
            f"household {home.pk} ended on {home.ended_on:%Y-%m-%d}",
            "如系误办，请先撤销那一次变更", "if that was a mistake, take that change back first",
        )  # fmt: skip
    return home, kind


def kind_of(id_: str, *acts: str) -> ChangeKind:
    """Raises NotFound for a kind that does something else."""
    kind = change_kinds().get(id_)
    if kind is None or kind.act not in acts:
        raise NotFound(id_)
    return kind


def home_to_change(by: User, household_id: str, version: int | None = None) -> Household:
    """Raises NotFound, Forbidden, Stale, Busy."""
    with patient(f"户 {household_id}"):
        home = households_for(by).select_for_update().filter(pk=household_id).first()
    if home is None:
        raise NotFound(household_id)
    accounts.require(by, "change_registry", home.village_code)
    if version is not None and version != home.version:
        raise Stale(f"户 {home.pk}", home.version)
    return home


def may_file(user: User, kind: ChangeKind) -> bool:
    """Whether the account's own level is high enough for the kind."""
    return accounts.may(user, "change_registry") and (not user.region or level_of(user.region) <= LEVELS[kind.level])


def demand_level(by: User, kind: ChangeKind) -> None:
    if not may_file(by, kind):
        zh, en = LEVEL_NAMES[LEVELS[kind.level]]
        raise Forbidden(
            f"“{kind.zh}”由{zh}级及以上办理", f"{kind.en!r} is done at the level of the {en} or above",
            f"请由{zh}级账号登记", "ask an account of that level",
        )  # fmt: skip


def demand_reason(reason: str) -> None:
    if len(reason.strip()) < SHORTEST_REASON:
        raise UserError(
            "变更须写明事由", "a change needs a reason",
            f"请用至少 {SHORTEST_REASON} 个字说明", f"say it in at least {SHORTEST_REASON} characters",
        )  # fmt: skip


_TOO_EARLY = {
    "born": ("出生日期", "the birth date"),
    "joined": ("成为该户成员的日期", "the day of joining the household"),
}


def demand_day(kind: ChangeKind, on: date, *, born: date | None = None, joined: date | None = None) -> None:
    """Not in the future, not before birth or joining where the kind says so. Raises UserError."""
    problem = kind.day_problem(on, today=timezone.localdate(), born=born, joined=joined)
    if problem == "future":
        raise UserError(
            f"生效日期 {on:%Y-%m-%d} 在将来", f"the day of effect {on:%Y-%m-%d} lies in the future",
            "变更在发生之后登记", "record a change when it has happened",
        )  # fmt: skip
    if problem:
        zh, en = _TOO_EARLY[problem]
        bound = born if problem == "born" else joined
        raise UserError(
            f"{kind.zh}的日期 {on:%Y-%m-%d} 不能早于{zh}（{bound:%Y-%m-%d}）",
            f"the day of {kind.en} {on:%Y-%m-%d} lies before {en} ({bound:%Y-%m-%d})",
            "请核对日期", "check the date",
        )  # fmt: skip


def demand_begun(home: Household, on: date, *, anew: bool = True) -> None:
    """Not before the household was there; ``anew``: nor before its present state, which this takes along or ends.

    Before that day the household was in another state or not yet known: what happened then would be counted wrongly.
    Raises UserError.
    """
    periods = HouseholdState.objects.filter(household=home).order_by("valid_from")
    began = periods.last() if anew else periods.first()
    if began is None or on >= began.valid_from:
        return
    zh, en = ("现有脱贫属性起始日", "its present state began") if anew else ("进入登记库之日", "it was registered")
    raise UserError(
        f"生效日期 {on:%Y-%m-%d} 早于户 {home.pk} {zh}（{began.valid_from:%Y-%m-%d}）",
        f"the day of effect {on:%Y-%m-%d} lies before the day of household {home.pk} when {en} "
        f"({began.valid_from:%Y-%m-%d})",
        "请填这一天或其后的日期", "give that day or a later one",
    )  # fmt: skip


def present_members(home: Household) -> list[Membership]:
    """Members now, the head first."""
    rows = Membership.objects.filter(household=home, valid_to__isnull=True).select_related("person")
    return sorted(rows, key=lambda row: (row.relation != HEAD, row.relation or "99", row.person_id))


def member_of(home: Household, person_id: str) -> Membership:
    """Raises NotFound for who does not belong to it now."""
    for row in present_members(home):
        if row.person_id == person_id:
            return row
    raise NotFound(person_id)
