"""The same seed gives the same bytes; another seed another city."""

import hashlib
from datetime import date
from pathlib import Path

import pytest

from fupin.simulate.api import Summary, simulate
from fupin.simulate.tests.conftest import small_city


def digests(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_the_same_seed_gives_the_same_bytes_in_every_file(city: Summary, tmp_path: Path) -> None:
    small_city(tmp_path, seed=11)
    assert digests(tmp_path) == digests(city.out)
    assert len(digests(tmp_path)) > 50


def test_another_seed_gives_other_bytes_in_every_file(tmp_path: Path) -> None:
    for seed in (1, 2):
        simulate(tmp_path / str(seed), households=100, others=100, seed=seed)
    first, second = digests(tmp_path / "1"), digests(tmp_path / "2")
    assert {name for name in first if first[name] == second.get(name)} == set()


def test_a_second_city_replaces_the_first(tmp_path: Path) -> None:
    simulate(tmp_path, households=60, others=60, seed=1, chunk=40)
    assert len(list((tmp_path / "registry").glob("ledger-*"))) == 3
    simulate(tmp_path, households=60, others=60, seed=1)
    assert len(list((tmp_path / "registry").glob("ledger-*"))) == 1


def test_a_region_restricts_the_villages(tmp_path: Path) -> None:
    summary = simulate(tmp_path, households=50, others=50, seed=1, region="450124", as_of=date(2026, 10, 31))
    assert summary.households == 100


def test_a_region_without_villages_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="No village code begins with 99"):
        simulate(tmp_path, households=5, others=5, region="99")


def test_a_city_without_households_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="must be positive"):
        simulate(tmp_path, households=0, others=0)
