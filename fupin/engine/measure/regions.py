"""The same measures for every region of a run, level by level: persons are the unit, households the draws.

The registry is a full count: the intervals say how far the figures of so many households would move if these were a
sample of a larger population. Unknown incomes are left out; ``fgt0_least`` and ``fgt0_most`` count nobody, or
everybody, among them as poor. Of the many dimensions what is known to be a deprivation counts (``h``, ``a``, ``m0``);
``h_most`` and ``m0_most`` count what is unknown as one too. Households with complete answers alone would mislead
where surveys are fuller among the poor, as they are in the generated city.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from fupin.engine.measure.alkire_foster import Flags, alkire_foster, scores
from fupin.engine.measure.design import Design, Estimate, Floats
from fupin.engine.measure.report import number
from fupin.engine.measure.spec import Spec
from fupin.engine.measure.welfare import Welfare, all_measures, lorenz_shares, mean
from fupin.kernel.regions import level_of

INCOME, PERSONS, VILLAGE = "net_income_head", "persons", "village_code"
LORENZ_STEPS = 20
SMALL = 30  # households below which a region's figures are marked as small
DIGITS = 6


@dataclass(frozen=True)
class RegionMeasures:
    """One region. ``values``: measure, ``…_se``, ``…_low``, ``…_high`` and the bounds; None where not defined.

    ``lorenz``: shares of income held by the poorest 0, 5 … 100 %; ``mpi``: one entry per indicator.
    """

    region: str
    level: int
    households: int
    persons: int
    unknown_households: int
    unknown_persons: int
    poor_households: int
    poor_persons: int
    undecided_persons: int
    values: dict[str, float | None]
    lorenz: list[float]
    mpi: list[dict[str, Any]]

    @property
    def small(self) -> bool:
        return self.households - self.unknown_households < SMALL


def measure_regions(households: pl.DataFrame, lengths: Iterable[int], line: float, spec: Spec) -> list[RegionMeasures]:
    """``households``: VILLAGE, PERSONS, INCOME (in the unit of the line, null = unknown) and the columns of the spec.

    ``lengths``: digits of the codes of the levels wanted.
    """
    flags = spec.deprived(households)
    return [found for length in lengths for found in _level(households, flags, length, line, spec)]


def _level(households: pl.DataFrame, flags: pl.DataFrame, length: int, line: float, spec: Spec) -> list[RegionMeasures]:
    codes = households.get_column(VILLAGE).str.slice(0, length)
    counts = _counts(households, _undecided(flags, spec), codes, line)
    names = counts.get_column("region").to_list()
    place = {name: number_ for number_, name in enumerate(names)}
    numbers = codes.replace_strict(place, return_dtype=pl.Int64).to_numpy()
    values: list[dict[str, float | None]] = [{} for _ in names]
    curves: list[list[float]] = [[] for _ in names]
    entries: list[list[dict[str, Any]]] = [[] for _ in names]
    persons = households.get_column(PERSONS).cast(pl.Float64).to_numpy()
    _add_income(households.get_column(INCOME), persons, numbers, names, line, values, curves)
    _add_mpi(flags, persons, numbers, names, spec, values, entries)
    rows = counts.iter_rows(named=True)
    return [
        RegionMeasures(level=level_of(row["region"]), **row, values=own, lorenz=curve, mpi=entry)
        for row, own, curve, entry in zip(rows, values, curves, entries, strict=True)
    ]


def _counts(households: pl.DataFrame, undecided: pl.Series, codes: pl.Series, line: float) -> pl.DataFrame:
    frame = households.select(PERSONS, INCOME).with_columns(codes.alias("region"), undecided.alias("undecided"))
    unknown, poor = pl.col(INCOME).is_null(), pl.col(INCOME) < line
    return (
        frame.group_by("region")
        .agg(
            households=pl.len(),
            persons=pl.col(PERSONS).sum(),
            unknown_households=unknown.sum(),
            unknown_persons=pl.col(PERSONS).filter(unknown).sum(),
            poor_households=poor.sum(),
            poor_persons=pl.col(PERSONS).filter(poor).sum(),
            undecided_persons=pl.col(PERSONS).filter("undecided").sum(),
        )
        .with_columns(pl.exclude("region").cast(pl.Int64))
        .sort("region")
    )


def _undecided(flags: pl.DataFrame, spec: Spec) -> pl.Series:
    """True where the household is poor in many dimensions or not, depending on what is unknown."""
    least, most = (scores(_matrix(flags, filled), spec.weights, spec.cutoff)[1] for filled in (False, True))
    return pl.Series(most > least)


def _kept(numbers: Any, known: Any) -> tuple[Any, list[int]]:
    """Group numbers of the known rows without gaps, and the place of each group among ``names``."""
    places, dense = np.unique(numbers[known], return_inverse=True)
    return dense.astype(np.int64), places.tolist()


def _add_income(
    income: pl.Series, persons: Floats, numbers: Any, names: list[str], line: float,
    values: list[dict[str, float | None]], curves: list[list[float]],
) -> None:  # fmt: skip
    known = income.is_not_null().to_numpy() & (persons > 0)
    if not known.any():
        return
    group, places = _kept(numbers, known)
    income_known = income.cast(pl.Float64).fill_null(0).to_numpy()[known]
    welfare = Welfare.of_rows(income_known, persons[known], group, [names[place] for place in places])
    for name, estimate in {"mean": mean(welfare), **all_measures(welfare, line)}.items():
        _put(values, places, name, estimate)
    everybody = np.bincount(numbers, weights=persons, minlength=len(names))[places]
    poor = welfare.design.sum(welfare.design.weight * (welfare.values < line))
    _put_column(values, places, "fgt0_least", poor / everybody)
    _put_column(values, places, "fgt0_most", (poor + everybody - welfare.design.weight_sum) / everybody)
    steps = [lorenz_shares(welfare, step / LORENZ_STEPS) for step in range(LORENZ_STEPS + 1)]
    for at, place in enumerate(places):
        curves[place] = [round(float(step[at]), DIGITS) for step in steps if np.isfinite(step[at])]


def _add_mpi(
    flags: pl.DataFrame, persons: Floats, numbers: Any, names: list[str], spec: Spec,
    values: list[dict[str, float | None]], entries: list[list[dict[str, Any]]],
) -> None:  # fmt: skip
    """What is known to be a deprivation counts; ``h_most`` and ``m0_most`` count what is unknown as one too."""
    known = persons > 0
    if not known.any():
        return
    group, places = _kept(numbers, known)
    design = Design.of_rows(persons[known], group, [names[place] for place in places])
    least, most = (_matrix(flags, filled)[known][design.rows] for filled in (False, True))
    made = alkire_foster(design, least, spec.weights, spec.cutoff)
    for name, estimate in {"h": made.h, "a": made.a, "m0": made.m0}.items():
        _put(values, places, name, estimate)
    score, poor = scores(most, spec.weights, spec.cutoff)
    _put_column(values, places, "h_most", design.mean(poor))
    _put_column(values, places, "m0_most", design.mean(score * poor))
    for at, place in enumerate(places):
        entries[place] = [
            {
                "id": one.id,
                **{key: _rounded(getattr(made, key)[i].value[at]) for key in ("headcount", "censored", "contribution")},
                **{f"{key}_se": _rounded(getattr(made, key)[i].se[at]) for key in ("headcount", "censored")},
            }
            for i, one in enumerate(spec.indicators)
        ]


def _matrix(flags: pl.DataFrame, filled: bool) -> Flags:
    return flags.fill_null(filled).to_numpy().astype(bool)


def _put(values: list[dict[str, float | None]], places: list[int], name: str, estimate: Estimate) -> None:
    for ending, column in (
        ("", estimate.value), ("_se", estimate.se), ("_low", estimate.low), ("_high", estimate.high)
    ):  # fmt: skip
        _put_column(values, places, f"{name}{ending}", column)


def _put_column(values: list[dict[str, float | None]], places: list[int], name: str, column: Floats) -> None:
    for place, value in zip(places, column.tolist(), strict=True):
        values[place][name] = _rounded(value)


def _rounded(value: float) -> float | None:
    """Six digits behind the point for shares, so that a stored run stays small."""
    kept = number(value)
    return None if kept is None else round(kept, DIGITS)
