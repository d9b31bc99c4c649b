"""Months as integers YYYYMM, and whole years between dates."""

from __future__ import annotations

from calendar import monthrange
from datetime import date


def is_month(month: int) -> bool:
    return 100001 <= month <= 999912 and 1 <= month % 100 <= 12


def month_of(day: date) -> int:
    return day.year * 100 + day.month


def add_months(month: int, count: int) -> int:
    """202011 + 3 → 202102. Raises ValueError when ``month`` is no month."""
    return _from_index(_index(month) + count)


def months_between(first: int, last: int) -> int:
    """Steps from ``first`` to ``last``: 202011 → 202101 is 2; negative when ``last`` comes before."""
    return _index(last) - _index(first)


def months_ending(last: int, count: int) -> list[int]:
    """``count`` months in order, the last one ``last``."""
    return [add_months(last, step) for step in range(1 - count, 1)]


def first_day(month: int) -> date:
    return date(*_split(month), 1)


def last_day(month: int) -> date:
    year, number = _split(month)
    return date(year, number, monthrange(year, number)[1])


def full_years(since: date, on: date) -> int:
    """Age in full years; who was born on 29 February grows older on 1 March in other years."""
    return on.year - since.year - ((on.month, on.day) < (since.month, since.day))


def _split(month: int) -> tuple[int, int]:
    if not is_month(month):
        raise ValueError(f"{month} is not a month written YYYYMM")
    return month // 100, month % 100


def _index(month: int) -> int:
    year, number = _split(month)
    return year * 12 + number - 1


def _from_index(index: int) -> int:
    return index // 12 * 100 + index % 12 + 1
