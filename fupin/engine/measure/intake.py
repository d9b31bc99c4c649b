"""Columns of a table → arrays for the measures: every wrong cell is counted and named by its row, then refused."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from fupin.engine.measure.design import Floats, Ints
from fupin.kernel.errors import UserError

ROW = "row"
NAMED = 10  # rows that a message names
#: what is written for "nothing", compared without case
NOTHING = ("", "na", "n/a", "null", "none", ".", "-", "无", "缺失", "未知")


@dataclass
class Faults:
    """Rows with one kind of fault in one column: how many, and the first of them."""

    count: int = 0
    first: list[int] = field(default_factory=list)

    def add(self, rows: Iterable[int], count: int) -> None:
        self.count += count
        self.first += list(rows)[: NAMED - len(self.first)]

    @property
    def zh(self) -> str:
        return (
            f"{self.count} 行（第 {'、'.join(map(str, self.first))}{' …' if self.count > len(self.first) else ''} 行）"
        )

    @property
    def en(self) -> str:
        more = ", …" if self.count > len(self.first) else ""
        return f"{self.count} row{'s' if self.count > 1 else ''} (row {', '.join(map(str, self.first))}{more})"


def demand_columns(wanted: Sequence[str], known: Sequence[str]) -> None:
    """Every column that is asked for is there. Raises UserError with the nearest names."""
    from difflib import get_close_matches

    for name in wanted:
        if name in known:
            continue
        folded = {other.casefold(): other for other in reversed(known)}
        near = [folded[one] for one in get_close_matches(name.casefold(), list(folded), 3, 0.5)]
        shown = "、".join(near or list(known)[:12])
        raise UserError(
            f"没有列“{name}”",
            f"no column {name!r}",
            f"{'是不是' if near else '文件中的列'}：{shown}",
            f"{'did you mean' if near else 'columns of the file'}: {', '.join(near or list(known)[:12])}",
        )


@dataclass
class Columns:
    """Numbers and texts of the rows that are kept, with their row numbers."""

    numbers: dict[str, Floats]
    texts: dict[str, pl.Series]
    rows: Ints
    excluded: Faults

    def __len__(self) -> int:
        return len(self.rows)


class Intake:
    """Takes a table piece by piece. ``numbers``, ``texts``: columns to read as such.

    With ``drop_missing`` rows with an empty cell are left out and counted, else refused.
    """

    def __init__(self, numbers: Sequence[str], texts: Sequence[str], *, drop_missing: bool = False) -> None:
        self.numbers, self.texts = list(dict.fromkeys(numbers)), list(dict.fromkeys(texts))
        self.drop_missing = drop_missing
        self.missing: dict[str, Faults] = {}
        self.text: dict[str, Faults] = {}
        self.infinite: dict[str, Faults] = {}
        self.excluded = Faults()
        self._parts: list[pl.DataFrame] = []

    def take(self, piece: pl.DataFrame) -> None:
        """``piece``: ROW and the columns, text or of their own type."""
        rows = piece.get_column(ROW)
        found = [rows]
        for name in self.numbers:
            column = _cleaned(piece.get_column(name))
            value = column.cast(pl.Float64, strict=False)
            self._note(self.text, name, rows, column.is_not_null() & value.is_null())
            self._note(self.infinite, name, rows, value.is_not_null() & ~value.is_finite())
            self._note(self.missing, name, rows, column.is_null())
            found.append(value)
        for name in (name for name in self.texts if name not in self.numbers):
            column = _cleaned(piece.get_column(name))
            self._note(self.missing, name, rows, column.is_null())
            found.append(column.cast(pl.Categorical) if column.dtype == pl.String else column)
        kept = pl.DataFrame(found)
        whole = kept.drop_nulls()
        if len(whole) < len(kept):
            gone = kept.filter(pl.any_horizontal(pl.all().is_null())).get_column(ROW)
            self.excluded.add(gone.head(NAMED), len(gone))
        self._parts.append(whole)

    def _note(self, faults: dict[str, Faults], name: str, rows: pl.Series, where: pl.Series) -> None:
        wrong = rows.filter(where)
        if len(wrong):
            faults.setdefault(name, Faults()).add(wrong.head(NAMED), len(wrong))

    def columns(self) -> Columns:
        """Everything taken. Raises UserError: text among numbers, infinite numbers, empty cells, no rows."""
        for name, faults in self.text.items():
            raise UserError(
                f"列“{name}”里有不是数字的内容：{faults.zh}",
                f"column {name!r} holds text that is not a number: {faults.en}",
                "改正这些单元格；数字里不要有千分号、货币或单位，缺失请留空",
                "mend these cells; no thousands separators, currency or units; leave what is missing empty",
            )
        for name, faults in self.infinite.items():
            raise UserError(
                f"列“{name}”里有 NaN 或无穷大：{faults.zh}",
                f"column {name!r} holds NaN or infinity: {faults.en}",
                "改正这些单元格；缺失请留空",
                "mend these cells; leave what is missing empty",
            )
        if self.missing and not self.drop_missing:
            raise self._refuse_missing()
        frame = pl.concat(self._parts) if self._parts else pl.DataFrame()
        if not len(frame):
            raise UserError(
                "没有可以测算的数据行", "no rows to measure",
                "检查文件是否只有表头，或所选列是否全空", "check for a file of a header only, or for empty columns",
            )  # fmt: skip
        return Columns(
            {name: frame.get_column(name).to_numpy() for name in self.numbers},
            {name: frame.get_column(name) for name in self.texts},
            frame.get_column(ROW).to_numpy(),
            self.excluded,
        )

    def _refuse_missing(self) -> UserError:
        zh = "；".join(f"“{name}”{faults.zh}" for name, faults in self.missing.items())
        en = "; ".join(f"{name!r} {faults.en}" for name, faults in self.missing.items())
        return UserError(
            f"有缺失值：{zh}",
            f"missing values: {en}",
            "补齐这些单元格，或加 --drop-missing 排除这些行（结果会注明排除了多少行）",
            "fill these cells, or leave the rows out with --drop-missing (the result says how many)",
        )


def _cleaned(column: pl.Series) -> pl.Series:
    """Texts without blanks around them, and nothing where nothing is meant."""
    if column.dtype != pl.String:
        return column.cast(pl.Float64) if column.dtype == pl.Boolean else column
    plain = column.str.strip_chars()
    return plain.set(plain.str.to_lowercase().is_in(NOTHING), None)


def demand_weights(weight: Floats, name: str, rows: Ints) -> None:
    """Weights are not negative and not all zero. Raises UserError."""
    negative = Faults()
    wrong = rows[weight < 0]
    if len(wrong):
        negative.add(wrong[:NAMED].tolist(), len(wrong))
        raise UserError(
            f"权数列“{name}”有负数：{negative.zh}",
            f"weight column {name!r} holds negative weights: {negative.en}",
            "权数是一行代表的人数或户数，不能为负；请改正",
            "a weight is the number of persons or households that a row stands for; mend it",
        )
    if not (weight > 0).any():
        raise UserError(
            f"权数列“{name}”全部为零", f"all weights in column {name!r} are zero",
            "检查是否选错了权数列", "check whether it is the right column",
        )  # fmt: skip


def numbered(column: pl.Series) -> tuple[Ints, list[str]]:
    """(number of each row's value, the values as text in order): numbers in numeric order, texts by code point."""
    if column.dtype == pl.Categorical:
        column = column.cast(pl.String)
    values = column.unique().sort()
    number = pl.DataFrame({"value": values, "number": np.arange(len(values))})
    joined = column.to_frame("value").join(number, on="value", how="left", maintain_order="left")
    return joined.get_column("number").to_numpy().astype(np.int64), [_name(value) for value in values]


def _name(value: object) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
