"""The trail's tables as the sealer and the verifier read them: with the owner's login, over a connection of their own.

An entry's bytes are PostgreSQL's binary form of its columns, each with type and length in front: the same whatever a
session likes, and never ambiguous. They are hashed here, not in the database.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from django.db import connections

from fupin.accounts.trail.chain import Seal

OWNER = "owner"
Connection = psycopg.Connection[tuple[Any, ...]]

SAID = (
    "record_send(ROW(at, txid, actor, login, origin, why, source, op, key, last, keys, before, after, digest, entries))"
)
BYTES = f"int8send(id) || {SAID}"
LEAF = f"int8send(id) || substr(sha256({SAID}), 1, 16)"
SEAL = "number, first, last, entries, size, digest, sha256(leaves), previous, at, key_id, signature"
RANGE = f"""
SELECT count(*), coalesce(sum(octet_length(line)), 0), coalesce(string_agg(line, ''), '')
FROM (SELECT {BYTES} AS line FROM accounts_trail WHERE id BETWEEN %s AND %s ORDER BY id) ordered
"""  # noqa: S608
LEAVES = f"""
SELECT coalesce(string_agg(leaf, ''), '')
FROM (SELECT {LEAF} AS leaf FROM accounts_trail WHERE id BETWEEN %s AND %s ORDER BY id) ordered
"""  # noqa: S608
# several seals at once: every entry falls into the last seal that begins at or before it
RANGES = f"""
SELECT place, count(*), string_agg(line, '')
FROM (
    SELECT width_bucket(id, %s::bigint[]) AS place, {BYTES} AS line
    FROM accounts_trail WHERE id BETWEEN %s AND %s ORDER BY id
) ordered
GROUP BY place
"""  # noqa: S608


@contextmanager
def owners_connection() -> Iterator[Connection]:
    """A bare connection as the owner, committing each statement; the tables are the owner's alone."""
    django = connections[OWNER]
    parameters = {**django.get_connection_params(), "autocommit": True, "row_factory": psycopg.rows.tuple_row}
    for name in ("cursor_factory", "context", "pool", "prepare_threshold", "server_side_binding"):
        parameters.pop(name, None)
    with psycopg.connect(**parameters) as connection:
        connection.execute("SET search_path = pg_catalog, public")
        connection.execute("SET work_mem = '64MB'")
        yield connection


def single(connection: Connection, statement: str, parameters: tuple[Any, ...] = ()) -> tuple[Any, ...]:
    """The one row of a statement that always has one."""
    rows = connection.execute(statement, parameters, binary=True).fetchall()
    return rows[0]


def last_seal(connection: Connection) -> Seal | None:
    row = connection.execute(f"SELECT {SEAL} FROM accounts_seal ORDER BY number DESC LIMIT 1").fetchone()  # noqa: S608
    return None if row is None else Seal(*row)


def seals_from(connection: Connection, first: int, last: int | None = None) -> Iterator[Seal]:
    """In order of their numbers, ``first`` to ``last`` or the end, a few thousand in memory at a time."""
    with connection.transaction(), connection.cursor("seals") as cursor:
        cursor.itersize = 5000
        until = 2**63 - 1 if last is None else last
        cursor.execute(
            f"SELECT {SEAL} FROM accounts_seal WHERE number BETWEEN %s AND %s ORDER BY number",  # noqa: S608
            (first, until),
        )
        for row in cursor:
            yield Seal(*row)


def packed_leaves(connection: Connection, number: int) -> bytes:
    """The leaves that a seal keeps beside its signature."""
    row = connection.execute("SELECT leaves FROM accounts_seal WHERE number = %s", (number,), binary=True).fetchone()
    return b"" if row is None else bytes(row[0])


def rows_of(connection: Connection, first: int, last: int) -> tuple[int, int, bytes]:
    """How many entries, how many bytes, the bytes."""
    row = single(connection, RANGE, (first, last))
    return int(row[0]), int(row[1]), bytes(row[2])


def leaves(connection: Connection, first: int, last: int) -> bytes:
    return bytes(single(connection, LEAVES, (first, last))[0])


def rows_by_seal(connection: Connection, group: list[Seal]) -> dict[int, tuple[int, bytes]]:
    """Place in the group → how many entries lie in that seal's range and their bytes."""
    starts = [seal.first for seal in group]
    found = connection.execute(RANGES, (starts, group[0].first, group[-1].last), binary=True)
    return {place - 1: (count, line) for place, count, line in found}
