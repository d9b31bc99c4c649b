"""Several pieces at once, results and errors in the order of the pieces."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from fupin.exchange.ahead import in_order


def slow_when_odd(number: int) -> int:
    time.sleep(0.02 if number % 2 else 0)
    return number


def test_results_come_in_the_order_of_the_pieces() -> None:
    with in_order(iter(range(1, 20)), slow_when_odd) as results:
        assert list(results) == list(range(1, 20))


def test_two_pieces_are_worked_on_at_the_same_time() -> None:
    together = threading.Barrier(2, timeout=5)
    with in_order(iter([1, 2]), lambda n: (together.wait(), n)[1]) as results:
        assert list(results) == [1, 2]


def test_an_error_of_the_reading_comes_after_the_pieces_before_it() -> None:
    def pieces() -> Iterator[int]:
        yield 1
        raise ValueError("row 2")

    with in_order(pieces(), str) as results:
        assert next(results) == "1"
        with pytest.raises(ValueError, match="row 2"):
            next(results)


def test_leaving_early_ends_the_threads() -> None:
    with in_order(iter(range(1, 1000)), str) as results:
        assert next(results) == "1"
    assert not [one for one in threading.enumerate() if one.name.startswith(("reading", "working"))]
