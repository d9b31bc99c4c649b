"""The idle time of a session."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from fupin.accounts.tests.fixtures import Cast
from fupin.ui import sessions


@pytest.fixture
def visitor(cast: Cast) -> Client:
    client = Client()
    client.force_login(cast.department)
    return client


def ends(client: Client) -> datetime:
    return Session.objects.get(pk=client.session.session_key).expire_date


def an_old_visit(client: Client, ago: int) -> datetime:
    """As if the last page had been asked for so many seconds ago."""
    session = client.session
    session[sessions.SEEN] = int(timezone.now().timestamp()) - ago
    session.save()
    past = timezone.now() + timedelta(minutes=30, seconds=-ago)
    Session.objects.filter(pk=session.session_key).update(expire_date=past)
    return past


def test_a_page_starts_the_idle_time_anew(visitor: Client) -> None:
    before = an_old_visit(visitor, 600)
    assert visitor.get("/deliveries/").status_code == 200
    assert ends(visitor) - before > timedelta(minutes=9)


def test_within_a_minute_nothing_is_written(visitor: Client) -> None:
    before = an_old_visit(visitor, 5)
    visitor.get("/deliveries/")
    assert ends(visitor) == before


def test_what_a_page_asks_by_itself_keeps_nobody_signed_in(visitor: Client) -> None:
    before = an_old_visit(visitor, 600)
    visitor.get("/deliveries/d-00000000/progress/")
    assert ends(visitor) == before


def test_a_visitor_without_an_account_gets_no_session(db: None) -> None:
    client = Client()
    client.get("/sign-in/")
    assert not Session.objects.exists()
