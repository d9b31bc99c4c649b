"""The whole registry at one moment → dated Parquet for the engine. Never a phone, an ID number or an account.

One transaction exports its snapshot, a second connection takes it over: both see exactly the same moment while others
go on writing. Rows stream from the database into the files, sorted by key.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from django.db import connection
from django.utils import timezone
from psycopg.conninfo import make_conninfo
from psycopg.pq import Conninfo

from fupin.accounts.api import open_scope_on
from fupin.catalogue.schema import Column, tables
from fupin.registry.progress import Progress, quiet
from fupin.registry.views import LAKE_KEY_IN_USE, PERSONS, columns_of

ROW_GROUP = 200_000
ARROW: dict[str, pa.DataType] = {
    "text": pa.string(), "code": pa.string(), "int": pa.int64(), "money": pa.int64(), "month": pa.int32(),
    "decimal": pa.float64(), "flag": pa.bool_(), "date": pa.date32(), "key": pa.binary(),
}  # fmt: skip
SQL_TYPES = {"int": "bigint", "money": "bigint", "month": "integer", "decimal": "double precision"}
#: row policies guard the tables; persons come through a view that joins them once
SOURCES = {
    "households": "registry_household",
    "survey": "registry_survey",
    "ledger": "registry_ledgerentry",
    "persons": PERSONS,
}
#: of households that ended (few; a member has none of those any more) nothing goes to the engine
_ENDED = "WHERE t.household_id NOT IN (SELECT e.household_id FROM registry_household e WHERE e.ended_on IS NOT NULL)"
LIVING = {"households": "WHERE t.ended_on IS NULL", "survey": _ENDED, "ledger": _ENDED}
#: which connection reads which tables, at the same time
SHARES = (("persons", "survey"), ("ledger", "households"))


@dataclass(frozen=True)
class SnapshotInfo:
    """What ``manifest.json`` says: counts and SHA-256 by table, and the id of the key behind ``persons.key``."""

    id: str
    taken_at: str
    lake_key: str
    counts: dict[str, int]
    sha256: dict[str, str]


def snapshot(folder: Path, progress: Progress | None = None) -> SnapshotInfo:
    """Write four Parquet files and, last, ``manifest.json``: a folder without one is not a snapshot.

    Raises OSError when the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "manifest.json").unlink(missing_ok=True)
    report = _counting(progress or quiet)
    taken_at = timezone.localtime()
    with _same_moment(len(SHARES)) as readers, ThreadPoolExecutor(len(SHARES)) as pool:
        lake_key = _one(readers[0], f"SELECT {LAKE_KEY_IN_USE}")
        shares = [pool.submit(_write_share, *pair, folder, report) for pair in zip(readers, SHARES, strict=True)]
        counts = _joined(shares)
    sums = {name: _sha256(folder / f"{name}.parquet") for name in counts}
    info = SnapshotInfo(_id(taken_at), taken_at.isoformat(), lake_key, counts, sums)
    partial = folder / "manifest.partial"
    partial.write_text(json.dumps(asdict(info), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    partial.replace(folder / "manifest.json")
    return info


def query(name: str) -> str:
    """The SELECT behind one file: catalogue columns and types within the scope, sorted by key in byte order."""
    columns = ", ".join(f"{_typed(column)} AS {column.name}" for column in columns_of(name))
    order = ", ".join(_sort(name, key) for key in tables()[name].key)
    # names come from the catalogue's own files, never from outside
    return f"SELECT {columns} FROM {SOURCES[name]} t {LIVING.get(name, '')} ORDER BY {order}"  # noqa: S608


def _typed(column: Column) -> str:
    return f"t.{column.name}::{SQL_TYPES[column.type]}" if column.type in SQL_TYPES else f"t.{column.name}"


def _sort(name: str, key: str) -> str:
    text = tables()[name].columns[key].type == "text"
    return f't.{key} COLLATE "C"' if text else f"t.{key}"


@contextmanager
def _same_moment(count: int) -> Iterator[list[Any]]:
    """``count`` connections inside read-only transactions that see the same committed state."""
    import adbc_driver_postgresql.dbapi as adbc  # type: ignore[import-untyped]  # loads pandas where it finds it: 1 s

    conninfo = _conninfo()
    readers: list[Any] = []
    try:
        readers.extend(adbc.connect(conninfo, autocommit=True) for _ in range(count))
        _begin(readers[0])
        exported = _one(readers[0], "SELECT pg_export_snapshot()")
        for reader in readers[1:]:
            _begin(reader)
            _run(reader, f"SET TRANSACTION SNAPSHOT '{exported}'")
        for reader in readers:
            _run(reader, open_scope_on(int(_one(reader, "SELECT pg_backend_pid()"))))
        yield readers
    finally:
        for reader in readers:
            reader.close()


def _conninfo() -> str:
    """Of Django's connection parameters those that libpq knows (Django adds some of psycopg's own)."""
    words = {option.keyword.decode() for option in Conninfo.get_defaults()}
    parameters = connection.get_connection_params()
    return make_conninfo(**{key: value for key, value in parameters.items() if key in words and value is not None})


def _begin(reader: Any) -> None:
    _run(reader, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    # both cores are busy already; without helpers the planner walks the sorted indexes instead of sorting on disk
    _run(reader, "SET LOCAL max_parallel_workers_per_gather = 0")
    # the households in scope are kept in a hash table while the ledger is read; too small a one, and each row asks anew
    _run(reader, "SET LOCAL hash_mem_multiplier = 16")


def _run(reader: Any, sql: str) -> None:
    with closing(reader.cursor()) as cursor:
        cursor.execute(sql)


def _one(reader: Any, sql: str) -> str:
    with closing(reader.cursor()) as cursor:
        cursor.execute(sql)
        return str(cursor.fetchone()[0])


def _write_share(reader: Any, names: tuple[str, ...], folder: Path, report: Callable[[str], None]) -> dict[str, int]:
    counts = {}
    for name in names:
        counts[name] = _write(reader, name, folder / f"{name}.parquet")
        report(name)
    return counts


def _write(reader: Any, name: str, path: Path) -> int:
    schema = pa.schema([(column.name, ARROW[column.type]) for column in columns_of(name)])
    rows = 0
    with closing(reader.cursor()) as cursor, pq.ParquetWriter(path, schema, compression="zstd") as writer:
        cursor.execute(query(name))
        for table in _groups(cursor.fetch_record_batch(), schema):
            writer.write_table(table, row_group_size=ROW_GROUP)
            rows += table.num_rows
    return rows


def _groups(batches: Any, schema: pa.Schema) -> Iterator[pa.Table]:
    """Tables of at least ROW_GROUP rows (the last one of what is left) from the many small batches of the driver."""
    waiting: list[pa.RecordBatch] = []
    for batch in batches:
        waiting.append(batch)
        if sum(part.num_rows for part in waiting) >= ROW_GROUP:
            yield pa.Table.from_batches(waiting).cast(schema)
            waiting = []
    if waiting:
        yield pa.Table.from_batches(waiting).cast(schema)


def _joined(shares: list[Future[dict[str, int]]]) -> dict[str, int]:
    found: dict[str, int] = {}
    for share in shares:
        found |= share.result()
    return {name: found[name] for name in tables() if name in found}


def _counting(progress: Progress) -> Callable[[str], None]:
    done, total, lock = 0, sum(len(names) for names in SHARES), threading.Lock()

    def report(step: str) -> None:
        nonlocal done
        with lock:
            done += 1
            progress(f"snapshot:{step}", done / total)

    return report


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _id(moment: datetime) -> str:
    return f"registry-{moment:%Y%m%d-%H%M%S-%f}"
