"""Read tables put together: rows that count, villages found, ID numbers hashed, and what has to be asked for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl
from django.conf import settings

from fupin.exchange.ledgers.reading import ReadTable
from fupin.exchange.ledgers.refusing import Refusing
from fupin.exchange.ledgers.villages import with_villages
from fupin.exchange.reading.table import ROW
from fupin.kernel.keys import Key
from fupin.registry import api as registry
from fupin.registry.api import Wanted

HOME, PERSON, ID = "persons.household_id", "persons.person_id", "persons.id_number"
VALID = ("1", "是", "有效", "Y", "y")
MEMBER = ("1", "4", "在册", "正常")
ID_HASHES = "id hash "


@dataclass
class Sides:
    """All rows of the tables of persons, and of the tables of households, by field id."""

    persons: pl.DataFrame
    homes: pl.DataFrame


def sides(reads: Sequence[ReadTable], refusing: Refusing, region: str) -> Sides:
    """Rows that count at all, villages found by code or name, ID numbers hashed."""
    frames: dict[str, list[pl.DataFrame]] = {"person": [], "household": []}
    for read in reads:
        rows = _current(read.rows, refusing)
        rows = _once(rows, read.found.row, refusing)
        frames[read.found.row].append(rows)
    persons = pl.concat(frames["person"], how="diagonal") if frames["person"] else _none()
    homes = pl.concat(frames["household"], how="diagonal") if frames["household"] else _none()
    homes = _with(homes, "households.household_id", "survey.year")
    persons = _with(persons, "persons.person_id", "persons.household_id", "persons.id_number")
    for key in _lookup_keys():
        hashed = registry.id_hashes(key, persons["persons.id_number"]).bin.encode("hex")
        persons = persons.with_columns(hashed.alias(f"{ID_HASHES}{key.id}"))
    return Sides(with_villages(persons, region, refusing), with_villages(homes, region, refusing))


def _none() -> pl.DataFrame:
    return pl.DataFrame(schema={ROW: pl.Int64, "table": pl.Int32})


def _with(frame: pl.DataFrame, *names: str) -> pl.DataFrame:
    types = {"survey.year": pl.Int64}
    return frame.with_columns(
        pl.lit(None, types.get(name, pl.String)).alias(name) for name in names if name not in frame.columns
    )


def _lookup_keys() -> Sequence[Key]:
    keys: Sequence[Key] = settings.FUPIN_KEYS.now.lookups
    return keys


def _current(rows: pl.DataFrame, refusing: Refusing) -> pl.DataFrame:
    for name, words, code in (("valid.record", VALID, "not_valid"), ("valid.member", MEMBER, "not_member")):
        if name in rows.columns:
            rows = refusing.rows(rows, pl.col(name).is_not_null() & ~pl.col(name).is_in(words), code).drop(name)
    return rows


def _once(rows: pl.DataFrame, kind: str, refusing: Refusing) -> pl.DataFrame:
    """The same person, or the same household in the same year, twice in one table: the first row counts."""
    names = (
        (["persons.person_id"], ["persons.id_number"])
        if kind == "person"
        else (
            ["households.household_id", "survey.year"]
            if "survey.year" in rows.columns
            else ["households.household_id"],
        )
    )
    for keys in names:
        if rows.height and keys[0] in rows.columns:
            rows = rows.with_columns(first=pl.col(ROW).first().over(keys))
            again = pl.col(keys[0]).is_not_null() & (pl.col(ROW) != pl.col("first"))
            rows = refusing.rows(rows, again, "twice", pl.col("first")).drop("first")
    return rows


def wanted(found: Sides, year: int) -> Wanted:
    """What has to be asked of the registry."""
    homes = pl.concat([found.homes["households.household_id"], found.persons["persons.household_id"]])
    hashes = [
        found.persons[name].drop_nulls().str.decode("hex")
        for name in found.persons.columns
        if name.startswith(ID_HASHES)
    ]
    years = {year, *found.homes["survey.year"].drop_nulls().unique().to_list()}
    if "survey.year" in found.persons.columns:
        years |= set(found.persons["survey.year"].drop_nulls().unique().to_list())
    return Wanted(
        [], homes, found.persons["persons.person_id"], pl.concat(hashes) if hashes else pl.Series([], dtype=pl.Binary),
        sorted(years),
    )  # fmt: skip


def plain(name: pl.Expr) -> pl.Expr:
    """A name without blanks and points, to be compared."""
    return name.str.replace_all(r"[\s·•]", "")
