"""What a page that shows a number in clear calls before it does."""

from __future__ import annotations

import time
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.sessions.backends.db import SessionStore
from django.http import HttpRequest
from django.test import Client, RequestFactory

from fupin.accounts import api as accounts
from fupin.accounts.tests.fixtures import Cast
from fupin.ui.guards import second_factor_first


@pytest.fixture
def request_(cast: Cast) -> HttpRequest:
    """An officer presses a button on a portrait."""
    request = RequestFactory().post("/households/h1/", headers={"Referer": "http://testserver/households/h1/"})
    request.session, request.user = SessionStore(), cast.office
    return request


def test_who_has_none_is_led_to_add_one_and_back(request_: HttpRequest) -> None:
    answer = second_factor_first(request_)
    assert answer is not None
    assert answer["Location"] == "/account/factors/?next=%2Fhouseholds%2Fh1%2F"


def test_who_has_one_shows_it_and_for_an_hour_no_more(request_: HttpRequest, cast: Cast) -> None:
    Authenticator.objects.create(user=cast.office, type="totp", data={})
    answer = second_factor_first(request_)
    assert answer is not None
    assert answer["Location"] == "/sign-in/second/?next=%2Fhouseholds%2Fh1%2F"
    accounts.factor_shown(request_)
    assert second_factor_first(request_) is None
    request_.session["factor_at"] = time.time() - 3601
    assert second_factor_first(request_) is not None


def test_a_part_of_a_page_takes_the_whole_page_there(request_: HttpRequest) -> None:
    request_.META |= {"HTTP_HX_REQUEST": "true", "HTTP_HX_CURRENT_URL": "http://testserver/households/h1/"}
    answer = second_factor_first(request_)
    assert answer is not None
    assert answer["HX-Redirect"].startswith("/account/factors/?next=")


@pytest.mark.parametrize("path", ["/", "/households/", "/findings/", "/map/", "/users/", "/runs/"])
def test_where_it_is_always_asked_for_no_room_but_the_own_account_opens(
    client: Client, cast: Cast, settings: Any, path: str
) -> None:
    settings.FUPIN_SECOND_FACTOR = "always"
    client.force_login(cast.office)
    assert client.get(path)["Location"].startswith("/account/factors/?next=")
    assert client.get("/account/").status_code == 200
    client.force_login(cast.decision)
    assert client.get("/").status_code == 200


def test_without_a_setting_a_house_with_real_data_always_asks(client: Client, cast: Cast, settings: Any) -> None:
    settings.FUPIN_SECOND_FACTOR = ""
    client.force_login(cast.office)
    assert client.get("/households/").status_code == 302
