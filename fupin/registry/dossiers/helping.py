"""Who helps which household: reads scoped to a user, and the pairing itself. Ended ones stay, with the reason."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Count, Max, Q, QuerySet
from django.utils import timezone

from fupin.accounts import api as accounts
from fupin.accounts.api import User
from fupin.kernel.errors import NotFound, UserError
from fupin.kernel.masks import mask_phone
from fupin.kernel.seen import demand_seen, state_mark
from fupin.registry.closed_table import put_value
from fupin.registry.models import Helper, Helping, Household, HouseholdState, Kind, SealedField
from fupin.registry.personal_columns import phone_number
from fupin.registry.queries import households_for, seen
from fupin.registry.sealing import hint_of, seal, unseal

SHORTEST_WHY = 4
NOW = Q(helping__until__isnull=True)


@dataclass(frozen=True)
class HelperView:
    """A pairing as a page may show it. ``phone`` masked, "" when none is known; ``until`` None: still."""

    number: int
    helper_id: str
    name: str
    unit: str
    post: str
    phone: str
    since: date
    until: date | None
    ended_why: str


@dataclass(frozen=True)
class Helped:
    """A household of a helper. ``changed_on``: since when it has its present state, None where it never changed."""

    household: Household
    since: date
    until: date | None
    changed_on: date | None


def helpers_of(user: User, household: Household | str) -> list[HelperView]:
    """Present ones first, then those before them. Raises NotFound."""
    home = seen(user, household)
    rows = list(Helping.objects.filter(household=home).select_related("helper").order_by("-since", "-pk"))
    return [_view(row) for row in sorted(rows, key=lambda row: row.until is not None)]


def _view(row: Helping) -> HelperView:
    one = row.helper
    return HelperView(
        row.pk, one.pk, one.name, one.unit, one.post, masked_helper_phone(one), row.since, row.until, row.ended_why
    )


def masked_helper_phone(helper: Helper) -> str:
    hint = helper.phone_hint
    return "" if hint is None else unseal(settings.FUPIN_KEYS.now, bytes(hint), hint_of(helper.pk))


def helpers_for(user: User) -> QuerySet[Helper]:
    """Everybody who helps or helped a household of the scope."""
    return Helper.objects.filter(helping__household__in=households_for(user)).distinct()


def helpers_counted(user: User, low: str) -> QuerySet[Helper]:
    """Helpers of households in a region (prefix), each with ``homes``: how many he helps there now."""
    inside = Q(helping__household__village_code__gte=low, helping__household__village_code__lt=low + ":")
    found = Helper.objects.filter(inside, helping__household__in=households_for(user))
    return found.annotate(homes=Count("helping", filter=NOW), since=Max("helping__since"))


def helper_for(user: User, helper_id: str) -> Helper:
    """Raises NotFound, also for one who helps nobody in the scope."""
    found = helpers_for(user).filter(pk=helper_id).first()
    if found is None:
        raise NotFound(helper_id)
    return found


def helped_by(user: User, helper: Helper) -> list[Helped]:
    """His households in the user's scope, present ones first."""
    rows = Helping.objects.filter(helper=helper, household__in=households_for(user)).select_related("household")
    ordered = sorted(rows, key=lambda row: (row.until is not None, row.household_id))
    changed = _changed_on(row.household_id for row in ordered)
    return [Helped(row.household, row.since, row.until, changed.get(row.household_id)) for row in ordered]


def _changed_on(households: Iterable[str]) -> dict[str, date]:
    open_ = HouseholdState.objects.filter(household__in=list(households), valid_to__isnull=True)
    return dict(open_.values_list("household_id", "valid_from"))


def helping_mark(household_id: str) -> str:
    """Of a household's pairings as they are: another one when somebody is paired or a pairing ends."""
    rows = Helping.objects.filter(household=household_id).order_by("pk")
    return state_mark(*rows.values_list("pk", "helper_id", "since", "until"))


def _home(by: User, household: Household | str, mark: str | None) -> Household:
    """Held until the transaction ends, so that two who pair it come one after the other. Raises NotFound, Forbidden,
    Stale."""
    home = seen(by, household)
    accounts.require(by, "assign_helpers", home.village_code)
    Household.objects.select_for_update().get(pk=home.pk)
    demand_seen(mark, helping_mark(home.pk), f"户 {home.pk} 的结对", f"the pairings of household {home.pk}")
    return home


@transaction.atomic
def assign_helper(
    *, by: User, household_id: str, since: date, helper_id: str = "", name: str = "", unit: str = "", post: str = "",
    phone: str = "", mark: str | None = None,
) -> Helping:  # fmt: skip
    """With a helper of the scope (``helper_id``) or a new one. ``mark``, here and below: ``helping_mark`` as the form
    had it, None: whatever it is now. Raises NotFound, UserError, Forbidden, Stale."""
    home = _home(by, household_id, mark)
    if since > timezone.localdate():
        raise UserError(
            "开始日期不能晚于今天",
            "the beginning lies in the future",
            "写今天或以前的日期",
            "write today or an earlier day",
        )
    helper = helper_for(by, helper_id) if helper_id else _new_helper(home, name.strip(), unit.strip(), post, phone)
    try:
        with transaction.atomic():
            made = Helping.objects.create(household=home, helper=helper, since=since)
    except IntegrityError as error:
        raise UserError(
            f"{helper.name} 在这段时间已经帮扶这一户",
            f"{helper.name} already helps this household in that time",
            "先终止原来的结对，或换一个开始日期",
            "end the former pairing first, or begin on another day",
        ) from error
    _record(by, "assign_helper", home, {"helper": helper.pk, "since": since.isoformat()})
    return made


def _new_helper(home: Household, name: str, unit: str, post: str, phone: str) -> Helper:
    if not name or not unit:
        raise UserError(
            "新的帮扶人须填姓名和单位",
            "a new helper needs a name and a unit",
            "补全后再提交",
            "write both and send it again",
        )
    number = _phone(phone)
    taken = Helper.objects.filter(pk__startswith=f"{home.village_code}B").count()
    id_ = _free_id(home.village_code, taken + 1)
    keys = settings.FUPIN_KEYS.now
    hint = seal(keys, mask_phone(number), hint_of(id_)) if number else None
    helper = Helper.objects.create(helper_id=id_, name=name, unit=unit, post=post.strip(), phone_hint=hint)
    if number:
        put_value(keys, Kind.HELPER, id_, SealedField.PHONE, number)
    return helper


def _free_id(village: str, number: int) -> str:
    while Helper.objects.filter(pk=f"{village}B{number:04d}").exists():
        number += 1
    return f"{village}B{number:04d}"


def _phone(typed: str) -> str:
    import polars as pl

    if not typed.strip():
        return ""
    found = phone_number(pl.Series([typed.strip()]))[0]
    if found is None:
        raise UserError(
            "手机号应为 11 位，以 1 开头", "a mobile number has 11 digits and begins with 1", "核对后再填", "check it"
        )
    return str(found)


@transaction.atomic
def end_helping(*, by: User, number: int, until: date, why: str, mark: str | None = None) -> Helping:
    """The last day of a pairing, with the reason. Raises NotFound, UserError, Forbidden, Stale."""
    found = Helping.objects.select_related("household").filter(pk=number).first()
    if found is None:
        raise NotFound(str(number))
    home = _home(by, found.household, mark)
    row = Helping.objects.select_related("helper").get(pk=number)  # as it is now
    if row.until is not None:
        raise UserError("这个结对已经终止", "this pairing has ended already", "刷新页面", "load the page again")
    if len(why.strip()) < SHORTEST_WHY:
        raise UserError(
            "请写明为什么终止结对",
            "say why the pairing ends",
            f"至少 {SHORTEST_WHY} 个字",
            f"at least {SHORTEST_WHY} characters",
        )
    if not row.since <= until <= timezone.localdate():
        raise UserError(
            "终止日期须在开始日期和今天之间",
            "the last day lies between the first and today",
            "改正日期",
            "mend the date",
        )
    row.until, row.ended_why = until, why.strip()[:200]
    row.save(update_fields=["until", "ended_why"])
    _record(by, "end_helping", home, {"helper": row.helper_id, "until": until.isoformat()}, why.strip()[:200])
    return row


def _record(by: User, verb: str, home: Household, detail: dict[str, str], reason: str = "") -> None:
    accounts.record(
        by=by,
        verb=verb,
        object_kind="household",
        object_id=home.pk,
        region=home.village_code,
        reason=reason,
        detail=detail,
    )
