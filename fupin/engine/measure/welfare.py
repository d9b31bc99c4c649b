"""FGT, Watts, Gini, MLD, quantiles and the Lorenz curve of a welfare column, for every group at once.

Formulas, conventions and sources: docs/measures.md. The line is taken as given: its own sampling error, where it was
computed from the same rows, does not enter the standard errors.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from fupin.engine.measure.design import Design, Estimate, Floats, Ints

SHARE = (0.0, 1.0)
POSITIVE = (0.0, np.inf)


@dataclass(frozen=True)
class Welfare:
    """Welfare of the rows of a design sorted by group and welfare; nothing below zero."""

    design: Design
    values: Floats

    @classmethod
    def of_rows(cls, values: Floats, weight: Floats, group: Ints, names: Sequence[str], **drawn: object) -> Welfare:
        """Negative welfare counts as zero, as the World Bank has it. ``drawn``: stratum, cluster, confidence."""
        bounded = np.maximum(values, 0.0)
        design = Design.of_rows(weight, group, names, order=bounded, **drawn)  # type: ignore[arg-type]
        return cls(design, bounded[design.rows])

    @cached_property
    def means(self) -> Floats:
        return self.design.mean(self.values)

    @cached_property
    def nobody(self) -> Floats:
        """NaN for a group whose welfare is all zero, else 0: added to what needs a logarithm."""
        return np.where(self.means > 0, 0.0, np.nan)

    @cached_property
    def ranks(self) -> Floats:
        """Share of the group's weight up to the row, half of its own included."""
        weight = self.design.weight
        return (self.design.running(weight) - weight / 2) / self.design.spread(self.design.weight_sum)

    @cached_property
    def shares(self) -> Floats:
        """Share of the group's welfare up to the row, half of its own included; NaN where all is zero."""
        part = self.design.weight * self.values
        with np.errstate(divide="ignore", invalid="ignore"):
            return (self.design.running(part) - part / 2) / self.design.spread(self.design.sum(part))


def fgt(welfare: Welfare, line: Floats, degree: int) -> Estimate:
    """Foster, Greer and Thorbecke: mean of (1 - y/z)^degree over the poor (y < z strictly), 0 for the others.

    ``line``: one for each group, positive.
    """
    gap = 1 - welfare.values / welfare.design.spread(line)
    return welfare.design.estimate_mean(np.where(gap > 0, gap**degree, 0.0), SHARE)


def watts(welfare: Welfare, line: Floats) -> Estimate:
    """Mean of log(z/y) over the poor with an income; a zero income has no logarithm and adds 0 (as in wbpip).

    NaN where nobody has an income.
    """
    y, z = welfare.values, welfare.design.spread(line)
    counted = (y > 0) & (y < z)
    logs = np.log(np.divide(z, y, out=np.ones_like(y), where=counted))
    return welfare.design.estimate_mean(logs + welfare.design.spread(welfare.nobody), POSITIVE)


def mean(welfare: Welfare) -> Estimate:
    return welfare.design.estimate_mean(welfare.values, POSITIVE)


def gini(welfare: Welfare) -> Estimate:
    """Half the mean difference between two rows over the mean; NaN where all welfare is zero."""
    design, y, mu = welfare.design, welfare.values, welfare.design.spread(welfare.means)
    with np.errstate(divide="ignore", invalid="ignore"):
        value = design.mean(y * (2 * welfare.ranks - 1)) / welfare.means
        distance = y * (2 * welfare.ranks - 1) + mu * (1 - 2 * welfare.shares)  # E|y - Y|
        own = design.spread(value)
        influence = (distance - own * (mu + y)) / mu
    return design.estimate(value, influence, SHARE)


def mld(welfare: Welfare) -> Estimate:
    """Mean log deviation log(mean) - mean(log y); a zero income is replaced by 1 (as in wbpip).

    NaN where nobody has an income.
    """
    design = welfare.design
    y = np.where(welfare.values == 0, 1.0, welfare.values)
    logs, mu = np.log(y), design.mean(y)
    value = np.log(mu) - design.mean(logs) + welfare.nobody
    influence = y / design.spread(mu) - 1 - logs + design.spread(design.mean(logs))
    return design.estimate(value, influence, POSITIVE)


MEASURES: Mapping[str, Callable[[Welfare, Floats], Estimate]] = {
    "fgt0": lambda welfare, line: fgt(welfare, line, 0),
    "fgt1": lambda welfare, line: fgt(welfare, line, 1),
    "fgt2": lambda welfare, line: fgt(welfare, line, 2),
    "watts": watts,
    "gini": lambda welfare, _line: gini(welfare),
    "mld": lambda welfare, _line: mld(welfare),
}


def all_measures(welfare: Welfare, line: Floats | float) -> dict[str, Estimate]:
    """Every measure by name, each for all groups."""
    lines = np.broadcast_to(np.asarray(line, dtype=np.float64), (len(welfare.design.names),))
    return {name: measure(welfare, lines) for name, measure in MEASURES.items()}


def quantiles(welfare: Welfare, parts: int) -> list[tuple[float, Estimate]]:
    """(p, the least welfare that at least p of the weight do not exceed) for p = 1/parts … (parts - 1)/parts.

    Intervals by Woodruff: the interval of the share below, read off the distribution; the standard error is its
    width over twice t.
    """
    return [(step / parts, _quantile(welfare, step / parts)) for step in range(1, parts)]


def _quantile(welfare: Welfare, p: float) -> Estimate:
    design = welfare.design
    value = _read_off(welfare, np.full(len(design.names), p))
    share = design.estimate_mean((welfare.values <= design.spread(value)).astype(np.float64))
    reach = design.critical * share.se
    low, high = _read_off(welfare, p - reach), _read_off(welfare, p + reach)
    low, high = (np.where(np.isnan(reach), np.nan, end) for end in (low, high))
    with np.errstate(invalid="ignore"):
        return Estimate(value, (high - low) / (2 * design.critical), low, high)


def _read_off(welfare: Welfare, shares: Floats) -> Floats:
    """Welfare at a share of the weight in each group (the shares cut to 0…1)."""
    design = welfare.design
    found = np.empty(len(design.names))
    upto = design.running(design.weight)
    for number, start in enumerate(design.starts):
        end = start + design.count[number]
        wanted = np.clip(np.nan_to_num(shares[number]), 0, 1) * upto[end - 1]
        # a hair below: one half of the weight is reached by the row that ends there, whatever the rounding
        place = np.searchsorted(upto[start:end], wanted * (1 - 1e-12))
        found[number] = welfare.values[start + min(int(place), int(design.count[number]) - 1)]
    return found


def lorenz(welfare: Welfare, parts: int) -> list[tuple[float, Estimate]]:
    """(p, share of all welfare held by the poorest p of the weight), p = 0, 1/parts … 1; straight between rows."""
    return [(step / parts, _lorenz(welfare, step / parts)) for step in range(parts + 1)]


def _lorenz(welfare: Welfare, p: float) -> Estimate:
    design, y = welfare.design, welfare.values
    held = lorenz_shares(welfare, p)
    cut = design.spread(_read_off(welfare, np.full(len(design.names), p)))
    mu = design.spread(welfare.means)
    with np.errstate(divide="ignore", invalid="ignore"):
        influence = ((y - cut) * (y <= cut) + p * cut - design.spread(held) * y) / mu
    if p in (0.0, 1.0):  # the ends of the curve are fixed
        influence = np.where(np.isnan(influence), np.nan, 0.0)
    return design.estimate(held, influence - design.spread(design.mean(influence)), SHARE)


def lorenz_shares(welfare: Welfare, p: float) -> Floats:
    """Ordinate of the Lorenz curve at ``p`` in each group; NaN where all welfare is zero."""
    design = welfare.design
    upto, held = design.running(design.weight), design.running(design.weight * welfare.values)
    found = np.empty(len(design.names))
    for number, start in enumerate(design.starts):
        end = start + design.count[number]
        rows, total = np.append(0.0, upto[start:end]), np.append(0.0, held[start:end])
        found[number] = np.interp(p * rows[-1], rows, total) / total[-1] if total[-1] > 0 else np.nan
    return found
