"""What goes wrong between a person and a column: numbers mistyped, names written otherwise, rows sent twice."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl

from fupin.simulate.arrays import Array, Rng
from fupin.simulate.identity import RARE, TYPED_FOR
from fupin.simulate.rates import Rates

FULL_WIDTH = "０１２３４５６７８９"
#: characters and others of the same sound that get written for them
SOUNDS = dict(
    zip(
        "华明伟芳英兰丽建志文生福贵祥荣玉秀梅红霞燕国军强",
        "花名玮方瑛蓝莉健治雯升富桂详蓉钰绣玫虹侠艳帼君墙",
        strict=True,
    )
)


def dirty_ids(rng: Rng, ids: pl.Series, rates: Rates, *, weak: bool, small_x: bool) -> pl.Series:
    """ID numbers as typed: small x, full width, fifteen digits of the old, stray spaces, one digit wrong, missing."""
    n = len(ids)
    draw = rng.random((5, n), dtype=np.float32)
    wrong = rates.weak_id_wrong if weak else rates.id_wrong
    missing = rates.weak_id_missing if weak else rates.id_missing
    spoiled = draw[2] < wrong
    ids = changed(ids, spoiled, _misread)
    if small_x:
        ids = changed(ids, draw[1] < rates.id_lower, lambda part: part.str.to_lowercase())
    old = (draw[0] < rates.id_old) & ~spoiled
    ids = changed(ids, old, _fifteen)
    ids = changed(ids, draw[3] < rates.id_full_width, _wide)
    ids = changed(ids, (draw[2] >= wrong) & (draw[2] < wrong + 0.002), lambda part: " " + part)
    return changed(ids, draw[4] < missing, lambda part: part.str.slice(0, 0))


def changed(series: pl.Series, where: Array, change: Callable[[pl.Series], pl.Series]) -> pl.Series:
    """The text column with ``change`` made in the rows of the mask only."""
    rows = np.flatnonzero(where).astype(np.uint32)
    if not len(rows):
        return series
    source = np.arange(len(series), dtype=np.uint32)
    source[rows] = len(series) + np.arange(len(rows))
    return pl.concat([series, change(series.gather(pl.Series(rows)))]).gather(pl.Series(source))


def _misread(part: pl.Series) -> pl.Series:
    """The seventeenth digit three too high: the check digit no longer agrees."""
    digit = (part.str.slice(16, 1).cast(pl.Int32) + 3) % 10
    return part.str.slice(0, 16) + digit.cast(pl.String) + part.str.slice(17)


def _fifteen(part: pl.Series) -> pl.Series:
    """The number as it was before 1999, for people born before 1960."""
    short = part.str.slice(0, 6) + part.str.slice(8, 9)
    return pl.select(pl.when(part.str.slice(6, 4) < "1960").then(short).otherwise(part)).to_series()


def _wide(part: pl.Series) -> pl.Series:
    return part.str.replace_many(list("0123456789"), list(FULL_WIDTH))


def dirty_names(rng: Rng, names: pl.Series, rate: float) -> pl.Series:
    """Names as typed: a rare character replaced, a space or dot inside, a character of the same sound."""
    draw = rng.random((2, len(names)), dtype=np.float32)
    third = rate / 3
    rare = names.str.contains(f"[{RARE}]").fill_null(False).to_numpy() & (draw[1] < 0.5)
    names = changed(names, rare, lambda part: part.str.replace_many(list(RARE), list(TYPED_FOR)))
    names = changed(names, draw[0] < third, lambda part: part.str.slice(0, 1) + " " + part.str.slice(1))
    sound = (draw[0] >= third) & (draw[0] < 2 * third)
    names = changed(names, sound, lambda part: part.str.replace_many(list(SOUNDS), list(SOUNDS.values())))
    return changed(names, (draw[0] >= 2 * third) & (draw[0] < rate), _dotted)


def _dotted(part: pl.Series) -> pl.Series:
    long = part.str.len_chars() > 2
    dotted = part.str.slice(0, 1) + "·" + part.str.slice(1)
    return pl.select(pl.when(long).then(dotted).otherwise(part)).to_series()


def with_repeats(rng: Rng, frame: pl.DataFrame, rate: float) -> pl.DataFrame:
    """A few rows twice; small files also in another order (large ones come as the register has them)."""
    again = np.flatnonzero(rng.random(len(frame)) < rate)
    rows = np.concatenate([np.arange(len(frame)), again]).astype(np.uint32)
    if len(frame) <= 50_000:
        return frame[rng.permutation(rows)]
    return pl.concat([frame, frame[again.astype(np.uint32)]])


def spoil(rng: Rng, frame: pl.DataFrame, targets: dict[str, str], rate: float) -> pl.DataFrame:
    """Bad rows: one cell each of the columns in ``targets`` (column → what stands there instead)."""
    if not targets:
        return frame
    hit = rng.random(len(frame)) < rate
    which = rng.integers(0, len(targets), len(frame))
    return frame.with_columns(
        pl.when(pl.Series(hit & (which == i))).then(pl.lit(text)).otherwise(pl.col(name)).alias(name)
        for i, (name, text) in enumerate(targets.items())
    )
