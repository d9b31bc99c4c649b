from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fupin.kernel.masks import mask_id, mask_name, mask_phone
from fupin.kernel.tests.strategies import id_numbers


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("张", "*"),
        ("张三", "张*"),
        ("张小三", "张*三"),
        ("欧阳小三", "欧**三"),
        ("阿卜杜拉·买买提", "阿**提"),
        ("", ""),
        (None, ""),
    ],
)
def test_names(name: str | None, shown: str) -> None:
    assert mask_name(name) == shown


def test_numbers() -> None:
    assert mask_id("450123198001011234") == "450123********1234"
    assert mask_phone("13812345678") == "138****5678"


@given(id_numbers())
def test_the_birth_date_is_never_shown(number: str) -> None:
    assert mask_id(number) == f"{number[:6]}********{number[14:]}"


@given(id_numbers(), id_numbers())
def test_numbers_that_differ_only_where_hidden_look_the_same(one: str, other: str) -> None:
    assert mask_id(one) == mask_id(one[:6] + other[6:14] + one[14:])


@given(st.text(alphabet="张王李欧0123456789XY", max_size=30).filter(lambda text: len(text) not in (15, 18)))
def test_what_has_not_the_form_of_a_number_is_hidden_altogether(text: str) -> None:
    assert set(mask_id(text)) <= {"*"}


@given(st.text(alphabet="张王李欧阳买提·abcXYZ", min_size=2, max_size=12))
def test_a_masked_name_shows_at_most_its_ends(name: str) -> None:
    shown = mask_name(name)
    assert "*" in shown
    assert len(shown.replace("*", "")) <= 2
