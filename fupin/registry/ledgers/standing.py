"""What the registry holds now of the households and persons that a ledger speaks of, as Polars frames.

Read in the scope that is open: what lies outside is as if it were not there.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl
from django.db import connection

from fupin.catalogue.schema import tables
from fupin.registry.copying import copy_to
from fupin.registry.incoming import TYPES

PERSONS_VIEW = "registry_ledger_persons"
HOUSEHOLD_COLUMNS = (
    "household_id", "village_code", "state", "attribute", "standard", "cause_main", "cause_other", "registered_on",
    "exited_on", "relocated", "only_child", "martyr_family", "ended_on", "version",
)  # fmt: skip
_EXTRA: dict[str, type[pl.DataType]] = {
    "id_lookup": pl.String, "lookup_key": pl.String, "phone_lookup": pl.String, "household_id": pl.String,
    "relation": pl.String, "village_code": pl.String, "ended_on": pl.Date, "version": pl.Int64,
    "membership_id": pl.Int64, "since": pl.Date, "state_since": pl.Date, "state_id": pl.Int64, "undone": pl.Boolean,
    "gone": pl.Boolean,
}  # fmt: skip


@dataclass(frozen=True)
class Wanted:
    """What a ledger names: villages whole, households and persons by number, persons by the hash of their ID number."""

    villages: Sequence[str]
    households: pl.Series
    persons: pl.Series
    hashes: pl.Series
    years: Sequence[int] = ()


@dataclass(frozen=True)
class Standing:
    """``persons``: present members with household, relation, hash. ``detached``: persons whom a batch taken back had
    brought in; ``gone``: who left; ``elsewhere``: hashes of numbers whose bearer is a member outside the scope."""

    households: pl.DataFrame
    persons: pl.DataFrame
    surveys: pl.DataFrame
    detached: pl.DataFrame
    gone: pl.DataFrame
    elsewhere: pl.Series


def standing(wanted: Wanted) -> Standing:
    """In the caller's transaction."""
    with connection.cursor() as cursor:
        _name(cursor, "want_village", "text", pl.Series(wanted.villages, dtype=pl.String))
        _name(cursor, "want_household", "text", wanted.households)
        _name(cursor, "want_person", "text", wanted.persons)
        _name(cursor, "want_hash", "bytea", wanted.hashes)
        cursor.execute("ANALYZE want_village, want_household, want_person, want_hash")
        persons = _persons(cursor)
        _name(cursor, "want_home", "text", persons["household_id"])
        cursor.execute("ANALYZE want_home")
        households = _households(cursor)
        surveys = _surveys(cursor, wanted.years)
        detached = _read(cursor, "SELECT person_id, id_lookup, lookup_key, gone FROM fupin_ledger_detached()")
        elsewhere = _elsewhere(cursor, wanted.hashes)
        names = ("village", "household", "person", "hash", "home")
        cursor.execute("DROP TABLE " + ", ".join(f"want_{name}" for name in names))
    gone = detached.filter("gone")
    return Standing(households, persons, surveys, detached.filter(~pl.col("gone")), gone, elsewhere)


def hold(households: pl.Series) -> None:
    """Lock the households for the rest of the transaction: nobody else changes them meanwhile."""
    with connection.cursor() as cursor:
        _name(cursor, "hold_household", "text", households)
        cursor.execute(
            "SELECT count(*) FROM (SELECT 1 FROM registry_household JOIN hold_household ON one = household_id "
            "ORDER BY household_id FOR UPDATE OF registry_household) held"
        )
        cursor.execute("DROP TABLE hold_household")


def last_numbers(homes: pl.Series) -> pl.DataFrame:
    """household_id, last: how far persons of these households were ever numbered, wherever they are now."""
    asked = homes.drop_nulls().unique().to_list()
    with connection.cursor() as cursor:
        cursor.execute("SELECT household_id, last FROM fupin_last_numbers(%s::text[])", [asked])
        return pl.DataFrame(cursor.fetchall(), schema={"household_id": pl.String, "last": pl.Int64}, orient="row")


def _elsewhere(cursor: Any, hashes: pl.Series) -> pl.Series:
    asked = hashes.drop_nulls().unique().to_list()
    cursor.execute("SELECT encode(one, 'hex') FROM fupin_ledger_elsewhere(%s::bytea[]) one", [asked])
    return pl.Series([row[0] for row in cursor.fetchall()], dtype=pl.String)


def _name(cursor: Any, table: str, type_: str, values: pl.Series) -> None:
    collation = ' COLLATE "C"' if type_ == "text" else ""
    cursor.execute(f"CREATE TEMPORARY TABLE {table} (one {type_}{collation}) ON COMMIT DROP")
    distinct = values.drop_nulls().unique()
    if len(distinct):
        copy_to(cursor, table, [pl.DataFrame({"one": distinct})])


def _persons(cursor: Any) -> pl.DataFrame:
    names = ", ".join(f"v.{name}" for name in person_columns())
    parts = (
        "JOIN want_village w ON w.one = v.village_code",
        "JOIN want_household w ON w.one = v.household_id",
        "JOIN want_person w ON w.one = v.person_id",
        "JOIN want_hash w ON w.one = v.id_lookup",
    )
    frames = [_read(cursor, f"SELECT {names} FROM {PERSONS_VIEW} v {part}") for part in parts]  # noqa: S608
    return pl.concat(frames).unique("person_id", keep="first", maintain_order=True)


def _households(cursor: Any) -> pl.DataFrame:
    names = ", ".join(f"h.{name}" for name in HOUSEHOLD_COLUMNS)
    undone = (
        "h.ended_on IS NOT NULL AND NOT EXISTS (SELECT FROM registry_change c WHERE c.household_id = h.household_id "
        "AND c.kind NOT IN ('import', 'reverse')) AS undone"
    )
    query = (
        f"SELECT {names}, h.phone_lookup, s.id AS state_id, s.valid_from AS state_since, {undone} "  # noqa: S608
        "FROM (SELECT household_id FROM registry_household JOIN want_village ON one = village_code "
        "UNION SELECT one FROM want_household UNION SELECT one FROM want_home) w "
        "JOIN registry_household h USING (household_id) "
        "LEFT JOIN registry_householdstate s ON s.household_id = h.household_id AND s.valid_to IS NULL"
    )
    return _read(cursor, query)


def _surveys(cursor: Any, years: Sequence[int]) -> pl.DataFrame:
    names = ", ".join(f"s.{name}" for name in tables()["survey"].columns)
    home = "(SELECT one FROM want_household UNION SELECT one FROM want_home) w ON w.one = s.household_id"
    which = ", ".join(str(int(year)) for year in years) or "0"
    return _read(cursor, f"SELECT {names} FROM registry_survey s JOIN {home} WHERE s.year IN ({which})")  # noqa: S608


def person_columns() -> list[str]:
    """Columns of the view: the catalogue's, the hash of the number, the membership."""
    own = [c.name for c in tables()["persons"].columns.values() if not c.staged and c.name not in ("key", "pinyin")]
    return [*own, "id_lookup", "lookup_key", "membership_id", "since"]


def dtype_of(name: str) -> type[pl.DataType]:
    """The type of a column of households, persons or surveys in a frame."""
    if name in _EXTRA:
        return _EXTRA[name]
    for table in ("households", "persons", "survey"):
        if column := tables()[table].columns.get(name):
            return TYPES.get(column.type, pl.String)
    return pl.String


def read_frame(query: str, parameters: Sequence[Any]) -> pl.DataFrame:
    """The same with parameters, in a cursor of its own."""
    with connection.cursor() as cursor:
        return _read(cursor, query, parameters)


def _read(cursor: Any, query: str, parameters: Sequence[Any] = ()) -> pl.DataFrame:
    """The answer of a query, typed by the names of its columns; hashes as hex."""
    text = io.BytesIO()
    with cursor.copy(f"COPY ({query}) TO STDOUT (FORMAT csv, HEADER, NULL '\\N')", parameters or None) as copy:
        for piece in copy:
            text.write(piece)
    text.seek(0)
    frame = pl.read_csv(text, infer_schema=False, null_values="\\N")
    return frame.with_columns(_typed(name) for name in frame.columns)


def _typed(name: str) -> pl.Expr:
    wanted = dtype_of(name.removeprefix("household_").removeprefix("survey_") if "_" in name else name)
    column = pl.col(name)
    if wanted is pl.Boolean:
        return column == "t"
    if wanted is pl.Date:
        return column.str.to_date("%Y-%m-%d")
    if name in ("id_lookup", "phone_lookup"):
        return column.str.strip_prefix("\\x")
    return column.cast(wanted)
