"""How the columns of one table are understood: by an official layout, by a mapping that was saved, or as proposed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Protocol

from fupin.catalogue.ledgers import CLOSED, Layout, LedgerColumn, layouts, ledger_fields
from fupin.exchange.ledgers.headings import CODE, column_of, propose
from fupin.exchange.reading import refusals
from fupin.exchange.reading.header import Header, canonical, find_unit, shown
from fupin.exchange.reading.table import HEADER_ROWS, column_letters
from fupin.kernel.errors import UserError

LEAST = 3  # headings that make a row a header
SHARE = 0.7  # of a layout's columns that make a table one of this layout
PERSON_SIGNS = ("persons.name", "persons.id_number", "persons.person_id", "persons.relation")


@dataclass(frozen=True)
class ColumnMap:
    """``field``: "" is not taken over; ``keep``: kept as written. ``codes``: a foreign list, "" our own, ``own`` pairs
    of a translation made by hand. ``writes``: code or label, as the ledger has it. ``sure``: nobody need look at it."""

    heading: str
    field: str = ""
    codes: str = ""
    own: tuple[tuple[str, str], ...] = ()
    keep: bool = False
    writes: str = "label"
    sure: bool = True


@dataclass(frozen=True)
class TableMap:
    """``layout``: official layout, "" for a provincial ledger. ``saved``: number of the saved mapping, 0 none.
    ``state``: of new households where the list says none."""

    row: str
    layout: str
    columns: tuple[ColumnMap, ...]
    saved: int = 0
    state: str = ""

    def of(self, field: str) -> ColumnMap | None:
        return next((one for one in self.columns if one.field == field), None)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


class Saved(Protocol):
    """A saved mapping as the database holds it."""

    pk: int
    signature: str
    mapping: Mapping[str, Any]


def from_json(raw: Mapping[str, Any]) -> TableMap:
    columns = tuple(
        ColumnMap(**{**one, "own": tuple((str(a), str(b)) for a, b in one.get("own", ()))}) for one in raw["columns"]
    )
    return TableMap(raw["row"], raw["layout"], columns, raw.get("saved", 0), raw.get("state", ""))


def signature(cells: Iterable[str]) -> str:
    """What two tables with the same headings share, in any order."""
    names = sorted({canonical(cell) for cell in cells if cell.strip()})
    return hashlib.sha256("\x1f".join(names).encode()).hexdigest()


def recognise(head: Sequence[Sequence[str]], saved: Iterable[Saved]) -> tuple[int, TableMap] | None:
    """(row of the header, what its columns are); None when no row looks like a header."""
    rows = [(number, cells) for number, cells in enumerate(head[:HEADER_ROWS], start=1) if any(map(str.strip, cells))]
    known = {one.signature: one for one in saved}
    for number, cells in rows:
        if one := known.get(signature(cells)):
            return number, replace(from_json(one.mapping), saved=one.pk)
    official = [(found, number) for number, cells in rows if (found := _official(cells)) is not None]
    if official:
        found, number = max(official, key=lambda one: (sum(bool(c.field) for c in one[0].columns), -one[1]))
        return number, found
    proposed = [(found, number) for number, cells in rows if (found := _proposed(cells)) is not None]
    if not proposed:
        return None
    found, number = max(proposed, key=lambda one: (sum(bool(c.field) for c in one[0].columns), -one[1]))
    return number, found


def _official(cells: Sequence[str]) -> TableMap | None:
    """The layout whose columns the row has almost all of, and hardly anything else."""
    best: tuple[int, Layout, list[tuple[str, LedgerColumn | None]]] | None = None
    named = [cell for cell in cells if cell.strip()]
    for layout in layouts().values():
        pairs = [(cell, column_of(layout, cell)) for cell in named]
        hits = sum(column is not None for _cell, column in pairs)
        coded = sum(CODE.match(cell.strip()) is not None for cell in named) >= SHARE * len(named)
        enough = hits >= SHARE * (len(named) if coded else max(len(layout.columns), len(named)))
        if enough and hits >= LEAST and (best is None or hits > best[0]):
            best = hits, layout, pairs
    if best is None:
        return None
    _hits, layout, pairs = best
    return TableMap(layout.row, layout.id, tuple(_column(layout, cell, column) for cell, column in pairs))


def _column(layout: Layout, heading: str, column: LedgerColumn | None) -> ColumnMap:
    if column is None:
        return ColumnMap(heading.strip())
    return ColumnMap(heading.strip(), column.field, keep=not column.field, writes=layout.writes)


def _proposed(cells: Sequence[str]) -> TableMap | None:
    named = [cell.strip() for cell in cells if cell.strip()]
    signs = {p.field for c in named if (p := propose(c, "person")) and p.sure} & set(PERSON_SIGNS)
    row = "person" if signs else "household"
    found: list[ColumnMap] = []
    taken: set[str] = set()
    for cell in sorted(named, key=lambda one: not ((p := propose(one, row)) and p.sure)):
        proposal = propose(cell, row)
        field = "" if proposal is None or proposal.field in taken else proposal.field
        taken.add(field)
        found.append(ColumnMap(cell, field, sure=bool(field) and proposal is not None and proposal.sure))
    if sum(one.sure for one in found) < LEAST:
        return None
    order = {cell: place for place, cell in enumerate(named)}
    return TableMap(row, "", tuple(sorted(found, key=lambda one: order[one.heading])))


def header_of(found: TableMap, row: int, cells: Sequence[str]) -> Header:
    """Where each column of the mapping stands, and in which unit. Raises Refusal for a heading that stands twice."""
    header = Header(row, list(cells))
    places: dict[str, list[int]] = {}
    for index, cell in enumerate(cells):
        places.setdefault(canonical(cell), []).append(index)
    for one in found.columns:
        where = places.get(canonical(one.heading), [])
        if len(where) > 1:
            raise refusals.column_twice(row, shown(one.heading), [column_letters(index) for index in where])
        if where and (one.field or one.keep):
            header.columns[name_of(one)] = where[0]
            if one.field:
                unit = replace(ledger_fields()[one.field].column, name=one.field)
                find_unit(header, unit, cells[where[0]])
    for name, unit_name in header.bad_units:
        field = ledger_fields()[name].column
        raise refusals.unknown_unit(row, field.zh, unit_name, field.unit)
    return header


def name_of(one: ColumnMap) -> str:
    """The name under which a column is read: its field, or its heading where it is only kept."""
    return one.field or f"raw.{one.heading}"


def demand_usable(found: TableMap) -> None:
    """Raises UserError for a mapping by which rows could not be told apart."""
    fields = [one.field for one in found.columns if one.field]
    if twice := sorted({field for field in fields if fields.count(field) > 1}):
        names = "、".join(ledger_fields()[field].column.zh for field in twice)
        raise UserError(
            f"有两列都对应「{names}」",
            f"two columns are mapped to {', '.join(twice)}",
            "只保留一列",
            "keep one of them",
        )
    keys = ("households.household_id",) if found.row == "household" else ("persons.person_id", "persons.id_number")
    if not set(keys) & set(fields):
        names = "或".join(ledger_fields()[key].column.zh for key in keys)
        raise UserError(
            f"没有一列对应「{names}」，认不出是哪一户、哪一人",
            f"no column is mapped to {' or '.join(keys)}: rows cannot be told apart",
            f"请指定哪一列是「{names}」",
            "say which column it is",
        )


def as_layout(number: int, name: str, found: TableMap) -> Layout:
    """A saved mapping as a layout to be written out: the same headings in the same order, also those not read."""
    columns = {
        one.heading: LedgerColumn(one.heading, one.heading, one.field, "" if one.field else "not a figure of ours")
        for one in found.columns
    }
    yearly = found.row == "household" and any(c.field.startswith("survey.") for c in found.columns)
    return Layout(
        f"m{number}", name, name, found.row, "title", "label", ("是", "否"), "", columns, yearly=yearly
    )  # fmt: skip


def closed(field: str) -> bool:
    """A column whose cells are shown masked only and never kept as written."""
    return field in CLOSED
