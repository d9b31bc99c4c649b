"""Messages: only agreed fields, signed, tried again, given up, replayed, stopped."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from fupin.accounts.api import Forbidden, User
from fupin.exchange import api as exchange
from fupin.exchange import pushing
from fupin.exchange.api import Agreement, ExchangeEntry, Push, Subscription, Terms
from fupin.exchange.kept_rotation import reseal_kept
from fupin.exchange.pushing import attempt
from fupin.exchange.sealing import key_id_of_cells
from fupin.exchange.sending import signature
from fupin.exchange.tests.receiver import Receiver, receiving
from fupin.kernel.errors import UserError
from fupin.kernel.live_keys import LiveKeys

TODAY = timezone.localdate()
HOUSEHOLD = "4501241002010012"
ROWS = [
    {"household_number": HOUSEHOLD, "village": "450124100201", "finding": f"f{number}", "rule": "car_owner",
     "title": "名下有车", "severity": 1, "direction": "misplaced", "topic": "vehicles", "rows": 1}
    for number in range(3)
]  # fmt: skip


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    settings.FUPIN_PUSH_NETWORKS, settings.FUPIN_PUSH_HTTP = ["127.0.0.0/8"], True
    with receiving() as found:
        yield found


@pytest.fixture
def agreement(office: User, clerk: User) -> Agreement:
    until = TODAY + timedelta(days=90)
    wanted = Terms(
        "office", "finance", "findings", ("finding", "severity"), "核实疑点", "国发〔2016〕51号", "4501", TODAY, until
    )
    return exchange.agree(by=clerk, agreement=exchange.propose(by=office, terms=wanted))


@pytest.fixture
def subscription(agreement: Agreement, clerk: User, receiver: Receiver) -> tuple[Subscription, str]:
    return exchange.subscribe(by=clerk, agreement=agreement, url=receiver.url)


def pushed(subscription: Subscription) -> Push:
    assert exchange.push_rows(subscription=subscription, subject="run-1", about={"run": "run-1"}, rows=ROWS) == 1
    return Push.objects.get()


def test_it_arrives_signed_with_agreed_fields_alone(subscription: tuple[Subscription, str], receiver: Receiver) -> None:
    push = pushed(subscription[0])
    push = attempt(push.pk, 1, 0)
    ((headers, body),) = receiver.got
    assert (push.state, headers["webhook-id"]) == ("delivered", push.pk)
    assert headers["webhook-signature"] == signature(subscription[1], push.pk, int(headers["webhook-timestamp"]), body)
    said = json.loads(body)
    assert said["type"] == "findings.raised"
    assert [set(row) for row in said["data"]["rows"]] == [{"household", "county", "finding", "severity"}] * 3
    assert HOUSEHOLD not in body.decode()
    entry = ExchangeEntry.objects.get()
    assert (entry.way, entry.direction, entry.rows, entry.object_id) == ("push", "out", 3, push.pk)
    assert entry.fields == ["finding", "severity"]


def test_the_same_run_is_pushed_once(subscription: tuple[Subscription, str]) -> None:
    pushed(subscription[0])
    assert exchange.push_rows(subscription=subscription[0], subject="run-1", about={}, rows=ROWS) == 0
    assert Push.objects.count() == 1


def test_body_and_secret_lie_sealed(subscription: tuple[Subscription, str]) -> None:
    pushed(subscription[0])
    with connection.cursor() as cursor:
        cursor.execute("SELECT p.*::text, s.*::text FROM exchange_push p, exchange_subscription s")
        kept = str(cursor.fetchall())
    assert subscription[1] not in kept
    assert "severity" not in kept
    assert exchange.keys_used("encryption")


def test_body_secret_and_pseudonyms_follow_the_encryption_key(
    subscription: tuple[Subscription, str], receiver: Receiver, settings: Any
) -> None:
    push, before = pushed(subscription[0]), exchange.pseudonym_key(subscription[0].agreement)
    keys = settings.FUPIN_KEYS.now.rotated("encryption")
    settings.FUPIN_KEYS = LiveKeys(None, lambda: keys)
    assert reseal_kept() == 3
    assert reseal_kept() == 0
    assert exchange.pseudonym_key(Agreement.objects.get()) == before
    assert attempt(push.pk, 1, 0).state == "delivered"  # signed with the same secret
    ((headers, body),) = receiver.got
    assert headers["webhook-signature"] == signature(subscription[1], push.pk, int(headers["webhook-timestamp"]), body)


@pytest.mark.parametrize("mood", ["fails", "redirects", "closes_in_the_middle", "never_ends"])
def test_a_failed_try_waits_longer_each_time(
    subscription: tuple[Subscription, str], receiver: Receiver, mood: str
) -> None:
    receiver.mood = mood
    push = pushed(subscription[0])
    waits = []
    for number in range(3):
        before = timezone.now()
        push = attempt(push.pk, 1, number)
        assert push.next_at is not None
        waits.append(round((push.next_at - before).total_seconds()))
    assert waits == list(pushing.WAITS[:3])
    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 1
    jobs = ProcrastinateJob.objects.filter(task_name=pushing.PUSH_TASK).order_by("id")
    assert [job.args["tries"] for job in jobs] == [0, 1, 2, 3]
    assert ExchangeEntry.objects.count() == 1


def test_it_is_given_up_after_the_last_try_and_replayed_with_the_same_id(
    subscription: tuple[Subscription, str], receiver: Receiver, clerk: User
) -> None:
    receiver.mood = "fails"
    push = pushed(subscription[0])
    for number in range(exchange.MOST_TRIES):
        push = attempt(push.pk, 1, number)
    assert (push.state, push.all_tries.count()) == ("given_up", exchange.MOST_TRIES)
    receiver.mood = "well"
    assert exchange.replay(by=clerk, pushes=[push]) == 1
    assert attempt(push.pk, 2, 0).state == "delivered"
    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 1
    assert len({body for _, body in receiver.got}) == 1


def test_a_job_of_before_a_replay_does_nothing(subscription: tuple[Subscription, str], receiver: Receiver) -> None:
    push = pushed(subscription[0])
    exchange.replay(by=None, pushes=[push])
    assert attempt(push.pk, 1, 0).state == "waiting"
    assert receiver.got == []


def test_nothing_leaves_when_the_agreement_has_ended(
    subscription: tuple[Subscription, str], receiver: Receiver, agreement: Agreement, office: User
) -> None:
    push = pushed(subscription[0])
    exchange.end(by=office, agreement=agreement, why="用途已经实现")
    assert attempt(push.pk, 1, 0).state == "stopped"
    assert receiver.got == []
    assert exchange.open_subscriptions() == []
    with pytest.raises(UserError, match="已关闭"):
        exchange.replay(by=office, pushes=[push])


def test_nothing_leaves_when_the_agreement_has_run_out(
    subscription: tuple[Subscription, str], receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    push = pushed(subscription[0])
    monkeypatch.setattr(timezone, "localdate", lambda *_: TODAY + timedelta(days=91))
    assert exchange.open_subscriptions() == []
    assert attempt(push.pk, 1, 0).state == "stopped"
    assert receiver.got == []


def test_an_inner_address_is_refused_when_named_and_when_sent(
    agreement: Agreement, clerk: User, receiver: Receiver, settings: Any
) -> None:
    made, _ = exchange.subscribe(by=clerk, agreement=agreement, url=receiver.url)
    settings.FUPIN_PUSH_NETWORKS = []
    push = attempt(pushed(made).pk, 1, 0)
    assert (push.state, push.all_tries.get().outcome) == ("waiting", "not_allowed")
    assert receiver.got == []
    exchange.unsubscribe(by=clerk, subscription=made)
    with pytest.raises(UserError, match="内部网络"):
        exchange.subscribe(by=clerk, agreement=agreement, url=receiver.url)


def test_only_the_taker_or_the_office_names_a_receiver(
    agreement: Agreement, stranger: User, clerk: User, receiver: Receiver
) -> None:
    with pytest.raises(Forbidden):
        exchange.subscribe(by=stranger, agreement=agreement, url=receiver.url)
    exchange.subscribe(by=clerk, agreement=agreement, url=receiver.url)
    with pytest.raises(UserError, match="已有接收地址"):
        exchange.subscribe(by=clerk, agreement=agreement, url=receiver.url)


def test_a_draft_has_no_receiver(office: User, clerk: User, receiver: Receiver, data: Path) -> None:
    wanted = Terms("office", "finance", "findings", ("finding",), "核实疑点", "国发〔2016〕51号", "4501", TODAY, TODAY)
    draft = exchange.propose(by=office, terms=wanted)
    with pytest.raises(UserError, match="没有生效"):
        exchange.subscribe(by=clerk, agreement=draft, url=receiver.url)


def signed_with(receiver: Receiver, secret: str) -> bool:
    """As a receiver proves it: one of the signatures is enough."""
    headers, body = receiver.got[-1]
    made = signature(secret, headers["webhook-id"], int(headers["webhook-timestamp"]), body)
    return made in headers["webhook-signature"].split(" ")


def test_a_renewed_secret_signs_beside_the_one_before_until_that_has_run_out(
    subscription: tuple[Subscription, str], clerk: User, receiver: Receiver
) -> None:
    one, old = subscription
    new = exchange.renew_secret(by=clerk, subscription=one)
    push = attempt(pushed(Subscription.objects.get()).pk, 1, 0)
    assert (signed_with(receiver, new), signed_with(receiver, old)) == (True, True)
    Subscription.objects.update(former_until=timezone.now() - timedelta(seconds=1))
    exchange.replay(by=clerk, pushes=[push])
    attempt(push.pk, 2, 0)
    assert (signed_with(receiver, new), signed_with(receiver, old)) == (True, False)


def test_a_second_renewal_ends_the_oldest_at_once(
    subscription: tuple[Subscription, str], clerk: User, receiver: Receiver
) -> None:
    one, oldest = subscription
    old, new = (exchange.renew_secret(by=clerk, subscription=one) for _ in range(2))
    attempt(pushed(Subscription.objects.get()).pk, 1, 0)
    assert [signed_with(receiver, secret) for secret in (new, old, oldest)] == [True, True, False]


def test_a_renewed_secret_follows_the_encryption_key(
    subscription: tuple[Subscription, str], clerk: User, receiver: Receiver, settings: Any
) -> None:
    one, old = subscription
    new = exchange.renew_secret(by=clerk, subscription=one)
    turned = settings.FUPIN_KEYS.now.rotated("encryption")
    settings.FUPIN_KEYS = LiveKeys(None, lambda: turned)
    reseal_kept()
    kept = Subscription.objects.get()
    sealed_now = [bytes(kept.secret), bytes(kept.former_secret or b"")]
    assert [key_id_of_cells(one) for one in sealed_now] == [turned.encryption.id] * 2
    attempt(pushed(Subscription.objects.get()).pk, 1, 0)
    assert (signed_with(receiver, new), signed_with(receiver, old)) == (True, True)


def test_only_the_taker_or_the_office_renews_and_only_what_is_open(
    subscription: tuple[Subscription, str], stranger: User, clerk: User
) -> None:
    with pytest.raises(Forbidden):
        exchange.renew_secret(by=stranger, subscription=subscription[0])
    exchange.unsubscribe(by=clerk, subscription=subscription[0])
    with pytest.raises(UserError, match="已关闭"):
        exchange.renew_secret(by=clerk, subscription=subscription[0])
