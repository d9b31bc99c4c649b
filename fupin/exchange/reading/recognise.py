"""Open a delivered file as the table of a data set: kind, encoding, delimiter, sheet, header are found out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from fupin.catalogue.schema import Dataset
from fupin.exchange.reading import archive, header, refusals
from fupin.exchange.reading.filetypes import Kind, kind_of
from fupin.exchange.reading.header import Header
from fupin.exchange.reading.source import Source
from fupin.exchange.reading.table import HEADER_ROWS, Pieces
from fupin.exchange.reading.textfile import DELIMITERS, TextFile
from fupin.exchange.reading.workbook import Merged, Sheet, merged_name, open_workbook
from fupin.kernel.masks import mask_numbers

DELIMITER_NAMES = {",": "comma", "\t": "tab", ";": "semicolon", "|": "bar", "，": "full-width comma", "\x01": "\\x01"}


@dataclass
class Table:
    """``pieces`` may be called again and gives the same rows, or only some; ``size``: sum of their sizes, roughly."""

    header: Header
    size: int
    pieces: Pieces
    about: dict[str, Any]
    merged_rows: frozenset[int] = frozenset()
    notes: list[dict[str, str]] = field(default_factory=list)

    @property
    def width(self) -> int:
        return len(self.header.cells)

    def recognised(self, dataset: Dataset) -> dict[str, Any]:
        """What was found out, for the ledger: no cell of the body in it."""
        columns = {dataset.columns[name].zh: self.header.cells[i] for name, i in self.header.columns.items()}
        return {
            **self.about,
            "header_row": self.header.row,
            "header": [mask_numbers(cell) for cell in self.header.cells],
            "columns": columns,
            "absent": [c.zh for c in dataset.columns.values() if c.name not in self.header.columns],
            "extra": self.header.extras,
            "units": {dataset.columns[name].zh: str(factor) for name, factor in self.header.factors.items()},
            "notes": self.notes,
        }


@contextmanager
def open_table(source: Source, dataset: Dataset) -> Iterator[Table]:
    """Raises Refusal for everything that cannot be a table of this data set."""
    kind = kind_of(source)
    if kind == "text":
        yield _text_table(source, dataset)
    else:
        with open_workbook(source, kind) as sheets:
            yield _sheet_table(source, dataset, kind, sheets)


def guess(source: Source) -> Dataset | None:
    """The data set whose header the file shows, or None. Raises Refusal when it is no table."""
    kind = kind_of(source)
    if kind == "text":
        text = TextFile.open(source)
        found = [header.best_dataset(text.head(delimiter, HEADER_ROWS)) for delimiter in DELIMITERS]
    else:
        with open_workbook(source, kind) as sheets:
            found = [header.best_dataset(sheet.head(HEADER_ROWS)) for sheet in sheets]
    best = max((hit for hit in found if hit), key=lambda hit: len(hit[1].columns), default=None)
    return best[0] if best else None


def _text_table(source: Source, dataset: Dataset) -> Table:
    text = TextFile.open(source)
    heads = {delimiter: text.head(delimiter, HEADER_ROWS) for delimiter in DELIMITERS}
    delimiter = max(DELIMITERS, key=lambda candidate: _plausible(heads[candidate], dataset))
    found = header.recognise(heads[delimiter], dataset)
    found.cells = trimmed(found.cells)
    about = {"kind": "text", "encoding": text.encoding.label, "delimiter": DELIMITER_NAMES[delimiter]}
    width = len(found.cells)
    return Table(found, source.size, partial(text.pieces, delimiter, width, found.row + 1), about)


def _plausible(rows: Sequence[Sequence[str]], dataset: Dataset) -> tuple[int, int, int]:
    """More of the data set's columns, then of any data set's, then more cells."""
    own = header.best_row(rows, dataset)
    known = max((header.known_headings(cells) for cells in rows), default=0)
    widths = sorted(len(cells) for cells in rows)
    return len(own.columns) if own else 0, known, widths[len(widths) // 2] if widths else 0


def trimmed(cells: list[str]) -> list[str]:
    used = max((index + 1 for index, cell in enumerate(cells) if cell.strip()), default=0)
    return cells[:used]


def _sheet_table(source: Source, dataset: Dataset, kind: Kind, sheets: Sequence[Sheet]) -> Table:
    if not sheets:
        raise refusals.empty_file()
    found: list[tuple[Sheet, Header]] = []
    refused = []
    for sheet in sheets:
        try:
            found.append((sheet, header.recognise(sheet.head(HEADER_ROWS), dataset)))
        except refusals.Refusal as refusal:
            refused.append(refusal)
    if not found:
        raise refused[0]
    if len(found) > 1:
        raise refusals.several_sheets(dataset.zh, dataset.id, [sheet.name for sheet, _ in found])
    return table_of_sheet(source, kind, *found[0], unread=[sheet for sheet in sheets if sheet is not found[0][0]])


def table_of_sheet(source: Source, kind: Kind, sheet: Sheet, found: Header, unread: Sequence[Sheet]) -> Table:
    found.cells = trimmed(found.cells)
    notes = _formula_notes(source, sheet) if kind == "xlsx" else []
    merged_rows = _merged_rows(sheet.merged(), found.row)
    notes += _unread_note(unread)
    about = {"kind": kind, "sheet": sheet.name}
    width, first = len(found.cells), found.row + 1
    return Table(found, sheet.height, partial(sheet.pieces, width, first), about, merged_rows, notes)


def _unread_note(unread: Sequence[Sheet]) -> list[dict[str, str]]:
    """Nothing is left out in silence."""
    if not unread:
        return []
    names = "、".join(mask_numbers(sheet.name) for sheet in unread)
    return [{"zh": f"没有读取的工作表：{names}", "en": f"sheets that were not read: {names}"}]


def _formula_notes(source: Source, sheet: Sheet) -> list[dict[str, str]]:
    formulas = archive.formulas(source, sheet.name)
    if formulas.without_value:
        raise refusals.formulas_without_value(formulas.without_value, formulas.cells)
    if not formulas.count:
        return []
    zh = f"有 {formulas.count} 个公式单元格，已采用文件中保存的计算结果"
    return [{"zh": zh, "en": f"{formulas.count} formula cells; their saved results were taken"}]


def _merged_rows(merged: Sequence[Merged], header_row: int) -> frozenset[int]:
    """Rows with cells merged sideways. Raises Refusal for cells merged over several rows of the body."""
    body = [region for region in merged if region[0][0] >= header_row]
    tall = [region for region in body if region[1][0] > region[0][0]]
    if tall:
        raise refusals.merged_cells(len(tall), [merged_name(region) for region in tall[:5]])
    return frozenset(region[0][0] + 1 for region in body)
