"""A run's acceptance measures every region against the line of the catalogue; nobody sees a region outside the own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import polars as pl
import pytest

from fupin.identify import api as identify
from fupin.identify.api import RegionMeasure
from fupin.identify.models import RegionResult
from fupin.identify.tests.small_city import City
from fupin.kernel.errors import NotFound, UserError

FEN_LINE = 400_000


@pytest.fixture(autouse=True)
def open_database(city: City, django_db_blocker: Any) -> Iterator[None]:
    with django_db_blocker.unblock():
        yield


def test_the_same_regions_are_measured_as_counted(city: City) -> None:
    counted = RegionResult.objects.filter(run=city.run).values_list("region", "households", "persons")
    measured = RegionMeasure.objects.filter(run=city.run).values_list("region", "households", "persons")
    assert sorted(counted) == sorted(measured)


def test_the_incidence_is_that_of_the_persons_below_the_line(city: City) -> None:
    folder = identify.run_folder(city.run)
    fields = pl.read_parquet(folder / "fields.parquet", columns=["household_id", "net_income_head", "members"])
    known = fields.drop_nulls("net_income_head")
    poor = known.filter(pl.col("net_income_head") < FEN_LINE)
    found = identify.region_measure(city.cast["office"], city.run, "4501")
    assert found is not None
    assert (found.line, found.line_id) == (FEN_LINE, "poverty_line_national")
    assert found.fgt0 == pytest.approx(sum(poor["members"]) / sum(known["members"]), abs=1e-6)
    assert (found.poor_households, found.unknown_households) == (len(poor), len(fields) - len(known))


def test_the_list_behind_the_incidence_is_as_long_as_it_says(city: City) -> None:
    below = identify.index_for(city.cast["office"], city.run).filter(income_head__lt=FEN_LINE)
    found = identify.region_measure(city.cast["office"], city.run, "4501")
    assert found is not None
    assert below.count() == found.poor_households > 0


def test_regions_below_are_those_of_the_scope(city: City) -> None:
    office, county = city.cast["office"], city.cast["county_office"]
    assert {len(one.region) for one in identify.region_measures(office, city.run, "4501")} == {6}
    villages = identify.region_measures(office, city.run, "4501", 5)
    assert villages
    assert {one.level for one in villages} == {5}
    own = identify.region_measures(county, city.run, "4501")
    assert {one.region for one in own} == {county.region}


def test_a_wider_region_is_not_to_be_seen(city: City) -> None:
    with pytest.raises(NotFound):
        identify.region_measure(city.cast["county_office"], city.run, "4501")
    with pytest.raises(UserError, match="outside your region"):
        identify.measures_told(city.cast["county_office"], city.run, "4501")


def test_machines_are_told_the_line_and_that_the_dimensions_are_a_trial(city: City) -> None:
    told = identify.measures_told(city.cast["office"], city.run, "4501", 0)
    assert (told["line"]["id"], told["line"]["value"], told["line"]["unit"]) == (
        "poverty_line_national", FEN_LINE, "分/人年",
    )  # fmt: skip
    assert told["spec"]["trial"]
    assert {"fgt0", "fgt0_se", "gini_low", "m0_high", "h_most", "lorenz"} <= told["region"].keys()
    assert all(one["level"] == 3 for one in told["regions"])


def test_an_older_run_is_completed(city: City) -> None:
    before = list(RegionMeasure.objects.filter(run=city.run).order_by("region").values())
    RegionMeasure.objects.filter(run=city.run).delete()
    assert identify.complete_runs() == {city.run.pk: ""}
    assert list(RegionMeasure.objects.filter(run=city.run).order_by("region").values()) == before
