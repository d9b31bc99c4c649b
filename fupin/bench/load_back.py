"""Load back: the results of 500,000 households and a million findings into PostgreSQL, against a bare COPY.

Ours is the last step of a run: the frames of its results turned into text, copied into staging tables and inserted
from there, in one transaction (reading the run's files and adding regions up before it is told apart as ``read_s``).
The reference copies the same rows, already written out as CSV, straight into tables with the same columns and
indexes; the floor into tables without any index.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from fupin.bench.frame import Result, Work, alternate, made, measure
from fupin.bench.own_house import enter, execute_as_owner, running
from fupin.catalogue.indicators import DIMENSIONS
from fupin.catalogue.load import load_catalogue
from fupin.catalogue.schema import tables

HOUSEHOLDS, QUICK_HOUSEHOLDS = 500_000, 10_000
FINDINGS_EACH = 2
PERSONS_EACH, MONTHS_EACH, VILLAGES = 4, 4, 1_500
REPEATS = 1
REACH = 2.0
BLOCK = 1 << 20
AS_OF = date(2026, 10, 31)
RULES = ("land_area_differs", "exited_low_income", "unregistered_severe_disability", "car_in_family", "deceased")
#: a value for every column that is only carried along
ONE = {
    "text": pl.lit("–"), "code": pl.lit("01"), "int": pl.lit(1, pl.Int64), "money": pl.lit(100, pl.Int64),
    "decimal": pl.lit(1.0), "flag": pl.lit(True), "date": pl.lit(AS_OF), "month": pl.lit(202610, pl.Int32),
    "key": pl.lit(b"k" * 16), "region": pl.lit("450102001201"), "name": pl.lit("韦小明"),
}  # fmt: skip
TABLES = ("identify_householdindex", "identify_finding", "identify_regionresult", "identify_regionaggregate",
          "identify_regionmeasure")  # fmt: skip


def make(folder: Path, households: int) -> None:
    """The files of a run and of its snapshot, as the engine writes them, with invented rows."""
    random = np.random.default_rng(4501)
    numbers = np.arange(households)
    homes = pl.DataFrame(
        {"household_id": pl.Series(numbers).cast(pl.String).str.zfill(16), "village_code": _villages(numbers)}
    )
    index = homes.with_columns(_states(households, random), *_scores(households, random))
    index.write_parquet(folder / "index.parquet")
    incomes = pl.Series("net_income_head", random.integers(0, 3_000_000, households))
    _findings(homes, random).write_parquet(folder / "findings.parquet")
    fields = {field.id: field.type for field in load_catalogue().fields.values()}
    _filled(homes.with_columns(incomes), fields).write_parquet(folder / "fields.parquet")
    causes = pl.Series("cause_main", np.array(["01", "02", "05", "11"])[numbers % 4])
    months = pl.Series("month", np.tile([202607, 202608, 202609, 202610], households), pl.Int32)
    parts = {"households": homes.with_columns(causes), "persons": _each(homes, PERSONS_EACH)}
    parts |= {"survey": homes, "ledger": _each(homes, MONTHS_EACH).with_columns(months)}
    for name, rows in parts.items():
        columns = {column.name: column.type for column in tables()[name].columns.values()}
        _filled(rows, columns).write_parquet(folder / f"{name}.parquet")


def _villages(numbers: np.ndarray[Any, Any]) -> pl.Series:
    village = pl.Series(numbers * VILLAGES // len(numbers))
    codes = pl.DataFrame({"county": village // 150 + 2, "town": village // 15 % 10 + 1, "village": village % 15 + 201})
    padded = [
        pl.col(name).cast(pl.String).str.zfill(size) for name, size in (("county", 2), ("town", 3), ("village", 3))
    ]
    return codes.select(pl.concat_str(pl.lit("4501"), *padded)).to_series()


def _states(size: int, random: np.random.Generator) -> pl.Series:
    return pl.Series("state", np.array(["0", "1", "2", "9"])[random.integers(0, 4, size)])


def _scores(size: int, random: np.random.Generator) -> list[pl.Series]:
    """Low, high, band, unknown and the three parts of each dimension."""
    low = random.integers(0, 700_000, size)
    high = low + random.integers(0, 300_000, size)
    bands = np.array(["poor", "possibly", "stable", "undecided"])[random.integers(0, 4, size)]
    found = [pl.Series("low", low, pl.Int32), pl.Series("high", high, pl.Int32), pl.Series("band", bands)]
    found.append(pl.Series("unknown", random.integers(0, 40, size), pl.Int16))
    for name in DIMENSIONS:
        parts = {"low": low // 7, "high": high // 7, "weight": np.full(size, 1_428)}
        found += [pl.Series(f"{name}_{part}", values, pl.Int32) for part, values in parts.items()]
    return found


def _each(homes: pl.DataFrame, times: int) -> pl.DataFrame:
    return homes.select(pl.all().repeat_by(times).explode())


def _filled(rows: pl.DataFrame, columns: Mapping[str, str]) -> pl.DataFrame:
    """``rows`` and every other column of the catalogue with one and the same value of its type."""
    others = {name: ONE[type_] for name, type_ in columns.items() if name not in rows.columns}
    return rows.with_columns(**others)


def _findings(homes: pl.DataFrame, random: np.random.Generator) -> pl.DataFrame:
    """As the engine writes them: the id a hash, the parameters JSON, one row of evidence."""
    rows = _each(homes, FINDINGS_EACH)
    size = rows.height
    rule = random.integers(0, len(RULES), size)
    halves = [pl.Series(random.integers(0, 2**60, size)).cast(pl.String).str.zfill(19) for _ in range(2)]
    evidence = pl.struct(
        dataset=pl.lit("ag_land"), delivery=pl.lit("ag_land-20260930-aa5c4d48"), row=pl.int_range(pl.len()),
        person_id=pl.col("household_id") + "01", method=pl.lit("exact"),
    )  # fmt: skip
    return rows.with_columns(
        pl.Series("finding_id", (halves[0] + halves[1]).str.slice(0, 32)),
        pl.Series("rule", np.array(RULES)[rule]),
        pl.Series("severity", rule % 5 + 1, pl.Int32),
        pl.Series("direction", np.array(["misplaced", "missed", "inconsistent"])[rule % 3]),
        version=pl.lit(1, pl.Int32), topic=pl.lit("income"), n=pl.lit(1, pl.Int64), exempted=pl.lit(0, pl.Int64),
        params=pl.lit('{"area_mu":6.42,"name":"韦*山"}'), evidence=evidence.implode().over(pl.int_range(pl.len())),
    )  # fmt: skip


def ours(house: Path, files: Path) -> Work:
    """The product's loading into emptied tables; the work gives the seconds of the reading before it."""
    enter(house)
    from django.db import transaction

    from fupin.accounts.api import acting_for
    from fupin.identify import loading

    run = _new_run()
    started = time.perf_counter()
    results = loading.read_results(run, files, files)
    seconds = time.perf_counter() - started

    def work() -> float:
        with acting_for(None, run.region), transaction.atomic():
            loading.replace_results(run, results, lambda _step, _share: None)
        return seconds

    return work


def _new_run() -> Any:
    from fupin.identify.models import Run

    names = ", ".join(TABLES)
    execute_as_owner(f"TRUNCATE {names}, identify_run CASCADE", "SELECT 1")
    return Run.objects.create(id="bench", region="4501", as_of=AS_OF)


def write_rows(house: Path, target: Path) -> Work:
    """What ours has just loaded, as CSV: the rows that the reference copies."""
    enter(house)

    def work() -> None:
        from django.db import connections

        target.mkdir(exist_ok=True)
        with connections["owner"].cursor() as cursor:
            for table in TABLES:
                with (
                    (target / f"{table}.csv").open("wb") as out,
                    cursor.copy(f"COPY {table} TO STDOUT (FORMAT csv)") as copy,
                ):
                    for block in copy:
                        out.write(block)

    return work


def bare(house: Path, rows: Path, including: str) -> Work:
    """COPY into new tables made LIKE ours; ``including``: "INDEXES" (the primary key too) or "DEFAULTS" (none)."""
    enter(house)
    drop = [f"DROP TABLE IF EXISTS bare_{table}" for table in TABLES]
    execute_as_owner(*drop, *(f"CREATE TABLE bare_{table} (LIKE {table} INCLUDING {including})" for table in TABLES))
    return partial(_copy_all, rows)


def _copy_all(rows: Path) -> None:
    from django.db import connections, transaction

    with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
        for table in TABLES:
            with (
                (rows / f"{table}.csv").open("rb") as stream,
                cursor.copy(f"COPY bare_{table} FROM STDIN (FORMAT csv)") as copy,
            ):
                while block := stream.read(BLOCK):
                    copy.write(block)


def run(data: Path, quick: bool) -> Iterable[Result]:
    yield compare(data, QUICK_HOUSEHOLDS if quick else HOUSEHOLDS)


def compare(data: Path, households: int) -> Result:
    files = made(data / f"results-{households}-v1", partial(make, households=households))
    house = data / "house"
    rows = data / f"results-{households}-rows"
    with running(house) as server:
        _once(ours, house, files)
        _once(write_rows, house, rows)
        turns: dict[str, Callable[[], Work]] = {"ours": partial(ours, house, files)}
        turns["reference"] = partial(bare, house, rows, "INDEXES")
        turns["floor"] = partial(bare, house, rows, "DEFAULTS")
        sides = alternate(turns, REPEATS)
    one, other, floor = sides["ours"], sides["reference"], sides["floor"]
    more = {
        "floor_s": floor.seconds,
        "ratio_to_floor": one.seconds / floor.seconds,
        "read_s": one.value,
        "ours_cpu_s": one.cpu,  # without PostgreSQL's
        "reference_cpu_s": other.cpu,
        "client_mb": one.peak_mb,
        "postgres_mb": server.mb,
    }
    told = "COPY of the same rows, ready as CSV, into tables with the same columns and indexes"
    size = households * (1 + FINDINGS_EACH)
    return Result("load_back", size, one.seconds, other.seconds, one.peak_mb + server.mb, told, REACH, more)


def _once(side: Callable[..., Work], *arguments: Any) -> None:
    """In a process of its own, its seconds not looked at."""
    measure(partial(side, *arguments))
