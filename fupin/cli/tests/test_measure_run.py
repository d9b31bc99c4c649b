"""`fupin measure --run`: the registry's measures, as the acceptance of the run kept them."""

from __future__ import annotations

import json

import pytest

from fupin.cli.tests.test_measure import run
from fupin.identify.api import RegionMeasure
from fupin.kernel.errors import UserError
from fupin.ui.tests.city import City


def test_the_latest_run_by_counties(city: City) -> None:
    answer = json.loads(run("--run", "latest", "--region", "4501", "--by", "county", "--json"))
    kept = RegionMeasure.objects.get(run=city.run, region="4501")
    assert (answer["run"], answer["line"]["value"]) == (city.run.pk, kept.line)
    assert (answer["region"]["fgt0"], answer["region"]["fgt0_se"]) == (kept.fgt0, kept.values["fgt0_se"])
    counties = RegionMeasure.objects.filter(run=city.run, level=3).values_list("region", flat=True)
    assert sorted(entry["code"] for entry in answer["regions"]) == sorted(counties)


def test_without_a_region_it_is_the_accounts_own(city: City) -> None:
    county = city.cast["county_office"]
    answer = json.loads(run("--run", city.run.pk, "--as", county.username, "--json"))
    assert (answer["region"]["code"], answer["regions"]) == (county.region, [])


def test_the_table_names_line_unit_and_trial(city: City) -> None:
    text = run("--run", "latest", "--by", "level")
    for said in ("poverty_line_national", "4,000 元/人·年", "试行", "多维贫困指数 M0", "收入未知"):
        assert said in text, said


def test_a_region_elsewhere_is_answered_like_one_that_is_not_there(city: City) -> None:
    for code in ("4501", "999999"):
        with pytest.raises(UserError, match="outside your region"):
            run("--run", "latest", "--region", code, "--as", city.cast["county_office"].username)


def test_a_level_that_is_none_is_refused(city: City) -> None:
    with pytest.raises(UserError, match="not a level: street"):
        run("--run", "latest", "--by", "street")
