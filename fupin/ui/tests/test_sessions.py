"""How long a session lasts, and how many an account may have."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from fupin.accounts import api as accounts
from fupin.accounts.tests.fixtures import PASSWORD, Cast
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


def began(client: Client, hours_ago: float) -> None:
    session = client.session
    session["began"] = int(timezone.now().timestamp() - hours_ago * 3600)
    session.save()


def test_twelve_hours_after_signing_in_one_signs_in_again_however_busy(visitor: Client) -> None:
    began(visitor, 11.9)
    assert visitor.get("/deliveries/").status_code == 200
    began(visitor, 12)
    answer = visitor.get("/deliveries/")
    assert answer["Location"] == "/sign-in/?next=/deliveries/"
    assert visitor.get("/deliveries/").status_code == 302


def test_the_hours_are_a_setting(visitor: Client, settings: Any) -> None:
    settings.FUPIN_SESSION_HOURS = 1
    began(visitor, 1.1)
    assert visitor.get("/deliveries/").status_code == 302


def sign_in() -> Client:
    client = Client()
    assert client.post("/sign-in/", {"username": "minzheng", "password": PASSWORD}).status_code == 302
    return client


def is_in(client: Client) -> bool:
    return client.get("/deliveries/").status_code == 200


def test_of_more_sessions_than_allowed_the_oldest_end(cast: Cast, settings: Any) -> None:
    settings.FUPIN_SESSIONS = 2
    first, second, third = sign_in(), sign_in(), sign_in()
    assert (is_in(first), is_in(second), is_in(third)) == (False, True, True)


def test_ending_the_others_leaves_this_one_and_ends_even_what_was_not_listed(cast: Cast) -> None:
    here, there, unlisted = sign_in(), sign_in(), Client()
    unlisted.force_login(cast.department)
    assert here.post("/account/sessions/end/").status_code == 302
    assert (is_in(here), is_in(there), is_in(unlisted)) == (True, False, False)
    assert accounts.sessions_of(cast.department).count() == 1


def test_a_session_of_another_is_neither_listed_nor_ended(cast: Cast) -> None:
    other = Client()
    other.post("/sign-in/", {"username": "shiban", "password": PASSWORD})
    here = sign_in()
    here.post("/account/sessions/end/")
    assert other.get("/deliveries/").status_code == 200
    assert [one.user for one in accounts.sessions_of(cast.office)] == [cast.office]


def test_a_session_that_signed_out_is_no_longer_listed(cast: Cast) -> None:
    client = sign_in()
    client.post("/sign-out/")
    assert not accounts.sessions_of(cast.department).exists()


def test_a_visitor_without_an_account_gets_no_session(db: None) -> None:
    client = Client()
    client.get("/sign-in/")
    assert not Session.objects.exists()
