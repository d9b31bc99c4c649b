"""Proving the trail whole, or naming the first link that is broken: the chain first, then what it covers.

Streamed: memory does not grow with the trail. Entries are read by two connections at once.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from fupin.accounts.trail import entries, heads, words
from fupin.accounts.trail.chain import BEGINNING, Seal, harms
from fupin.accounts.trail.entries import Connection, owners_connection
from fupin.accounts.trail.heads import Head
from fupin.accounts.trail.keys import key_id_of, signed_by
from fupin.accounts.trail.words import Broken

READERS = min(4, os.cpu_count() or 1)
PIECES = 64
BLOCK_BYTES = 8 << 20
BLOCK_SEALS = 2000
Progress = Callable[[str, float], None]


@dataclass(frozen=True)
class Verdict:
    """``broken`` is None when everything up to ``seal`` is as it was sealed; the tail is not sealed yet."""

    seals: int
    entries: int
    sealed_at: str
    tail: int
    tail_since: datetime | None
    compared: int
    broken: Broken | None


@dataclass
class Chain:
    """What the walk along the seals has found."""

    seals: int = 0
    entries: int = 0
    compared: int = 0
    newest: Seal | None = None
    broken: Broken | None = None


def verify(keys: dict[str, bytes], files: Sequence[Path], progress: Progress) -> Verdict:
    """``keys``: id → public key that may have signed; ``files``: heads kept elsewhere. Raises UserError."""
    with owners_connection() as connection:
        progress("核对封存链", 0.0)
        chain = walk(entries.seals_from(connection, 1), keys, heads.merged(files))
        if chain.broken is None and chain.newest is not None:
            chain.broken = _signatures(connection, chain.newest, keys) or _before_the_first(connection)
        if chain.newest is not None:
            # what lies under a broken chain is checked too: the earlier fault is the first one
            under = _contents(connection, chain.newest.number, progress)
            if under is not None and (chain.broken is None or under.seal < chain.broken.seal):
                chain.broken = under
        tail, since = _tail(connection, chain.newest)
        verdict = Verdict(
            chain.seals,
            chain.entries,
            chain.newest.at if chain.newest else "",
            tail,
            since,
            chain.compared,
            chain.broken,
        )
        _note(connection, verdict, chain.newest)
        return verdict


def walk(seals: Iterator[Seal], keys: dict[str, bytes], kept: Iterator[Head]) -> Chain:
    """Along the links, beside the heads that were kept; stops at the first break."""
    chain = Chain()
    head = next(kept, None)
    for seal in seals:
        chain.broken = _link(chain.newest, seal, keys)
        while chain.broken is None and head is not None and head.seal.number <= seal.number:
            chain.broken = _beside(seal, head, keys)
            chain.compared += 1
            head = next(kept, None)
        if chain.broken is not None:
            return chain
        chain.newest = seal
        chain.seals += 1
        chain.entries += seal.entries
    if head is not None:
        chain.broken = words.cut(chain.newest, head)
    return chain


def _link(before: Seal | None, seal: Seal, keys: dict[str, bytes]) -> Broken | None:
    number, first, previous = (1, 1, BEGINNING) if before is None else (before.number + 1, before.last + 1, before.hash)
    if seal.number != number:
        return words.seals_missing(number, seal.number - 1)
    if seal.previous != previous:
        own = before is None or signed_by(keys[before.key_id], before)
        return words.unlinked(seal) if own or before is None else words.forged(before)
    if seal.first != first:
        return words.range_gap(seal, first)
    return None if seal.key_id in keys else words.wrong_key(seal)


def _beside(seal: Seal, head: Head, keys: dict[str, bytes]) -> Broken | None:
    if head.seal.hash == seal.hash and head.seal.number == seal.number:
        return None
    if not signed_by(keys[seal.key_id], seal):
        return words.forged(seal)
    ours = keys.get(head.seal.key_id) or (head.key if key_id_of(head.key) == head.seal.key_id else b"")
    return words.other_head(head) if ours and signed_by(ours, head.seal) else words.forged_head(head)


def _signatures(connection: Connection, newest: Seal, keys: dict[str, bytes]) -> Broken | None:
    """The newest signature covers the chain below it; only where it is wrong is every one tried, to name the first."""
    if signed_by(keys[newest.key_id], newest):
        return None
    for seal in entries.seals_from(connection, 1, newest.number):
        if not signed_by(keys[seal.key_id], seal):
            return words.forged(seal)
    return None


def _before_the_first(connection: Connection) -> Broken | None:
    row = connection.execute("SELECT min(id) FROM accounts_trail WHERE id < 1").fetchone()
    return words.before_all(int(row[0])) if row and row[0] is not None else None


def _contents(connection: Connection, newest: int, progress: Progress) -> Broken | None:
    """Every sealed range against what it was; the earliest fault in words."""
    size = max(1, -(-newest // PIECES))
    pieces = [(low, min(low + size - 1, newest)) for low in range(1, newest + 1, size)]
    with ThreadPoolExecutor(READERS) as pool:
        waiting = [pool.submit(_piece, low, high) for low, high in pieces]
        for number, one in enumerate(waiting):
            if (seal := one.result()) is not None:
                for other in waiting:
                    other.cancel()
                return _told(connection, seal)
            progress("核对每条留痕", (number + 1) / len(pieces))
    return None


def _piece(low: int, high: int) -> Seal | None:
    """The first seal from ``low`` to ``high`` that does not fit what it covers."""
    with owners_connection() as seals, owners_connection() as rows:
        for group in _groups(entries.seals_from(seals, low, high)):
            found = entries.rows_by_seal(rows, group)
            for place, seal in enumerate(group):
                count, lines = found.get(place, (0, b""))
                if count != seal.entries or hashlib.sha256(lines).digest() != seal.digest:
                    return seal
    return None


def _groups(seals: Iterator[Seal]) -> Iterator[list[Seal]]:
    group: list[Seal] = []
    size = 0
    for seal in seals:
        if group and (size + seal.size > BLOCK_BYTES or len(group) == BLOCK_SEALS):
            yield group
            group, size = [], 0
        group.append(seal)
        size += seal.size
    if group:
        yield group


def _told(connection: Connection, seal: Seal) -> Broken:
    """Which entry of the seal's range it is, if the seal's own list of leaves is sound."""
    kept = entries.packed_leaves(connection, seal.number)
    if hashlib.sha256(kept).digest() != seal.leaves:
        return words.range_changed(seal)
    found = list(harms(kept, entries.leaves(connection, seal.first, seal.last)))
    return words.harmed(seal, found) if found else words.range_changed(seal)


def _tail(connection: Connection, newest: Seal | None) -> tuple[int, datetime | None]:
    statement = "SELECT count(*), min(at) FROM accounts_trail WHERE id > %s"
    row = entries.single(connection, statement, (newest.last if newest else 0,))
    return int(row[0]), row[1]


def _note(connection: Connection, verdict: Verdict, newest: Seal | None) -> None:
    """For the page of the audit administrator."""
    broken = verdict.broken
    connection.execute(
        "INSERT INTO accounts_trailcheck (seal, entries, broken_zh, broken_en) VALUES (%s, %s, %s, %s)",
        (newest.number if newest else 0, verdict.entries, broken.zh if broken else "", broken.en if broken else ""),
    )
