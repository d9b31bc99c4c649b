"""Made-up but formally valid values for property tests of every floor."""

from __future__ import annotations

from datetime import date

from hypothesis import strategies as st

from fupin.kernel.identity import check_digit
from fupin.kernel.regions import DIGITS


def id_numbers(first: date = date(1900, 1, 1), last: date = date(2099, 12, 31)) -> st.SearchStrategy[str]:
    first17 = st.builds(
        lambda county, born, sequence: f"{county}{born:%Y%m%d}{sequence:03d}",
        st.integers(110000, 659999),
        st.dates(first, last),
        st.integers(0, 999),
    )
    return first17.map(lambda digits: digits + check_digit(digits))


def region_codes() -> st.SearchStrategy[str]:
    return st.sampled_from(sorted(DIGITS.values())).flatmap(
        lambda size: st.text("0123456789", min_size=size, max_size=size)
    )


def months() -> st.SearchStrategy[int]:
    return st.builds(
        lambda year, month: year * 100 + month,
        st.integers(1500, 2500),
        st.integers(1, 12),
    )
