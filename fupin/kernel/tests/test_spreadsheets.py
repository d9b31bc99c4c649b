import pytest
from hypothesis import given
from hypothesis import strategies as st

from fupin.kernel.spreadsheets import safe_cell

ATTACKS = ["=1+1", "+cmd|' /C calc'!A0", "-2+3+cmd|' /C calc'!A0", "@SUM(A1)", "\t=1", " =1", "＝1+1", "－1+2", "\r=1"]


@pytest.mark.parametrize("text", ATTACKS)
def test_a_formula_is_kept_as_text(text: str) -> None:
    assert safe_cell(text) == f"'{text}"


@pytest.mark.parametrize("text", ["-5", "+86", "-1,234.50", "韦光", "", "08", "a=b", "2019-02-28", "50%"])
def test_what_is_harmless_stays_as_it_is(text: str) -> None:
    assert safe_cell(text) == text


def test_a_long_number_keeps_its_digits() -> None:
    assert safe_cell("450102198001010015") == "450102198001010015\t"


@given(st.text())
def test_nothing_begins_like_a_formula_but_a_number(text: str) -> None:
    safe = safe_cell(text).lstrip(" \u3000")
    assert not safe.startswith(("=", "@", "＝", "＠"))
    assert not safe.startswith(("+", "-")) or safe.strip("+-,.%\t").replace(",", "").replace(".", "").isdigit()
