"""Which unknown facts are worth asking for: base fields ranked by how much each would narrow the interval.

The width that an unknown indicator adds is shared equally among the unknown base fields it rests on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

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


def grounds(catalogue: Catalogue) -> Mapping[str, tuple[str, ...]]:
    """Indicator → the base fields, in order, on which its points rest."""
    bases = base_fields(catalogue)
    rests = {indicator.id: score_indicator(indicator, catalogue.fields).fields for indicator in catalogue.indicators}
    return {id_: tuple(sorted(frozenset().union(*(bases[field] for field in on)))) for id_, on in rests.items()}


def rank_unknown_of_one(
    fields: Mapping[str, Any], points: Mapping[str, Any], catalogue: Catalogue, needed: Mapping[str, tuple[str, ...]]
) -> list[OpenField]:
    """As ``rank_unknown`` for the row of one household, to the last digit, without the cost of tables of one row.

    ``needed``: the catalogue's ``grounds``.
    """
    narrows: dict[str, float] = {}
    for indicator, width in _widths_of_one(points, catalogue):
        missing = [name for name in needed[indicator] if fields[name] is None]
        for name in missing:
            narrows[name] = narrows.get(name, 0.0) + width / len(missing)
    ranked = [OpenField(name, round(gain), 1) for name, gain in narrows.items() if gain > 0]
    return sorted(ranked, key=lambda o: (-o.narrows, o.field))


def _widths_of_one(points: Mapping[str, Any], catalogue: Catalogue) -> list[tuple[str, float]]:
    """Each unknown indicator and the ten-thousandths of a point that it adds to the interval."""
    shares: list[tuple[str, float]] = []
    weights = 0
    for dimension in catalogue.dimensions:
        applicable = sum(one.points for one in dimension.indicators if points[one.id] != INAPPLICABLE)
        if applicable > 0:
            weights += dimension.weight
            whole = dimension.weight * UNIT
            open_ = [one for one in dimension.indicators if points[one.id] == UNKNOWN]
            shares += [(one.id, one.points * whole / applicable) for one in open_]
    return [(indicator, share * (FULL / weights)) for indicator, share in shares if share > 0]
