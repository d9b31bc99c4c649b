"""Working days by the published holidays; months that have no such day."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from fupin.identify.cases.deadlines import days_over, due_on, holidays_known, is_working_day, months_later

DAYS = st.dates(date(2015, 1, 1), date(2026, 10, 1))


def test_the_week_of_the_national_day_does_not_count() -> None:
    assert due_on(date(2026, 9, 30), 1, "working") > date(2026, 10, 7)
    assert due_on(date(2026, 9, 30), 1, "calendar") == date(2026, 10, 1)


def test_a_sunday_made_a_working_day_counts() -> None:
    made_up_for = [
        day for n in range(365) if is_working_day(day := date(2026, 1, 1) + timedelta(n)) and day.weekday() > 4
    ]
    assert made_up_for
    assert due_on(made_up_for[0] - timedelta(1), 1, "working") == made_up_for[0]


def test_a_year_without_published_holidays_counts_monday_to_friday() -> None:
    assert not holidays_known(date(2099, 5, 1))
    assert due_on(date(2099, 4, 30), 2, "working") == date(2099, 5, 4)  # a Thursday; the holiday is not known


@given(DAYS, st.integers(1, 30))
def test_working_days_are_never_sooner_and_end_on_one(since: date, days: int) -> None:
    due = due_on(since, days, "working")
    assert due >= due_on(since, days, "calendar")
    assert is_working_day(due)
    assert sum(is_working_day(since + timedelta(n)) for n in range(1, (due - since).days + 1)) == days


@given(DAYS, st.integers(0, 60))
def test_months_later_keeps_the_month_and_never_jumps(day: date, months: int) -> None:
    later = months_later(day, months)
    assert (later.year * 12 + later.month) - (day.year * 12 + day.month) == months
    assert later.day == day.day or (later + timedelta(1)).day == 1


def test_a_deadline_is_over_from_the_next_day() -> None:
    assert [days_over(date(2026, 5, 8), day) for day in (date(2026, 5, 8), date(2026, 5, 9))] == [0, 1]
