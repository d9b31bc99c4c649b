"""Writes: open and close a subscription, make messages for it, try one, replay some."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from fupin.accounts.api import User, record, require
from fupin.exchange.addresses import judged, target_of
from fupin.exchange.agreement_models import Agreement, AgreementState, Way
from fupin.exchange.agreement_rules import check_party
from fupin.exchange.agreements import SIGN, check_signs_for, locked, pseudonym_key, side_of
from fupin.exchange.exchanges import holds_now, note_outgoing
from fupin.exchange.kept_secret import BODY, FORMER, SECRET, opened, sealed
from fupin.exchange.outgoing import OFFICE, OUTGOING, let_out
from fupin.exchange.push_models import Push, PushState, PushTry, Subscription
from fupin.exchange.sending import Outcome, new_secret, send
from fupin.kernel.errors import UserError

PUSH_TASK = "exchange.push"
BEHIND = -20  # priority: a slow receiver holds up nothing that people wait for
ROWS_EACH = 500
OVERLAP = timedelta(days=2)  # how long a renewed secret goes on signing
#: seconds after each failed try; after the last one it is given up: about a day and a half in all
WAITS = (10, 60, 300, 1_800, 7_200, 18_000, 36_000, 72_000)
MOST_TRIES = len(WAITS) + 1


@transaction.atomic
def subscribe(*, by: User, agreement: Agreement, url: str, seen: str | None = None) -> tuple[Subscription, str]:
    """The subscription and its secret, which is shown this once. ``seen``, here and below: the agreement's mark as a
    form had it. Raises UserError, Forbidden, Stale."""
    _check_keeper(by, agreement)
    held = locked(agreement, seen)
    _check_outgoing(held)
    target = target_of(url, http=settings.FUPIN_PUSH_HTTP)
    judged(target, settings.FUPIN_PUSH_NETWORKS)
    if held.subscriptions.filter(closed_at=None).exists():
        raise UserError(
            "这份协议已有接收地址",
            "this agreement has a receiver already",
            "先关闭原来的，再登记新的",
            "close that one, then open another",
        )
    secret = new_secret()
    made = Subscription.objects.create(agreement=held, url=url.strip(), secret=b"", opened_by=by)
    made.secret = sealed(secret, _bound(made))
    made.save(update_fields=["secret"])
    record(by=by, verb="subscribe", object_kind="agreement", object_id=str(held.pk), region=held.region)
    return made, secret


def _check_keeper(by: User, agreement: Agreement) -> None:
    """Of the taker or the office, and of the agreement's whole region. Raises Forbidden."""
    require(by, SIGN)
    check_party(side_of(by), agreement.taker, OFFICE)
    check_signs_for(by, agreement.region)


def _check_outgoing(agreement: Agreement) -> None:
    if agreement.dataset not in OUTGOING:
        raise UserError(
            "只有扶贫办给出的数据才推送",
            "only what the office gives out is pushed",
            "部门数据由部门交付",
            "a department's data are delivered by the department",
        )
    if not holds_now(agreement):
        raise _not_in_force()


def _not_in_force() -> UserError:
    return UserError(
        "协议没有生效或已经到期",
        "the agreement is not in force: not signed, not begun, ended or run out",
        "双方签订后、有效期内才能办理",
        "both sides sign first; it holds from its first to its last day",
    )


@transaction.atomic
def renew_secret(*, by: User, subscription: Subscription, seen: str | None = None) -> str:
    """The new secret, shown this once. The one before signs beside it for OVERLAP, so that no message is refused while
    the receiver changes over; a renewal in that time ends the one before at once.

    Raises UserError, Forbidden, Stale.
    """
    _check_keeper(by, subscription.agreement)
    locked(subscription.agreement, seen)
    held = Subscription.objects.select_for_update().get(pk=subscription.pk)
    _check_open(held)
    secret = new_secret()
    held.former_secret = sealed(opened(held.secret, _bound(held)), FORMER.format(held.pk))
    held.former_until = timezone.now() + OVERLAP
    held.secret = sealed(secret, _bound(held))
    held.save(update_fields=["secret", "former_secret", "former_until"])
    record(by=by, verb="renew_secret", object_kind="agreement", object_id=str(held.agreement_id))
    return secret


@transaction.atomic
def unsubscribe(*, by: User, subscription: Subscription, seen: str | None = None) -> None:
    """Nothing more is pushed there; what waits is stopped when its turn comes. Raises Forbidden, Stale."""
    _check_keeper(by, subscription.agreement)
    locked(subscription.agreement, seen)
    Subscription.objects.filter(pk=subscription.pk, closed_at=None).update(closed_at=timezone.now(), closed_by=by)
    record(by=by, verb="unsubscribe", object_kind="agreement", object_id=str(subscription.agreement_id))


def open_subscriptions() -> list[Subscription]:
    """Those whose agreement holds today."""
    found = Subscription.objects.filter(closed_at=None, agreement__state=AgreementState.IN_FORCE)
    return [one for one in found.select_related("agreement").order_by("pk") if holds_now(one.agreement)]


@transaction.atomic
def push_rows(
    *, subscription: Subscription, subject: str, about: Mapping[str, Any], rows: Iterable[Mapping[str, Any]]
) -> int:
    """Messages of up to 500 rows each, queued; how many are new. The same subject again makes none twice.

    ``rows`` are whole: what the agreement does not name is taken out here. ``about``: what is said of the run.
    """
    agreement = subscription.agreement
    event, key = OUTGOING[agreement.dataset].event, pseudonym_key(agreement)
    shown = [let_out(row, agreement.fields, key) for row in rows]
    if Push.objects.filter(subscription=subscription, event=event, subject=subject).exists() or not shown:
        return 0
    slices = [shown[start : start + ROWS_EACH] for start in range(0, len(shown), ROWS_EACH)]
    for number, some in enumerate(slices, 1):
        data = {"agreement": agreement.number, **about, "part": number, "parts": len(slices), "rows": some}
        said = {"type": event, "timestamp": timezone.now().isoformat(timespec="seconds"), "data": data}
        _make(subscription, event, subject, number, len(slices), len(some), said)
    return len(slices)


def _make(
    subscription: Subscription, event: str, subject: str, part: int, parts: int, rows: int, said: Mapping[str, Any]
) -> None:
    text = json.dumps(said, ensure_ascii=False, separators=(",", ":"))
    digest = hashlib.sha256(text.encode()).hexdigest()
    name = hashlib.sha256(f"{subscription.pk} {event} {subject} {part} {digest}".encode()).hexdigest()
    made = Push.objects.create(
        id=f"msg_{name[:28]}",
        subscription=subscription,
        event=event,
        subject=subject,
        part=part,
        parts=parts,
        rows=rows,
        digest=digest,
        body=sealed(text, BODY.format(f"msg_{name[:28]}")),
    )
    _defer(made, 0)


def _defer(push: Push, seconds: int) -> None:
    from procrastinate.contrib.django import app as queue

    task = queue.configure_task(PUSH_TASK, lock=push.pk, priority=BEHIND, schedule_in={"seconds": seconds})
    task.defer(push_id=push.pk, round_=push.round, tries=push.tries)


def attempt(push_id: str, round_: int, tries: int) -> Push:
    """Send a message once, if this is still its turn; then it is done, waits for its next turn, or is given up."""
    push = Push.objects.select_related("subscription__agreement").get(pk=push_id)
    if push.state != PushState.WAITING or (push.round, push.tries) != (round_, tries):
        return push
    subscription = push.subscription
    if subscription.closed_at is not None or not holds_now(subscription.agreement):
        _finish(push, PushState.STOPPED)
        return push
    if tries == 0:  # before it leaves: a receiver that answers with an error has read it all the same
        note_outgoing(
            by=None, agreement=subscription.agreement, way=Way.PUSH, rows=push.rows, digest=push.digest,
            object_id=push.pk,
        )  # fmt: skip
    outcome = _send(push)
    with transaction.atomic():
        _note_try(push, outcome)
        if outcome.delivered:
            _finish(push, PushState.DELIVERED)
        elif push.tries >= MOST_TRIES:
            _finish(push, PushState.GIVEN_UP)
        else:
            wait = WAITS[push.tries - 1]
            push.next_at = timezone.now() + timedelta(seconds=wait)
            push.save(update_fields=["tries", "next_at"])
            _defer(push, wait)
    return push


def _send(push: Push) -> Outcome:
    subscription = push.subscription
    try:
        target = target_of(subscription.url, http=settings.FUPIN_PUSH_HTTP)
    except UserError:  # the house has become stricter since
        return Outcome("not_allowed", None, 0)
    body = opened(push.body, BODY.format(push.pk)).encode()
    return send(target, keys=_keys(subscription), id_=push.pk, body=body, allowed=settings.FUPIN_PUSH_NETWORKS)


def _note_try(push: Push, outcome: Outcome) -> None:
    push.tries += 1
    PushTry.objects.create(
        push=push,
        round=push.round,
        number=push.tries,
        status=outcome.status,
        outcome=outcome.word,
        milliseconds=outcome.milliseconds,
    )


def _finish(push: Push, state: PushState) -> None:
    push.state, push.next_at, push.finished_at = state, None, timezone.now()
    push.save(update_fields=["state", "tries", "next_at", "finished_at"])


@transaction.atomic
def replay(*, by: User | None, pushes: Sequence[Push]) -> int:
    """Send messages again, whatever became of them: the same id and bytes, a new signature. How many.

    Raises UserError when the subscription is closed or its agreement does not hold any more. ``by`` None: at the
    machine.
    """
    locked = Push.objects.select_for_update(of=("self",)).select_related("subscription__agreement")
    for push in locked.filter(pk__in=[one.pk for one in pushes]).order_by("pk"):
        if by is not None:
            _check_keeper(by, push.subscription.agreement)
        _check_open(push.subscription)
        push.round, push.tries, push.state = push.round + 1, 0, PushState.WAITING
        push.finished_at = push.next_at = None
        push.save(update_fields=["round", "tries", "state", "finished_at", "next_at"])
        record(by=by, verb="replay_push", object_kind="push", object_id=push.pk)
        _defer(push, 0)
    return len(pushes)


def _check_open(subscription: Subscription) -> None:
    if subscription.closed_at is not None:
        raise UserError(
            "接收地址已关闭，不能重发", "the subscription is closed", "登记新的接收地址", "open another one"
        )
    if not holds_now(subscription.agreement):
        raise _not_in_force()


def give_up_push(push_id: str, round_: str = "", tries: str = "") -> None:  # noqa: ARG001  # the job's arguments
    """The queue lost a worker over it too often."""
    push = Push.objects.filter(pk=push_id, state=PushState.WAITING).first()
    if push is not None:
        _finish(push, PushState.GIVEN_UP)


def _keys(subscription: Subscription) -> list[str]:
    """The secret, and the one before it for as long as it holds."""
    keys = [opened(subscription.secret, _bound(subscription))]
    if subscription.former_secret and subscription.former_valid:
        keys.append(opened(subscription.former_secret, FORMER.format(subscription.pk)))
    return keys


def _bound(subscription: Subscription) -> str:
    return SECRET.format(subscription.pk)
