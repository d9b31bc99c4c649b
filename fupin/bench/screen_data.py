"""A registry for the screening: families that fit together, and one value in 500 that does not.

Every column that a rule reads is filled as the registry fills it; the ledger holds one row a household (yearly recall).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow.parquet as pq

from fupin.bench.compare_data import Random, days, household_ids, keys, names, villages
from fupin.catalogue.schema import Column, tables

AS_OF = date(2020, 12, 31)
BLOCK = 200_000
DIRT = 500
#: members of five households out of five: 3.5 on average, as in the registry of a province
SIZES = np.array([2, 3, 4, 5, 3, 4], dtype=np.int64)
HEAD, SPOUSE, CHILD, SECOND, PARENT = range(5)
Columns = dict[str, Any]
_TYPES = {"int": pl.Int64, "money": pl.Int64, "decimal": pl.Float64, "flag": pl.Boolean, "month": pl.Int32}


def _picked(random: Random, size: int, **shares: float) -> np.ndarray:
    return random.choice([name.lstrip("_") for name in shares], size, p=np.array(list(shares.values())))


def _dirty(random: Random, frame: pl.DataFrame, kept: tuple[str, ...]) -> pl.DataFrame:
    """In each column a few rows get the value of another row."""
    size = len(frame)

    def mixed(column: pl.Series) -> pl.Series:
        places = np.arange(size)
        wrong = random.integers(0, size, max(1, size // DIRT))
        places[wrong] = random.permutation(wrong)
        return column.gather(places.astype(np.uint32))

    return pl.DataFrame([column if column.name in kept else mixed(column) for column in frame.get_columns()])


def _usual(column: Column, size: int, random: Random) -> pl.Series:
    """What a column that the families do not decide holds: small numbers, the first code, mostly yes."""
    if column.type in ("int", "money", "decimal"):
        most = 4 if column.type == "int" else 6
        return pl.Series(random.integers(1, most, size)).cast(_TYPES[column.type])
    if column.type == "flag":
        return pl.Series(random.random(size) < 0.97)
    if column.type == "date":
        return days(random, size, "2020-03-01", 200)
    return pl.Series(["1"]).new_from_index(0, size)


def _whole(table: str, size: int, made: Columns, random: Random) -> pl.DataFrame:
    columns = []
    for column in tables()[table].columns.values():
        if column.staged:
            continue
        value = made.get(column.name)
        series = _usual(column, size, random) if value is None else pl.Series(value)
        series = series.cast(_TYPES[column.type]) if column.type in _TYPES else series
        columns.append(series.alias(column.name))
    return pl.DataFrame(columns)


def _persons(start: int, homes: int, random: Random) -> pl.DataFrame:
    sizes = SIZES[np.arange(start, start + homes) % len(SIZES)]
    home = np.repeat(np.arange(homes), sizes)
    role = np.arange(len(home)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    head = random.integers(38, 56, homes)[home]
    age = np.select(
        [role == HEAD, role == SPOUSE, role == CHILD, role == SECOND],
        [head, head - random.integers(0, 5, len(home)), head - 24, head - 28],
        head + 25,
    )
    male = np.where(role == HEAD, True, np.where(role == SPOUSE, False, (home + role) % 2 == 0))
    relation = np.select(
        [role == HEAD, role == SPOUSE, role == PARENT],
        ["01", "02", np.where(male, "11", "12")],
        np.where(male, "03", "04"),
    )
    stages = ["01", "02", "03", "04", "05", "06", "07", "08", "09", "16", "01"]
    schooling = np.select(
        [age < 3, age < 6, age < 12, age < 13, age < 14, age < 15, age < 16, age < 17, age < 18, age < 22],
        stages[:-1],
        "01",
    )
    works = (age >= 16) & (age < 60) & (schooling == "01")
    months = np.where(works & ((role == HEAD) | (random.random(len(home)) < 0.4)), 8, 0)
    number = start * 7 + np.arange(len(home))
    made: Columns = {
        "person_id": pl.select(pl.lit("45012311") + pl.Series(number).cast(pl.String).str.zfill(9)).to_series(),
        "household_id": household_ids(start + home), "key": keys(number), "name": names(number),
        "pinyin": pl.Series(["lichunhua"]).new_from_index(0, len(home)), "sex": np.where(male, "1", "2"),
        "birth_date": pl.Series((AS_OF.year - age).astype("U4").astype("datetime64[D]")).cast(pl.Date),
        "village_code": villages(start + home), "relation": relation, "schooling": schooling,
        "ethnicity": pl.Series(["08"]).new_from_index(0, len(home)),
        "political": np.where((age >= 28) | (age < 14), "13", "03"), "health": np.where(age < 60, "01", "02"),
        "education": pl.select(pl.when(pl.Series(schooling) == "01").then(pl.lit("03"))).to_series(),
        "dropout_reason": pl.Series([None], dtype=pl.String).new_from_index(0, len(home)),
        "labour": np.where(works, "01", "04"), "work_months": months, "self_care": np.full(len(home), "1"),
        "work_region": np.where(months > 0, "04", "00"), "pension_insured": works, "soldier": age < 0,
        "skill_certificate": age < 0, "pregnant": age < 0, "left_behind": age < 0,
        "medical_insured": age >= 0, "serious_illness_insured": age >= 0,
    }  # fmt: skip
    return _dirty(random, _whole("persons", len(home), made, random), ("person_id", "household_id"))


def _households(start: int, homes: int, random: Random) -> pl.DataFrame:
    number = start + np.arange(homes)
    state = _picked(random, homes, _0=0.3, _1=0.6, _3=0.1)
    exited = days(random, homes, "2017-01-01", 900)
    made: Columns = {
        "household_id": household_ids(number), "village_code": villages(number), "state": state,
        "attribute": np.full(homes, "01"), "standard": np.full(homes, "01"), "cause_main": np.full(homes, "99"),
        "cause_other": np.full(homes, "11"), "registered_on": days(random, homes, "2014-01-01", 300),
        "exited_on": pl.select(pl.when(pl.Series(state) != "0").then(exited)).to_series(),
        "relocated": number < 0, "only_child": number < 0, "martyr_family": number < 0,
    }  # fmt: skip
    return _dirty(random, _whole("households", homes, made, random), ("household_id",))


def _survey(start: int, homes: int, random: Random) -> pl.DataFrame:
    nobody_said = pl.Series([None], dtype=pl.Int64).new_from_index(0, homes)
    made: Columns = {
        "household_id": household_ids(start + np.arange(homes)), "year": np.full(homes, 2020),
        "house_area": random.integers(80, 160, homes), "house_grade": _picked(random, homes, A=0.5, B=0.5),
        "house_built_year": random.integers(1990, 2019, homes), "roof_leaks": np.zeros(homes, bool),
        "wall_cracks": np.zeros(homes, bool), "farmland_mu": random.integers(8, 12, homes),
        "cars": np.zeros(homes, int), "rented_out_mu": np.zeros(homes, int),
        "house_count": np.ones(homes, int), "grain_short_months": np.zeros(homes, int),
        "water_short_days": np.zeros(homes, int), "road_type": np.full(homes, "03"), "fuel": np.full(homes, "04"),
        "declared_income_head": np.full(homes, 620_000), "debt_total": np.full(homes, 100),
        "education_paid_year": nobody_said, "debt_education": nobody_said, "air_conditioners": np.ones(homes, int),
        "medical_paid_year": np.full(homes, 100_000),
    }  # fmt: skip
    return _dirty(random, _whole("survey", homes, made, random), ("household_id", "year"))


def _ledger(start: int, homes: int, random: Random) -> pl.DataFrame:
    wages = SIZES[np.arange(start, start + homes) % len(SIZES)] * random.integers(450_000, 600_000, homes)
    nothing = ("extreme", "subsistence", "disability", "support", "pension", "other", "ecology", "family_planning")
    made: Columns = {
        "household_id": household_ids(start + np.arange(homes)), "month": np.full(homes, 202012),
        "period_months": np.full(homes, 12), "wage_work": wages, "business_crops": wages // 4,
        "business_animals": np.full(homes, 80_000), "cost_materials": wages // 10, "spend_food": wages // 3,
        "spend_medical": np.full(homes, 100_000), "wage_post": wages * 0, "property_land": wages * 0,
        "property_interest": wages * 0, **{f"transfer_{name}": wages * 0 for name in nothing},
    }  # fmt: skip
    return _dirty(random, _whole("ledger", homes, made, random), ("household_id", "month", "period_months"))


def _written(path: Path, parts: Iterator[pl.DataFrame]) -> None:
    writer: Any = None
    for part in parts:
        table = part.to_arrow(compat_level=pl.CompatLevel.oldest())
        writer = writer or pq.ParquetWriter(path, table.schema, compression="zstd", compression_level=1)
        writer.write_table(table, row_group_size=BLOCK)
    writer.close()


def make(folder: Path, households: int) -> None:
    """``snapshot/`` with persons, households, survey and ledger."""
    snapshot = folder / "snapshot"
    snapshot.mkdir()
    makers: dict[str, Callable[[int, int, Random], pl.DataFrame]] = {
        "persons": _persons, "households": _households, "survey": _survey, "ledger": _ledger,
    }  # fmt: skip
    for name, one in makers.items():
        random = np.random.default_rng(20201231)
        starts = range(0, households, BLOCK)
        _written(snapshot / f"{name}.parquet", (one(s, min(BLOCK, households - s), random) for s in starts))
