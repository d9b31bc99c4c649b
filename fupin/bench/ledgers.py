"""Ledgers: national tables of 300,000 persons looked at and applied as one batch, against a bare COPY of the same rows.

Ours is what an officer waits for: the dry run (read, checked, matched, compared), then the writing: numbers encrypted,
one row of the log for each household and person, memberships, states, rows under their policies, the trail. It reads
and compares once more before it writes. The floor copies the two files as they are into a table without an index.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from fupin.bench.frame import Result, Work, made, measure
from fupin.bench.own_house import enter, execute_as_owner, run_fupin, running, stop

PERSONS, QUICK_PERSONS = 300_000, 9_000
EACH = 3
REACH = 60.0
SECONDS = 120  # applied in under two minutes
AS_OF, YEAR, COUNTY = date(2026, 10, 31), 2026, "450124"
CHANGED = 3  # of the second ledger every third person has another figure


def make(folder: Path, persons: int) -> None:
    """A data folder with divisions and an office, its server stopped, and the files."""
    house = folder / "house"
    run_fupin(house, "migrate")
    measure(partial(_office, house))
    stop(house)
    villages = pl.read_csv(folder / "villages.csv", infer_schema=False)["code"]
    homes = persons // EACH
    for name, shift in (("first", 0), ("second", 1)):
        _homes(homes, villages).write_csv(folder / f"{name}-ac01.csv")
        _people(homes, shift).write_csv(folder / f"{name}-ab01.csv")


def _office(house: Path) -> Work:
    enter(house)

    def work() -> None:
        from fupin.accounts.cast import create_cast
        from fupin.registry import api as registry

        office = create_cast(password="Ledgers-2026-ok")["office"]  # noqa: S106 – of a throw-away house
        registry.load_shipped_regions(by=office)
        codes = [code for code in registry.region_names(COUNTY) if len(code) == 12]
        pl.DataFrame({"code": sorted(codes)}).write_csv(house.parent / "villages.csv")

    return work


def _homes(homes: int, villages: pl.Series) -> pl.DataFrame:
    number = pl.Series(np.arange(homes))
    village = villages.gather(number % len(villages))
    return pl.DataFrame(
        {
            "AAC001": _home_ids(homes), "AAR008": village, "AAC005": _codes(number, ["01", "02"]),
            "AAC006": _codes(number, ["01", "04", "06"]), "AAC007": _codes(number, ["01", "02", "08", "09"]),
            "AAC008": _codes(number, ["03", "01,03"]), "AAC009": _codes(number, ["0", "1"]),
            "AAC012": _codes(number, ["0"]), "AAR010": _codes(number, ["0", "1", "2"]),
            "AAR012": "138" + (number + 10_000_000).cast(pl.String), "AAR040": _codes(number, [str(YEAR)]),
            "AAR100": _codes(number, ["1"]),
        }
    )  # fmt: skip


def _people(homes: int, shift: int) -> pl.DataFrame:
    size = homes * EACH
    number, place = pl.Series(np.arange(size)), pl.Series(np.arange(size) % EACH)
    home = _home_ids(homes).gather(pl.Series(np.arange(size) // EACH))
    born = pl.Series(np.datetime64("1950-01-01") + (np.arange(size) * 37 % 25_000).astype("timedelta64[D]"))
    health = pl.Series(np.arange(size) + np.where(np.arange(size) % CHANGED == 0, shift, 0))
    return pl.DataFrame(
        {
            "AAB001": home + (place + 1).cast(pl.String).str.zfill(2), "AAC001": home, "AAB002": _names(size),
            "AAB003": _codes(number, ["1", "2"]), "AAB004": _numbers(born, number),
            "AAB005": born.cast(pl.Date).dt.strftime("%Y%m%d"), "AAB006": _codes(place, ["01", "02", "03"]),
            "AAB007": _codes(number, ["01", "08", "13", "06"]), "AAB008": _codes(number, ["02", "03", "04"]),
            "AAB009": _codes(number, ["01", "03"]), "AAB010": _codes(number, ["01", "04", "02"]),
            "AAB011": _codes(number, ["01", "04"]), "AAB012": _codes(number, ["0", "6", "10"]),
            "AAB015": _codes(number, ["1"]), "AAB017": _codes(health, ["01", "02", "03"]),
            "AAB019": _codes(number, ["0"]), "AAR040": _codes(number, [str(YEAR)]), "AAR100": _codes(number, ["1"]),
        }
    )  # fmt: skip


def _home_ids(homes: int) -> pl.Series:
    return COUNTY + pl.Series(np.arange(homes)).cast(pl.String).str.zfill(11)


def _codes(number: pl.Series, codes: list[str]) -> pl.Series:
    return pl.Series(codes).gather(number % len(codes))


def _names(size: int) -> pl.Series:
    family, first, second = "韦蓝覃黄陆农莫罗梁李", "大小秋春冬夏明清文武", "山水花草月星云雨风雪妹英"
    picks = [pl.Series(list(letters)) for letters in (family, first, second)]
    index = np.arange(size)
    return picks[0].gather(index % 10) + picks[1].gather(index // 10 % 10) + picks[2].gather(index // 100 % 12)


def _numbers(born: pl.Series, number: pl.Series) -> pl.Series:
    """Valid ID numbers, no two the same: the day and a serial number on it."""
    days = pl.DataFrame({"day": born}).with_columns(pl.int_range(pl.len()).over("day").alias("serial"))
    serial = days["serial"].cast(pl.String).str.zfill(3)
    area = (450102 + number // 500_000).cast(pl.String)
    first = area + born.cast(pl.Date).dt.strftime("%Y%m%d") + serial
    digits = np.array([list(map(int, text)) for text in first])
    marks = np.array(list("10X98765432"))
    weights = np.array([7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2])
    return first + pl.Series(marks[(digits * weights).sum(axis=1) % 11].tolist())


def ours(folder: Path, name: str) -> Work:
    enter(folder / "house")
    return partial(_look_and_apply, folder, name)


def _look_and_apply(folder: Path, name: str) -> dict[str, Any]:
    from fupin.accounts.api import User, acting_as
    from fupin.exchange import api as exchange

    by = User.objects.get(username=OFFICE)
    files = [folder / f"{name}-{table}.csv" for table in ("ac01", "ab01")]
    with acting_as(by):
        opened = [exchange.LedgerFile(path.name, path.stat().st_size, path.open("rb")) for path in files]
        batch = exchange.receive_ledger(by=by, files=opened, region=COUNTY, as_of=AS_OF, year=YEAR, in_background=False)
        began = time.perf_counter()
        batch = exchange.run_plan(batch.pk)
        looked = time.perf_counter() - began
        for doubt in batch.doubts:
            exchange.confirm_doubt(by=by, batch_id=batch.pk, key=doubt["key"], chosen=doubt["chosen"])
        exchange.order_apply(by=by, batch_id=batch.pk, in_background=False)
        began = time.perf_counter()
        batch = exchange.run_apply(batch.pk)
    if batch.state != "applied":
        raise RuntimeError(f"{batch.state}: {batch.problem}")
    return {"look_s": looked, "apply_s": time.perf_counter() - began, **batch.counts["applied"]}


OFFICE = "shiban"


def floor(folder: Path, name: str) -> Work:
    """The same rows as text into tables without an index."""
    enter(folder / "house")
    tables = {table: folder / f"{name}-{table}.csv" for table in ("ac01", "ab01")}
    for table, path in tables.items():
        columns = ", ".join(f'"{column}" text' for column in pl.read_csv(path, n_rows=1).columns)
        execute_as_owner(f"DROP TABLE IF EXISTS bare_{table}", f"CREATE TABLE bare_{table} ({columns})")
    return partial(_copy, tables)


def _copy(tables: dict[str, Path]) -> None:
    from django.db import connections, transaction

    with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
        for table, path in tables.items():
            with cursor.copy(f"COPY bare_{table} FROM STDIN (FORMAT csv, HEADER)") as copy:
                copy.write(path.read_bytes())


def run(data: Path, quick: bool) -> Iterable[Result]:
    persons = QUICK_PERSONS if quick else PERSONS
    folder = made(data / f"ledgers-{persons}-v1", partial(make, persons=persons))
    try:
        with running(folder / "house") as server:
            for name in ("first", "second"):
                bare = measure(partial(floor, folder, name))
                found = measure(partial(ours, folder, name))
                took = found.value["look_s"] + found.value["apply_s"]
                more = {**found.value, "under_two_minutes": found.value["apply_s"] < SECONDS, "cpu_s": found.cpu}
                yield Result(
                    f"ledgers/{name}", persons, took, bare.seconds, found.peak_mb + server.mb,
                    "COPY of the same rows into tables without an index", REACH, more,
                )  # fmt: skip
    finally:
        forget(folder)


def forget(folder: Path) -> None:
    """A second run begins with an empty registry again."""
    import shutil

    shutil.rmtree(folder, ignore_errors=True)
