"""The sealer: outside the database, it signs every few seconds what the trail has gained.

Ids are drawn without a lock, so a lower one may be committed after a higher one. What is sealed must be complete: the
sealer notes the newest id and which transactions may still be writing ones up to it, and seals when all of those have
ended. (A trigger draws no id before its transaction has its number.) A rolled-back transaction leaves a gap; a gap
that is filled later breaks the seal over it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from fupin.accounts.trail import entries, heads
from fupin.accounts.trail.chain import BEGINNING, Seal
from fupin.accounts.trail.entries import Connection
from fupin.accounts.trail.keys import SealingKey, load_or_make
from fupin.kernel.errors import UserError

LOCK = 4_501_240_012  # advisory: one sealer at a time
MOST = 1000  # entries under one seal: an entry of a bulk load may hold 60 KB of keys

INSERT = """
INSERT INTO accounts_seal
    (number, first, last, entries, size, digest, leaves, previous, at, key_id, hash, signature)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""


@dataclass(frozen=True)
class Places:
    key_file: Path
    heads: Path


@dataclass(frozen=True)
class Mark:
    """Ids up to ``newest`` are final once no transaction before ``until`` is open."""

    newest: int
    until: int


class Sealer:
    """Holds the connection, the key and the newest seal. Raises UserError when the chain is not as it left it."""

    def __init__(self, connection: Connection, key: SealingKey, folder: Path) -> None:
        self.connection = connection
        self.key = key
        self.folder = folder
        self.newest = entries.last_seal(connection)
        self.waiting: Mark | None = None
        self._agree_with_heads()

    def tick(self) -> list[Seal]:
        """Seal what has become final since the mark; the new seals."""
        if self.waiting is None:
            self.waiting = self._mark()
        if self._oldest_open() < self.waiting.until:
            return []
        newest, self.waiting = self.waiting.newest, None
        made: list[Seal] = []
        while (seal := self._seal(newest)) is not None:
            made.append(seal)
        return made

    def _mark(self) -> Mark:
        """The newest id first, then the transactions: not in one statement, whose snapshot would be the older."""
        newest = self._number("SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM accounts_trail_id_seq")
        return Mark(newest, self._number("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint"))

    def _oldest_open(self) -> int:
        return self._number("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")

    def _number(self, statement: str) -> int:
        return int(entries.single(self.connection, statement)[0])

    def _seal(self, newest: int) -> Seal | None:
        """The next seal, up to ``newest``; None when there is nothing to seal."""
        first = 1 if self.newest is None else self.newest.last + 1
        with self.connection.transaction():
            self._demand_newest()
            seal = self._next(first, newest)
            if seal is None:
                return None
            leaves = entries.leaves(self.connection, seal.first, seal.last)
            seal = replace(seal, leaves=hashlib.sha256(leaves).digest())
            seal = replace(seal, signature=self.key.sign(seal.message))
            self.connection.execute(
                INSERT,
                (
                    *(seal.number, seal.first, seal.last, seal.entries, seal.size, seal.digest, leaves),
                    *(seal.previous, seal.at, seal.key_id, seal.hash, seal.signature),
                ),
            )
        heads.append(self.folder, [seal], self.key.public)
        self.newest = seal
        return seal

    def _next(self, first: int, newest: int) -> Seal | None:
        row = entries.single(
            self.connection,
            "SELECT count(*), max(id) FROM (SELECT id FROM accounts_trail WHERE id BETWEEN %s AND %s"
            " ORDER BY id LIMIT %s) next",
            (first, newest, MOST),
        )
        if not row[0]:
            return None
        last = int(row[1]) if row[0] == MOST else newest
        count, size, lines = entries.rows_of(self.connection, first, last)
        before = self.newest
        return Seal(
            number=1 if before is None else before.number + 1,
            first=first,
            last=last,
            entries=count,
            size=size,
            digest=hashlib.sha256(lines).digest(),
            leaves=b"",
            previous=BEGINNING if before is None else before.hash,
            at=datetime.now(UTC).isoformat(timespec="milliseconds"),
            key_id=self.key.id,
        )

    def _demand_newest(self) -> None:
        """Nobody may go on from another chain than the one that was left, not even we."""
        found = entries.last_seal(self.connection)
        if (found and found.hash) != (self.newest and self.newest.hash):
            raise _other_chain(self.folder, found, self.newest)

    def _agree_with_heads(self) -> None:
        """A crash may have left the newest heads unwritten; a chain that ends before its heads was cut."""
        written = heads.last(self.folder)
        number = 0 if written is None else written.number
        found = {seal.number: seal for seal in entries.seals_from(self.connection, number)}
        if written is not None and (number not in found or found[number].hash != written.hash):
            raise _other_chain(self.folder, self.newest, written)
        missing = [seal for seal in found.values() if seal.number > number]
        if missing:
            heads.append(self.folder, missing, self.key.public)


def open_sealer(connection: Connection, places: Places, *, new_key: bool = False) -> Sealer | None:
    """None when another sealer is at work. Raises UserError: key gone, chain cut."""
    row = connection.execute("SELECT pg_try_advisory_lock(%s)", (LOCK,)).fetchone()
    if row is None or not row[0]:
        return None
    may_make = new_key or entries.last_seal(connection) is None
    return Sealer(connection, load_or_make(places.key_file, may_make=may_make), places.heads)


def seal_for_ever(places: Places, wait: Callable[[], bool]) -> None:
    """Seal until ``wait`` (a pause) answers that it is over; a lost connection is opened again."""
    while True:
        try:
            with entries.owners_connection() as connection:
                sealer = None
                while not wait():
                    sealer = sealer or open_sealer(connection, places)
                    if sealer is not None:
                        sealer.tick()
                return
        except psycopg.OperationalError:
            if wait():
                return


def seal_now(places: Places, wait: Callable[[], bool], *, new_key: bool = False) -> list[Seal]:
    """Everything that is final now, or becomes so before ``wait`` answers that it took too long. Raises UserError."""
    with entries.owners_connection() as connection:
        sealer = open_sealer(connection, places, new_key=new_key)
        if sealer is None:
            raise UserError(
                "另一个封存进程正在工作",
                "another sealer is at work",
                "fupin serve 自己会封存；要单独封存，先停掉它",
                "`fupin serve` seals by itself; stop it first to seal by hand",
            )
        made = sealer.tick()
        while sealer.waiting is not None and not wait():
            made += sealer.tick()
        return made


def _other_chain(folder: Path, found: Seal | None, known: Seal | None) -> UserError:
    here = f"{found.number}" if found else "0"
    there = f"{known.number}" if known else "0"
    return UserError(
        f"库里的封存链（到第 {here} 号）接不上 {folder} 里的链头（第 {there} 号）：封存停止，以免盖住改动",
        f"the chain in the database (to seal {here}) does not join the heads in {folder} (seal {there}): "
        "sealing stops, so that nothing is covered up",
        "先运行 fupin audit verify 查明；若是从备份恢复，把旧链头文件另存后再封存",
        "find out with `fupin audit verify`; after a restore from a backup, move the old file of heads aside first",
    )
