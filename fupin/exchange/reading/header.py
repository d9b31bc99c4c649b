"""Which row is the header, and which of its cells is which column of the data set."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache

from fupin.catalogue.schema import Column, Dataset, datasets
from fupin.exchange.reading import refusals
from fupin.exchange.reading.table import HEADER_ROWS, MAX_COLUMNS, column_letters
from fupin.exchange.reading.units import CONVERSIONS, SAME_UNIT, UNITS
from fupin.kernel.masks import mask_numbers

NOTE_COLUMN = "问题说明"  # added by the download of bad rows; ignored when it comes back
_BRACKETS = re.compile(r"[(\[【〔{<《]([^()\[\]【】〔〕{}<>《》]*)[)\]】〕}>》]")
_NOISE = re.compile(r"[\s*:'\"_.,;、。“”‘’\u200b-\u200f\u2060\ufeff-]+")


@dataclass
class Header:
    """``columns``: column name → index of the cell; ``factors``: to the column's unit where the header differs."""

    row: int
    cells: list[str]
    columns: dict[str, int] = field(default_factory=dict)
    factors: dict[str, Fraction] = field(default_factory=dict)
    extras: list[str] = field(default_factory=list)
    twice: dict[str, list[int]] = field(default_factory=dict)
    bad_units: list[tuple[str, str]] = field(default_factory=list)

    def missing(self, dataset: Dataset) -> list[Column]:
        return [column for column in dataset.columns.values() if column.required and column.name not in self.columns]


def shown(cell: str) -> str:
    """A heading as people and ledgers may see it: what stands in the place of a heading can be somebody's number."""
    return mask_numbers(cell.strip())[:40]


def canonical(text: str) -> str:
    """A heading without blanks, width, case, punctuation: what two spellings of it share."""
    return _NOISE.sub("", unicodedata.normalize("NFKC", text)).casefold()


def without_brackets(text: str) -> tuple[str, str]:
    """(heading without its brackets, what stood in the last one)."""
    plain = unicodedata.normalize("NFKC", text)
    found = _BRACKETS.findall(plain)
    return _BRACKETS.sub("", plain), (found[-1].strip().removeprefix("单位:") if found else "")


@cache
def _names(dataset_id: str) -> tuple[dict[str, str], dict[str, str]]:
    """(exact headings, aliases) → column name. A heading that two columns share belongs to the first."""
    exact: dict[str, str] = {}
    aliases: dict[str, str] = {}
    for column in datasets()[dataset_id].columns.values():
        for text in (column.zh, without_brackets(column.zh)[0], column.en, column.name):
            if text:
                exact.setdefault(canonical(text), column.name)
        for text in column.aliases:
            aliases.setdefault(canonical(text), column.name)
    return exact, {text: name for text, name in aliases.items() if text not in exact}


def match(cells: Sequence[str], dataset: Dataset, row: int) -> Header:
    """Map one row of cells; nothing is refused here."""
    header = Header(row, list(cells))
    exact, aliases = _names(dataset.id)
    hits: dict[str, list[tuple[int, bool]]] = {}
    for index, text in enumerate(cells):
        base = canonical(without_brackets(text)[0])
        name = exact.get(canonical(text)) or exact.get(base)
        by_alias = None if name else aliases.get(canonical(text)) or aliases.get(base)
        if name or by_alias:
            hits.setdefault(name or by_alias or "", []).append((index, name is not None))
        elif text.strip() and canonical(text) != NOTE_COLUMN:
            header.extras.append(shown(text))
    for name, places in hits.items():
        _settle(header, name, places)
    for name, index in header.columns.items():
        find_unit(header, dataset.columns[name], cells[index])
    return header


def _settle(header: Header, name: str, places: list[tuple[int, bool]]) -> None:
    """One exact heading wins over aliases; two of a kind are a mistake of the file."""
    exact = [index for index, is_exact in places if is_exact]
    chosen = exact or [index for index, _ in places]
    header.columns[name] = chosen[0]
    if len(chosen) > 1:
        header.twice[name] = chosen
    else:
        header.extras += [shown(header.cells[index]) for index, _ in places if index != chosen[0]]


def find_unit(header: Header, column: Column, text: str) -> None:
    unit = without_brackets(text)[1].casefold()
    if column.type not in ("money", "decimal") or unit not in UNITS or not column.unit:
        return
    unit = SAME_UNIT.get(unit, unit)
    if unit == column.unit:
        return
    if (unit, column.unit) in CONVERSIONS:
        header.factors[column.name] = CONVERSIONS[unit, column.unit]
    else:
        header.bad_units.append((column.name, unit))


@cache
def _all_names() -> frozenset[str]:
    return frozenset(text for id_ in datasets() for names in _names(id_) for text in names)


def known_headings(cells: Sequence[str]) -> int:
    """Cells that are a heading of any data set: a quick look before the exact one."""
    names = _all_names()
    return sum(canonical(text) in names or canonical(without_brackets(text)[0]) in names for text in cells if text)


def best_row(rows: Sequence[Sequence[str]], dataset: Dataset) -> Header | None:
    """The row with most columns recognised, the earlier one when equal; None when no row has two."""
    found = [match(cells, dataset, number) for number, cells in enumerate(rows[:HEADER_ROWS], start=1) if cells]
    found = [header for header in found if len(header.columns) >= 2]
    return max(found, key=lambda header: (len(header.columns), -header.row), default=None)


def best_dataset(rows: Sequence[Sequence[str]]) -> tuple[Dataset, Header] | None:
    """The data set whose columns the rows show best, all its required ones among them."""
    ranked = []
    promising = [cells if known_headings(cells) >= 2 else () for cells in rows[:HEADER_ROWS]]
    for dataset in datasets().values() if any(promising) else ():
        header = best_row(promising, dataset)
        if header and not header.missing(dataset):
            share = len(header.columns) / len(dataset.columns)
            ranked.append(((len(header.columns), share), dataset, header))
    if not ranked:
        return None
    _, dataset, header = max(ranked, key=lambda entry: entry[0])
    return dataset, header


def recognise(rows: Sequence[Sequence[str]], dataset: Dataset) -> Header:
    """The header of ``dataset`` among the first rows. Raises Refusal: what is missing, twice, from elsewhere."""
    widest = max((_used(cells) for cells in rows), default=0)
    if widest > MAX_COLUMNS:
        raise refusals.too_many_columns(widest, MAX_COLUMNS)
    header = best_row(rows, dataset)
    other = best_dataset(rows)
    required = [column.zh for column in dataset.columns.values() if column.required]
    if other and other[0].id != dataset.id and len(other[1].columns) > (len(header.columns) if header else 0):
        raise refusals.wrong_dataset(dataset.zh, dataset.id, other[0].zh, other[0].id, other[1].row)
    if header is None:
        raise refusals.no_header(dataset.zh, dataset.id, required)
    if missing := header.missing(dataset):
        seen = [shown(cell) for cell in header.cells if cell.strip()]
        raise refusals.columns_missing(header.row, [column.zh for column in missing], seen)
    _refuse_doubles(header, dataset)
    return header


def _refuse_doubles(header: Header, dataset: Dataset) -> None:
    for name, places in header.twice.items():
        letters = [column_letters(index) for index in places]
        raise refusals.column_twice(header.row, dataset.columns[name].zh, letters)
    for name, unit in header.bad_units:
        column = dataset.columns[name]
        raise refusals.unknown_unit(header.row, column.zh, unit, column.unit)


def _used(cells: Sequence[str]) -> int:
    return max((index + 1 for index, cell in enumerate(cells) if cell.strip()), default=0)
