"""Rotating the keys of the registry while the service works: the new key first, then the records, some at a time.

A rotation can be broken off anywhere and begun again: what is done bears the new key's id, what is not still opens
and is found under the old one. It signs in as the owner of the tables, at the machine: nothing else reads the closed
table. It opens every number, so it says in the trail that it begins and what it did.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import polars as pl
from django.conf import settings
from django.db import connections, transaction

from fupin.accounts import api as accounts
from fupin.accounts.api import User
from fupin.kernel.errors import UserError
from fupin.kernel.keys import PURPOSES, Keys
from fupin.registry.attaching import HEAD
from fupin.registry.changes import paper_files
from fupin.registry.copying import copy_to
from fupin.registry.first_loading import OWNER
from fupin.registry.lake_version import lake_key_in_use
from fupin.registry.numbers import canonical, hashes, tails
from fupin.registry.personal_columns import account_rows, phone_number
from fupin.registry.progress import Progress, quiet
from fupin.registry.sealing import bound_to, hint_of, seal, unseal

BATCH = 5_000
LOCK = 5_047_113  # of the server: one rotation at a time
LAKE = "lake"
FORGET = """
WITH former AS (
    SELECT person_id FROM registry_person
    WHERE person_id > %(last)s AND lake_former IS NOT NULL AND lake_key_id = %(used)s
    ORDER BY person_id LIMIT %(batch)s
), done AS (UPDATE registry_person t SET lake_former = NULL FROM former WHERE t.person_id = former.person_id)
SELECT max(person_id) FROM former
"""

Rows = Sequence[tuple[Any, ...]]


@dataclass(frozen=True)
class Place:
    """A column or columns under a key: which rows are not under the present one, and how a row is made anew.

    ``query`` gives rows by their key after %(last)s whose key id is not %(now)s; the first column is that key.
    """

    name: str
    purpose: str
    table: str
    match: str  # its row ``t`` and the one written anew ``n``
    used: str  # select: key id and count
    query: str
    anew: Callable[[Keys, Rows], pl.DataFrame]


@dataclass(frozen=True)
class Rotated:
    """``made``: whether a new key was made, or an unfinished rotation went on; rows written anew by place."""

    key: str
    made: bool
    rows: dict[str, int]


def rotate(
    *, by: User | None, purpose: str, progress: Progress | None = None, elsewhere: Iterable[str] = ()
) -> Rotated:
    """A new key of this purpose (of the suite in the settings) and everything in the registry under it.

    An unfinished rotation is finished first, without another key; ``elsewhere``: ids of keys that something outside
    the registry is under. After the lake's key comes ``turn_lake_key``. Raises UserError for a purpose that there is
    not or while another rotation runs.
    """
    demand_purpose(purpose)
    with one_rotation():
        live = settings.FUPIN_KEYS
        goes_on = bool({*keys_used(purpose), *elsewhere, *_in_use(purpose)} - {getattr(live.now, purpose).id})
        if not goes_on:
            live.put(live.now.rotated(purpose, "aes" if purpose == LAKE else settings.FUPIN_CIPHER))
        fresh = getattr(live.now, purpose).id
        _record(by, "rotate_key", purpose, {"to": fresh, "goes_on": goes_on})
        rows = renew(purpose=purpose, progress=progress)
        _record(by, "key_rotated", purpose, {"to": fresh, "opened_and_written_anew": rows})
        return Rotated(fresh, not goes_on, rows)


def renew(*, purpose: str, progress: Progress | None = None) -> dict[str, int]:
    """Everything in the registry that is not under the present key; rows written anew by place."""
    keys = settings.FUPIN_KEYS.now
    rows = {place.name: _renew(place, keys, progress or quiet) for place in PLACES if place.purpose == purpose}
    if purpose == "encryption":
        rows["change_files"] = paper_files.reseal()
        rows["second_factors"] = accounts.reseal_factors()
        rows["openings"] = accounts.reseal_openings()
    return rows


def demand_purpose(purpose: str) -> None:
    if purpose not in PURPOSES:
        raise UserError(
            f"没有用途为 {purpose!r} 的密钥",
            f"there is no key for {purpose!r}",
            f"可用：{'、'.join(PURPOSES)}",
            f"there are: {', '.join(PURPOSES)}",
        )


def _in_use(purpose: str) -> set[str]:
    """The platform turns to a new version of the lake key only when everything is under it."""
    return {lake_key_in_use(OWNER)} if purpose == LAKE else set()


def keys_used(purpose: str) -> Counter[str]:
    """Key id → how many values of the registry are under it."""
    found: Counter[str] = Counter()
    with connections[OWNER].cursor() as cursor:
        for place in PLACES:
            if place.purpose == purpose:
                cursor.execute(place.used)
                found.update(dict(cursor.fetchall()))
    return found + paper_files.keys_used() if purpose == "encryption" else found


def drop_key(*, by: User | None, purpose: str, id_: str) -> None:
    """Take a retired key out of the key file. Raises UserError while anything in the registry is under it."""
    demand_purpose(purpose)
    with one_rotation():
        keys = settings.FUPIN_KEYS.now
        kept = keys.without(purpose, id_)
        if purpose == "encryption":
            accounts.reseal_factors()
            accounts.reseal_openings()
        if id_ in _in_use(purpose):
            raise UserError(
                f"新的运行还在用数据湖密钥 {id_}，不能删除",
                f"new runs still join by the lake key {id_}; it stays",
                "先把轮换做完：fupin keys rotate lake",
                "finish the rotation first: `fupin keys rotate lake`",
            )
        if left := keys_used(purpose)[id_]:
            raise UserError(
                f"还有 {left:,} 项数据在用密钥 {id_}，不能删除",
                f"{left:,} values are still under the key {id_}; it stays",
                f"先运行 fupin keys rotate {purpose}",
                f"run `fupin keys rotate {purpose}` first",
            )
        if purpose == LAKE:
            _forget_former_hashes()
        _record(by, "drop_key", purpose, {"key": id_})
        settings.FUPIN_KEYS.put(kept)


def _forget_former_hashes() -> None:
    """Of everybody whose newest hash is in use: who knew the key that goes could try all numbers against the former."""
    last: str | None = ""
    while last is not None:
        with transaction.atomic(using=OWNER), connections[OWNER].cursor() as cursor:
            cursor.execute(FORGET, {"last": last, "used": lake_key_in_use(OWNER), "batch": BATCH})
            last = cursor.fetchone()[0]
    with transaction.atomic(using=OWNER), connections[OWNER].cursor() as cursor:
        cursor.execute("UPDATE registry_formervalue SET lake_former = NULL WHERE lake_former IS NOT NULL")


@contextmanager
def one_rotation() -> Iterator[None]:
    """Nobody else rotates or drops keys meanwhile. May be nested. Raises UserError when somebody does."""
    owner = connections[OWNER]
    with owner.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [LOCK])
        if not cursor.fetchone()[0]:
            raise UserError(
                "另一个轮换正在进行", "another rotation is running", "等它结束再来", "wait until it has ended"
            )
        try:
            yield
        finally:
            if owner.connection is not None and not owner.connection.closed:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])


def _renew(place: Place, keys: Keys, report: Progress) -> int:
    """Batch after batch in the order of the table's key, each in a transaction of its own."""
    total, last, rows = max(1, _left(place, keys)), "", 0
    while True:
        with transaction.atomic(using=OWNER), connections[OWNER].cursor() as cursor:
            now = getattr(keys, place.purpose).id
            cursor.execute(place.query, {"last": last, "now": now, "batch": BATCH})
            found = cursor.fetchall()
            if not found:
                return rows
            _write(cursor, place, place.anew(keys, found))
        last, rows = found[-1][0], rows + len(found)
        report(place.name, min(1.0, rows / total))


def _left(place: Place, keys: Keys) -> int:
    with connections[OWNER].cursor() as cursor:
        cursor.execute(place.used)
        now = getattr(keys, place.purpose).id
        return sum(count for id_, count in cursor.fetchall() if id_ != now)


def _write(cursor: Any, place: Place, frame: pl.DataFrame) -> None:
    columns = ", ".join(f"{name} {'text' if type_ == pl.String else 'bytea'}" for name, type_ in frame.schema.items())
    cursor.execute(f"CREATE TEMPORARY TABLE anew ({columns}) ON COMMIT DROP")
    copy_to(cursor, "anew", [frame])
    changes = ", ".join(f"{name} = n.{name}" for name in frame.columns[1:])
    cursor.execute(f"UPDATE {place.table} t SET {changes} FROM anew n WHERE {place.match}")  # noqa: S608
    cursor.execute("DROP TABLE anew")


def _record(by: User | None, verb: str, purpose: str, detail: dict[str, Any]) -> None:
    accounts.record(by=by, verb=verb, object_kind="keys", object_id=purpose, detail=detail, using=OWNER)


def _values(keys: Keys, rows: Rows) -> pl.DataFrame:
    """k, record, field, cipher → the same values under the present encryption key."""
    bound = [bound_to(record, field) for _k, record, field, _cipher in rows]
    made = [seal(keys, unseal(keys, row[3], one), one) for row, one in zip(rows, bound, strict=True)]
    return pl.DataFrame({"k": [row[0] for row in rows], "cipher": made}).with_columns(key=pl.lit(keys.encryption.id))


def _hints(column: str) -> Callable[[Keys, Rows], pl.DataFrame]:
    def anew(keys: Keys, rows: Rows) -> pl.DataFrame:
        made = [seal(keys, unseal(keys, cipher, hint_of(k)), hint_of(k)) for k, cipher in rows]
        return pl.DataFrame({"k": [row[0] for row in rows], column: made})

    return anew


def _person_hashes(keys: Keys, rows: Rows) -> pl.DataFrame:
    numbers = canonical(pl.Series([unseal(keys, cipher, bound_to(k, "id_number")) for k, cipher in rows]))
    return pl.DataFrame({"k": [row[0] for row in rows]}).with_columns(
        hashes(keys.lookup, numbers).alias("id_lookup"),
        tails(keys.lookup, numbers, 4).alias("id_tail4"),
        tails(keys.lookup, numbers, 6).alias("id_tail6"),
        lookup_key=pl.lit(keys.lookup.id),
    )


def _phone_hashes(keys: Keys, rows: Rows) -> pl.DataFrame:
    phones = phone_number(pl.Series([unseal(keys, cipher, bound_to(k, "phone")) for k, cipher in rows]))
    return pl.DataFrame({"k": [row[0] for row in rows]}).with_columns(
        hashes(keys.lookup, phones).alias("phone_lookup"),
        tails(keys.lookup, phones, 4).alias("phone_tail4"),
        lookup_key=pl.lit(keys.lookup.id),
    )


def _lake_hashes(keys: Keys, rows: Rows) -> pl.DataFrame:
    """Under the newest version, and under the one in use for as long as it is."""
    numbers = canonical(pl.Series([unseal(keys, cipher, bound_to(k, "id_number")) for k, cipher in rows]))
    return pl.DataFrame({"k": [row[0] for row in rows]}).with_columns(
        hashes(keys.lake, numbers).alias("lake_key"),
        hashes(keys.lake_key(lake_key_in_use(OWNER)), numbers).alias("lake_former"),
        lake_key_id=pl.lit(keys.lake.id),
    )


def _account_marks(keys: Keys, rows: Rows) -> pl.DataFrame:
    clear = [unseal(keys, cipher, bound_to(k, "bank_account")) for k, cipher in rows]
    made = account_rows(keys, pl.Series([row[0] for row in rows]), pl.Series(clear))
    return made.select("lookup", "lookup_key", k="record").select("k", "lookup", "lookup_key")


def _former(keys: Keys, rows: Rows) -> pl.DataFrame:
    """k, record, field, cipher, masked form → both under the present encryption key."""
    made = _values(keys, [row[:4] for row in rows])
    hints = [
        None if hint is None else seal(keys, unseal(keys, hint, hint_of(record)), hint_of(record))
        for _k, record, _field, _cipher, hint in rows
    ]
    return made.with_columns(hint=pl.Series(hints, dtype=pl.Binary))


def _former_hashes(keys: Keys, rows: Rows) -> pl.DataFrame:
    """k, record, field, cipher → the hashes that the field has."""
    frames = []
    for field, anew in (("id_number", _person_hashes), ("phone", _phone_hashes), ("bank_account", _account_marks)):
        mine = [row for row in rows if row[2] == field]
        if mine:
            made = anew(keys, [(record, cipher) for _k, record, _field, cipher in mine])
            plain = {name: name.removeprefix("id_").removeprefix("phone_") for name in made.columns[1:]}
            frames.append(made.rename(plain).with_columns(k=pl.Series([row[0] for row in mine])))
    whole = pl.concat(frames, how="diagonal")
    missing = [pl.lit(None, pl.Binary).alias(name) for name in ("tail4", "tail6") if name not in whole.columns]
    return whole.with_columns(missing).select("k", "lookup", "tail4", "tail6", "lookup_key")


def _former_lake(keys: Keys, rows: Rows) -> pl.DataFrame:
    made = _lake_hashes(keys, [(record, cipher) for _k, record, cipher in rows])
    return made.with_columns(k=pl.Series([row[0] for row in rows]))


FORMER_KEY = "lpad(id::text, 20, '0')"  # numbers in the order of texts


def _former_place(purpose: str, used: str, columns: str, anew: Callable[[Keys, Rows], pl.DataFrame]) -> Place:
    return Place(
        f"registry_formervalue.{used}",
        purpose,
        "registry_formervalue",
        "lpad(t.id::text, 20, '0') = n.k",
        f"SELECT {used}, count(*) FROM registry_formervalue WHERE {used} IS NOT NULL GROUP BY 1",  # noqa: S608
        f"SELECT {FORMER_KEY}, {columns} FROM registry_formervalue WHERE {used} IS NOT NULL AND {used} <> %(now)s "  # noqa: S608
        f"AND {FORMER_KEY} > %(last)s ORDER BY 1 LIMIT %(batch)s",
        anew,
    )


def _hint_place(table: str, pk: str, column: str) -> Place:
    head = HEAD.format(column)
    return Place(
        f"{table}.{column}",
        "encryption",
        table,
        f"t.{pk} = n.k",
        f"SELECT {head}, count(*) FROM {table} WHERE {column} IS NOT NULL GROUP BY 1",  # noqa: S608
        f"SELECT {pk}, {column} FROM {table} WHERE {column} IS NOT NULL AND {head} <> %(now)s "  # noqa: S608
        f"AND {pk} > %(last)s ORDER BY {pk} LIMIT %(batch)s",
        _hints(column),
    )


def _hash_place(table: str, pk: str, field: str, kind: str, anew: Callable[[Keys, Rows], pl.DataFrame]) -> Place:
    return Place(
        f"{table}.{field}",
        "lookup",
        table,
        f"t.{pk} = n.k",
        f"SELECT lookup_key, count(*) FROM {table} WHERE lookup_key IS NOT NULL GROUP BY 1",  # noqa: S608
        f"SELECT {pk}, s.cipher FROM {table} t JOIN registry_sealedvalue s "  # noqa: S608
        f"ON s.kind = '{kind}' AND s.record = {pk} AND s.field = '{field}' "
        f"WHERE t.lookup_key <> %(now)s AND {pk} > %(last)s ORDER BY {pk} LIMIT %(batch)s",
        anew,
    )


#: of the closed table; written as one text with blanks between
VALUE_KEY = ("kind", "record", "field")
PLACES = (
    Place(
        "registry_sealedvalue",
        "encryption",
        "registry_sealedvalue",
        " AND ".join(f"t.{name} = split_part(n.k, ' ', {n})" for n, name in enumerate(VALUE_KEY, 1)),
        "SELECT key, count(*) FROM registry_sealedvalue GROUP BY 1",
        "SELECT kind || ' ' || record || ' ' || field, record, field, cipher FROM registry_sealedvalue "
        "WHERE key <> %(now)s AND (kind, record, field) > (split_part(%(last)s, ' ', 1), split_part(%(last)s, ' ', 2), "
        "split_part(%(last)s, ' ', 3)) ORDER BY kind, record, field LIMIT %(batch)s",
        _values,
    ),
    Place(
        "registry_formernumber",
        "encryption",
        "registry_formernumber",
        "t.id = n.k::bigint",
        "SELECT key, count(*) FROM registry_formernumber GROUP BY 1",
        "SELECT lpad(id::text, 20, '0'), person_id, 'id_number', cipher FROM registry_formernumber "
        "WHERE key <> %(now)s AND lpad(id::text, 20, '0') > %(last)s ORDER BY 1 LIMIT %(batch)s",
        _values,
    ),
    _hint_place("registry_person", "person_id", "id_hint"),
    _hint_place("registry_household", "household_id", "phone_hint"),
    _hint_place("registry_helper", "helper_id", "phone_hint"),
    replace(
        _hint_place("registry_sealedvalue", "record", "hint"),
        match="t.kind = 'household' AND t.record = n.k AND t.field = 'bank_account'",
    ),
    Place(
        "registry_sealedvalue.lookup",
        "lookup",
        "registry_sealedvalue",
        "t.kind = 'household' AND t.record = n.k AND t.field = 'bank_account'",
        "SELECT lookup_key, count(*) FROM registry_sealedvalue WHERE lookup_key IS NOT NULL GROUP BY 1",
        "SELECT record, cipher FROM registry_sealedvalue WHERE kind = 'household' AND field = 'bank_account' "
        "AND lookup_key <> %(now)s AND record > %(last)s ORDER BY record LIMIT %(batch)s",
        _account_marks,
    ),
    _former_place("encryption", "key", "record, field, cipher, hint", _former),
    _former_place("lookup", "lookup_key", "record, field, cipher", _former_hashes),
    _former_place(LAKE, "lake_key_id", "record, cipher", _former_lake),
    _hash_place("registry_person", "person_id", "id_number", "person", _person_hashes),
    _hash_place("registry_household", "household_id", "phone", "household", _phone_hashes),
    Place(
        "registry_person.lake_key",
        LAKE,
        "registry_person",
        "t.person_id = n.k",
        "SELECT lake_key_id, count(*) FROM registry_person WHERE lake_key IS NOT NULL GROUP BY 1",
        "SELECT person_id, s.cipher FROM registry_person JOIN registry_sealedvalue s "
        "ON s.kind = 'person' AND s.record = person_id AND s.field = 'id_number' "
        "WHERE lake_key IS NOT NULL AND lake_key_id <> %(now)s AND person_id > %(last)s "
        "ORDER BY person_id LIMIT %(batch)s",
        _lake_hashes,
    ),
)
