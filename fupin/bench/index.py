"""The index of households, Parquet to Parquet: points of all indicators, dimensions, interval and band."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow.parquet as pq

from fupin.bench.frame import Measured, Result, Side, Work, alternate, made, measure
from fupin.bench.index_references import by_duckdb, by_pandas, by_polars
from fupin.catalogue.fields import Field
from fupin.catalogue.load import Catalogue, load_catalogue
from fupin.catalogue.schema import code_lists
from fupin.engine.index import Limits, write_index
from fupin.engine.scoring import score_catalogue

UNKNOWN_SHARE = 0.05
REACH = 1.3
BLOCK = 100_000


@dataclass(frozen=True)
class Size:
    """``sample``: households for pandas, whose memory would not hold them all."""

    households: int
    sample: int
    repeats: int


FULL = Size(2_000_000, 100_000, 3)
QUICK = Size(50_000, 10_000, 1)


def _limits(catalogue: Catalogue, field: str) -> list[float]:
    bands = [band.below for i in catalogue.indicators if i.field == field for band in i.bands if band.below is not None]
    return bands or [10.0]


def _random(field: Field, size: int, catalogue: Catalogue, random: np.random.Generator) -> pl.Series:
    """Values spread over the whole scoring table, one in twenty unknown."""
    if field.type == "flag":
        values = pl.Series(random.random(size) < 0.5)
    elif field.type == "code":
        codes = list(code_lists()[field.codes].values)
        values = pl.Series(codes, dtype=pl.String).gather(random.integers(0, len(codes), size))
    else:
        span = 2 * max(_limits(catalogue, field.id))
        drawn = random.random(size) * span
        values = pl.Series(np.round(drawn, 3) if field.type == "decimal" else drawn.astype(np.int64))
    known = pl.Series(random.random(size) >= UNKNOWN_SHARE)
    return pl.DataFrame({"v": values, "k": known}).select(pl.when("k").then("v")).to_series().alias(field.id)


def make_households(folder: Path, number: int) -> None:
    """``fields.parquet``: all fields that indicators read, block by block; ``homes.parquet``: village and state."""
    catalogue, random = load_catalogue(), np.random.default_rng(20201231)
    needed = sorted(frozenset().union(*(score.fields for score in score_catalogue(catalogue).values())))
    writer: pq.ParquetWriter | None = None
    for start in range(0, number, BLOCK):
        size = min(BLOCK, number - start)
        columns = [_random(catalogue.fields[name], size, catalogue, random) for name in needed]
        table = pl.DataFrame([_ids(start, size), *columns]).to_arrow(compat_level=pl.CompatLevel.oldest())
        writer = writer or pq.ParquetWriter(
            folder / "fields.parquet", table.schema, compression="zstd", compression_level=1
        )
        writer.write_table(table, row_group_size=20_000)
    if writer is not None:
        writer.close()
    villages = pl.Series("village_code", 450123101201 + random.integers(0, 1_800, number)).cast(pl.String)
    states = pl.Series("state", random.integers(0, 10, number)).cast(pl.String)
    pl.DataFrame([_ids(0, number), villages, states]).write_parquet(folder / "homes.parquet")


def _ids(start: int, size: int) -> pl.Series:
    return pl.Series("household_id", np.arange(start, start + size)).cast(pl.String).str.zfill(9)


def _made(data: Path, households: int) -> Path:
    return made(data / f"index-{households}-v2", partial(make_households, number=households))


def _targets(folder: Path, name: str) -> tuple[Path, Path]:
    return folder / f"{name}-indicators.parquet", folder / f"{name}-index.parquet"


def ours(folder: Path) -> Work:
    catalogue, homes = load_catalogue(), pl.read_parquet(folder / "homes.parquet")
    return lambda: write_index(folder / "fields.parquet", homes, catalogue, Limits(), _targets(folder, "ours"))


def by_hand(folder: Path) -> Work:
    catalogue, homes = load_catalogue(), pl.read_parquet(folder / "homes.parquet")
    return lambda: by_polars(folder / "fields.parquet", homes, _targets(folder, "by-hand"), catalogue)


def plain_scan(folder: Path) -> Work:
    """The floor: read every column and look at nothing but whether a value is there."""
    rows = pl.scan_parquet(folder / "fields.parquet").select(pl.all().null_count())
    return lambda: rows.collect(engine="streaming").height


def duckdb(folder: Path) -> Work:
    return by_duckdb(folder / "fields.parquet", folder / "homes.parquet", folder / "duckdb.parquet")


def pandas(folder: Path) -> Work:
    return by_pandas(folder / "fields.parquet", folder / "homes.parquet", folder / "pandas.parquet")


def fingerprint(paths: tuple[Path, ...]) -> Work:
    """Column → a number that tells whether every household has the same value, whatever the order of the rows."""

    def work() -> dict[str, int]:
        found: dict[str, int] = {}
        for path in paths:
            rows = pl.scan_parquet(path)
            columns = [_summed(name, type_) for name, type_ in rows.collect_schema().items()]
            found |= rows.select(columns).collect(engine="streaming").row(0, named=True)
        return found

    return work


def _summed(name: str, type_: pl.DataType) -> pl.Expr:
    value = pl.col(name).hash() if type_ == pl.String else (pl.col(name).cast(pl.Int64) + 3).cast(pl.UInt64)
    return (pl.col("household_id").hash() * value).sum().alias(name)


def demand_equal(ours: tuple[Path, ...], theirs: tuple[Path, ...]) -> None:
    """Raises ValueError naming columns that differ: a reference that does something else is none."""
    mine, other = measure(partial(fingerprint, ours)).value, measure(partial(fingerprint, theirs)).value
    if wrong := [name for name in mine if mine[name] != other.get(name)]:
        raise ValueError(f"{theirs[0].name} differs in {', '.join(wrong[:5])} ({len(wrong)} columns)")


def _against_pandas(folder: Path, repeats: int) -> dict[str, float]:
    found = alternate({"ours": partial(ours, folder), "pandas": partial(pandas, folder)}, repeats)
    demand_equal(_targets(folder, "ours"), (folder / "pandas.parquet",))
    return {"ours_sample_s": found["ours"].seconds, "pandas_sample_s": found["pandas"].seconds,
            "pandas_ratio": found["pandas"].seconds / found["ours"].seconds}  # fmt: skip


def _extra(found: dict[str, Measured]) -> dict[str, float]:
    """CPU of both, the floor, and how many times as long DuckDB takes."""
    mine, hand, floor, sql = (found[name] for name in ("ours", "by hand", "floor", "duckdb"))
    return {"ours_cpu_s": mine.cpu, "reference_cpu_s": hand.cpu, "reference_peak_mb": round(hand.peak_mb),
            "floor_s": floor.seconds, "floor_ratio": mine.seconds / floor.seconds,
            "duckdb_s": sql.seconds, "duckdb_ratio": sql.seconds / mine.seconds}  # fmt: skip


def run(data: Path, quick: bool, size: Size | None = None) -> Iterator[Result]:
    size = size or (QUICK if quick else FULL)
    folder, sample = _made(data, size.households), _made(data, size.sample)
    sides: dict[str, Side] = {"ours": partial(ours, folder), "by hand": partial(by_hand, folder)}
    found = alternate(sides, size.repeats)
    found |= alternate({"floor": partial(plain_scan, folder), "duckdb": partial(duckdb, folder)}, 1)
    demand_equal(_targets(folder, "ours"), _targets(folder, "by-hand"))
    demand_equal(_targets(folder, "ours"), (folder / "duckdb.parquet",))
    extra = {**_extra(found), "sample": size.sample, **_against_pandas(sample, 1), "runs": size.repeats}
    yield Result("index", size.households, found["ours"].seconds, found["by hand"].seconds, found["ours"].peak_mb,
                 "hand-written Polars", REACH, extra)  # fmt: skip
