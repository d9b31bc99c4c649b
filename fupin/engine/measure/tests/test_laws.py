"""What every measure of poverty and inequality must obey, whatever the incomes."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fupin.engine.measure.alkire_foster import alkire_foster
from fupin.engine.measure.design import Design
from fupin.engine.measure.tests.rows import welfare
from fupin.engine.measure.welfare import Welfare, all_measures, lorenz, quantiles

LINE = 100.0
incomes = st.lists(st.integers(1, 400).map(float), min_size=2, max_size=40)
weights = st.integers(1, 9).map(float)
weighted = st.lists(st.tuples(st.integers(1, 400).map(float), weights), min_size=2, max_size=40)


def law(*strategies: st.SearchStrategy[Any]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """A property, tried on forty samples."""
    return lambda test: settings(deadline=None, max_examples=40)(given(*strategies)(test))


def values(made: Welfare, line: float = LINE) -> dict[str, float]:
    return {name: float(one.value[0]) for name, one in all_measures(made, line).items()}


@law(weighted, st.sampled_from([0.25, 8.0, 1000.0]))
def test_the_unit_of_money_does_not_matter(rows: list[tuple[float, float]], scale: float) -> None:
    y, w = zip(*rows, strict=True)
    assert values(welfare(np.array(y) * scale, w), LINE * scale) == pytest.approx(values(welfare(y, w)), abs=1e-9)


@law(incomes, st.integers(2, 4))
def test_a_population_twice_over_is_as_poor(y: list[float], times: int) -> None:
    assert values(welfare(y * times)) == pytest.approx(values(welfare(y)), abs=1e-9)


@law(weighted)
def test_a_weight_is_that_many_equal_rows(rows: list[tuple[float, float]]) -> None:
    y, w = zip(*rows, strict=True)
    repeated = [income for income, weight in rows for _ in range(int(weight))]
    assert values(welfare(repeated)) == pytest.approx(values(welfare(y, w)), abs=1e-9)


@law(weighted, st.sampled_from([0.001, 3.0, 1e6]))
def test_the_size_of_the_weights_does_not_matter(rows: list[tuple[float, float]], scale: float) -> None:
    y, w = zip(*rows, strict=True)
    one, other = (all_measures(welfare(y, weight), LINE) for weight in (w, np.array(w) * scale))
    for name in one:
        assert other[name].value[0] == pytest.approx(one[name].value[0], abs=1e-9)
        assert other[name].se[0] == pytest.approx(one[name].se[0], abs=1e-9)


@law(incomes, st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(y: list[float], chance: object) -> None:
    mixed = list(y)
    chance.shuffle(mixed)  # type: ignore[attr-defined]
    assert values(welfare(mixed)) == pytest.approx(values(welfare(y)), abs=1e-9)


@law(incomes)
def test_the_degrees_of_poverty_fall(y: list[float]) -> None:
    found = values(welfare(y))
    assert 1 >= found["fgt0"] >= found["fgt1"] >= found["fgt2"] >= 0
    assert found["watts"] >= found["fgt1"] - 1e-12


@law(st.lists(st.integers(50, 300).map(float), min_size=3, max_size=30), st.data())
def test_a_transfer_from_rich_to_poor_lowers_inequality(y: list[float], data: st.DataObject) -> None:
    """Pigou and Dalton; FGT2 may not rise either (Sen's transfer axiom)."""
    y = sorted(y)
    low, high = data.draw(st.integers(0, len(y) - 2)), len(y) - 1
    given_ = data.draw(st.floats(0, (y[high] - y[low]) / 2))
    after = [*y]
    after[low], after[high] = y[low] + given_, y[high] - given_
    for name in ("gini", "mld", "fgt2"):
        assert values(welfare(after))[name] <= values(welfare(y))[name] + 1e-9


@law(st.lists(st.tuples(st.integers(1, 400).map(float), weights, st.integers(0, 3)), min_size=2, max_size=40))
def test_groups_weighted_by_their_people_give_the_whole(rows: list[tuple[float, float, int]]) -> None:
    y, w, g = (np.array(column, dtype=np.float64) for column in zip(*rows, strict=True))
    _, group = np.unique(g, return_inverse=True)
    parts = Welfare.of_rows(y, w, group.astype(np.int64), [str(one) for one in set(g)])
    shares = parts.design.weight_sum / w.sum()
    for name in ("fgt0", "fgt1", "fgt2", "watts"):
        part = all_measures(parts, LINE)[name].value
        assert (shares * part).sum() == pytest.approx(values(welfare(y, w))[name])


@law(weighted)
def test_each_group_is_measured_as_if_alone(rows: list[tuple[float, float]]) -> None:
    y, w = (np.array(column) for column in zip(*rows, strict=True))
    double = Welfare.of_rows(
        np.append(y, [5.0, 60.0]), np.append(w, [2.0, 1.0]), np.append(np.zeros(len(y)), [1, 1]).astype(np.int64), "ab"
    )
    alone, beside = all_measures(welfare(y, w), LINE), all_measures(double, LINE)
    for name, one in alone.items():
        assert beside[name].value[0] == pytest.approx(one.value[0], abs=1e-9)
        assert beside[name].se[0] == pytest.approx(one.se[0], abs=1e-9)


@law(weighted)
def test_the_lorenz_curve_rises_below_the_diagonal(rows: list[tuple[float, float]]) -> None:
    y, w = zip(*rows, strict=True)
    curve = [(p, float(one.value[0])) for p, one in lorenz(welfare(y, w), 10)]
    assert curve[0] == (0.0, 0.0)
    assert curve[-1][1] == pytest.approx(1)
    assert all(share <= p + 1e-9 for p, share in curve)
    assert all(b[1] >= a[1] - 1e-12 for a, b in pairwise(curve))


@law(incomes)
def test_quantiles_rise_and_are_incomes_of_the_file(y: list[float]) -> None:
    found = [float(one.value[0]) for _, one in quantiles(welfare(y), 4)]
    assert found == sorted(found)
    assert set(found) <= set(y)


def flags(rows: int, columns: int) -> st.SearchStrategy[list[list[bool]]]:
    return st.lists(st.lists(st.booleans(), min_size=columns, max_size=columns), min_size=rows, max_size=30)


@law(flags(2, 3), st.sampled_from(["1/3", "1/2", "5/6", "1"]))
def test_m0_is_h_times_a_and_its_parts_add_up(rows: list[list[bool]], cutoff: str) -> None:
    deprived = np.array(rows, dtype=bool)
    design = Design.of_rows(np.ones(len(rows)), np.zeros(len(rows), dtype=np.int64), ["all"])
    share = [Fraction(1, 2), Fraction(1, 3), Fraction(1, 6)]
    made = alkire_foster(design, deprived, share, Fraction(cutoff))
    m0 = float(made.m0.value[0])
    if made.h.value[0]:
        assert m0 == pytest.approx(float(made.h.value[0] * made.a.value[0]))
        assert sum(float(one.value[0]) for one in made.contribution) == pytest.approx(1)
    assert sum(float(w) * float(one.value[0]) for w, one in zip(share, made.censored, strict=True)) == pytest.approx(m0)
    assert all(c.value[0] <= h.value[0] + 1e-12 for c, h in zip(made.censored, made.headcount, strict=True))


def test_a_score_just_at_the_cutoff_is_poor_whatever_the_rounding() -> None:
    """Three times 0.1 is not 0.3 in binary numbers, and 1/6 + 1/18 × 3 is not 1/3."""
    design = Design.of_rows(np.ones(2), np.zeros(2, dtype=np.int64), ["all"])
    deprived = np.array([[True, True, True, False], [False] * 4])
    share = [Fraction("0.1"), Fraction("0.1"), Fraction("0.1"), Fraction("0.7")]
    assert alkire_foster(design, deprived, share, Fraction("0.3")).h.value[0] == 0.5
