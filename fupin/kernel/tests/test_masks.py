from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fupin.kernel.masks import (
    NOTICE_FIELDS,
    for_notice,
    mask_all_but_ends,
    mask_id,
    mask_name,
    mask_numbers,
    mask_phone,
)
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


@pytest.mark.parametrize(
    "text",
    [
        "450124198001010010",
        "450124.19800101.0010",
        "450124/19800101/0010",
        "4501241980O1010010",
        "４５０１２４１９８００１０１００１Ｘ",
    ],
)
def test_long_numbers_are_hidden_however_they_are_broken_up(text: str) -> None:
    assert "0101" not in mask_numbers(f"户主 {text} 重复")


@pytest.mark.parametrize("text", ["2019年12月28日12时30分", "450124102", "1,234.56元", "第12号"])
def test_short_numbers_stay(text: str) -> None:
    assert mask_numbers(text) == text


def test_a_cell_for_an_id_number_shows_its_ends_only() -> None:
    assert mask_all_but_ends("450124l98001010010") == "4501************10"


def test_a_notice_shows_what_the_law_allows_and_nothing_else() -> None:
    told = for_notice(
        {
            "id_number": "450124196203040011", "phone": "13877100001", "bank_account": "6217000000000001",
            "health": "残疾", "address": "新汉村 12 号", "diagnosis": "…", "birth_date": "1962-03-04",
            "amount": 500_000, "project": "危房改造", "members": 4, "head_name": "韦大山", "group": "三组",
            "village": "新汉村", "attribute": "一般脱贫户", "lake_key": b"..",
        }
    )  # fmt: skip
    assert list(told.items()) == [
        ("village", "新汉村"), ("group", "三组"), ("head_name", "韦*山"), ("members", 4),
        ("attribute", "一般脱贫户"), ("project", "危房改造"), ("amount", 500_000),
    ]  # fmt: skip


@given(st.dictionaries(st.sampled_from([*NOTICE_FIELDS, "id_number", "x"]), st.text("韦1234567890 -一")))
def test_no_number_long_enough_to_name_a_person_passes_into_a_notice(fields: dict[str, str]) -> None:
    told = for_notice(fields)
    assert set(told) <= set(NOTICE_FIELDS)
    assert not re.search(r"\d{11}", "|".join(map(str, told.values())))
