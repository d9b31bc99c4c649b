"""A small city for all tests of the simulator, generated once."""

from pathlib import Path

import pytest

from fupin.simulate.api import Summary, simulate

SIZE = {"households": 1_200, "others": 1_800}


@pytest.fixture(scope="session")
def city(tmp_path_factory: pytest.TempPathFactory) -> Summary:
    """3,000 households in two chunks."""
    folder: Path = tmp_path_factory.mktemp("city")
    return simulate(folder, **SIZE, seed=11, chunk=1_500)
