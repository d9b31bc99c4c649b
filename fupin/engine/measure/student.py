"""Quantiles of Student's t: intervals with few clusters need them. Closed form for whole degrees of freedom."""

from __future__ import annotations

from functools import cache
from math import atan, cos, pi, sin, sqrt
from statistics import NormalDist

#: from here on the expansion around the normal distribution errs by less than 1e-9
MANY = 200


@cache
def quantile(probability: float, degrees: int) -> float:
    """t with P(T ≤ t) = ``probability`` (at least one half) for ``degrees`` ≥ 1.

    Source: Abramowitz and Stegun 26.7.3–4 (closed form), 26.7.5 (expansion).
    """
    if degrees >= MANY:
        return _expanded(NormalDist().inv_cdf(probability), degrees)
    low, high = 0.0, 1.0
    while _below(high, degrees) < probability:
        high *= 2
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if _below(middle, degrees) < probability else (low, middle)
    return (low + high) / 2


def _below(t: float, degrees: int) -> float:
    """P(T ≤ t) for t ≥ 0."""
    angle = atan(t / sqrt(degrees))
    term, total = 1.0, 0.0
    for step in range(1 if degrees % 2 else 0, degrees - 1, 2):
        total += term
        term *= cos(angle) ** 2 * (step + 1) / (step + 2)
    if degrees % 2:
        return 0.5 + (angle + sin(angle) * cos(angle) * total) / pi
    return 0.5 + sin(angle) * total / 2


def _expanded(x: float, n: int) -> float:
    first = (x**3 + x) / 4
    second = (5 * x**5 + 16 * x**3 + 3 * x) / 96
    third = (3 * x**7 + 19 * x**5 + 17 * x**3 - 15 * x) / 384
    fourth = (79 * x**9 + 776 * x**7 + 1482 * x**5 - 1920 * x**3 - 945 * x) / 92160
    return x + first / n + second / n**2 + third / n**3 + fourth / n**4
