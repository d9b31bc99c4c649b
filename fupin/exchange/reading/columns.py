"""A whole column of cells at once: the ordinary ones by Polars, the odd rest once per distinct text by ``values``.

The quick readers take only cells that are tidy already: tidying looks at what they leave.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np
import polars as pl

from fupin.catalogue.schema import Column
from fupin.exchange.reading.values import NULL_WORDS, One, Outcome, reader, tidy
from fupin.kernel.identity import CHECK_DIGITS, WEIGHTS

DTYPES: dict[str, pl.DataType] = {
    "int": pl.Int64(), "money": pl.Int64(), "decimal": pl.Float64(), "flag": pl.Boolean(), "date": pl.Date(),
    "month": pl.Int32(),
}  # fmt: skip
_ODD_EDGES = r"^[\s\u3000\x{feff}\x{200b}'=]|[\s\u3000\x{feff}\x{200b}]$"
_EMPTY = f"^(?:{'|'.join(map(re.escape, sorted(NULL_WORDS)))})$"
_ODD_TEXT = rf"[０-９Ａ-Ｚａ-ｚ－\s\u3000\x{{200b}}-\x{{200f}}\x{{feff}}]|^[=']|{_EMPTY}"
_ODD_NAME = r"[^\u4e00-\u9fff·]|^空?$"
_CHECK_DIGITS = np.frombuffer(CHECK_DIGITS.encode(), dtype=np.uint8)
_MONTH_LENGTHS = np.array([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31, 0], dtype=np.int16)
_AMOUNT = r"^-?[0-9]{1,12}(?:\.[0-9]{1,2})?$"
_MEMORY = 200_000
ByteRows = np.ndarray[tuple[int, int], np.dtype[np.uint8]]


def dtype_of(column: Column) -> pl.DataType:
    return DTYPES.get(column.type, pl.String())


@dataclass
class ColumnReader:
    """Reads the pieces of one column; remembers odd texts from piece to piece (never ID numbers)."""

    column: Column
    factor: Fraction = Fraction(1)
    known: dict[str, Outcome] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.one: One = reader(self.column, self.factor)

    def read(self, cells: pl.Series) -> tuple[pl.Series, pl.Series]:
        """(values, problem codes); both null for an empty cell."""
        values = self._quick(cells)
        odd = values.is_null() & cells.is_not_null()
        if odd.any():
            return self._read_odd(cells, values, odd)
        return values, _nulls(cells, pl.String()).alias("problem")

    def _quick(self, cells: pl.Series) -> pl.Series:
        """Null for every cell that is not in ordinary writing; an untidy one never is."""
        quick = _QUICK.get(self.column.type)
        if quick is None or self.factor != 1 or (self.column.type == "money" and self.column.unit != "元"):
            return _nulls(cells, dtype_of(self.column))
        return quick(cells)

    def _read_odd(self, cells: pl.Series, values: pl.Series, odd: pl.Series) -> tuple[pl.Series, pl.Series]:
        """Each distinct odd text is tidied, looked at quickly again and only then by itself."""
        distinct = (cells if odd.all() else cells.filter(odd)).drop_nulls().unique()
        tidied = tidy_series(distinct)
        told = self._quick(tidied)
        left = (told.is_null() & tidied.is_not_null()).arg_true()
        outcomes = [self._one(text) for text in tidied.gather(left).to_list()]
        told = told.scatter(left, pl.Series([o.value for o in outcomes], dtype=told.dtype))
        problems = _nulls(distinct, pl.String())
        problems = problems.scatter(left, pl.Series([o.problem for o in outcomes], dtype=pl.String))
        table = pl.DataFrame({"cell": distinct, "told": told, "problem": problems})
        joined = pl.DataFrame({"cell": cells, "value": values}).join(
            table, on="cell", how="left", maintain_order="left"
        )
        merged = joined.select(value=pl.coalesce("value", "told"), problem="problem")
        return merged["value"].alias(cells.name), merged["problem"]

    def _one(self, text: str) -> Outcome:
        if self.column.type == "idcard":
            return self.one(text)
        outcome = self.known.get(text)
        if outcome is None:
            outcome = self.one(text)
            if len(self.known) < _MEMORY:
                self.known[text] = outcome
        return outcome


def tidy_series(cells: pl.Series) -> pl.Series:
    """``values.tidy`` for a column."""
    odd = cells.str.contains(_ODD_EDGES) | cells.is_in(NULL_WORDS)
    if not odd.any():
        return cells
    distinct = cells.filter(odd).unique()
    tidied = pl.Series([tidy(text) for text in distinct.to_list()], dtype=pl.String)
    told = pl.DataFrame({"cell": distinct, "told": tidied, "odd": True})
    joined = pl.DataFrame({"cell": cells}).join(told, on="cell", how="left", maintain_order="left")
    chosen = pl.when(pl.col("odd").is_null()).then("cell").otherwise("told")
    return joined.select(chosen.alias(cells.name)).to_series()


def fixed_bytes(cells: pl.Series, width: int) -> ByteRows:
    """(n, width): the UTF-8 bytes of cells that all have so many; none of them null."""
    array = cells.rechunk().to_arrow(compat_level=pl.CompatLevel.oldest())
    buffers: list[Any] = array.buffers()  # validity, offsets, characters
    begin = int(np.frombuffer(buffers[1], dtype=np.int64)[array.offset])
    rows: ByteRows = np.frombuffer(buffers[2], dtype=np.uint8)[begin : begin + len(cells) * width].reshape(-1, width)
    return rows


def quick_ids(cells: pl.Series) -> pl.Series:
    """18 characters in canonical writing (or with a small x), real date, right check digit; null for all others."""
    candidates = (cells.str.len_bytes() == 18).fill_null(False)
    chosen = cells.filter(candidates)
    if chosen.is_empty():
        return _nulls(cells, pl.String())
    places = np.ascontiguousarray(fixed_bytes(chosen, 18).T)  # (18, n): what is done place by place runs along rows
    small_x = places[17] == ord("x")
    last = np.where(small_x, ord("X"), places[17])
    digits = places[:17] - np.uint8(ord("0"))  # what is no digit wraps round to more than 9
    weighted = sum(digits[place].astype(np.int16) * weight for place, weight in enumerate(WEIGHTS))
    repeated = (digits == digits[0]).all(axis=0) | (digits[:6] == 9).all(axis=0)
    right = (_CHECK_DIGITS[weighted % 11] == last) & ~repeated
    good = (digits <= 9).all(axis=0) & (digits[0] > 0) & right & _real_dates(digits[6:14].astype(np.int16))
    found = chosen.str.to_uppercase() if small_x.any() else chosen
    found = pl.DataFrame({"id": found, "good": good}).select(pl.when("good").then("id")).to_series()
    return found.alias(cells.name) if len(chosen) == len(cells) else _place(cells, candidates, found)


def _real_dates(digits: np.ndarray[Any, np.dtype[np.int16]]) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """(8, n), the places of YYYYMMDD from 1850 to 2099; what holds no digits gives anything."""
    year = digits[0] * 1000 + digits[1] * 100 + digits[2] * 10 + digits[3]
    month, day = digits[4] * 10 + digits[5], digits[6] * 10 + digits[7]
    leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    length = _MONTH_LENGTHS[np.clip(month, 0, 13)] + ((month == 2) & leap)
    real: np.ndarray[Any, np.dtype[np.bool_]] = (year >= 1850) & (year <= 2099) & (day >= 1) & (day <= length)
    return real


_DATE_STYLES = (
    (r"^(18[5-9][0-9]|19[0-9][0-9]|20[0-9][0-9]|21[0-9][0-9])-[0-9]{2}-[0-9]{2}$", "%Y-%m-%d"),
    (r"^(18[5-9][0-9]|19[0-9][0-9]|20[0-9][0-9]|21[0-9][0-9])[0-9]{4}$", "%Y%m%d"),
    (r"^(18[5-9][0-9]|19[0-9][0-9]|20[0-9][0-9]|21[0-9][0-9])/[0-9]{1,2}/[0-9]{1,2}$", "%Y/%m/%d"),
    (r"^(18[5-9][0-9]|19[0-9][0-9]|20[0-9][0-9]|21[0-9][0-9])年[0-9]{1,2}月[0-9]{1,2}日$", "%Y年%m月%d日"),
)


def quick_dates(cells: pl.Series) -> pl.Series:
    """The styles most files are written in, as long as cells are left."""
    found = _nulls(cells, pl.Date())
    for shape, style in _DATE_STYLES:
        left = pl.select(pl.when(found.is_null() & cells.str.contains(shape)).then(cells)).to_series()
        if left.null_count() < len(left):
            read = left.str.to_date(style, strict=False)
            found = pl.select(pl.coalesce(found, read)).to_series()
        if found.null_count() == cells.null_count():
            break
    return found


def quick_ints(cells: pl.Series) -> pl.Series:
    shaped = cells.str.contains(r"^-?[0-9]{1,14}$")
    return pl.select(pl.when(shaped).then(cells)).to_series().cast(pl.Int64)


def quick_decimals(cells: pl.Series) -> pl.Series:
    shaped = cells.str.contains(r"^-?[0-9]{1,10}(\.[0-9]{1,3})?$")
    return pl.select(pl.when(shaped).then(cells)).to_series().cast(pl.Float64)


def quick_money(cells: pl.Series) -> pl.Series:
    """Yuan with at most twelve digits before the point and two behind → 分."""
    shaped = pl.select(pl.when(cells.str.contains(_AMOUNT)).then(cells)).to_series()
    # exact: 14 digits and the rounding error of one multiplication stay far below half a 分
    return (shaped.cast(pl.Float64) * 100).round().cast(pl.Int64)


def quick_text(cells: pl.Series) -> pl.Series:
    return pl.select(pl.when(~cells.str.contains(_ODD_TEXT)).then(cells)).to_series()


def quick_names(cells: pl.Series) -> pl.Series:
    return pl.select(pl.when(~cells.str.contains(_ODD_NAME)).then(cells)).to_series()


def quick_regions(cells: pl.Series) -> pl.Series:
    return pl.select(pl.when(cells.str.contains(r"^[0-9]{12}$")).then(cells)).to_series()


def _nulls(cells: pl.Series, dtype: pl.DataType) -> pl.Series:
    return pl.Series(cells.name, [None], dtype=dtype).new_from_index(0, len(cells))


def _place(cells: pl.Series, where: pl.Series, found: pl.Series) -> pl.Series:
    """``found`` in the places marked by ``where``, null elsewhere."""
    return _nulls(cells, found.dtype).scatter(where.arg_true(), found)


_QUICK: dict[str, Callable[[pl.Series], pl.Series]] = {
    "idcard": quick_ids, "date": quick_dates, "int": quick_ints, "decimal": quick_decimals, "money": quick_money,
    "text": quick_text, "key": quick_text, "name": quick_names, "region": quick_regions,
}  # fmt: skip


def limits(column: Column) -> tuple[Any, Any]:
    """Least and greatest value in the unit that is stored (分 for money)."""
    scale = 1
    if column.type == "money":
        scale = 1_000_000 if column.unit == "万元" else 100
    return tuple(None if limit is None else limit * scale for limit in (column.min, column.max))  # type: ignore[return-value]
