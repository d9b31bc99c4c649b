"""The view by which persons are read in bulk: joined to the households of the scope once for all rows.

A row policy asks for every single person whether a household of his is in scope: three index walks each, over a whole
city three times as long as the join. The view belongs to the owner, so no policy is asked inside; its own condition on
the household is the guard. It holds the catalogue's columns only, never a number, and nobody writes through it.
"""

from __future__ import annotations

from typing import Any

from fupin.catalogue.schema import Column, tables
from fupin.catalogue.screening import read_screening

PERSONS = "registry_snapshot_persons"
IN_SCOPE = (
    "CASE WHEN h.village_code >= (SELECT fupin_scope()) AND h.village_code < (SELECT fupin_scope()) || ':' "
    "THEN true ELSE false END"
)
SOURCE = (
    "registry_person t JOIN registry_membership m ON m.person_id = t.person_id AND m.valid_to IS NULL "
    "JOIN registry_household h ON h.household_id = m.household_id"
)
#: the first version is in use until a rotation has turned to another one
LAKE_KEY_IN_USE = "coalesce((SELECT v.key FROM registry_lakeversion v), 'l1')"
#: a person who has the next version already keeps the one in use beside it
HASH_IN_USE = f"CASE WHEN t.lake_key_id = (SELECT {LAKE_KEY_IN_USE}) THEN t.lake_key ELSE t.lake_former END"
ELSEWHERE = {
    "household_id": "m.household_id",
    "relation": "m.relation",
    "village_code": "h.village_code",
}


#: facts for the logic screening that are no columns of the catalogue's tables: file → its view, columns in their order
SCREEN = "registry_snapshot_screen"
SCREEN_KEY = Column("person_id", "人编号", "text")
SCREEN_FACTS = {
    "x_id_length": "t.id_length",
    "x_id_check_ok": "t.id_check_ok",
    "x_id_birth_agrees": (
        "CASE WHEN t.birth_date = t.id_birth_judged THEN t.id_birth_agrees WHEN t.id_birth_agrees THEN false END"
    ),
    "x_id_sex_agrees": "CASE WHEN t.sex IN ('1', '2') THEN t.sex = t.id_sex END",
    "x_id_region_ok": "t.id_region_ok",
}


def make_screen_view(cursor: Any) -> None:
    """For migrations."""
    cursor.execute(f"DROP VIEW IF EXISTS {SCREEN}")
    columns = ", ".join(f"{value} AS {name}" for name, value in SCREEN_FACTS.items())
    select = f"SELECT t.person_id, {columns} FROM {SOURCE} WHERE {IN_SCOPE}"  # noqa: S608  # names of our own
    cursor.execute(f"CREATE VIEW {SCREEN} WITH (security_barrier) AS {select}")
    cursor.execute("SELECT fupin_only_read(%s::regclass)", [SCREEN])


def screen_columns() -> list[Column]:
    """What ``screen_persons.parquet`` holds."""
    known = read_screening().columns
    return [SCREEN_KEY, *(Column(name, known[name].zh, known[name].type) for name in SCREEN_FACTS)]


def make_persons_view(cursor: Any, key: str = HASH_IN_USE) -> None:
    """For migrations: (re)make it; a later one that changes a column in it drops and remakes it."""
    drop_persons_view(cursor)
    elsewhere = {**ELSEWHERE, "key": f"{key} AS key"}
    columns = ", ".join(elsewhere.get(column.name, f"t.{column.name}") for column in columns_of("persons"))
    # names come from the catalogue's own files, never from outside
    view = f"CREATE VIEW {PERSONS} WITH (security_barrier) AS SELECT {columns} FROM {SOURCE} WHERE {IN_SCOPE}"  # noqa: S608
    cursor.execute(view)
    cursor.execute("SELECT fupin_only_read(%s::regclass)", [PERSONS])


def drop_persons_view(cursor: Any) -> None:
    cursor.execute(f"DROP VIEW IF EXISTS {PERSONS}")


def columns_of(name: str) -> list[Column]:
    """The catalogue's columns that a snapshot holds."""
    return [column for column in tables()[name].columns.values() if not column.staged]
