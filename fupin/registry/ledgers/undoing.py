"""Taking a batch back, whole: every figure as it was before; refused when something was built on it since.

Nothing is deleted that the log names: a person whom the batch brought in belongs to no household any more and is seen
by nobody; a household is ended on the day it was to begin. The log gets one row more for each row of the batch.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl
from django.db import connection

from fupin.accounts.api import User
from fupin.kernel.errors import UserError
from fupin.registry.ledgers.applying import ENTITIES, update_rows
from fupin.registry.ledgers.models import LedgerBatch, LedgerCells
from fupin.registry.ledgers.settling import settle_households
from fupin.registry.ledgers.standing import hold
from fupin.registry.replacing import restore_values

SHOWN = 20

#: a later change that is neither taken back nor a taking back, of a household of the batch or of another one with it
_LATER = """
SELECT mine.household_id, later.kind, later.batch, later.recorded_at::date
FROM registry_change mine JOIN registry_change later ON later.{column} = mine.household_id AND later.id > mine.id
WHERE mine.batch = %s AND mine.kind = 'import' AND later.batch IS DISTINCT FROM mine.batch AND later.kind <> 'reverse'
  AND NOT EXISTS (SELECT FROM registry_change back WHERE back.reverses_id = later.id)
"""
BUILT_ON = (
    " UNION ".join(_LATER.format(column=column) for column in ("household_id", "other_id")) + "ORDER BY 1, 4 LIMIT %s"
)
#: figures that are not what the batch wrote: somebody changed them by another way (a survey, for instance)
ROWS = """
SELECT c.household_id, r.key, r.value AS after, i.before -> 'rows' -> r.key AS before
FROM registry_change c JOIN registry_change_images i ON i.id = c.id, jsonb_each(i.after -> 'rows') r
WHERE c.batch = %s AND c.kind = 'import'
"""


@dataclass(frozen=True)
class Undone:
    log: int
    rows: int


def built_on(batch: LedgerBatch) -> list[tuple[str, str, int | None, str]]:
    """(household, kind of change, batch, day) of what came after; empty when the batch can be taken back."""
    with connection.cursor() as cursor:
        cursor.execute(BUILT_ON, [batch.pk, batch.pk, SHOWN])
        found = [(home, kind, other, day.isoformat()) for home, kind, other, day in cursor.fetchall()]
        cursor.execute(CHANGED_ELSEWHERE, [batch.pk, SHOWN])
        return found + [(home, "survey", None, str(year)) for home, year in cursor.fetchall()]


#: surveys have no log of their own: what the batch wrote must still stand there
CHANGED_ELSEWHERE = """
SELECT c.household_id, s.year FROM registry_change c
JOIN registry_change_images i ON i.id = c.id CROSS JOIN jsonb_each(i.after -> 'rows') r
JOIN registry_survey s ON s.household_id = split_part(r.key, '/', 2) AND s.year = split_part(r.key, '/', 3)::int
WHERE c.batch = %s AND c.kind = 'import' AND starts_with(r.key, 'survey/')
  AND jsonb_populate_record(s, r.value) IS DISTINCT FROM s LIMIT %s
"""


def undo(*, by: User, batch: LedgerBatch, reason: str) -> Undone:
    """In the caller's transaction. Raises UserError that says what stands in the way."""
    homes = _homes(batch)
    hold(homes)
    if found := built_on(batch):
        raise _built_on(found)
    rows = _rows(batch)
    log = _write_log(by, batch, reason)
    _restore(rows)
    restore_values()
    _take_out(batch)
    settle_households(homes)
    _put_cells_back(batch)
    return Undone(log, rows.height)


def _rows(batch: LedgerBatch) -> pl.DataFrame:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT household_id, key, before::text FROM ({ROWS}) r WHERE before <> 'null'", [batch.pk])  # noqa: S608
        return pl.DataFrame(
            cursor.fetchall(), schema={"household_id": pl.String, "key": pl.String, "image": pl.String}, orient="row"
        )


def _write_log(by: User, batch: LedgerBatch, reason: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO registry_change (kind, household_id, person_id, village_code, effective, by_id, reason, "
            "batch, reverses_id, before, after) "
            "SELECT 'reverse', c.household_id, c.person_id, c.village_code, c.effective, %s, %s, c.batch, c.id, "
            "i.after, i.before FROM registry_change c JOIN registry_change_images i ON i.id = c.id "
            "WHERE c.batch = %s AND c.kind = 'import'",
            [by.pk, reason, batch.pk],
        )
        return int(cursor.rowcount)


def _restore(rows: pl.DataFrame) -> None:
    """Figures that were changed; the log told them with their former values."""
    for entity, (table, key) in {**ENTITIES, "state": ("registry_householdstate", "id")}.items():
        if entity == "state":
            continue
        mine = rows.filter(pl.col("key").str.starts_with(entity + "/"))
        if mine.height:
            record = pl.col("key").str.strip_prefix(entity + "/")
            images = mine.select(record=record, image="image")
            update_rows(entity, table, key, _named(images) if entity == "person" else images)


def _named(images: pl.DataFrame) -> pl.DataFrame:
    """A name that comes back brings its pinyin along."""
    from fupin.registry.spelling import initials_column, spell_column

    name = images["image"].str.json_path_match("$.name")
    spelt = spell_column(name)
    tail = pl.lit(',"pinyin":"') + pl.col("p") + pl.lit('","initials":"') + pl.col("i") + pl.lit('"}')
    frame = images.with_columns(p=spelt, i=initials_column(spelt))
    image = pl.when(pl.col("p").is_null()).then("image").otherwise(pl.col("image").str.strip_suffix("}") + tail)
    return frame.select("record", image=image)


TAKEN = "(SELECT split_part(r.key, '/', 2) FROM ({rows}) r WHERE starts_with(r.key, '{kind}/') AND r.before = 'null')"


def _take_out(batch: LedgerBatch) -> None:
    """Periods and memberships that the batch began go; periods that it ended are open again; new households end."""
    with connection.cursor() as cursor:
        for kind, table in (("state", "registry_householdstate"), ("membership", "registry_membership")):
            taken = TAKEN.format(rows=ROWS, kind=kind)
            cursor.execute(f"DELETE FROM {table} WHERE id IN (SELECT one::bigint FROM {taken} t (one))", [batch.pk])  # noqa: S608
        reopened = f"SELECT split_part(r.key, '/', 2)::bigint FROM ({ROWS}) r WHERE starts_with(r.key, 'state/') AND r.before <> 'null'"  # noqa: E501, S608
        cursor.execute(f"UPDATE registry_householdstate SET valid_to = NULL WHERE id IN ({reopened})", [batch.pk])  # noqa: S608
        homes = TAKEN.format(rows=ROWS, kind="household")
        ended = f"UPDATE registry_household SET ended_on = %s WHERE household_id IN {homes}"  # noqa: S608
        cursor.execute(ended, [batch.as_of, batch.pk])
        surveys = (
            f"SELECT split_part(r.key, '/', 2), split_part(r.key, '/', 3)::int FROM ({ROWS}) r "  # noqa: S608
            "WHERE starts_with(r.key, 'survey/') AND r.before = 'null'"
        )
        cursor.execute(f"DELETE FROM registry_survey WHERE (household_id, year) IN ({surveys})", [batch.pk])  # noqa: S608


def _homes(batch: LedgerBatch) -> pl.Series:
    with connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT household_id FROM registry_change WHERE batch = %s", [batch.pk])
        return pl.Series([row[0] for row in cursor.fetchall()], dtype=pl.String)


def _put_cells_back(batch: LedgerBatch) -> None:
    table = LedgerCells._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {table} WHERE batch = %s AND former IS NULL", [batch.pk])  # noqa: S608
        cursor.execute(
            f"UPDATE {table} SET cells = former, batch = former_batch, former = NULL, former_batch = NULL "  # noqa: S608
            "WHERE batch = %s",
            [batch.pk],
        )


def _built_on(found: list[tuple[str, str, int | None, str]]) -> UserError:
    zh = "、".join(f"户 {home}（{_kind(kind, batch)[0]}，{day}）" for home, kind, batch, day in found[:5])
    en = ", ".join(f"household {home} ({_kind(kind, batch)[1]}, {day})" for home, kind, batch, day in found[:5])
    more = f" 等 {len(found)} 项" if len(found) > 5 else ""
    return UserError(
        f"这一批之后又有改动，不能整批撤回：{zh}{more}",
        f"there were changes after this batch, it cannot be taken back whole: {en}{' …' if more else ''}",
        "先撤回后来的改动，或只对有错的户逐户更正",
        "take back what came later first, or correct the wrong households one by one",
    )


def _kind(kind: str, batch: int | None) -> tuple[str, str]:
    if batch is not None:
        return f"第 {batch} 批台账", f"batch {batch}"
    return (f"变更 {kind}", f"change {kind}") if kind != "survey" else ("入户调查改过", "survey changed")
