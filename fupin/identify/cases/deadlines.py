"""Days of procedures: calendar days, and working days by the holidays that the State Council publishes each year."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache

import chinese_calendar


def is_working_day(day: date) -> bool:
    """For a year whose holidays are not published yet: Monday to Friday."""
    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:
        return day.weekday() < 5


def holidays_known(day: date) -> bool:
    """Whether the year's holidays are published: else a deadline in working days may still move."""
    try:
        chinese_calendar.is_workday(day)
    except NotImplementedError:
        return False
    return True


@cache
def due_on(since: date, days: int, count: str) -> date:
    """The last day in time. The day of the beginning does not count: one working day from a Friday ends on Monday."""
    if count == "calendar":
        return since + timedelta(days=days)
    day = since
    while days:
        day += timedelta(days=1)
        days -= is_working_day(day)
    return day


def days_over(due: date, today: date) -> int:
    """How many calendar days a deadline is over; 0 while there is time."""
    return max(0, (today - due).days)


def months_later(day: date, months: int) -> date:
    """The same day of a later month, its last one where it has no such day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    for number in range(day.day, 27, -1):
        try:
            return date(year, month + 1, number)
        except ValueError:
            continue
    return date(year, month + 1, day.day)
