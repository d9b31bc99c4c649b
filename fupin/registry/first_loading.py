"""The first load of an empty registry, by the owner of the tables: COPY into bare tables, keys and indexes afterwards.

Row by row a foreign key costs more than the row itself; built at once over the whole table, keys, indexes and checks
cost seconds. What is taken off and put back is read from the system catalogue, so nothing is listed twice. All of it
happens in one transaction under exclusive locks: other sessions see the empty registry, then the full one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import polars as pl
from django.db import connection, connections, models, transaction
from django.db.utils import OperationalError
from psycopg.errors import DeadlockDetected, LockNotAvailable

from fupin.registry.copying import CopyIn, copy_to, quoted

OWNER = "owner"
#: how long to wait for sessions that are using the tables; longer, and the load goes the slow way beside them
PATIENCE = "5s"
T = TypeVar("T")

FOREIGN_KEYS = """
SELECT conrelid::regclass::text, confrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(oid)
FROM pg_constraint
WHERE contype = 'f' AND (conrelid = ANY(%s::regclass[]) OR confrelid = ANY(%s::regclass[]))
"""
KEYS = """
SELECT conrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(oid)
FROM pg_constraint WHERE contype IN ('p', 'u', 'x') AND conrelid = ANY(%s::regclass[])
"""
INDEXES = """
SELECT indrelid::regclass::text, indexrelid::regclass::text, pg_get_indexdef(indexrelid)
FROM pg_index WHERE indrelid = ANY(%s::regclass[])
AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = indexrelid AND c.contype IN ('p', 'u', 'x'))
"""
OWNED = "SELECT bool_and(pg_has_role(relowner, 'USAGE')) FROM pg_class WHERE oid = ANY(%s::regclass[])"


@dataclass(frozen=True)
class Part:
    """A key, index or foreign key: the table it hangs on, how it comes off, how it comes back."""

    table: str
    off: str
    on: str


def load_into_empty(tables: Sequence[type[models.Model]], write: Callable[[CopyIn, str], T]) -> T | None:
    """What ``write(copy_in, alias)`` returns, or None when this way is closed and nothing was touched.

    It is closed inside a transaction of the app (its locks would never yield), when a table has rows, when the login
    "owner" does not own them, and when other sessions keep them busy.
    """
    if connection.in_atomic_block:
        return None
    owner = connections[OWNER]
    try:
        with transaction.atomic(using=OWNER), owner.cursor() as cursor:
            names = [_name(cursor, model) for model in tables]
            if not _reserve(cursor, names):
                return None
            bare = BareTables(cursor, names)
            result = write(bare.copy_in, OWNER)
            bare.complete()
            cursor.execute(f"ANALYZE {', '.join(names)}")
            return result
    finally:
        owner.close()


def _reserve(cursor: Any, names: list[str]) -> bool:
    """Lock the tables and all that hang on them; true when they are ours and empty."""
    cursor.execute(OWNED, [names])
    if not cursor.fetchone()[0]:
        return False
    cursor.execute(f"SET LOCAL lock_timeout = '{PATIENCE}'")
    neighbours = {table for key in _foreign_keys(cursor, names) for table in key[:2]}
    try:
        with transaction.atomic(using=OWNER):
            cursor.execute(f"LOCK TABLE {', '.join(sorted({*names, *neighbours}))} IN ACCESS EXCLUSIVE MODE")
    except OperationalError as error:
        if isinstance(error.__cause__, LockNotAvailable | DeadlockDetected):
            return False
        raise
    cursor.execute("SELECT " + " OR ".join(f"EXISTS (SELECT FROM {name})" for name in names))  # noqa: S608
    return not cursor.fetchone()[0]


def _name(cursor: Any, model: type[models.Model]) -> str:
    """The table's name as the catalogue spells it: quoted only where it must be."""
    cursor.execute("SELECT %s::regclass::text", [quoted(model)])
    return str(cursor.fetchone()[0])


def _foreign_keys(cursor: Any, names: list[str]) -> list[tuple[str, str, str, str]]:
    cursor.execute(FOREIGN_KEYS, [names, names])
    return list(cursor.fetchall())


class BareTables:
    """Empty tables of the present transaction without keys, indexes and foreign keys, until ``complete``."""

    def __init__(self, cursor: Any, names: list[str]) -> None:
        self.cursor = cursor
        self.foreign_keys = [_constraint(table, *rest) for table, _, *rest in _foreign_keys(cursor, names)]
        cursor.execute(KEYS, [names])
        self.indexes = [_constraint(*row) for row in cursor.fetchall()]
        cursor.execute(INDEXES, [names])
        self.indexes += [Part(table, f"DROP INDEX {index}", make) for table, index, make in cursor.fetchall()]
        for part in (*self.foreign_keys, *self.indexes):
            cursor.execute(part.off)
        # fresh files of this very transaction: rows may be written frozen and, where the server allows, without a log
        cursor.execute(f"TRUNCATE {', '.join(names)}")

    def copy_in(self, model: type[models.Model], frames: Iterable[pl.DataFrame]) -> int:
        """Rows written; keys and indexes of this table are made at once, while other threads prepare the next one."""
        table = _name(self.cursor, model)
        rows = copy_to(self.cursor, table, frames, "FREEZE")
        self._make([part for part in self.indexes if part.table == table])
        return rows

    def complete(self) -> None:
        """Whatever is still off comes back; the server checks every foreign key over whole tables."""
        self._make(list(self.indexes))
        for key in self.foreign_keys:
            self.cursor.execute(key.on)

    def _make(self, parts: list[Part]) -> None:
        for part in parts:
            self.cursor.execute(part.on)
            self.indexes.remove(part)


def _constraint(table: str, name: str, definition: str) -> Part:
    change = f"ALTER TABLE {table}"
    return Part(table, f"{change} DROP CONSTRAINT {name}", f"{change} ADD CONSTRAINT {name} {definition}")
