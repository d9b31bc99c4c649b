"""Households' table and the ledger: twenty-four monthly rows for the registered, two yearly rows for the others."""

from __future__ import annotations

import numpy as np
import polars as pl

from fupin.catalogue.schema import tables
from fupin.simulate.arrays import Array, as_date, chance, coded, digits, two
from fupin.simulate.benefits import causes
from fupin.simulate.chunk import Chunk
from fupin.simulate.income import Items

#: share of the year's amount that comes in each calendar month
SEASONS: dict[str, tuple[float, ...]] = {
    "business_crops": (0.01, 0.01, 0.03, 0.04, 0.05, 0.1, 0.22, 0.08, 0.05, 0.13, 0.22, 0.06),
    "business_forest": (0.05, 0.02, 0.03, 0.03, 0.1, 0.2, 0.2, 0.12, 0.08, 0.07, 0.05, 0.05),
    "cost_materials": (0.02, 0.05, 0.2, 0.18, 0.1, 0.08, 0.12, 0.13, 0.05, 0.03, 0.02, 0.02),
    "spend_education": (0.02, 0.3, 0.08, 0.03, 0.03, 0.03, 0.03, 0.05, 0.34, 0.05, 0.02, 0.02),
    "transfer_ecology": (0, 0, 0, 0.25, 0, 0, 0.25, 0, 0, 0.25, 0, 0.25),
    "transfer_other": (0, 0, 0, 0, 0.5, 0, 0, 0, 0, 0.5, 0, 0),
    "transfer_family_planning": (0, 0, 0, 0, 0, 0, 0, 0, 1.0, 0, 0, 0),
    "property_dividend": (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1.0),
    "property_interest": (0, 0, 0, 0.25, 0, 0, 0.25, 0, 0, 0.25, 0, 0.25),
}
EVEN = (1 / 12,) * 12
STEADY = ("transfer_subsistence", "transfer_extreme", "transfer_pension", "transfer_disability", "wage_post")
#: the year before the last twelve months
GROWTH = 0.93


def months_until(as_of: int, count: int) -> Array:
    """``count`` months YYYYMM ending with the month of the cut-off."""
    day = np.datetime64(as_of, "D").astype("datetime64[M]").astype(int)
    at = day - np.arange(count)[::-1]
    return np.asarray((1970 + at // 12) * 100 + at % 12 + 1)


def with_spending(chunk: Chunk, items: Items) -> Items:
    """Add spending: food rises slowly with income, medical with illness, schooling with students."""
    rng, n = chunk.rng, len(chunk)
    known = chunk.survey.select(pl.col("medical_paid_year", "education_paid_year").fill_null(0) / 100).to_numpy()
    living = chunk.size * (1500 + 0.18 * chunk.true_income) * np.exp(rng.normal(0, 0.2, n))
    return items | {
        "spend_food": living,
        "spend_medical": known[:, 0],
        "spend_education": known[:, 1],
        "spend_other": 0.5 * living * np.exp(rng.normal(0, 0.3, n)),
    }


def ledger_table(chunk: Chunk, items: Items) -> pl.DataFrame:
    """Sorted by household and month; money in 分."""
    listed = np.flatnonzero(chunk.listed)
    others = np.flatnonzero(~chunk.listed)
    months = months_until(chunk.as_of, 24)
    return pl.concat([_monthly(chunk, items, listed, months), _yearly(chunk, items, others, months)])


def _frame(chunk: Chunk, houses: Array, months: Array, period: int, values: dict[str, Array]) -> pl.DataFrame:
    """``values``: households × periods, in 分."""
    repeated = np.repeat(houses, len(months)).astype(np.uint32)
    columns = {
        "household_id": chunk.household_id.gather(pl.Series(repeated)),
        "month": pl.Series(np.tile(months, len(houses)).astype(np.int32)),
        "period_months": pl.Series(np.full(len(repeated), period, dtype=np.int64)),
    }
    for name in tables()["ledger"].columns:
        if name not in columns:
            columns[name] = pl.Series(values[name].ravel())
    return pl.DataFrame(columns)


def _monthly(chunk: Chunk, items: Items, houses: Array, months: Array) -> pl.DataFrame:
    rng, count = chunk.rng, len(months)
    calendar = months % 100 - 1
    swing = np.exp(rng.normal(0, 0.25, (len(houses), count))).astype(np.float32)
    year = np.where(np.arange(count) < count - 12, GROWTH, 1.0)
    values = {}
    for name, amount in items.items():
        season = np.array(SEASONS.get(name, EVEN))[calendar] * year
        share = np.where(np.isin(name, STEADY), season, season * swing)
        values[name] = np.round(amount[houses, None] * share).astype(np.int64) * 100
    frame = _frame(chunk, houses, months, 1, values)
    return frame.filter(~pl.Series(chance(rng, chunk.rates.month_missing, len(frame))))


def _yearly(chunk: Chunk, items: Items, houses: Array, months: Array) -> pl.DataFrame:
    ends = months[[11, 23]]
    growth = np.array([GROWTH, 1.0])
    values = {
        name: (np.round(amount[houses, None] * growth, -1)).astype(np.int64) * 100 for name, amount in items.items()
    }
    return _frame(chunk, houses, ends, 12, values)


def households_table(chunk: Chunk) -> pl.DataFrame:
    """The registry's households, with a phone number from a range that is not in use."""
    rng, n = chunk.rng, len(chunk)
    main, other = causes(rng, chunk)
    attribute = np.select([~chunk.listed, chunk.extreme, chunk.subsistence], [-1, 6, 4], 1)
    standard = np.where(chunk.listed, np.where(chance(rng, 0.04, n), 2, 1), -1)
    return pl.DataFrame(
        {
            "household_id": chunk.household_id,
            "village_code": chunk.village_code,
            "state": coded(chunk.state, tuple("0123456789")),
            "attribute": two(attribute),
            "standard": two(standard),
            "cause_main": two(main),
            "cause_other": two(other),
            "registered_on": as_date(chunk.registered_on),
            "exited_on": as_date(chunk.exited_on),
            "relocated": chunk.relocated,
            "only_child": chance(rng, 0.03, n),
            "martyr_family": chance(rng, 0.008, n),
            "phone": "19900" + digits(rng.integers(0, 1_000_000, n), 6),
        }
    )
