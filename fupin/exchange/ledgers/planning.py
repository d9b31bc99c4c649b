"""The dry run: files read, matched and compared; what came out is kept sealed, its figures stand with the batch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any

import polars as pl
from django.db import transaction

from fupin.exchange.ledgers import store
from fupin.exchange.ledgers.gathering import gather
from fupin.exchange.ledgers.grouping import NEW, Grouped, grouped, with_codes
from fupin.exchange.ledgers.kept import kept_cells
from fupin.exchange.ledgers.mapping import from_json, header_of
from fupin.exchange.ledgers.opening import OpenSheet, open_sheets
from fupin.exchange.ledgers.plausible import Doubt, doubts
from fupin.exchange.ledgers.reading import MOST_ROWS, ReadTable, Refused, read_table
from fupin.exchange.ledgers.refusing import GROUP_CODES, Refusing
from fupin.exchange.ledgers.sides import Sides, sides, wanted
from fupin.exchange.reading import refusals
from fupin.exchange.reading.table import ROW
from fupin.registry import api as registry
from fupin.registry.api import LedgerBatch, LedgerDifferences, LedgerIncoming, Standing

Progress = Callable[[str, float], None]
NEW_HOUSEHOLD, NEW_PERSON, NEW_YEAR, CHANGED, MISSING, GROUPED, REFUSED = (
    "new_household", "new_person", "new_year", "changed", "missing", "grouped", "refused",
)  # fmt: skip
KINDS = (NEW_HOUSEHOLD, NEW_PERSON, NEW_YEAR, CHANGED, MISSING, GROUPED, REFUSED)
SHOWN = {
    "kind": pl.String, "table": pl.Int64, "row": pl.Int64, "household_id": pl.String, "person_id": pl.String,
    "village_code": pl.String, "name": pl.String, "entity": pl.String, "column": pl.String, "before": pl.String,
    "after": pl.String, "cell": pl.Boolean, "zh": pl.String, "en": pl.String, "hint_zh": pl.String,
    "hint_en": pl.String,
}  # fmt: skip


@dataclass
class Planned:
    """All that a dry run knows; numbers in clear only in memory."""

    found: LedgerDifferences
    now: Standing
    incoming: LedgerIncoming
    cells: pl.DataFrame
    refused: list[Refused]
    doubts: list[Doubt]
    counts: dict[str, Any]
    groups: pl.DataFrame

    @property
    def digest(self) -> str:
        return self.found.digest()


def plan(batch: LedgerBatch, progress: Progress, *, lock: bool = False) -> Planned:
    """In the caller's transaction. ``lock``: nobody else changes these households until it ends. Raises Refusal."""
    reads = _read(batch, progress)
    progress("与登记库核对", 0.6)
    looked = _held(reads, batch) if lock else _look(reads, batch, None)
    both, now, made, refusing = looked.sides, looked.now, looked.made, looked.refusing
    incoming = gather(both, now, batch.as_of, batch.year, refusing)
    groups = made.groups.join(incoming.households, on="household_id", how="semi", maintain_order="left")
    progress("找出差异", 0.8)
    lists_people = any(_complete(read) for read in reads)
    numbers = registry.changed_numbers(incoming, now)
    found = registry.differences(incoming, now, numbers, members_complete=lists_people)
    matched = incoming.persons.filter("known") if "known" in incoming.persons.columns else incoming.persons
    people = matched.select("table", pl.col("row").alias(ROW), known="person_id")
    return Planned(
        found, now, incoming, kept_cells(reads, incoming, now, batch),
        [one for read in reads for one in read.refused] + refusing.found,
        doubts(reads, people, now.persons, batch.region[:6] or batch.region),
        _counts(reads, refusing, found, incoming) | {GROUPED: groups.height}, groups,
    )  # fmt: skip


@dataclass(frozen=True)
class _Looked:
    """The tables beside what the registry holds of all that they name; ``held``: households that were locked first."""

    sides: Sides
    now: Standing
    made: Grouped
    refusing: Refusing
    held: pl.Series


def _look(reads: list[ReadTable], batch: LedgerBatch, held: pl.Series | None) -> _Looked:
    """``held``: households to be locked beside those that are named; None: nothing is."""
    refusing = Refusing()
    both = sides(reads, refusing, batch.region)
    asked = wanted(both, batch.year)
    locked = pl.Series([], dtype=pl.String)
    if held is not None:
        locked = pl.concat([held, asked.households.drop_nulls()]).unique()
        registry.hold(locked)
    now = registry.standing(asked)
    made = grouped(both, reads, now, refusing)
    if made.groups.height:  # the households that members led to, whole
        both = made.sides
        now = registry.standing(wanted(both, batch.year))
    return _Looked(both, now, made, refusing, locked)


class _More(Exception):
    """The tables lead to households that were not locked."""

    def __init__(self, households: pl.Series) -> None:
        super().__init__()
        self.households = households


def _held(reads: list[ReadTable], batch: LedgerBatch) -> _Looked:
    """Every household is held: those that are named, and those of persons known by a number. All at once, in the order
    of their numbers as everybody locks them: where looking shows more, what is held is given back first."""
    held = pl.Series([], dtype=pl.String)
    while True:
        try:
            with transaction.atomic():
                looked = _look(reads, batch, held)
                touched = looked.now.households["household_id"]
                if len(more := touched.filter(~touched.is_in(looked.held.implode()))):
                    raise _More(more)
                return looked
        except _More as found:
            held = pl.concat([held, found.households])


def coded(planned: Planned) -> Planned:
    """New households of a list without 户编号 get their codes, for good: when the batch is written."""
    fresh = planned.found.new_households.filter(pl.col("household_id").str.starts_with(NEW))["household_id"].to_list()
    if not fresh:
        return planned
    codes = dict(zip(fresh, registry.new_household_codes(len(fresh)), strict=True))
    frames = {
        name: with_codes(getattr(planned.found, name), codes)
        for name in ("new_households", "new_persons", "new_surveys", "changes")
    }
    return replace(planned, found=replace(planned.found, **frames), cells=with_codes(planned.cells, codes))


def _complete(read: ReadTable) -> bool:
    """A list of the people of households, not a table of something some of them have."""
    return read.found.row == "person" and read.found.of("persons.name") is not None


@contextmanager
def open_tables(batch: LedgerBatch) -> Iterator[list[list[OpenSheet]]]:
    """The sheets of each file."""
    with ExitStack() as stack:
        yield [
            stack.enter_context(open_sheets(store.source_of(batch.pk, number, file["name"], file["size"])))
            for number, file in enumerate(batch.files)
        ]


def _read(batch: LedgerBatch, progress: Progress) -> list[ReadTable]:
    reads: list[ReadTable] = []
    with open_tables(batch) as files:
        for number, told in enumerate(batch.tables):
            if told.get("skip"):
                continue
            sheet = files[told["file"]][told["sheet"]]
            found = from_json(told["map"])
            row = told["row"]
            table = sheet.table(header_of(found, row, sheet.head[row - 1]))
            done = number / len(batch.tables)
            read = read_table(
                number, table, found, batch.as_of,
                lambda share, done=done: progress("读取", 0.5 * (done + share / len(batch.tables))),  # type: ignore[misc]
            )  # fmt: skip
            if not read.rows.height and not read.refused_count:
                raise refusals.header_only(row)
            reads.append(read)
            if sum(one.rows.height for one in reads) > MOST_ROWS:
                raise _too_many()
    return reads


def _too_many() -> refusals.Refusal:
    return refusals.Refusal(
        "too_many_rows",
        f"这一批超过 {MOST_ROWS:,} 行",
        f"the batch has more than {MOST_ROWS:,} rows",
        "请按县或乡镇分批导入",
        "import it by county or township",
    )


def _counts(
    reads: list[ReadTable], refusing: Refusing, found: LedgerDifferences, incoming: LedgerIncoming
) -> dict[str, Any]:
    untranslated: Counter[tuple[str, str]] = Counter()
    for read in reads:
        untranslated += read.untranslated
    cells = {"other_village", "state_too_early", "state_back", "head_stays"}
    listed = found.listed
    changed = listed.select("entity", "record").unique().height
    figures = dict(listed["column"].value_counts(sort=True).iter_rows()) if listed.height else {}
    return {
        "rows": sum(read.rows.height + read.refused_count for read in reads),
        NEW_HOUSEHOLD: found.new_households.height,
        NEW_PERSON: found.new_persons.height,
        NEW_YEAR: found.new_surveys.height,
        CHANGED: changed,
        "figures": listed.height,
        "by_figure": figures,
        MISSING: found.missing.height,
        REFUSED: sum(read.refused_count for read in reads)
        + sum(count for code, count in refusing.counts.items() if code not in cells),
        "refused_cells": sum(count for code, count in refusing.counts.items() if code in cells),
        "ungrouped": sum(count for code, count in refusing.counts.items() if code in GROUP_CODES),
        "without_id": _without_id(found.new_persons),
        "households": incoming.households.height,
        "persons": incoming.persons.height,
        "untranslated": [[field, cell, count] for (field, cell), count in untranslated.most_common(200)],
        "regions": _by_region(found),
    }


def _without_id(people: pl.DataFrame) -> int:
    return int(people["id_number"].null_count()) if "id_number" in people.columns else people.height


def _by_region(found: LedgerDifferences) -> dict[str, dict[str, int]]:
    """Town → kind → how many."""
    parts = {
        NEW_HOUSEHOLD: found.new_households, NEW_PERSON: found.new_persons, NEW_YEAR: found.new_surveys,
        MISSING: found.missing, CHANGED: found.listed.unique(["entity", "record"]),
    }  # fmt: skip
    regions: dict[str, dict[str, int]] = {}
    for kind, frame in parts.items():
        if frame.height and "village_code" in frame.columns:
            towns = frame["village_code"].str.slice(0, 9).value_counts()
            for town, count in towns.iter_rows():
                regions.setdefault(town or "", {})[kind] = count
    return dict(sorted(regions.items()))


def as_shown(planned: Planned) -> pl.DataFrame:
    """Everything that a person looks at, in one frame; kept sealed."""
    found = planned.found
    refused = pl.DataFrame([vars(one) for one in planned.refused] or None, schema_overrides={"table": pl.Int64})
    if refused.height:
        refused = refused.sort("table", "row", maintain_order=True)
    known = planned.now.persons.select("person_id", "name")
    changes = found.listed.join(known, on="person_id", how="left", maintain_order="left")
    parts = {
        NEW_HOUSEHOLD: found.new_households.with_columns(after="state"), NEW_PERSON: found.new_persons,
        NEW_YEAR: found.new_surveys.with_columns(after=pl.col("year").cast(pl.String)) if found.new_surveys.height
        else found.new_surveys, CHANGED: changes, MISSING: found.missing, GROUPED: planned.groups, REFUSED: refused,
    }  # fmt: skip
    frames = [_shown(kind, frame) for kind, frame in parts.items() if frame.height]
    return pl.concat(frames) if frames else pl.DataFrame(schema=SHOWN)


def _shown(kind: str, frame: pl.DataFrame) -> pl.DataFrame:
    columns = [
        pl.lit(kind).alias("kind") if name == "kind"
        else (pl.col(name) if name in frame.columns else pl.lit(None)).cast(type_).alias(name)
        for name, type_ in SHOWN.items()
    ]  # fmt: skip
    return frame.select(columns)
