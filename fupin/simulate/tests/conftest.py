"""A small city for all tests of the simulator, generated once."""

from pathlib import Path

import polars as pl
import pytest

from fupin.simulate.api import Summary, simulate

REGISTERED, OTHERS, CHUNK = 1_200, 1_800, 1_500


def small_city(folder: Path, seed: int) -> Summary:
    """3,000 households in two chunks."""
    return simulate(folder, households=REGISTERED, others=OTHERS, seed=seed, chunk=CHUNK)


@pytest.fixture(scope="session")
def city(tmp_path_factory: pytest.TempPathFactory) -> Summary:
    """3,000 households in two chunks."""
    folder: Path = tmp_path_factory.mktemp("city")
    return small_city(folder, seed=11)


def number(frame: pl.DataFrame, expression: pl.Expr) -> float:
    """One number from a table."""
    return float(frame.select(expression).item())
