from datetime import date
from pathlib import Path

import pytest

from fupin.catalogue.load import catalogue_hash
from fupin.catalogue.parameters import parameters
from fupin.catalogue.schema import CatalogueError


def test_the_value_of_the_day_holds() -> None:
    line = parameters()["poverty_line_exit"]
    assert line.at(date(2017, 12, 31)) == 333_500
    assert line.at(date(2018, 1, 1)) == 353_500


def test_the_two_series_of_the_line_are_kept_apart() -> None:
    day = date(2019, 6, 1)
    assert parameters()["poverty_line_national"].at(day) == 321_800
    assert parameters()["poverty_line_exit"].at(day) == 374_700


def test_the_nearest_region_wins() -> None:
    line = parameters()["monitoring_line"]
    assert line.at(date(2024, 6, 1), "522701") == 730_000
    assert line.at(date(2024, 6, 1), "450123") == 600_000


def test_a_day_before_the_first_value_is_an_error() -> None:
    with pytest.raises(CatalogueError, match="monitoring_line"):
        parameters()["monitoring_line"].at(date(2001, 1, 1))


def test_the_hash_changes_with_every_byte(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text("x = 1")
    before = catalogue_hash(tmp_path)
    (tmp_path / "a.toml").write_text("x = 2")
    assert catalogue_hash(tmp_path) != before
