"""Values in words: unknown is neither zero nor no."""

import pytest
from django.utils.translation import override

from fupin.ui.facts import value_in_words
from fupin.ui.templatetags import ui


@pytest.mark.parametrize(
    ("value", "type_", "codes", "unit", "words"),
    [
        (None, "int", "", "", "未知"),
        (0, "int", "", "亩", "0 亩"),
        (False, "flag", "", "", "否"),
        (123456, "money", "", "", "1,234 元"),
        (2.5, "decimal", "", "亩", "2.5 亩"),
        ("0", "code", "household_state", "", "未脱贫"),
    ],
)
def test_a_value_is_said_with_its_unit(value: object, type_: str, codes: str, unit: str, words: str) -> None:
    with override("zh-hans"):
        assert value_in_words(value, type_, codes, unit) == words


def test_numbers_are_separated_and_the_unknown_is_a_dash() -> None:
    assert [ui.number(75337), ui.number(None), ui.number("")] == ["75,337", "–", "–"]


def test_a_step_is_said_in_the_readers_language() -> None:
    with override("en"):
        assert ui.step_name("snapshot:households").startswith("registry snapshot · ")
        assert not any("\u4e00" <= sign <= "\u9fff" for sign in ui.step_name("snapshot:survey"))
    with override("zh-hans"):
        assert ui.step_name("compare") == "比对规则"
        assert ui.step_name("something new") == "something new"


def test_points_have_two_decimals() -> None:
    assert ui.points(573_500) == "57.35"


def test_the_index_bar_spans_the_interval() -> None:
    bar = ui.index_bar(573_500, 631_000)
    assert (bar["left"], bar["width"]) == ("57.35", "5.75")
