"""Small vectorised tools: draws from probabilities, codes and dates as Polars columns."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

Array = npt.NDArray[Any]
Rng = np.random.Generator

#: a missing date in an integer array of days since 1970
NO_DAY = -1_000_000
EPOCH = date(1970, 1, 1)


def generator(seed: int, *path: int) -> Rng:
    """The random stream of one part of the city: the same seed and path give the same numbers."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, *path])))


def days(day: date) -> int:
    """Days since 1970-01-01."""
    return (day - EPOCH).days


def ymd(year: int, month: int = 1, day: int = 1) -> int:
    return days(date(year, month, day))


def sigmoid(x: Array) -> Array:
    return np.asarray(1.0 / (1.0 + np.exp(-x)))


def chance(rng: Rng, probability: Array | float, n: int | None = None) -> Array:
    """Booleans, true with the given probability (one per element)."""
    size = n if n is not None else len(np.asarray(probability))
    return np.asarray(rng.random(size) < probability)


def choose(rng: Rng, weights: Sequence[float], n: int) -> Array:
    """Indices 0 … len(weights)-1 drawn with these weights."""
    edges = np.cumsum(np.asarray(weights, dtype=float))
    index = np.searchsorted(edges / edges[-1], rng.random(n), side="right")
    return np.asarray(np.minimum(index, len(weights) - 1))


def coded(index: Array, labels: Sequence[str]) -> pl.Series:
    """Text column ``labels[index]``; a negative index gives null."""
    table = pl.Series([*labels, None], dtype=pl.String)
    position = np.where(index < 0, len(labels), index).astype(np.uint32)
    return table.gather(pl.Series(position))


TWO_DIGITS = tuple(f"{i:02d}" for i in range(100))


def two(index: Array) -> pl.Series:
    """Two-digit codes; negative gives null."""
    return coded(index, TWO_DIGITS)


def one(index: Array) -> pl.Series:
    """One-digit codes; negative gives null."""
    return coded(index, tuple(str(i) for i in range(10)))


def as_date(day: Array) -> pl.Series:
    """Days since 1970 → date column; ``NO_DAY`` → null."""
    series = pl.Series(np.asarray(day).astype(np.int32))
    return series.set(series == NO_DAY, None).cast(pl.Date)


def fen(yuan: Array) -> Array:
    """Money in whole yuan → 分."""
    return np.asarray(np.round(np.nan_to_num(np.asarray(yuan))).astype(np.int64) * 100)


def digits(number: Array, width: int) -> pl.Series:
    """Numbers as text with leading zeros."""
    return pl.Series(np.asarray(number).astype(np.int64)).cast(pl.String).str.zfill(width)
