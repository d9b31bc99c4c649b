"""How the rows were drawn: weights, groups, strata, clusters; and the sampling error of anything linearised.

Every estimate is a smooth function of weighted totals. Its influence function turns each row into a number whose total
has the variance of the estimate (Taylor linearisation; Deville 1999). Rows count as drawn with replacement: without
clusters each row is one draw, with clusters (primary sampling units) each cluster is.

A stratum with a single cluster (lonely PSU) has no spread of its own: its cluster is measured against the mean of all
clusters instead ("adjust" of R's survey package), which is on the safe side.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from fupin.engine.measure.student import quantile

Floats = np.ndarray[tuple[int], np.dtype[np.float64]]
Ints = np.ndarray[tuple[int], np.dtype[np.int64]]
NO_LIMIT = (-np.inf, np.inf)


@dataclass(frozen=True)
class Estimate:
    """One measure for each group, in the order of ``Design.names``; NaN where it is not defined."""

    value: Floats
    se: Floats
    low: Floats
    high: Floats


@dataclass(frozen=True)
class Design:
    """Rows sorted by group; ``group`` counts from 0 and leaves out no number. Weights are positive.

    ``stratum`` and ``cluster`` number the strata and, inside them, the clusters; None where none were named.
    """

    weight: Floats
    group: Ints
    names: Sequence[str]
    stratum: Ints | None = None
    cluster: Ints | None = None
    confidence: float = 0.95
    rows: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))

    @classmethod
    def of_rows(
        cls,
        weight: Floats,
        group: Ints,
        names: Sequence[str],
        stratum: Ints | None = None,
        cluster: Ints | None = None,
        confidence: float = 0.95,
        order: Floats | None = None,
    ) -> Design:
        """Sort rows by group and then by ``order``; ``rows`` says where each came from."""
        rows = np.argsort(group, kind="stable") if order is None else np.lexsort((order, group))
        kept = [None if column is None else column[rows] for column in (stratum, cluster)]
        return cls(weight[rows], group[rows], names, kept[0], kept[1], confidence, rows)

    @property
    def is_complex(self) -> bool:
        return self.stratum is not None or self.cluster is not None

    @cached_property
    def starts(self) -> Ints:
        return np.flatnonzero(np.diff(self.group, prepend=-1)).astype(np.int64)

    @cached_property
    def count(self) -> Ints:
        return np.diff(np.append(self.starts, len(self.group))).astype(np.int64)

    @cached_property
    def weight_sum(self) -> Floats:
        return self.sum(self.weight)

    def sum(self, values: Floats) -> Floats:
        """Plain sum in each group."""
        return np.add.reduceat(values, self.starts)

    def mean(self, values: Floats) -> Floats:
        """Weighted mean in each group."""
        return self.sum(self.weight * values) / self.weight_sum

    def running(self, values: Floats) -> Floats:
        """Sum of the rows of the group up to and including each row."""
        total = np.cumsum(values)
        before = total[self.starts] - values[self.starts]
        return total - before[self.group]

    def spread(self, values: Floats) -> Floats:
        """The value of each row's group."""
        return values[self.group]

    def estimate(self, value: Floats, influence: Floats, limits: tuple[float, float] = NO_LIMIT) -> Estimate:
        """``influence``: of each row, with weighted mean 0 in its group. The interval is cut at the limits."""
        se = np.sqrt(self.variance(self.weight * influence / self.spread(self.weight_sum)))
        reach = self.critical * se
        return Estimate(value, se, np.maximum(value - reach, limits[0]), np.minimum(value + reach, limits[1]))

    def estimate_mean(self, values: Floats, limits: tuple[float, float] = NO_LIMIT) -> Estimate:
        """The weighted mean of a column as an estimate."""
        mean = self.mean(values)
        return self.estimate(mean, values - self.spread(mean), limits)

    def estimate_ratio(self, top: Floats, bottom: Floats, limits: tuple[float, float] = NO_LIMIT) -> Estimate:
        """Ratio of two weighted means; NaN where the lower one is zero."""
        below = self.mean(bottom)
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = self.mean(top) / below
            influence = (top - self.spread(ratio) * bottom) / self.spread(below)
        return self.estimate(ratio, influence, limits)

    def variance(self, parts: Floats) -> Floats:
        """Of the total of ``parts`` (which sum to 0 in each group); NaN where a group has a single draw."""
        if not self.is_complex:
            with np.errstate(divide="ignore", invalid="ignore"):
                found = self.sum(parts * parts) * (self.count / (self.count - 1.0))
            return np.where(self.count > 1, found, np.nan)
        return self._clustered(parts)

    def _clustered(self, parts: Floats) -> Floats:
        units, strata = self._units, self._strata
        totals = np.bincount(units.inverse, weights=parts, minlength=len(units.group))
        cells = np.bincount(units.cell, weights=totals, minlength=len(strata.group))
        squares = np.bincount(units.cell, weights=totals * totals, minlength=len(strata.group))
        draws = strata.draws.astype(np.float64)
        with np.errstate(divide="ignore", invalid="ignore"):
            usual = draws / (draws - 1) * (squares - cells * cells / draws)
        # the parts of a group sum to 0, so the mean over all its clusters is 0
        found = np.bincount(strata.group, weights=np.where(draws > 1, usual, squares), minlength=len(self.names))
        return np.where(self.degrees > 0, np.maximum(found, 0), np.nan)

    @cached_property
    def degrees(self) -> Ints:
        """Degrees of freedom of each group: draws less strata, counting those with rows of the group."""
        if not self.is_complex:
            return self.count - 1
        groups = len(self.names)
        units = np.bincount(self._units.group, minlength=groups)
        return (units - np.bincount(self._strata.group, minlength=groups)).astype(np.int64)

    @cached_property
    def critical(self) -> Floats:
        """Student's t for the confidence, in each group."""
        known, where = np.unique(self.degrees, return_inverse=True)
        reach = [quantile((1 + self.confidence) / 2, int(n)) if n > 0 else np.nan for n in known]
        return np.array(reach)[where]

    @property
    def lonely_strata(self) -> int:
        """Strata of the whole file with a single cluster."""
        if not self.is_complex:
            return 0
        _, first = np.unique(self._strata.stratum, return_index=True)
        return int((self._strata.draws[first] == 1).sum())

    @cached_property
    def _units(self) -> _Units:
        """Clusters of each group: numbered, with the group and the (group, stratum) cell of each."""
        size = len(self.group)
        stratum = np.zeros(size, dtype=np.int64) if self.stratum is None else self.stratum
        cluster = self.rows if self.cluster is None else self.cluster
        strata, clusters = int(stratum.max()) + 1, int(cluster.max()) + 1
        code, inverse = np.unique((self.group * strata + stratum) * clusters + cluster, return_inverse=True)
        cells, cell = np.unique(code // clusters, return_inverse=True)
        group, own = cells // strata, cells % strata
        drawn = np.bincount(np.unique(stratum * clusters + cluster) // clusters, minlength=strata)
        return _Units(inverse, code // clusters // strata, cell, _Strata(group, own, drawn[own]))

    @property
    def _strata(self) -> _Strata:
        return self._units.strata


@dataclass(frozen=True)
class _Strata:
    """Cells of group × stratum. ``draws``: clusters of the stratum in the whole file, with or without the group."""

    group: Ints
    stratum: Ints
    draws: Ints


@dataclass(frozen=True)
class _Units:
    inverse: Ints
    group: Ints
    cell: Ints
    strata: _Strata
