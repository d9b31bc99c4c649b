from __future__ import annotations

from datetime import date
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fupin.kernel import money, periods
from fupin.kernel.tests.strategies import months


@given(st.integers(-(10**18), 10**18))
def test_money_is_written_to_the_last_fen(fen: int) -> None:
    assert Decimal(money.plain_yuan(fen)) * 100 == fen
    assert Decimal(money.format_yuan(fen).replace(",", "")) * 100 == fen


@given(months(), st.integers(-2000, 2000))
def test_months_add_and_subtract(month: int, steps: int) -> None:
    later = periods.add_months(month, steps)
    assert periods.is_month(later)
    assert periods.months_between(month, later) == steps
    assert periods.add_months(later, -steps) == month


@given(months(), st.integers(1, 40))
def test_months_ending_are_consecutive(month: int, count: int) -> None:
    found = periods.months_ending(month, count)
    assert len(found) == count
    assert found[-1] == month
    assert all(periods.months_between(a, b) == 1 for a, b in pairwise(found))


@given(st.dates(date(1600, 1, 1), date(2400, 1, 1)))
def test_a_day_lies_in_its_month(day: date) -> None:
    month = periods.month_of(day)
    assert periods.first_day(month) <= day <= periods.last_day(month)


def test_full_years_turn_on_the_birthday() -> None:
    assert periods.full_years(date(2000, 5, 2), date(2020, 5, 1)) == 19
    assert periods.full_years(date(2000, 5, 2), date(2020, 5, 2)) == 20
    assert periods.full_years(date(2000, 2, 29), date(2021, 2, 28)) == 20


@pytest.mark.parametrize("wrong", [0, 202013, 202000, 99912])
def test_no_month_is_refused(wrong: int) -> None:
    with pytest.raises(ValueError, match="not a month"):
        periods.add_months(wrong, 1)
