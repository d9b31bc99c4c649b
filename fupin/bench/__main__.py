"""A table of the figures that matter: ``python -m fupin.bench [households …]`` (default 225000 and 2000000)."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import polars as pl

from fupin.bench.index import make_households
from fupin.catalogue.load import load_catalogue
from fupin.engine.compare import plan_rule
from fupin.engine.digest import digest_file
from fupin.engine.fields import plan_fields
from fupin.engine.scoring import score_catalogue

SIZES = (225_000, 2_000_000)


def compile_seconds() -> tuple[float, int]:
    """Seconds to parse, check and compile every expression of the catalogue; how many entries hold them."""
    catalogue = load_catalogue()
    started = time.perf_counter()
    plans = plan_fields(catalogue)
    scores = score_catalogue(catalogue)
    rules = [plan_rule(rule, catalogue.fields) for rule in catalogue.rules.values()]
    return time.perf_counter() - started, len(plans) + len(scores) + len(rules)


def digest_seconds(households: int) -> tuple[float, int]:
    """Seconds to digest the random fields of so many households; how many columns there are."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "fields.parquet"
        make_households(path, households, load_catalogue())
        started = time.perf_counter()
        digest_file(path, ("household_id",))
        return time.perf_counter() - started, len(pl.read_parquet_schema(path))


def index_figures(households: int) -> dict[str, float]:
    """As ``fupin.bench.index`` prints them; in a process of its own, whose memory is the index's alone."""
    command = [sys.executable, "-m", "fupin.bench.index", str(households)]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    pairs = (line.split(": ") for line in printed.splitlines())
    return {name: float(value.replace(",", "")) for name, value in pairs}


def main() -> None:
    sizes = [int(text) for text in sys.argv[1:]] or list(SIZES)
    sys.stdout.write(f"{'':34}{'seconds':>9}{'floor':>9}{'ratio':>8}{'MiB':>8}\n")
    for size in sizes:
        found = index_figures(size)
        figures = (
            f"{found['seconds']:9.2f}{found['scan_floor_seconds']:9.2f}{found['ratio']:8.1f}{found['peak_mib']:8,.0f}"
        )
        sys.stdout.write(f"{f'index of {size:,} households':34}{figures}\n")
    seconds, entries = compile_seconds()
    sys.stdout.write(f"{f'compile {entries} entries':34}{seconds:9.2f}\n")
    seconds, columns = digest_seconds(sizes[0])
    sys.stdout.write(f"{f'digest {columns} columns × {sizes[0]:,}':34}{seconds:9.2f}\n")
    sys.stdout.write("floor: reading the same columns and counting their nulls, in the same run\n")


if __name__ == "__main__":
    main()
