from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from fupin.kernel.marks import LENGTH, SIGNS, mark_of, numbers_in, without_marks

SECRET = b"s" * 32
NUMBERS = st.integers(0, 2**40 - 1)


@given(NUMBERS, st.text(), st.text())
def test_a_mark_is_read_from_any_text_around_it(number: int, before: str, behind: str) -> None:
    assert number in numbers_in(SECRET, before + mark_of(SECRET, number) + behind)


@given(NUMBERS, NUMBERS)
def test_marks_that_touch_are_both_read(one: int, other: int) -> None:
    assert {one, other} <= numbers_in(SECRET, mark_of(SECRET, one) + mark_of(SECRET, other))


@given(NUMBERS)
def test_a_mark_is_unseen_and_taken_off_again(number: int) -> None:
    mark = mark_of(SECRET, number)
    assert set(mark) <= set(SIGNS)
    assert without_marks(f"韦{mark}") == "韦"


@given(NUMBERS, st.integers(0, LENGTH - 1))
def test_a_mark_of_another_house_or_a_changed_one_is_not_believed(number: int, place: int) -> None:
    mark = mark_of(SECRET, number)
    changed = mark[:place] + SIGNS[(SIGNS.index(mark[place]) + 1) % 4] + mark[place + 1 :]
    assert number not in numbers_in(SECRET, changed)
    assert numbers_in(b"t" * 32, mark) == set()
