"""The view by which persons are read in bulk: joined to the households of the scope once for all rows.

A row policy asks for every single person whether a household of his is in scope: three index walks each, over a whole
city three times as long as the join. The view belongs to the owner, so no policy is asked inside; its own condition on
the household is the guard. It holds the catalogue's columns only, never a number, and nobody writes through it.
"""

from __future__ import annotations

from typing import Any

from fupin.catalogue.schema import Column, tables
from fupin.catalogue.screening import read_screening
from fupin.registry.coded import HEALTH, HEALTH_VIEW, IMAGES, IMAGES_VIEW

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

#: asked once a statement, not once a row
GUARDED = {name: f"CASE WHEN (SELECT fupin_sees_health()) THEN t.{name} END AS {name}" for name in HEALTH}
LEDGER_PERSONS = "registry_ledger_persons"

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


def make_persons_view(cursor: Any, key: str = HASH_IN_USE, *, guarded: bool = True) -> None:
    """For migrations: (re)make it; a later one that changes a column in it drops and remakes it.

    ``guarded``: coded health facts for a scope that may see them; not in migrations from before there was such a one.
    """
    drop_persons_view(cursor)
    elsewhere = {**ELSEWHERE, "key": f"{key} AS key"} | (GUARDED if guarded else {})
    columns = ", ".join(elsewhere.get(column.name, f"t.{column.name}") for column in columns_of("persons"))
    # names come from the catalogue's own files, never from outside
    view = f"CREATE VIEW {PERSONS} WITH (security_barrier) AS SELECT {columns} FROM {SOURCE} WHERE {IN_SCOPE}"  # noqa: S608
    cursor.execute(view)
    cursor.execute("SELECT fupin_only_read(%s::regclass)", [PERSONS])


def make_health_view(cursor: Any) -> None:
    """For migrations: where the model reads its coded health facts (see ``coded``), by the person's key."""
    cursor.execute(f"DROP VIEW IF EXISTS {HEALTH_VIEW}")
    columns = ", ".join(f"t.{name}" for name in HEALTH)
    source = SOURCE.replace(" JOIN ", " LEFT JOIN ")  # to the owner also of who belongs to no household now
    cursor.execute(
        f"CREATE VIEW {HEALTH_VIEW} WITH (security_barrier) AS SELECT t.person_id, {columns} FROM {source} "  # noqa: S608
        f"WHERE (SELECT fupin_sees_health()) AND ((SELECT fupin_owns()) OR {IN_SCOPE})"
    )
    cursor.execute("SELECT fupin_only_read(%s::regclass)", [HEALTH_VIEW])


def make_images_view(cursor: Any) -> None:
    """For migrations: where the log's model reads its images of rows (see ``coded``), by the change's key."""
    cursor.execute(f"DROP VIEW IF EXISTS {IMAGES_VIEW}")
    columns = ", ".join(
        f"CASE WHEN (SELECT fupin_sees_health()) THEN h.{name} ELSE registry_without_health(h.{name}) END AS {name}"
        for name in IMAGES
    )
    cursor.execute(
        f"CREATE VIEW {IMAGES_VIEW} WITH (security_barrier) AS SELECT h.id, {columns} FROM registry_change h "  # noqa: S608
        f"WHERE (SELECT fupin_owns()) OR {IN_SCOPE}"
    )
    cursor.execute("SELECT fupin_only_read(%s::regclass)", [IMAGES_VIEW])


def make_ledger_view(cursor: Any, *, guarded: bool = True) -> None:
    """For migrations: persons for ledgers, with the hash of their number and their membership; never a number."""
    cursor.execute(f"DROP VIEW IF EXISTS {LEDGER_PERSONS}")
    elsewhere = ELSEWHERE | (GUARDED if guarded else {})
    names = [c.name for c in columns_of("persons") if c.name not in ("key", "pinyin")]
    columns = ", ".join(elsewhere.get(name, f"t.{name}") for name in names)
    cursor.execute(
        f"CREATE VIEW {LEDGER_PERSONS} WITH (security_barrier) AS SELECT {columns}, t.id_lookup, t.lookup_key, "  # noqa: S608
        f"m.id AS membership_id, m.valid_from AS since FROM {SOURCE} WHERE {IN_SCOPE}"
    )
    cursor.execute("SELECT fupin_only_read(%s::regclass)", [LEDGER_PERSONS])


def drop_persons_view(cursor: Any) -> None:
    cursor.execute(f"DROP VIEW IF EXISTS {PERSONS}")


def columns_of(name: str) -> list[Column]:
    """The catalogue's columns that a snapshot holds."""
    return [column for column in tables()[name].columns.values() if not column.staged]
