"""Multidimensional poverty after Alkire and Foster (2011): H, A, M0, headcounts and contributions, for every group.

Weights are fractions and scores are counted in whole parts, so that a score just at the cutoff is never lost to
rounding.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm

import numpy as np

from fupin.engine.measure.design import Design, Estimate, Floats

SHARE = (0.0, 1.0)
Flags = np.ndarray[tuple[int, int], np.dtype[np.bool_]]


@dataclass(frozen=True)
class Multidimensional:
    """``h`` share of the poor, ``a`` their mean deprivation, ``m0`` = h × a; by indicator in the order of the spec.

    ``headcount``: deprived at all (uncensored); ``censored``: deprived and poor; ``contribution``: share of m0.
    """

    h: Estimate
    a: Estimate
    m0: Estimate
    headcount: list[Estimate]
    censored: list[Estimate]
    contribution: list[Estimate]


def scores(deprived: Flags, weights: Sequence[Fraction], cutoff: Fraction) -> tuple[Floats, Floats]:
    """(deprivation score 0–1, 1.0 where it reaches the cutoff) of every row; exact at the cutoff."""
    parts = lcm(cutoff.denominator, *(weight.denominator for weight in weights))
    points = deprived.astype(np.int64) @ np.array([int(weight * parts) for weight in weights], dtype=np.int64)
    poor = (points >= int(cutoff * parts)).astype(np.float64)
    return points / parts, poor


def alkire_foster(design: Design, deprived: Flags, weights: Sequence[Fraction], cutoff: Fraction) -> Multidimensional:
    """``deprived``: rows × indicators in the order of the design's rows; ``weights`` add up to 1."""
    score, poor = scores(deprived, weights, cutoff)
    censored = score * poor
    columns = [deprived[:, place].astype(np.float64) for place in range(deprived.shape[1])]
    return Multidimensional(
        h=design.estimate_mean(poor, SHARE),
        a=design.estimate_ratio(censored, poor, SHARE),
        m0=design.estimate_mean(censored, SHARE),
        headcount=[design.estimate_mean(column, SHARE) for column in columns],
        censored=[design.estimate_mean(column * poor, SHARE) for column in columns],
        contribution=[
            design.estimate_ratio(float(weight) * column * poor, censored, SHARE)
            for weight, column in zip(weights, columns, strict=True)
        ],
    )
