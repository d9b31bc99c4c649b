"""The address that stands in the trail is the browser's, and nobody but our proxies has a say in it."""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from hypothesis import assume, given
from hypothesis import strategies as st

from fupin.accounts.models import Deed
from fupin.accounts.rules import MAX_FAILURES
from fupin.accounts.tests.fixtures import PASSWORD, Cast
from fupin.ui.proxies import origin_first, origin_of

OURS = (ip_network("10.0.0.0/24"), ip_network("fd00::/8"))
PROXY, OTHER_PROXY, BROWSER = "10.0.0.5", "10.0.0.6", "203.0.113.9"


@pytest.mark.parametrize(
    ("remote", "forwarded", "origin"),
    [
        (PROXY, BROWSER, BROWSER),
        (PROXY, f"1.2.3.4, {BROWSER}", BROWSER),  # the browser forged the left one
        (PROXY, f"{BROWSER},{OTHER_PROXY}", BROWSER),  # two of ours in a row
        (PROXY, f"10.0.0.77, {BROWSER}", BROWSER),  # forged as one of ours
        (PROXY, f"{BROWSER}:41234", BROWSER),
        (PROXY, "[2001:db8::7]:443", "2001:db8::7"),
        (PROXY, f"::ffff:{BROWSER}", BROWSER),
        (f"::ffff:{PROXY}", BROWSER, BROWSER),
        ("fd00::1", BROWSER, BROWSER),
        (PROXY, "", PROXY),
        (PROXY, "unknown", PROXY),
        (PROXY, f"{BROWSER}, <script>", PROXY),
        (BROWSER, "1.2.3.4", BROWSER),  # somebody who is no proxy
        ("", "1.2.3.4", ""),
    ],
)
def test_only_our_proxies_are_skipped(remote: str, forwarded: str, origin: str) -> None:
    assert origin_of(remote, forwarded, OURS) == origin


@given(st.text(max_size=60), st.integers(0, 2**32 - 1).map(ip_address))
def test_whatever_a_browser_writes_before_it_the_address_that_our_proxy_saw_is_told(forged: str, browser: Any) -> None:
    assume(browser not in OURS[0])
    assert origin_of(PROXY, f"{forged},{browser}", OURS) == str(browser)


def seen(**headers: str) -> HttpRequest:
    found: list[HttpRequest] = []

    def answer(request: HttpRequest) -> HttpResponse:
        found.append(request)
        return HttpResponse()

    origin_first(answer)(RequestFactory().get("/", **headers))  # type: ignore[arg-type]
    return found[0]


def test_strangers_cannot_say_that_they_come_by_tls(settings: Any) -> None:
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    settings.FUPIN_PROXIES = [PROXY]
    said = {"HTTP_X_FORWARDED_PROTO": "https", "HTTP_X_FORWARDED_FOR": BROWSER}
    assert seen(REMOTE_ADDR=PROXY, **said).is_secure()
    assert not seen(REMOTE_ADDR="198.51.100.1", **said).is_secure()


def test_without_the_setting_nothing_is_believed(settings: Any) -> None:
    settings.FUPIN_PROXIES = []
    assert seen(REMOTE_ADDR=PROXY, HTTP_X_FORWARDED_FOR=BROWSER).META["REMOTE_ADDR"] == PROXY


def failed(client: Client, address: str, *, through: str = PROXY) -> str:
    """What a wrong password is answered with."""
    form = {"username": "shiban", "password": "wrong"}
    answer = client.post("/sign-in/", form, REMOTE_ADDR=through, HTTP_X_FORWARDED_FOR=address)
    return answer.content.decode()


def test_the_brake_at_the_door_and_the_trail_mean_the_browser(client: Client, cast: Cast, settings: Any) -> None:
    settings.FUPIN_PROXIES = [PROXY]
    for _ in range(MAX_FAILURES):
        failed(client, "192.0.2.66")
    assert {one.detail["from"] for one in Deed.objects.filter(verb="sign_in_failed")} == {"192.0.2.66"}
    assert "暂停登录" in failed(client, "1.1.1.1, 192.0.2.66")  # another forged address does not help
    assert "暂停登录" not in failed(client, BROWSER)  # somebody else behind the same proxy is not locked out
    good = {"username": "shiban", "password": PASSWORD}
    client.post("/sign-in/", good, REMOTE_ADDR=PROXY, HTTP_X_FORWARDED_FOR=BROWSER)
    opened = Deed.objects.filter(verb__in=("sign_in", "password_accepted")).get()
    assert opened.detail["from"] == BROWSER
