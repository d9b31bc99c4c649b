"""Numbers and what is known of them: many at once, in bounded memory."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fupin.exchange.remembered import FIRST_PLACES, TOLD, Numbers, Remembered, Told


def told_of(numbers: Numbers) -> Told:
    """What the tests keep of a number: itself and its triple."""
    return np.stack([numbers, numbers * 3], axis=1).view(TOLD).ravel()


def known(table: Remembered, numbers: Numbers) -> int:
    """How many are known, each of them rightly."""
    told, missing = table.find(numbers)
    there = np.setdiff1d(np.arange(len(numbers)), missing)
    assert len(there) + len(missing) == len(numbers)
    assert (told[there] == told_of(numbers)[there]).all()
    return len(there)


def some(count: int) -> Numbers:
    return np.random.default_rng(1).permutation(10 * count)[:count].astype(np.int64) + 10**16


def test_what_is_kept_is_found_while_the_table_grows() -> None:
    table, numbers = Remembered(8 * FIRST_PLACES), some(2 * FIRST_PLACES)
    for part in np.array_split(numbers, 7):
        assert known(table, part) == 0
        table.keep(part, told_of(part))
    assert known(table, numbers) > 0.999 * len(numbers)  # a few found all the places they look at taken


def test_room_that_was_made_beforehand_changes_nothing() -> None:
    table, numbers = Remembered(8 * FIRST_PLACES), some(1_000)
    table.keep(numbers[:500], told_of(numbers[:500]))
    table.expect(FIRST_PLACES)
    table.keep(numbers[500:], told_of(numbers[500:]))
    assert known(table, numbers) == 1_000


@pytest.mark.parametrize("most", [1, 4, 64])
def test_at_its_greatest_size_the_table_forgets_but_never_errs(most: int) -> None:
    table, numbers = Remembered(most), some(200)
    for part in np.array_split(numbers, 5):
        table.keep(part, told_of(part))
    assert 0 < known(table, numbers) <= most


@given(st.lists(st.integers(1, 60)), st.lists(st.integers(1, 60)))
def test_what_was_never_kept_is_missing(kept: list[int], asked: list[int]) -> None:
    table, numbers = Remembered(64), np.array(sorted(set(kept)), dtype=np.int64)
    table.keep(numbers, told_of(numbers))
    missing = table.find(np.array(asked, dtype=np.int64))[1]
    assert sorted(missing.tolist()) == [place for place, number in enumerate(asked) if number not in kept]
