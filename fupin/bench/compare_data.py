"""A registry and five departments for the comparison: keys, names and dates as the lake and a snapshot hold them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from fupin.catalogue.schema import datasets

AS_OF = date(2020, 12, 31)
BLOCK = 500_000
#: of the people whom departments know, one in four stands in the registry
POPULATION = 4
HOUSEHOLD = 3.5
Random = np.random.Generator
Columns = Mapping[str, pl.Series]


@dataclass(frozen=True)
class Size:
    """``rows``: data set → rows delivered."""

    persons: int
    rows: Mapping[str, int]
    repeats: int


def keys(numbers: np.ndarray) -> pl.Series:
    """128 bits for each number, spread like a keyed hash (two rounds of splitmix64; real HMACs of 28 million numbers
    would only take longer to make)."""
    halves = np.empty((len(numbers), 2), dtype="<u8")
    for i, start in enumerate((0x9E3779B97F4A7C15, 0xD1B54A32D192ED03)):
        x = (numbers.astype(np.uint64) + np.uint64(1)) * np.uint64(start)
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        halves[:, i] = x ^ (x >> np.uint64(31))
    return _binary(halves)


def _binary(halves: np.ndarray) -> pl.Series:
    """Rows of 16 bytes as a binary column without a Python object for each."""
    data = pa.py_buffer(halves.tobytes())
    fixed = pa.FixedSizeBinaryArray.from_buffers(pa.binary(16), len(halves), [None, data])
    return pl.Series("key", fixed.cast(pa.binary()))


def names(numbers: np.ndarray) -> pl.Series:
    """The same person, the same name: one of 24,000."""
    surnames, first, second = "李韦黄覃陆梁蒙农罗莫", "春秋建国志明秀美玉金桂海", "华兰英芳强军平生林凤莲文"
    pool = [a + b + c for a in surnames for b in first for c in second] + [a + b for a in surnames for b in second]
    picked = (numbers.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) >> np.uint64(40)) % np.uint64(len(pool))
    return pl.Series("name", pool).gather(picked.astype(np.uint32))


def days(random: Random, size: int, first: str, span: int) -> pl.Series:
    drawn = np.datetime64(first) + random.integers(0, span, size).astype("timedelta64[D]")
    return pl.Series(drawn).cast(pl.Date)


def codes(random: Random, size: int, shares: Mapping[str, float]) -> pl.Series:
    limits = np.cumsum(list(shares.values()))
    return pl.Series(list(shares)).gather(np.searchsorted(limits, random.random(size) * limits[-1]).astype(np.uint32))


def _texts(prefix: str, numbers: np.ndarray) -> pl.Series:
    return pl.select(pl.lit(prefix) + pl.Series(numbers).cast(pl.String).str.zfill(9)).to_series()


def vehicles(random: Random, numbers: np.ndarray) -> Columns:
    size = len(numbers)
    return {
        "plate": _texts("桂", numbers),
        "vehicle_type": codes(random, size, {"M1": 0.9, "K3": 0.06, "H3": 0.02, "C1": 0.02}),
        "brand": codes(random, size, {"五菱": 3, "长安": 2, "宗申": 5}),
        "use": codes(random, size, {"A": 9, "B": 1}),
        "registered_on": days(random, size, "2008-01-01", 4600),
        "state": codes(random, size, {"A": 8, "G": 1, "E": 1}),
        "price": pl.Series(random.integers(200_000, 20_000_000, size)),
    }


def properties(random: Random, numbers: np.ndarray) -> Columns:
    size = len(numbers)
    return {
        "certificate_no": _texts("桂2020不动产权第", numbers),
        "location": codes(random, size, {"宾阳县宾州镇": 1, "马山县白山镇": 1}),
        "area": pl.Series(np.round(20 + random.random(size) * 140, 2)),
        "use": codes(random, size, {"1": 8, "2": 1, "5": 1}),
        "acquired": codes(random, size, {"1": 6, "3": 1, "4": 1, "5": 2}),
        "registered_on": days(random, size, "2008-01-01", 4600),
        "urban": pl.Series(random.random(size) < 0.15),
    }


def enterprises(random: Random, numbers: np.ndarray) -> Columns:
    size = len(numbers)
    return {
        "credit_code": _texts("91450", numbers),
        "company": codes(random, size, {"山水农业开发有限公司": 1, "顺达运输有限公司": 1}),
        "role": codes(random, size, {"1": 2, "2": 4, "3": 3, "4": 1}),
        "capital": pl.Series(random.integers(1, 500, size) * 100_000_00),
        "share": pl.Series(np.round(random.random(size) * 100, 2)),
        "founded_on": days(random, size, "2008-01-01", 4600),
        "state": codes(random, size, {"1": 4, "2": 6}),
        "employees": pl.Series(random.integers(0, 40, size)),
    }


def payroll(random: Random, numbers: np.ndarray) -> Columns:
    size = len(numbers)
    return {
        "employer": codes(random, size, {"县农业农村局": 1, "镇人民政府": 2, "中心小学": 3}),
        "kind": codes(random, size, {"1": 1, "2": 2, "3": 8, "4": 8, "5": 1}),
        "monthly_pay": pl.Series(random.integers(150_000, 900_000, size)),
        "since": days(random, size, "1990-01-01", 11_000),
        "state": pl.Series(random.random(size) < 0.9),
    }


def taxes(random: Random, numbers: np.ndarray) -> Columns:
    size = len(numbers)
    return {
        "tax": codes(random, size, {"1": 2, "2": 5, "3": 1, "4": 2}),
        "year": pl.Series(2018 + random.integers(0, 3, size)),
        "paid": pl.Series(random.integers(0, 2_000_000, size)),
        "turnover": pl.Series(random.integers(0, 40_000_000, size)),
    }


MAKERS: Mapping[str, Callable[[Random, np.ndarray], Columns]] = {
    "ps_vehicles": vehicles, "nr_realestate": properties, "mr_enterprises": enterprises, "fi_payroll": payroll,
    "tx_payments": taxes,
}  # fmt: skip


def _write(path: Path, frames: Iterator[pl.DataFrame]) -> None:
    writer: pq.ParquetWriter | None = None
    for frame in frames:
        table = frame.to_arrow(compat_level=pl.CompatLevel.oldest())
        writer = writer or pq.ParquetWriter(path, table.schema, compression="zstd", compression_level=1)
        writer.write_table(table, row_group_size=100_000)
    if writer is not None:
        writer.close()


def _blocks(number: int) -> Iterator[tuple[int, int]]:
    for start in range(0, number, BLOCK):
        yield start, min(BLOCK, number - start)


def _delivered(dataset: str, number: int, people: int, random: Random) -> Iterator[pl.DataFrame]:
    order = [f"{c.name}_key" if c.type == "idcard" else c.name for c in datasets()[dataset].columns.values()]
    for start, size in _blocks(number):
        who = random.integers(0, people, size)
        numbers = np.arange(start, start + size)
        columns = {"id_number_key": keys(who), "name": names(who), **MAKERS[dataset](random, numbers)}
        rows = pl.Series("row", numbers + 2)
        yield pl.DataFrame([rows, *(columns[name].alias(name) for name in order)])


def household_ids(numbers: np.ndarray) -> pl.Series:
    return _texts("4501231", numbers).alias("household_id")


def villages(numbers: np.ndarray) -> pl.Series:
    return pl.Series("village_code", 450123101201 + numbers % 1_800).cast(pl.String)


def _persons(number: int, random: Random) -> Iterator[pl.DataFrame]:
    for start, size in _blocks(number):
        who = np.arange(start, start + size)
        home = (who / HOUSEHOLD).astype(np.int64)
        yield pl.DataFrame([
            _texts("450123111", who).alias("person_id"), household_ids(home), villages(home), keys(who), names(who),
            pl.Series("pinyin", ["lichunhua"]).new_from_index(0, size),
            days(random, size, "1930-01-01", 32_000).alias("birth_date"),
            codes(random, size, {"1": 1, "2": 1}).alias("sex"),
            codes(random, size, {"01": 2, "02": 2, "03": 3}).alias("relation"),
        ])  # fmt: skip


def _households(number: int, random: Random) -> tuple[pl.DataFrame, pl.DataFrame]:
    """(households, survey): a third registered, a third exited; the last years' exits have their day."""
    ids, where = household_ids(np.arange(number)), villages(np.arange(number))
    state = codes(random, number, {"0": 3, "1": 3, "3": 1, "9": 3}).alias("state")
    exited = days(random, number, "2016-01-01", 1800).alias("exited_on")
    homes = pl.DataFrame([ids, where, state, exited, days(random, number, "2014-01-01", 365).alias("registered_on")])
    homes = homes.with_columns(pl.when(pl.col("state") == "1").then("exited_on").alias("exited_on"))
    year = pl.Series("year", [2020]).new_from_index(0, number)
    return homes, pl.DataFrame([ids, year, pl.Series("cooperative", random.random(number) < 0.1)])


def make(folder: Path, size: Size) -> None:
    """``snapshot/`` (persons, households, survey), ``lake/<data set>.parquet`` and ``fields.parquet``."""
    random = np.random.default_rng(20201231)
    for name in ("snapshot", "lake"):
        (folder / name).mkdir()
    homes, survey = _households(int((size.persons - 1) / HOUSEHOLD) + 1, random)
    homes.write_parquet(folder / "snapshot" / "households.parquet")
    survey.write_parquet(folder / "snapshot" / "survey.parquet")
    homes.select("household_id").write_parquet(folder / "fields.parquet")
    _write(folder / "snapshot" / "persons.parquet", _persons(size.persons, random))
    for dataset, number in size.rows.items():
        rows = _delivered(dataset, number, size.persons * POPULATION, random)
        _write(folder / "lake" / f"{dataset}.parquet", rows)
