from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fupin.kernel import identity
from fupin.kernel.identity import names_a_person
from fupin.kernel.tests.strategies import id_numbers

PUBLISHED = "11010519491231002X"  # the example of GB 11643-1999


def test_the_example_of_the_standard_is_valid() -> None:
    assert identity.is_valid(PUBLISHED)
    assert identity.check_digit(PUBLISHED[:17]) == "X"
    assert identity.birth_date(PUBLISHED) == date(1949, 12, 31)
    assert identity.sex(PUBLISHED) == "2"


@given(id_numbers())
def test_a_valid_number_reads_as_itself_however_it_is_written(number: str) -> None:
    full_width = number.translate({ord(c): ord(c) + 0xFEE0 for c in "0123456789X"})
    for writing in (
        number,
        number.lower(),
        full_width,
        f" {number[:6]} {number[6:14]}\u3000{number[14:]}\n",
        f"'{number}",
    ):
        assert identity.normalise(writing) == identity.Identity(number, None)


@given(id_numbers(), st.integers(0, 17), st.sampled_from("0123456789X"))
def test_one_wrong_character_never_passes(number: str, place: int, other: str) -> None:
    wrong = number[:place] + other + number[place + 1 :]
    assert identity.is_valid(wrong) == (wrong == number)


@given(id_numbers(), st.integers(0, 16))
def test_two_neighbours_swapped_never_pass(number: str, place: int) -> None:
    swapped = number[:place] + number[place + 1] + number[place] + number[place + 2 :]
    assert identity.is_valid(swapped) == (swapped == number)


@given(id_numbers(date(1900, 1, 1), date(1999, 12, 31)))
def test_a_15_digit_number_becomes_the_18_digit_number_of_the_same_person(
    number: str,
) -> None:
    assert identity.normalise(number[:6] + number[8:17]).number == number


@given(st.text(max_size=30))
def test_any_text_gives_a_valid_number_or_a_known_problem(text: str) -> None:
    found = identity.normalise(text)
    if found.number is None:
        assert found.problem in identity.PROBLEMS
    else:
        assert found.problem is None
        assert identity.is_valid(found.number)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (None, "missing"),
        ("  ", "missing"),
        ("无", "missing"),
        ("999999194912310021", "placeholder"),
        ("111111111111111111", "placeholder"),
        ("000000000000000", "placeholder"),
        ("1101051949123100", "length"),
        ("11010519491231002Y", "characters"),
        ("11010549I231002", "characters"),
        ("110105194913310029", "birth_date"),
        ("110105194912310021", "check_digit"),
    ],
)
def test_it_says_what_is_wrong(text: str | None, problem: str) -> None:
    assert identity.normalise(text) == identity.Identity(None, problem)


def test_a_number_does_not_show_in_the_text_of_an_identity() -> None:
    assert PUBLISHED not in repr(identity.normalise(PUBLISHED))


@pytest.mark.parametrize("text", ["13877100001", "138 7710 0001", "+86 138-7710-0001", "１３８７７１００００１"])
def test_a_mobile_number_names_a_person(text: str) -> None:
    assert names_a_person(text)


@pytest.mark.parametrize("text", ["450124100201", "4501", "0001", "12345678901", "138771000012", "", "韦大山"])
def test_a_region_a_tail_or_a_name_does_not(text: str) -> None:
    assert not names_a_person(text)


@pytest.mark.parametrize(
    ("written", "length", "check_ok", "born", "sex", "province_ok"),
    [
        (PUBLISHED, 18, True, date(1949, 12, 31), "2", True),
        (PUBLISHED.lower(), 18, True, date(1949, 12, 31), "2", True),
        ("110105194912310021", 18, False, date(1949, 12, 31), "2", True),
        ("110105491231002", 15, None, date(1949, 12, 31), "2", True),
        (PUBLISHED + "43", 20, True, date(1949, 12, 31), "2", True),  # a disability card
        (PUBLISHED + "4301", 22, True, date(1949, 12, 31), "2", True),
        ("11010519491231002", 17, None, None, None, None),
        ("110105194913310020", 18, False, None, "2", True),  # no thirteenth month
        ("990105194912310021", 18, False, date(1949, 12, 31), "2", False),
        ("1101O519491231002X", 18, False, None, None, None),  # a letter
        ("护照G12345", 8, None, None, None, None),
        ("不详", None, None, None, None, None),
        (None, None, None, None, None, None),
    ],
)
def test_what_a_number_says_of_itself_also_when_it_is_wrong(
    written: str | None, length: int | None, check_ok: bool | None, born: date | None, sex: str | None,
    province_ok: bool | None,
) -> None:  # fmt: skip
    assert identity.number_facts(written) == identity.NumberFacts(length, check_ok, born, sex, province_ok)
