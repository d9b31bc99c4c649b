"""The poverty line as written on the command line: a number, or a share of a mean or median of the welfare column."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from fupin.engine.measure.design import Floats
from fupin.kernel.errors import UserError

_SHARE = re.compile(r"(?:(?P<share>\d+(?:\.\d+)?)(?P<percent>%)?\s*\*?\s*)?(?P<base>(?:weighted-)?(?:mean|median))")


@dataclass(frozen=True)
class Line:
    """``text`` as written; ``value`` in the unit of welfare."""

    text: str
    value: float


def find_line(text: str, welfare: Floats, weight: Floats) -> Line:
    """A number, ``mean``, ``median`` (over rows), ``weighted-mean``, ``weighted-median`` or ``60%median`` and the like.

    Raises UserError when it cannot be read or is not positive.
    """
    text = text.strip()
    shared = _SHARE.fullmatch(text)
    value = _relative(shared, welfare, weight) if shared else _plain(text)
    if not (np.isfinite(value) and value > 0):
        raise UserError(
            f"贫困线必须大于 0：{text} = {value:g}", f"the line must be positive: {text} = {value:g}",
            "给出正数；若是相对线，检查福利列是否全为零或含负数",
            "give a positive number; for a relative line check for welfare that is all zero or negative",
        )  # fmt: skip
    return Line(text, value)


def _plain(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise UserError(
            f"贫困线看不懂：{text}", f"not a poverty line: {text}",
            "写一个数，或 mean、median、weighted-mean、weighted-median，前面可加比例，如 60%median",
            "write a number, or mean, median, weighted-mean, weighted-median, with a share before it: 60%median",
        ) from None  # fmt: skip


def _relative(found: re.Match[str], welfare: Floats, weight: Floats) -> float:
    share = float(found["share"] or 1) / (100 if found["percent"] else 1)
    return share * _BASES[found["base"]](welfare, weight)


def _weighted_median(welfare: Floats, weight: Floats) -> float:
    order = np.argsort(welfare)
    upto = np.cumsum(weight[order])
    return float(welfare[order][np.searchsorted(upto, upto[-1] / 2)])


_BASES = {
    "mean": lambda y, _w: float(np.mean(y)),
    "median": lambda y, _w: float(np.median(y)),
    "weighted-mean": lambda y, w: float(np.average(y, weights=w)),
    "weighted-median": _weighted_median,
}
