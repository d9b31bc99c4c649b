"""Snapshot: two million households and seven million persons out of PostgreSQL, against a bare ADBC read.

Ours is ``registry.api.snapshot``: one moment over all tables, sorted by key, written as compressed Parquet with
SHA-256. The reference reads the same columns of the same tables over as many connections and throws them away: no
order, no file. Each household has one survey and one row of the ledger (a year recalled).
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from pathlib import Path

from fupin.bench.frame import Result, Work, alternate, made, measure
from fupin.bench.own_house import enter, execute_as_owner, run_fupin, running, stop

HOUSEHOLDS, QUICK_HOUSEHOLDS = 2_000_000, 20_000
PERSONS_IN_TWO = 7  # persons in two households
REPEATS = 1
REACH = 1.5

HOUSEHOLD_ROWS = """
INSERT INTO registry_household (household_id, village_code, head_name, head_pinyin, members, state, attribute,
  standard, cause_main, registered_on, exited_on, relocated, only_child, martyr_family, phone_hint)
SELECT 'H' || lpad(h::text, 15, '0'), '4501' || lpad((h * 100000 / {households})::text, 8, '0'),
  (ARRAY['韦小明','黄美花','覃大山','莫·阿依'])[1 + h % 4], (ARRAY['weixiaoming','huangmeihua','qindashan'])[1 + h % 3],
  3 + h % 2, (ARRAY['0','1','2','9'])[1 + h % 4], '0' || 1 + h % 4, '0' || 1 + h % 2, '0' || 1 + h % 8,
  date '2015-11-30', NULLIF(date '2018-12-31', date '2018-12-31' - (h % 2)::int), h % 9 = 0, h % 7 = 0, false,
  decode(repeat(md5(h::text), 2), 'hex')
FROM generate_series(0::bigint, {households} - 1) h"""

PERSON_ROWS = """
INSERT INTO registry_person (person_id, name, pinyin, id_hint, id_lookup, lake_key, sex, birth_date, ethnicity,
  political, education, health, labour, self_care, work_region, work_months, skill_certificate, medical_insured,
  pension_insured, serious_illness_insured, soldier, pregnant, left_behind)
SELECT 'P' || lpad(p::text, 17, '0'), (ARRAY['韦小明','黄美花','覃大山','莫·阿依'])[1 + p % 4],
  (ARRAY['wei xiao ming','huang mei hua','qin da shan','mo a yi'])[1 + p % 4], decode(repeat(md5(p::text), 4), 'hex'),
  decode(md5('l' || p), 'hex'), decode(md5('k' || p), 'hex'), 1 + p % 2, date '1930-01-01' + (p % 30000)::int, '08',
  '13', '0' || p % 7, '0' || 1 + p % 4, '0' || 1 + p % 5, '0' || 1 + p % 3, NULLIF('0' || p % 5, '00'), p % 13,
  p % 9 = 0, p % 11 > 0, p % 5 > 0, true, false, false, p % 17 = 0
FROM generate_series(0::bigint, {persons} - 1) p"""

MEMBERSHIP_ROWS = """
INSERT INTO registry_membership (household_id, person_id, relation, valid_from)
SELECT 'H' || lpad((p * 2 / 7)::text, 15, '0'), 'P' || lpad(p::text, 17, '0'), '0' || 1 + p % 5, date '2015-11-30'
FROM generate_series(0::bigint, {persons} - 1) p"""

#: what every column of a type holds, from the household's number ``h``
VALUES = {
    "smallint": "2026",
    "integer": "(h % 7)",
    "bigint": "(h % 9973 * 100)",
    "boolean": "(h % 3 = 0)",
    "numeric": "((h % 991)::numeric / 8)",
    "date": "(date '2026-06-01' + (h % 60)::int)",
    "character varying": "('0' || h % 6)",
}
FIXED = {"household_id": "'H' || lpad(h::text, 15, '0')", "month": "202612", "period_months": "12"}


def make(folder: Path, households: int) -> None:
    """A data folder whose registry holds so many households, its server stopped."""
    run_fupin(folder, "migrate")
    measure(partial(_making, folder, households))
    stop(folder)


def _making(folder: Path, households: int) -> Work:
    enter(folder)
    return partial(fill, households)


def fill(households: int) -> None:
    """Rows of invented households in all tables of the snapshot; indexes and foreign keys go away meanwhile."""
    sizes = {"households": households, "persons": households * PERSONS_IN_TWO // 2}
    tables = ("household", "person", "membership", "survey", "ledgerentry")
    names = ", ".join(f"'registry_{name}'" for name in tables)
    away = _statements(LOOSEN.format(names=names)), _statements(TIGHTEN.format(names=names))
    filling = [
        HOUSEHOLD_ROWS,
        PERSON_ROWS,
        MEMBERSHIP_ROWS,
        _yearly("registry_survey"),
        _yearly("registry_ledgerentry"),
    ]
    execute_as_owner(*away[0], *(statement.format(**sizes) for statement in filling), *away[1])
    execute_as_owner(*(f"ANALYZE registry_{name}" for name in tables))


LOOSEN = """
SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname) FROM pg_constraint
WHERE contype = 'f' AND conrelid::regclass::text IN ({names})"""
TIGHTEN = """
SELECT format('ALTER TABLE %s ADD CONSTRAINT %I %s NOT VALID', conrelid::regclass, conname, pg_get_constraintdef(oid))
FROM pg_constraint WHERE contype = 'f' AND conrelid::regclass::text IN ({names})"""


def _statements(query: str) -> list[str]:
    return [statement for (statement,) in execute_as_owner(query)]


def _yearly(table: str) -> str:
    """One row for each household, every column filled."""
    columns = execute_as_owner(
        f"SELECT column_name, data_type FROM information_schema.columns WHERE table_name = '{table}'"  # noqa: S608
    )
    names = ", ".join(f'"{name}"' for name, _type in columns)
    values = ", ".join(FIXED.get(name) or VALUES[type_] for name, type_ in columns)
    return f"INSERT INTO {table} ({names}) SELECT {values} FROM generate_series(0::bigint, {{households}} - 1) h"  # noqa: S608


def ours(folder: Path) -> Work:
    enter(folder)
    from fupin.accounts.api import acting_for_platform
    from fupin.registry import api as registry

    target = folder / "snapshots" / "bench"
    shutil.rmtree(target, ignore_errors=True)

    def work() -> dict[str, int]:
        with acting_for_platform():
            return registry.snapshot(target).counts

    return work


def reference(folder: Path) -> Work:
    """The same columns over as many connections as the snapshot takes, unsorted, thrown away."""
    enter(folder)
    import adbc_driver_postgresql.dbapi as adbc  # type: ignore[import-untyped]

    from fupin.accounts.api import acting_for_platform, open_scope_on
    from fupin.registry.snapshot import SHARES, _conninfo, query

    conninfo = _conninfo()

    def read(names: Iterable[str]) -> int:
        rows = 0
        with adbc.connect(conninfo) as connection, closing(connection.cursor()) as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            backend = cursor.fetchone()[0]
            with acting_for_platform():
                cursor.execute(open_scope_on(backend))
            for name in names:
                cursor.execute(query(name).partition(" ORDER BY ")[0])
                rows += sum(batch.num_rows for batch in cursor.fetch_record_batch())
        return rows

    def work() -> int:
        with ThreadPoolExecutor(len(SHARES)) as pool:
            return sum(pool.map(read, SHARES))

    return work


def run(data: Path, quick: bool) -> Iterable[Result]:
    yield compare(data, QUICK_HOUSEHOLDS if quick else HOUSEHOLDS)


def compare(data: Path, households: int) -> Result:
    folder = made(data / f"registry-{households}-v2", partial(make, households=households))
    with running(folder) as server:
        sides = alternate({"ours": partial(ours, folder), "reference": partial(reference, folder)}, REPEATS)
    one, other = sides["ours"], sides["reference"]
    return Result(
        "snapshot", households, one.seconds, other.seconds, one.peak_mb + server.mb,
        reference="bare ADBC read of the same columns over two connections, unsorted, nothing written",
        reach=REACH, extra={"rows_read": other.value, "client_mb": one.peak_mb, "postgres_mb": server.mb,
               "ours_cpu_s": one.cpu, "reference_cpu_s": other.cpu},
    )  # fmt: skip
