"""Writing a batch: set by set, in the caller's transaction, one row of the log for every household and person touched.

The log's rows come first (the database refuses a state without one), then new rows by COPY, then the changed figures in
one statement a table. Half a batch is never there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import polars as pl
from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, IntegrityError, connection
from psycopg.errors import UniqueViolation

from fupin.accounts.api import User
from fupin.kernel.errors import UserError
from fupin.registry.coded import HEALTH
from fupin.registry.copying import copy_in, copy_to, quoted, typed_columns
from fupin.registry.lake_version import hold_lake_key
from fupin.registry.ledgers.differences import PERSON_FACTS, Differences
from fupin.registry.ledgers.images import Numbered, log_rows
from fupin.registry.ledgers.models import LedgerBatch, LedgerCells
from fupin.registry.ledgers.numbers import write_numbers
from fupin.registry.ledgers.settling import settle_households
from fupin.registry.ledgers.standing import Standing
from fupin.registry.models import Household, HouseholdState, Membership, Person, SealedValue, Survey
from fupin.registry.personal_columns import account_rows, households_numbers, persons_numbers
from fupin.registry.registry_loading import HEAD, memberships_rows, states_rows
from fupin.registry.replacing import forget_values
from fupin.registry.spelling import initials_column, spell_column

Progress = Callable[[str, float], None]
ENTITIES = {
    "household": ("registry_household", "household_id"),
    "person": ("registry_person", "person_id"),
    "membership": ("registry_membership", "id"),
    "survey": ("registry_survey", "household_id"),
}
HOUSEHOLD_OPTIONAL = (
    "attribute", "standard", "cause_main", "cause_other", "registered_on", "exited_on", "relocated", "only_child",
    "martyr_family",
)  # fmt: skip


@dataclass(frozen=True)
class Applied:
    households: int
    persons: int
    surveys: int
    changed: int
    log: int


def apply_differences(
    *, by: User, batch: LedgerBatch, found: Differences, now: Standing, cells: pl.DataFrame, progress: Progress
) -> Applied:
    """``cells``: layout, record, year, household_id, cells. Raises UserError for a number in use elsewhere."""
    try:
        return _apply(by, batch, found, now, cells, progress)
    except IntegrityError as error:
        if isinstance(error.__cause__, UniqueViolation):
            raise _in_use() from error
        raise


def _apply(
    by: User, batch: LedgerBatch, found: Differences, now: Standing, cells: pl.DataFrame, progress: Progress
) -> Applied:
    keys = settings.FUPIN_KEYS.now
    _with_room()
    progress("加密证件号", 0.05)
    homes, phones = households_numbers(_homes(found), keys)
    accounts = _accounts(found)
    persons, numbers = persons_numbers(_people(found), keys, hold_lake_key(DEFAULT_DB_ALIAS))
    made = _numbered(homes, persons, found, batch.as_of)
    turned = _with_state_numbers(found, now)
    progress("写入变更记录", 0.25)
    log = _write_log(by, batch, log_rows(turned, made, batch.as_of))
    revived = now.households.filter(pl.col("undone"))["household_id"]
    forget_values(now.detached["person_id"], revived)
    progress("写入户和人", 0.4)
    _write_homes(homes, made, revived)
    _write_people(persons, made, now.detached)
    copy_in(SealedValue, [numbers, phones])
    copy_in(SealedValue, [accounts])
    surveys = copy_in(Survey, [made.surveys.drop("table", "row", "village_code", strict=False)])
    progress("写入改动", 0.75)
    _write_changes(turned, batch.as_of)
    write_numbers(found.numbers, _births(found, now))
    _settle(found)
    progress("保留原样代码", 0.9)
    _keep_cells(batch, cells)
    return Applied(homes.height, persons.height, surveys, _records(found), log)


def _with_room() -> None:
    """The trail sorts all rows of a statement at once, with what they say: in memory, until this transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL work_mem = '256MB'")


def _records(found: Differences) -> int:
    return found.listed.select("entity", "record").unique().height


def _homes(found: Differences) -> pl.DataFrame:
    """New households with the head's name and members counted, as the first loading makes them."""
    frame = found.new_households
    missing = [name for name in (*HOUSEHOLD_OPTIONAL, "phone") if name not in frame.columns]
    frame = frame.with_columns(pl.lit(None, _type(name)).alias(name) for name in missing)
    people = _people(found)
    heads = (
        people.sort(pl.col("relation") != HEAD, maintain_order=True, nulls_last=True)
        .group_by("household_id", maintain_order=True)
        .agg(head_name=pl.col("name").first(), members=pl.len().cast(pl.Int64))
    )
    whole = frame.join(heads, on="household_id", how="left", maintain_order="left").with_columns(
        pl.col("head_name").fill_null(""), pl.col("members").fill_null(0)
    )
    pinyin = spell_column(whole["head_name"]).str.replace_all(" ", "").alias("head_pinyin")
    kept = ("household_id", "village_code", "state", *HOUSEHOLD_OPTIONAL, "phone", "head_name", "members")
    return whole.select(*kept, pinyin)


def _type(name: str) -> type[pl.DataType]:
    from fupin.registry.ledgers.standing import dtype_of

    return dtype_of(name)


def _accounts(found: Differences) -> pl.DataFrame:
    frame = found.new_households
    if "bank_account" not in frame.columns:
        frame = frame.with_columns(bank_account=pl.lit(None, pl.String))
    return account_rows(settings.FUPIN_KEYS.now, frame["household_id"], frame["bank_account"])


def _people(found: Differences) -> pl.DataFrame:
    """As ``persons_numbers`` wants them."""
    skipped = ("table", "row", "village_code", "key")
    frame = found.new_persons.drop(*skipped, strict=False)
    missing = [name for name in ("id_number", "relation", "name") if name not in frame.columns]
    return frame.with_columns(pl.lit(None, pl.String).alias(name) for name in missing)


def _numbered(homes: pl.DataFrame, persons: pl.DataFrame, found: Differences, as_of: date) -> Numbered:
    since = homes.select("household_id", known_since=pl.coalesce("registered_on", pl.lit(as_of)))
    states = states_rows(homes, since)
    birth = [] if "birth_date" in found.new_persons.columns else [pl.lit(None, pl.Date).alias("birth_date")]
    relation = [] if "relation" in found.new_persons.columns else [pl.lit(None, pl.String).alias("relation")]
    people = found.new_persons.with_columns(*birth, *relation)
    elsewhere = pl.DataFrame({"household_id": people["household_id"].unique()}).join(
        since, on="household_id", how="anti"
    )
    known = pl.concat([since, elsewhere.with_columns(known_since=pl.lit(as_of))])
    memberships = memberships_rows(people, known).with_columns(people["village_code"])
    return Numbered(
        homes,
        states.with_columns(_numbers("registry_householdstate", states.height)),
        persons,
        memberships.with_columns(_numbers("registry_membership", memberships.height)),
        found.new_surveys,
    )


def _numbers(table: str, count: int) -> pl.Series:
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)", [table, count])
        return pl.Series("id", [row[0] for row in cursor.fetchall()], dtype=pl.Int64)


def new_household_codes(count: int) -> list[str]:
    """For households that come without one: as everywhere, N and nine digits."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('registry_new_number') FROM generate_series(1, %s)", [count])
        return [f"N{row[0]:09d}" for row in cursor.fetchall()]


def _with_state_numbers(found: Differences, now: Standing) -> Differences:
    """Changes of a state know the period that ends and have the number of the one that begins."""
    states = now.households.select("household_id", "state_id")
    turned = found.changes.join(states, on="household_id", how="left", maintain_order="left")
    is_state = (pl.col("entity") == "household") & (pl.col("column") == "state")
    count = turned.filter(is_state).height
    fresh = _numbers("registry_householdstate", count)
    places = turned.select(is_state.alias("one"))["one"].arg_true()
    column = pl.Series("fresh_id", [None] * turned.height, dtype=pl.Int64).scatter(places, fresh)
    return replace(found, changes=turned.with_columns(column))


def _write_log(by: User, batch: LedgerBatch, rows: pl.DataFrame) -> int:
    columns = "household_id, person_id, village_code, before, after"
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMPORARY TABLE stage_log (household_id text, person_id text, village_code text, before jsonb, "
            "after jsonb) ON COMMIT DROP"
        )
        count = copy_to(cursor, "stage_log", [rows])
        cursor.execute(
            f"INSERT INTO registry_change (kind, {columns}, effective, by_id, reason, batch, recorded_at, txid) "  # noqa: S608
            f"SELECT 'import', {columns}, %s, %s, %s, %s, transaction_timestamp(), pg_current_xact_id()::text::bigint "
            "FROM stage_log",
            [batch.as_of, by.pk, batch.title[:200], batch.pk],
        )
        cursor.execute("DROP TABLE stage_log")
    return count


def _write_homes(homes: pl.DataFrame, made: Numbered, revived: pl.Series) -> None:
    again = homes["household_id"].is_in(revived.implode())
    copy_in(Household, [homes.filter(~again)])
    if again.any():
        _renew(Household, homes.filter(again), extra=", ended_on = NULL")
    copy_in(HouseholdState, [made.states])


def _write_people(persons: pl.DataFrame, made: Numbered, detached: pl.DataFrame) -> None:
    """Who was taken back before is still known by number: the membership first, so that he is seen, then his facts."""
    again = persons["person_id"].is_in(detached["person_id"].implode())
    copy_in(Person, [persons.filter(~again)])
    copy_in(Membership, [made.memberships.drop("village_code")])
    if again.any():
        cleared = "".join(f", {name} = NULL" for name in (*PERSON_FACTS, "lake_former") if name not in persons.columns)
        _renew(Person, persons.filter(again), extra=cleared)


def _renew(model: type[Household | Person], frame: pl.DataFrame, extra: str = "") -> None:
    table, key = quoted(model), str(model._meta.pk.column)
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TEMPORARY TABLE stage_renew ({typed_columns(model)}) ON COMMIT DROP")
        copy_to(cursor, "stage_renew", [frame])
        sets = ", ".join(f"{name} = s.{name}" for name in frame.columns if name != key)
        cursor.execute(f"UPDATE {table} t SET {sets}{extra} FROM stage_renew s WHERE t.{key} = s.{key}")  # noqa: S608
        cursor.execute("DROP TABLE stage_renew")


def _write_changes(found: Differences, effective: date) -> None:
    for entity, (table, key) in ENTITIES.items():
        rows = found.changes.filter(pl.col("entity") == entity)
        if rows.height:
            update_rows(entity, table, key, _images(rows, entity))
    turned = found.changes.filter(pl.col("entity") == "household", pl.col("column") == "state")
    if turned.height:
        _turn_states(turned, effective)


def _images(rows: pl.DataFrame, entity: str) -> pl.DataFrame:
    """(record, image): the columns to be set, with what follows from a name."""
    pairs = rows.select("record", "column", "after")
    names = pairs.filter(pl.col("column") == "name") if entity == "person" else pairs.clear()
    if names.height:
        plain = names["after"].str.strip_chars('"')
        spelt = spell_column(plain)
        pinyin = names.with_columns(column=pl.lit("pinyin"), after='"' + spelt + '"')
        short = names.with_columns(column=pl.lit("initials"), after='"' + initials_column(spelt) + '"')
        pairs = pl.concat([pairs, pinyin, short])
    pair = pl.lit('"') + pl.col("column") + '":' + pl.col("after").fill_null("null")
    return pairs.with_columns(pair=pair).group_by("record").agg(image="{" + pl.col("pair").str.join(",") + "}")


def update_rows(entity: str, table: str, key: str, images: pl.DataFrame) -> int:
    """Set the columns named in the images (record, image as JSON text); what is not named stays."""
    with connection.cursor() as cursor:
        cursor.execute('CREATE TEMPORARY TABLE stage_image (record text COLLATE "C", image jsonb) ON COMMIT DROP')
        copy_to(cursor, "stage_image", [images])
        cursor.execute("ANALYZE stage_image")
        cursor.execute("SELECT DISTINCT k FROM stage_image, jsonb_object_keys(image) k")
        named = {name for (name,) in cursor.fetchall()}
        done = sum(_update(cursor, entity, table, key, *part) for part in _parts(cursor, entity, named))
        cursor.execute("DROP TABLE stage_image")
    return done


def _parts(cursor: Any, entity: str, named: set[str]) -> list[tuple[set[str], list[str]]]:
    """(columns, those of coded health facts among them) of the updates: what we cannot read cannot stay as it is, so a
    row is not set to what it does not name."""
    closed = sorted(named.intersection(HEALTH)) if entity == "person" else []
    if not closed:
        return [(named, [])]
    part = "ARRAY(SELECT k FROM unnest(%s::text[]) k WHERE image ? k)"
    cursor.execute(f"SELECT DISTINCT {part} FROM stage_image", [closed])  # noqa: S608
    return [(named.difference(closed).union(part), part) for (part,) in cursor.fetchall()]


def _update(cursor: Any, entity: str, table: str, key: str, columns: set[str], closed: list[str]) -> int:
    """Of rows that name just these closed columns; of the others a row keeps what it does not name."""
    quote = connection.ops.quote_name
    kept = "{0} = CASE WHEN s.image ? '{1}' THEN r.{0} ELSE t.{0} END"
    sets = ", ".join(
        f"{quote(name)} = r.{quote(name)}" if name in closed else kept.format(quote(name), name)
        for name in sorted(columns)
    )
    where = f"t.{key} = s.record" if entity != "membership" else "t.id = s.record::bigint"
    if entity == "survey":
        where = "t.household_id = split_part(s.record, '/', 1) AND t.year = split_part(s.record, '/', 2)::int"
    if entity == "person":
        where += " AND ARRAY(SELECT k FROM unnest(%s::text[]) k WHERE s.image ? k) = %s::text[]"
    cursor.execute(
        f"UPDATE {table} t SET {sets} FROM stage_image s "  # noqa: S608
        f"CROSS JOIN LATERAL jsonb_populate_record(NULL::{table}, s.image) r WHERE {where}",
        [sorted(HEALTH), closed] if entity == "person" else None,
    )
    return int(cursor.rowcount)


def _turn_states(turned: pl.DataFrame, effective: date) -> None:
    """The present period ends, the new one begins."""
    frame = turned.select(
        "household_id", id="fresh_id", state=pl.col("after").str.strip_chars('"'),
        valid_from=pl.lit(effective), valid_to=pl.lit(None, pl.Date),
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE registry_householdstate SET valid_to = %s WHERE id = ANY (%s) AND valid_to IS NULL",
            [effective, turned["state_id"].drop_nulls().to_list()],
        )
    copy_in(HouseholdState, [frame])


def _births(found: Differences, now: Standing) -> pl.DataFrame:
    """Birth dates as they are with this batch."""
    told = found.changes.filter(pl.col("entity") == "person", pl.col("column") == "birth_date")
    said = told.select("person_id", said=pl.col("after").str.strip_chars('"').str.to_date("%Y-%m-%d"))
    held = now.persons.select("person_id", "birth_date").join(said, on="person_id", how="left")
    return held.select("person_id", birth_date=pl.coalesce("said", "birth_date"))


def _settle(found: Differences) -> None:
    """Members counted and the head named anew, where persons came or a name or relation changed."""
    told = found.changes.filter(pl.col("column").is_in(["name", "relation"]) & (pl.col("entity") != "household"))
    homes = pl.concat([told["household_id"], found.new_persons["household_id"]]).unique()
    fresh = found.new_households["household_id"]
    settle_households(homes.filter(~homes.is_in(fresh.implode())))


def _keep_cells(batch: LedgerBatch, cells: pl.DataFrame) -> None:
    """Cells as they were written; what an earlier batch kept is remembered until this one can no longer be undone."""
    if not cells.height:
        return
    table = LedgerCells._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMPORARY TABLE stage_cells (layout text, record text, year int, household_id text, cells jsonb) "
            "ON COMMIT DROP"
        )
        copy_to(cursor, "stage_cells", [cells.select("layout", "record", "year", "household_id", "cells")])
        cursor.execute(
            f"INSERT INTO {table} (layout, record, year, household_id, cells, batch) "  # noqa: S608
            "SELECT layout, record, year, household_id, cells, %s FROM stage_cells "
            "ON CONFLICT (layout, record, year) DO UPDATE SET cells = EXCLUDED.cells, batch = EXCLUDED.batch, "
            f"household_id = EXCLUDED.household_id, former = {table}.cells, former_batch = {table}.batch "
            f"WHERE {table}.cells IS DISTINCT FROM EXCLUDED.cells",
            [batch.pk],
        )
        cursor.execute("DROP TABLE stage_cells")


def _in_use() -> UserError:
    return UserError(
        "台账里有编号已在别的辖区登记，本批没有写入任何数据",
        "a number in the ledger is in use in another region; nothing of the batch was written",
        "请核对户编号和人编号，或请上级办公室导入",
        "check the numbers of households and persons, or let the office above apply it",
    )


def rows_of(cursor: Any) -> list[dict[str, Any]]:
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
