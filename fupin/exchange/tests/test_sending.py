"""One message to a receiver that works, fails, is slow, or lies; addresses that nothing is sent to."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any
from unittest import mock

import pytest

from fupin.exchange.addresses import judged, target_of
from fupin.exchange.sending import Outcome, new_secret, send, signature
from fupin.exchange.tests.receiver import Receiver, receiving
from fupin.kernel.errors import UserError

HERE = ["127.0.0.0/8"]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


def sent(receiver: Receiver, seconds: float = 5.0) -> Outcome:
    target = target_of(receiver.url, http=True)
    return send(target, keys=[new_secret()], id_="msg_1", body=b"{}", allowed=HERE, seconds=seconds)


def test_the_signature_is_that_of_the_published_example() -> None:
    body = b'{"test": 2432232314}'
    made = signature("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)
    assert made == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_receiver_that_says_yes_has_it(receiver: Receiver) -> None:
    target, secret = target_of(receiver.url + "hook?a=1", http=True), new_secret()
    outcome = send(target, keys=[secret], id_="msg_1", body=b'{"a":1}', allowed=HERE)
    assert (outcome.word, outcome.status) == ("delivered", 204)
    ((headers, body),) = receiver.got
    assert headers["webhook-id"] == "msg_1"
    assert headers["webhook-signature"] == signature(secret, "msg_1", int(headers["webhook-timestamp"]), body)
    assert abs(int(headers["webhook-timestamp"]) - time.time()) < 10


@pytest.mark.parametrize(
    ("mood", "word", "status"),
    [
        ("fails", "refused", 500),
        ("redirects", "redirect", 302),
        ("closes_in_the_middle", "broken", 200),
        ("never_ends", "too_long", 200),
        ("speaks_no_http", "broken", None),
    ],
)
def test_a_receiver_that_fails_or_lies_has_not(receiver: Receiver, mood: str, word: str, status: int | None) -> None:
    receiver.mood = mood
    outcome = sent(receiver)
    assert (outcome.word, outcome.status) == (word, status)
    assert len(receiver.got) == 1  # no redirect was followed


@pytest.mark.parametrize("mood", ["says_nothing", "drips_its_headers", "drips_its_answer"])
def test_a_slow_receiver_is_cut_off(receiver: Receiver, mood: str) -> None:
    receiver.mood = mood
    began = time.monotonic()
    assert sent(receiver, seconds=0.6).word == "too_slow"
    assert time.monotonic() - began < 2


def test_a_receiver_that_is_not_there_is_no_connection(receiver: Receiver) -> None:
    target = target_of("http://127.0.0.1:9/", http=True)
    assert send(target, keys=[new_secret()], id_="m", body=b"", allowed=HERE).word == "no_connection"


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/", "https://localhost/", "https://10.1.2.3/", "https://169.254.169.254/latest",
        "https://[::1]/", "https://[::ffff:127.0.0.1]/", "https://[64:ff9b::7f00:1]/", "https://0.0.0.0/",
        "https://2130706433/", "https://192.168.1.1:8443/x", "https://224.0.0.1/",
    ],
)  # fmt: skip
def test_addresses_of_inner_networks_are_refused(url: str) -> None:
    with pytest.raises(UserError) as caught:
        judged(target_of(url, http=False), [])
    assert "内部网络" in caught.value.zh or "找不到主机" in caught.value.zh


def test_a_name_with_one_inner_address_among_public_ones_is_refused() -> None:
    answer: Any = [(2, 1, 6, "", ("8.8.8.8", 443)), (2, 1, 6, "", ("10.0.0.1", 443))]
    with mock.patch("socket.getaddrinfo", return_value=answer), pytest.raises(UserError):
        judged(target_of("https://two.example/", http=False), [])


def test_a_network_that_the_house_names_is_allowed() -> None:
    assert judged(target_of("https://10.20.3.4/", http=False), ["10.20.0.0/16"]) == "10.20.3.4"


@pytest.mark.parametrize(
    "url",
    ["http://a.example/", "ftp://a.example/", "https://", "https://u:p@a.example/", "https://a.example/#x",
     "https://a.example:99999/", "https://a.example/a b", "javascript:alert(1)", "https://a.example/" + "x" * 500],
)  # fmt: skip
def test_what_is_no_https_address_is_refused_in_two_languages(url: str) -> None:
    with pytest.raises(UserError) as caught:
        target_of(url, http=False)
    assert caught.value.zh
    assert caught.value.hint_en
