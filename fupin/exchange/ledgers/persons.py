"""Persons that the registry does not know: one ID number is one person in all tables of a batch; a name is nobody.

A row without any number of its own is never taken for somebody of the same name: it is shown, and people decide.
"""

from __future__ import annotations

import polars as pl

from fupin.exchange.ledgers.refusing import Refusing
from fupin.exchange.ledgers.sides import ID_HASHES, plain
from fupin.exchange.reading.table import ROW
from fupin.registry.api import Standing

#: of who is new: his ID number as it is hashed, whatever its writing; null where he has none
SAME = "same person"


def one_person(rows: pl.DataFrame, refusing: Refusing) -> pl.DataFrame:
    """New persons of one ID number are one: of one household, one name, one 人编号, which a row without takes from
    the others. What contradicts the first of them is refused."""
    number = pl.coalesce(*[name for name in rows.columns if name.startswith(ID_HASHES)], "persons.id_number")
    rows = rows.with_columns(pl.when(pl.col("known").is_null()).then(number).alias(SAME))
    if not rows[SAME].drop_nulls().is_duplicated().any():
        return rows
    for name, code in (("persons.household_id", "one_home"), ("persons.name", "one_name"),
                       ("persons.person_id", "one_number")):  # fmt: skip
        if name in rows.columns:
            said = plain(pl.col(name))
            first = said.drop_nulls().first().over(SAME)
            other = pl.col(SAME).is_not_null() & (said != first)
            place = pl.col(ROW).filter(pl.col(name).is_not_null()).first().over(SAME)
            rows = refusing.rows(rows, other, code, place)
            told = pl.col(name).drop_nulls().first().over(SAME)
            rows = rows.with_columns(pl.coalesce(name, pl.when(pl.col(SAME).is_not_null()).then(told)).alias(name))
    return rows


def namesakes(rows: pl.DataFrame, now: Standing, refusing: Refusing) -> pl.DataFrame:
    """Who has no number of any kind, in a household with a member of this name, may be that member; and so may he be
    who another row of the batch names, whatever birth date and sex they say."""
    if "persons.name" not in rows.columns:
        return rows
    keys = ["persons.household_id", "plain"]
    rows = rows.with_columns(plain=plain(pl.col("persons.name")))
    there = now.persons.select("household_id", plain=plain(pl.col("name")), namesake="person_id").unique(
        ["household_id", "plain"], keep="first", maintain_order=True
    )
    rows = rows.join(there, left_on=keys, right_on=["household_id", "plain"], how="left", maintain_order="left")
    bare = pl.all_horizontal(pl.col(name).is_null() for name in ("known", "persons.person_id", "persons.id_number"))
    rows = refusing.rows(rows, bare & pl.col("namesake").is_not_null(), "namesake", pl.col("namesake"))
    named = pl.col("plain").is_not_null()
    numbered = pl.col(ROW).filter(~bare).first().over(keys)
    before = pl.coalesce(numbered, pl.when(~pl.struct(keys).is_first_distinct()).then(pl.col(ROW).first().over(keys)))
    rows = refusing.rows(rows, bare & named & before.is_not_null(), "namesake_here", before)
    return rows.drop("plain", "namesake")
