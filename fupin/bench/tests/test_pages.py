import time
from urllib.parse import urlsplit

import pytest
from pytest_django.live_server_helper import LiveServer

from fupin.bench.pages import EMPTY, load


def port_of(server: LiveServer) -> int:
    return urlsplit(server.url).port or 0


def test_users_ask_page_after_page_until_the_time_is_over(live_server: LiveServer) -> None:
    work = load(port_of(live_server), ["", ""], {"empty": [EMPTY], "door": ["/sign-in/"]}, 0.0, 0.5)
    began = time.perf_counter()
    visits = work()
    assert 0.4 < time.perf_counter() - began < 20
    assert {name for name, _seconds in visits} == {"empty", "door"}


def test_with_thought_a_user_asks_less_often(live_server: LiveServer) -> None:
    visits = load(port_of(live_server), [""], {"empty": [EMPTY]}, 0.2, 1.0)()
    assert 1 <= len(visits) <= 6


def test_a_page_that_fails_fails_the_benchmark(live_server: LiveServer) -> None:
    with pytest.raises(RuntimeError, match="answered 404"):
        load(port_of(live_server), [""], {"gone": ["/gone/"]}, 0.0, 0.5)()
