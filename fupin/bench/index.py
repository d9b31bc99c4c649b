"""Seconds and memory of the index on random households: ``python -m fupin.bench.index 2000000``."""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow.parquet as pq

from fupin.catalogue.fields import Field
from fupin.catalogue.load import Catalogue, load_catalogue
from fupin.catalogue.schema import code_lists
from fupin.engine.index import BLOCK, Limits, write_index
from fupin.engine.scoring import score_catalogue

UNKNOWN_SHARE = 0.05


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


def make_households(path: Path, number: int, catalogue: Catalogue) -> None:
    """All fields that indicators read, block by block; ``members`` at least one so that something applies."""
    random = np.random.default_rng(20201231)
    needed = sorted(frozenset().union(*(score.fields for score in score_catalogue(catalogue).values())))
    writer: pq.ParquetWriter | None = None
    for start in range(0, number, BLOCK):
        size = min(BLOCK, number - start)
        ids = pl.Series("household_id", np.arange(start, start + size)).cast(pl.String).str.zfill(9)
        columns = [_random(catalogue.fields[name], size, catalogue, random) for name in needed]
        table = pl.DataFrame([ids, *columns]).to_arrow(compat_level=pl.CompatLevel.oldest())
        writer = writer or pq.ParquetWriter(path, table.schema, compression="zstd", compression_level=1)
        writer.write_table(table)
    if writer is not None:
        writer.close()


def measure(number: int) -> dict[str, float]:
    """Seconds of the index and of only reading the same columns, their ratio, and the peak memory in MiB."""
    catalogue = load_catalogue()
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "fields.parquet"
        make_households(source, number, catalogue)
        homes = pl.scan_parquet(source).select("household_id").collect()
        homes = homes.with_columns(pl.lit("450123101201").alias("village_code"), pl.lit("0").alias("state"))
        started = time.perf_counter()
        write_index(source, homes, catalogue, Limits(), (Path(folder) / "indicators", Path(folder) / "index"))
        seconds = time.perf_counter() - started
        started = time.perf_counter()
        for start in range(0, number, BLOCK):
            pl.scan_parquet(source).slice(start, BLOCK).select(pl.all().null_count()).collect()
        floor = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {
        "households": number,
        "seconds": seconds,
        "scan_floor_seconds": floor,
        "ratio": seconds / floor,
        "peak_mib": peak,
    }


def main() -> None:
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 225_000
    for name, value in measure(number).items():
        sys.stdout.write(f"{name}: {value:,.2f}\n")


if __name__ == "__main__":
    main()
