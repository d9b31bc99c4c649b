"""Small samples that the tests share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from fupin.engine.measure.design import Floats
from fupin.engine.measure.file import Question, measure_table
from fupin.engine.measure.welfare import Welfare

DATA = Path(__file__).parents[1] / "data"


def welfare(values: Sequence[float] | Floats, weights: Sequence[float] | Floats | None = None, **drawn: Any) -> Welfare:
    """One group; without weights each row weighs 1."""
    y = np.array(values, dtype=np.float64)
    w = np.ones_like(y) if weights is None else np.array(weights, dtype=np.float64)
    return Welfare.of_rows(y, w, np.zeros(len(y), dtype=np.int64), ["all"], **drawn)


def pieces(frame: pl.DataFrame, size: int = 7) -> Callable[[Sequence[str]], list[pl.DataFrame]]:
    """The frame as a table gives it: numbered rows, in small pieces."""
    numbered = frame.with_columns(pl.int_range(2, len(frame) + 2, dtype=pl.Int64).alias("row"))
    return lambda names: list(numbered.select("row", *names).iter_slices(size))


def asked(columns: Mapping[str, Sequence[Any]], **question: Any) -> dict[str, Any]:
    """The answer for a table of texts."""
    frame = pl.DataFrame({name: pl.Series(values, dtype=pl.String) for name, values in columns.items()})
    return measure_table(Question(**question), frame.columns, pieces(frame))
