"""The shape that every kind of file is brought to: pieces of rows whose cells are text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import polars as pl

MAX_COLUMNS = 200
MAX_CELL_BYTES = 32_767  # what a spreadsheet can hold in one cell
HEADER_ROWS = 20
ROW = "row"
OVERFLOW = "overflow"
UNREAD_ID = "unread_id"  # only inside the memory of one delivery, never written


@dataclass(frozen=True)
class Piece:
    """``frame``: ROW (Int64), c0, c1 … (String, null when empty), OVERFLOW; ``size`` counts towards the progress."""

    frame: pl.DataFrame
    size: int


#: row numbers in rising order
Rows = np.ndarray[tuple[int], np.dtype[np.int64]]


class Pieces(Protocol):
    """All rows below the header piece by piece, or only those asked for."""

    def __call__(self, only: Rows | None = None) -> Iterator[Piece]: ...


def cell_names(width: int) -> list[str]:
    return [f"c{index}" for index in range(width)]


def column_letters(index: int) -> str:
    """0 → A, 25 → Z, 26 → AA: as a spreadsheet shows the column."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
