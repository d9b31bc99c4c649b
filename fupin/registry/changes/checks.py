"""What every change is asked before it is worked out: who, which record, unchanged since it was read, on which day."""

from __future__ import annotations

from datetime import date

from django.utils import timezone

from fupin.accounts import api as accounts
from fupin.accounts.api import User
from fupin.kernel.errors import NotFound, UserError
from fupin.registry.household_models import Household
from fupin.registry.queries import households_for

SHORTEST_REASON = 4
EARLIEST = date(1900, 1, 1)


class Stale(UserError):
    """Somebody else changed the record in the meantime; nothing was written."""

    def __init__(self, record: str, version: int) -> None:
        super().__init__(
            f"{record} 在您打开之后已被别人改动，您的填写没有写入",
            f"{record} was changed by somebody else since you opened it; yours was not written",
            "请对照现在的内容逐项确认后再提交",
            "compare with what is there now, item by item, and hand it in again",
        )
        self.record = record
        self.version = version


def home_to_change(by: User, household_id: str, version: int | None = None) -> Household:
    """The household, locked until the transaction ends. Raises NotFound, Forbidden, Stale."""
    home = households_for(by).select_for_update().filter(pk=household_id).first()
    if home is None:
        raise NotFound(household_id)
    accounts.require(by, "change_registry", home.village_code)
    if version is not None and version != home.version:
        raise Stale(f"户 {home.pk}", home.version)
    return home


def demand_reason(reason: str) -> None:
    if len(reason.strip()) < SHORTEST_REASON:
        raise UserError(
            "变更须写明事由", "a change needs a reason",
            f"请用至少 {SHORTEST_REASON} 个字说明", f"say it in at least {SHORTEST_REASON} characters",
        )  # fmt: skip


def demand_day(effective: date, *, earliest: date = EARLIEST, why: tuple[str, str] = ("", "")) -> None:
    """Not in the future, not before ``earliest`` (``why``: what that day is, in both languages)."""
    today = timezone.localdate()
    if effective > today:
        raise UserError(
            f"生效日期 {effective:%Y-%m-%d} 在将来", f"the day of effect {effective:%Y-%m-%d} lies in the future",
            "变更在发生之后登记", "record a change when it has happened",
        )  # fmt: skip
    if effective < earliest:
        zh, en = why if why[0] else ("1900-01-01", "1900-01-01")
        raise UserError(
            f"生效日期 {effective:%Y-%m-%d} 早于{zh}（{earliest:%Y-%m-%d}）",
            f"the day of effect {effective:%Y-%m-%d} lies before {en} ({earliest:%Y-%m-%d})",
            "请核对日期", "check the date",
        )  # fmt: skip
