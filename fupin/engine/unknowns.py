"""Which unknown facts are worth asking for: base fields ranked by how much each would narrow the interval.

The width that an unknown indicator adds is shared equally among the unknown base fields it rests on.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from fupin.catalogue.load import Catalogue
from fupin.engine.fields import base_fields
from fupin.engine.index import FULL, UNIT
from fupin.engine.scoring import INAPPLICABLE, UNKNOWN, score_indicator


@dataclass(frozen=True)
class OpenField:
    """``narrows``: ten-thousandths of a point by which the interval shrinks, summed over the households;
    ``households``: for how many the field is unknown and matters."""

    field: str
    narrows: int
    households: int


def _widths(points: pl.DataFrame, catalogue: Catalogue) -> pl.DataFrame:
    """One column per indicator that is unknown somewhere: the ten-thousandths of a point this adds to the interval."""
    open_ = {name for name in points.columns if (points.get_column(name) == UNKNOWN).any()}
    shares, weights = [], []
    for dimension in catalogue.dimensions:
        total = sum(indicator.points for indicator in dimension.indicators)
        lost = [pl.when(pl.col(i.id) == INAPPLICABLE).then(i.points).otherwise(0) for i in dimension.indicators]
        applicable = pl.lit(total) - pl.sum_horizontal(lost)
        weights.append(pl.when(applicable > 0).then(dimension.weight).otherwise(0).alias(dimension.id))
        for indicator in (one for one in dimension.indicators if one.id in open_):
            share = pl.lit(indicator.points * dimension.weight * UNIT) / applicable
            shares.append(pl.when(pl.col(indicator.id) == UNKNOWN).then(share).otherwise(0.0).alias(indicator.id))
    scale = FULL / points.select(pl.sum_horizontal(weights)).to_series().cast(pl.Float64)
    return points.select(shares).select(pl.all() * scale)


def rank_unknown(fields: pl.DataFrame, points: pl.DataFrame, catalogue: Catalogue) -> list[OpenField]:
    """Rank the unknown base fields of a set of households (rows of ``fields`` and ``points`` belong together)."""
    bases = base_fields(catalogue)
    widths = _widths(points, catalogue)
    narrows: dict[str, pl.Series] = {}
    for indicator in (one for one in catalogue.indicators if one.id in widths.columns):
        width = widths.get_column(indicator.id)
        if not (width > 0).any():
            continue
        score = score_indicator(indicator, catalogue.fields)
        needed = sorted(frozenset().union(*(bases[field] for field in score.fields)))
        open_ = fields.select(pl.col(name).is_null() for name in needed)
        count = open_.sum_horizontal()
        for name in needed:
            missing = open_.get_column(name)
            share = (width / count).zip_with(missing & (count > 0), pl.zeros(len(width), pl.Float64, eager=True))
            narrows[name] = narrows[name] + share if name in narrows else share
    ranked = [OpenField(name, round(float(gain.sum())), int((gain > 0).sum())) for name, gain in narrows.items()]
    return sorted((open_ for open_ in ranked if open_.households), key=lambda o: (-o.narrows, o.field))
