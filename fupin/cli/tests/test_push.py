"""Messages are listed and sent again from the command line."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from typer.testing import CliRunner

from fupin.accounts.tests.fixtures import CITY, Cast
from fupin.cli.main import build
from fupin.exchange import api as exchange
from fupin.exchange.api import Push, PushState, Terms
from fupin.kernel.errors import UserError

TODAY = timezone.localdate()


@pytest.fixture
def push(cast: Cast, settings: Any) -> Push:
    settings.FUPIN_PUSH_NETWORKS = ["10.0.0.0/8"]
    until = TODAY + timedelta(days=9)
    wanted = Terms(
        "office", "civil_affairs", "findings", ("finding",), "核实疑点", "国发〔2016〕51号", CITY, TODAY, until
    )
    one = exchange.agree(by=cast.department, agreement=exchange.propose(by=cast.office, terms=wanted))
    made, _ = exchange.subscribe(by=cast.department, agreement=one, url="https://10.1.1.1/")
    row = {"household_number": "1", "village": "450124100201", "finding": "f1"}
    exchange.push_rows(subscription=made, subject="r1", about={}, rows=[row])
    found = Push.objects.get()
    Push.objects.filter(pk=found.pk).update(state=PushState.GIVEN_UP, tries=9)
    return found


def said(*words: str) -> str:
    result = CliRunner().invoke(build(), ["push", *words])
    if result.exception is not None:
        raise result.exception
    return result.output


def test_what_was_given_up_is_listed_and_sent_again(push: Push) -> None:
    assert push.pk in said("list", "--state", "given_up")
    assert "1" in said("replay", "--agreement", str(push.subscription.agreement_id))
    push.refresh_from_db()
    assert (push.state, push.round, push.tries) == ("waiting", 2, 0)
    assert push.pk not in said("list", "--state", "given_up")
    said("replay", push.pk)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["replay", "msg_nothing"], "没有消息 msg_nothing"),
        (["replay"], "没有要重发的消息"),
        (["list", "--state", "lost"], "没有状态 lost"),
    ],
)
def test_what_is_not_there_is_said(push: Push, words: list[str], told: str) -> None:
    with pytest.raises(UserError, match=told):
        said(*words)
