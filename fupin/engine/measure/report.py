"""Measures as a plain structure for JSON: a value with its standard error and interval; null where not defined."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import Any

from fupin.engine.measure.alkire_foster import Multidimensional
from fupin.engine.measure.design import Design, Estimate
from fupin.engine.measure.spec import Spec
from fupin.engine.measure.welfare import Welfare, all_measures, lorenz, mean, quantiles

#: measure → why it may be null
UNDEFINED: Mapping[str, tuple[str, str]] = {
    "watts": ("福利全为零，零没有对数", "all welfare is zero, and zero has no logarithm"),
    "gini": ("福利全为零，没有可分配的总量", "all welfare is zero: there is nothing to share"),
    "mld": ("福利全为零，零没有对数", "all welfare is zero, and zero has no logarithm"),
    "a": ("没有多维贫困者", "nobody is poor"),
    "contribution": ("没有多维贫困者", "nobody is poor"),
    "se": ("只有一行或一个群，无法估计抽样误差", "a single row or cluster: no sampling error can be estimated"),
}


def flat(name: str, estimate: Estimate, group: int) -> dict[str, float | None]:
    """``name``, ``name_se``, ``name_low``, ``name_high`` of one group."""
    parts = {"": estimate.value, "_se": estimate.se, "_low": estimate.low, "_high": estimate.high}
    return {f"{name}{ending}": number(values[group]) for ending, values in parts.items()}


def number(value: float) -> float | None:
    return float(value) if isfinite(value) else None


def head_of(design: Design, group: int) -> dict[str, Any]:
    """Rows, weight and draws behind the figures of a group."""
    return {
        "n": int(design.count[group]),
        "weight_sum": float(design.weight_sum[group]),
        "degrees_of_freedom": int(design.degrees[group]),
    }


def welfare_report(welfare: Welfare, line: float, parts: int = 0, points: int = 0) -> list[dict[str, Any]]:
    """One entry per group. ``parts``: quantiles; ``points``: steps of the Lorenz curve; 0: none."""
    named = {"mean": mean(welfare), **all_measures(welfare, line)}
    tables = {
        "quantiles": [("p", p, "value", one) for p, one in (quantiles(welfare, parts) if parts else [])],
        "lorenz": [("p", p, "share", one) for p, one in (lorenz(welfare, points) if points else [])],
    }
    found = []
    for group in range(len(welfare.design.names)):
        entry = head_of(welfare.design, group) | {"zero": int(_zeros(welfare)[group])}
        for name, estimate in named.items():
            entry |= flat(name, estimate, group)
        for name, rows in tables.items():
            if rows:
                entry[name] = [{key: p, **flat(value, one, group)} for key, p, value, one in rows]
        found.append(entry | {"undefined": undefined(entry)})
    return found


def _zeros(welfare: Welfare) -> Any:
    return welfare.design.sum((welfare.values == 0).astype(float))


def mpi_report(design: Design, spec: Spec, made: Multidimensional) -> list[dict[str, Any]]:
    """One entry per group; ``indicators`` in the order of the spec."""
    found = []
    for group in range(len(design.names)):
        entry = head_of(design, group)
        for name, estimate in {"h": made.h, "a": made.a, "m0": made.m0}.items():
            entry |= flat(name, estimate, group)
        entry["indicators"] = [
            {"id": one.id, "zh": one.zh, "en": one.en, "weight": float(one.weight)}
            | flat("headcount", made.headcount[place], group)
            | flat("censored", made.censored[place], group)
            | flat("contribution", made.contribution[place], group)
            for place, one in enumerate(spec.indicators)
        ]
        found.append(entry | {"undefined": undefined(entry)})
    return found


def undefined(entry: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Why a figure is null, by its name."""
    gone = {name: UNDEFINED[name] for name in UNDEFINED if name in entry and entry[name] is None}
    if any(name.endswith("_se") and value is None for name, value in entry.items()) and entry["degrees_of_freedom"] < 1:
        gone["se"] = UNDEFINED["se"]
    return {name: {"zh": zh, "en": en} for name, (zh, en) in gone.items()}


def group_contributions(whole: Mapping[str, Any], groups: list[dict[str, Any]]) -> None:
    """Add to each group its share of the population and of m0: the shares of m0 add up to 1."""
    for entry in groups:
        share = entry["weight_sum"] / whole["weight_sum"]
        entry["population_share"] = share
        entry["contribution"] = share * entry["m0"] / whole["m0"] if whole["m0"] else None
