"""Writes: propose an agreement, agree to it as the other side, end it."""

from __future__ import annotations

import secrets
from datetime import date
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from fupin.accounts.api import Role, Scope, User, record, require
from fupin.exchange.agreement_models import Agreement, AgreementState
from fupin.exchange.agreement_rules import Terms, check_party, check_terms
from fupin.exchange.kept_secret import PSEUDONYMS, opened, sealed
from fupin.exchange.outgoing import OFFICE
from fupin.kernel.errors import Forbidden, UserError
from fupin.kernel.seen import demand_seen, state_mark

SIGN = "sign_agreements"
OVERLAP = "agreement_holds_once_a_day"  # the exclusion constraint of the migration


def side_of(user: User) -> str:
    """For which side the account signs."""
    return user.department if user.role == Role.DEPARTMENT else OFFICE


@transaction.atomic
def propose(*, by: User, terms: Terms) -> Agreement:
    """A draft, signed for the own side. Raises UserError, Forbidden."""
    require(by, SIGN)
    check_party(side_of(by), terms.giver, terms.taker)
    check_terms(terms, timezone.localdate())
    check_signs_for(by, terms.region)
    made = Agreement.objects.create(**_columns(terms), proposed_by=by)
    made.pseudonyms = sealed(secrets.token_hex(32), _bound(made))
    _sign(made, by, side_of(by))
    made.save()
    record(by=by, verb="propose_agreement", object_kind="agreement", object_id=str(made.pk), region=made.region)
    return made


def _columns(terms: Terms) -> dict[str, Any]:
    fields = list(dict.fromkeys(terms.fields))
    said = {"purpose": terms.purpose.strip(), "legal_basis": terms.legal_basis.strip(), "fields": fields}
    return {**vars(terms), **said}


def check_signs_for(by: User, region: str) -> None:
    """A side signs for its own region and what lies below. Raises Forbidden."""
    if (not by.region and by.role == Role.DEPARTMENT) or not Scope.of(by.region).covers(region):
        raise Forbidden(
            f"区划 {region} 不在您的辖区内",
            f"region {region} lies outside your region",
            "请由该辖区的账号办理",
            "ask an account of that region",
        )


def _sign(one: Agreement, by: User | None, side: str) -> None:
    name = "giver" if side == one.giver else "taker"
    setattr(one, f"{name}_agreed_by", by)
    setattr(one, f"{name}_agreed_at", timezone.now())


def agreement_mark(one: Agreement) -> str:
    """Of the agreement as it is: another one when somebody signs, ends it, or touches its receiver."""
    signed = (one.state, one.giver_agreed_at, one.taker_agreed_at, one.ended_at)
    receiver = one.subscriptions.filter(closed_at=None).values_list("pk", "former_until").first()
    return state_mark(*signed, receiver)


def locked(agreement: Agreement, seen: str | None) -> Agreement:
    """As it stands now, held until the end of the transaction. ``seen``: its mark as a form had it, None: whatever it
    is now. Raises Stale."""
    one = Agreement.objects.select_for_update().get(pk=agreement.pk)
    demand_seen(seen, agreement_mark(one), f"协议 {one.number}", f"agreement {one.number}")
    return one


def agree(*, by: User, agreement: Agreement, seen: str | None = None) -> Agreement:
    """Sign for the other side: from then on it is in force. Raises UserError, Forbidden, Stale."""
    require(by, SIGN)
    check_party(side_of(by), agreement.giver, agreement.taker)
    try:
        with transaction.atomic():
            one = locked(agreement, seen)
            check_signs_for(by, one.region)
            _check_waiting(one, side_of(by))
            _sign(one, by, side_of(by))
            one.state = AgreementState.IN_FORCE
            one.save()
            record(by=by, verb="sign_agreement", object_kind="agreement", object_id=str(one.pk), region=one.region)
    except IntegrityError as error:
        if OVERLAP not in str(error):
            raise
        raise _overlaps() from error
    return one


def _check_waiting(one: Agreement, side: str) -> None:
    signed = one.giver_agreed_at if side == one.giver else one.taker_agreed_at
    if one.state != AgreementState.DRAFT or signed is not None:
        raise UserError(
            "这份协议不等您方签字" if one.state == AgreementState.DRAFT else "这份协议已签订或已终止",
            "this agreement does not wait for your side's signature",
            "草稿要由另一方的账号签字",
            "a draft waits for an account of the other side",
        )
    if one.valid_until < timezone.localdate():
        raise UserError(
            f"协议在 {one.valid_until} 已到期，不能再签",
            f"its last day, {one.valid_until}, has passed",
            "请另提一份",
            "propose another one",
        )


def _overlaps() -> UserError:
    return UserError(
        "双方就这个数据集已有一份协议，日期重叠",
        "the two sides have an agreement over this data set that covers some of these days",
        "先终止原协议，或另提一份从原协议截止日次日起生效的",
        "end that one first, or propose one that begins after it ends",
    )


@transaction.atomic
def end(*, by: User, agreement: Agreement, why: str, seen: str | None = None) -> Agreement:
    """From now on nothing goes under it. Either side may, with a reason. Raises UserError, Forbidden, Stale."""
    require(by, SIGN)
    check_party(side_of(by), agreement.giver, agreement.taker)
    check_signs_for(by, agreement.region)
    if len(why.strip()) < 4 or len(why) > 200:
        raise UserError(
            "请写明终止的理由（4 至 200 字）", "say why it ends (4 to 200 characters)", "写理由", "write it"
        )
    one = locked(agreement, seen)
    if one.state == AgreementState.ENDED:
        raise UserError("这份协议已经终止", "this agreement has ended already", "不必再办", "nothing to do")
    one.state, one.ended_by, one.ended_at, one.ended_why = AgreementState.ENDED, by, timezone.now(), why.strip()
    one.save()
    one.subscriptions.filter(closed_at=None).update(closed_at=timezone.now(), closed_by=by)
    record(
        by=by,
        verb="end_agreement",
        object_kind="agreement",
        object_id=str(one.pk),
        region=one.region,
        reason=why.strip(),
    )
    return one


@transaction.atomic
def sign_for_both(*, terms: Terms) -> Agreement:
    """For generated data alone: the platform signs for either side. Raises UserError."""
    check_terms(terms, timezone.localdate())
    made = Agreement.objects.create(**_columns(terms))
    made.pseudonyms = sealed(secrets.token_hex(32), _bound(made))
    for side in (made.giver, made.taker):
        _sign(made, None, side)
    made.state = AgreementState.IN_FORCE
    made.save()
    record(by=None, verb="sign_agreement", object_kind="agreement", object_id=str(made.pk), region=made.region)
    return made


def pseudonym_key(one: Agreement) -> bytes:
    return bytes.fromhex(opened(one.pseudonyms, _bound(one)))


def _bound(one: Agreement) -> str:
    return PSEUDONYMS.format(one.pk)


def covering(giver: str, taker: str, dataset: str, region: str, day: date) -> Agreement | None:
    """The agreement that holds on that day for the region, of the nearest region above; None when nothing does."""
    above = [region[:length] for length in (2, 4, 6, 9, 12, 15) if length <= len(region)]
    found = Agreement.objects.filter(
        giver=giver, taker=taker, dataset=dataset, region__in=above, state=AgreementState.IN_FORCE,
        valid_from__lte=day, valid_until__gte=day,
    )  # fmt: skip
    return max(found, key=lambda one: len(one.region), default=None)
