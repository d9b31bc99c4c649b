"""Standard errors against drawing again (bootstrap), textbook formulas and the published t table."""

from __future__ import annotations

from statistics import NormalDist
from typing import Any

import numpy as np
import pytest

from fupin.engine.measure.design import Design, Floats
from fupin.engine.measure.student import MANY, quantile
from fupin.engine.measure.tests.rows import welfare
from fupin.engine.measure.welfare import all_measures, lorenz, quantiles

SEED = 20_260_101
DRAWS = 400


def sample(n: int = 400) -> tuple[Floats, Floats]:
    chance = np.random.default_rng(SEED)
    return chance.lognormal(4.6, 0.7, n), chance.integers(1, 6, n).astype(np.float64)


def redrawn(figure: Any, y: Floats, w: Floats) -> float:
    chance = np.random.default_rng(SEED + 1)
    picks = (chance.integers(0, len(y), len(y)) for _ in range(DRAWS))
    return float(np.std([figure(welfare(y[pick], w[pick])) for pick in picks]))


@pytest.mark.parametrize("name", ["fgt0", "fgt1", "fgt2", "watts", "gini", "mld"])
def test_standard_errors_agree_with_the_bootstrap(name: str) -> None:
    y, w = sample()
    linear = all_measures(welfare(y, w), 80.0)[name].se[0]
    assert linear == pytest.approx(redrawn(lambda one: all_measures(one, 80.0)[name].value[0], y, w), rel=0.15)


def test_the_error_of_a_lorenz_ordinate_agrees_with_the_bootstrap() -> None:
    y, w = sample()
    linear = lorenz(welfare(y, w), 4)[2][1].se[0]
    assert linear == pytest.approx(redrawn(lambda one: lorenz(one, 4)[2][1].value[0], y, w), rel=0.15)


def test_the_error_of_a_quantile_agrees_with_the_bootstrap() -> None:
    y, w = sample(1500)
    linear = quantiles(welfare(y, w), 4)[1][1].se[0]
    assert linear == pytest.approx(redrawn(lambda one: quantiles(one, 4)[1][1].value[0], y, w), rel=0.25)


def test_clusters_drawn_again_agree_with_the_design_based_error() -> None:
    chance = np.random.default_rng(SEED)
    homes = np.repeat(np.arange(60), 8)
    y = chance.lognormal(4.6, 0.3, 60)[homes] * chance.lognormal(0, 0.3, len(homes))
    linear = all_measures(welfare(y, cluster=homes), 100.0)["fgt1"].se[0]
    again = []
    for _ in range(DRAWS):
        picked = (chance.integers(0, 60, 60)[:, None] * 8 + np.arange(8)).ravel()
        again.append(all_measures(welfare(y[picked]), 100.0)["fgt1"].value[0])
    assert linear == pytest.approx(float(np.std(again)), rel=0.15)
    assert linear > 1.5 * all_measures(welfare(y), 100.0)["fgt1"].se[0]


def test_the_error_of_a_mean_is_the_textbooks() -> None:
    y = np.array([3.0, 5, 8, 13, 21])
    design = Design.of_rows(np.ones(5), np.zeros(5, dtype=np.int64), ["all"])
    found = design.estimate_mean(y)
    assert found.se[0] == pytest.approx(np.std(y, ddof=1) / np.sqrt(5))
    assert found.high[0] - found.value[0] == pytest.approx(2.776445 * found.se[0], rel=1e-6)


def test_strata_take_the_difference_between_them_out() -> None:
    """Two strata of two rows: variance Σ (Nh/N)² s²h / nh = ¼ · 2/2 + ¼ · 8/2."""
    design = Design.of_rows(
        np.ones(4), np.zeros(4, dtype=np.int64), ["all"], stratum=np.array([0, 0, 1, 1]), order=np.arange(4.0)
    )
    found = design.estimate_mean(np.array([1.0, 3, 100, 104]))
    assert found.se[0] ** 2 == pytest.approx(0.25 * 2 / 2 + 0.25 * 8 / 2)
    assert design.degrees[0] == 2


def test_a_lonely_cluster_is_measured_against_the_mean_of_all() -> None:
    design = Design.of_rows(
        np.ones(3), np.zeros(3, dtype=np.int64), ["all"], stratum=np.array([0, 0, 1]), order=np.arange(3.0)
    )
    found = design.estimate_mean(np.array([1.0, 3, 11]))
    parts = (np.array([1.0, 3, 11]) - 5) / 3
    usual = 2 * ((parts[:2] - parts[:2].mean()) ** 2).sum()
    assert found.se[0] ** 2 == pytest.approx(usual + parts[2] ** 2)
    assert design.lonely_strata == 1


def test_clusters_without_a_member_of_the_group_still_count_as_drawn() -> None:
    """A group inside a design: clusters without it add zeros (domain estimation)."""
    group = np.array([0, 0, 1, 1, 1])
    design = Design.of_rows(np.ones(5), group, ["a", "b"], cluster=np.array([0, 1, 0, 1, 2]), order=np.arange(5.0))
    found = design.estimate_mean(np.array([1.0, 3, 0, 0, 6]))
    parts = np.array([1.0 - 2, 3 - 2, 0]) / 2
    assert found.se[0] ** 2 == pytest.approx(3 / 2 * (parts**2).sum())
    assert design.degrees.tolist() == [1, 2]


@pytest.mark.parametrize(
    ("degrees", "known"), [(1, 12.7062047), (2, 4.3026527), (5, 2.5705818), (30, 2.0422725), (199, 1.9719565)]
)
def test_t_agrees_with_the_tables(degrees: int, known: float) -> None:
    assert quantile(0.975, degrees) == pytest.approx(known, abs=1e-6)


def test_t_passes_smoothly_into_the_normal_distribution() -> None:
    before, after = quantile(0.975, MANY - 1), quantile(0.975, MANY)
    assert 0 < before - after < 1e-4
    assert quantile(0.975, 10**9) == pytest.approx(NormalDist().inv_cdf(0.975), abs=1e-8)
