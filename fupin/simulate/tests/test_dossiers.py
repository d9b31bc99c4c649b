"""Helpers, villages' forms, teams and projects of the generated city."""

from __future__ import annotations

import polars as pl

from fupin.catalogue.village_form import village_form
from fupin.simulate.api import Summary
from fupin.simulate.tests.test_registry import read


def test_every_registered_household_has_one_helper_and_nobody_too_many(city: Summary) -> None:
    helpers, households = read(city, "helpers"), read(city, "households")
    registered = households.filter(pl.col("state") != "9")["household_id"]
    assert helpers["household_id"].sort().equals(registered.sort())
    per_helper = helpers.group_by("helper_id").agg(
        n=pl.len(), villages=pl.col("household_id").str.slice(0, 12).n_unique(), names=pl.col("name").n_unique()
    )
    assert per_helper["n"].max() <= 8  # type: ignore[operator]
    assert per_helper.select(pl.col("villages", "names").max()).row(0) == (1, 1)
    assert helpers["unit"].str.ends_with("（模拟）").all()


def test_the_forms_keep_every_limit_and_no_part_exceeds_its_whole(city: Summary) -> None:
    forms = read(city, "villages")
    assert forms.select("village_code", "year").is_unique().all()
    for item in village_form().items.values():
        wrong = pl.lit(False)
        if item.column.min is not None:
            wrong = wrong | (pl.col(item.name) < item.column.min)
        if item.column.max is not None:
            wrong = wrong | (pl.col(item.name) > item.column.max)
        if item.within:
            wrong = wrong | (pl.col(item.name) > pl.col(item.within))
        assert forms.filter(wrong).is_empty(), item.name


def test_the_forms_state_the_households_of_the_registry(city: Summary) -> None:
    homes = read(city, "households").group_by("village_code").agg(counted=pl.len())
    forms = read(city, "villages").filter(pl.col("year") == 2026).join(homes, on="village_code", how="full")
    assert forms.filter(pl.col("households") != pl.col("counted")).is_empty()
    assert forms["households"].null_count() == 0


def test_a_few_figures_are_stated_wrong(city: Summary) -> None:
    persons = read(city, "persons").with_columns(village_code=pl.col("household_id").str.slice(0, 12))
    women = persons.group_by("village_code").agg(counted=(pl.col("sex") == "2").sum())
    forms = read(city, "villages").filter(pl.col("year") == 2026).join(women, on="village_code")
    wrong = forms.filter(pl.col("women") != pl.col("counted")).height
    assert 0 < wrong < forms.height / 5


def test_every_village_with_households_has_a_team_of_three(city: Summary) -> None:
    teams = read(city, "teams")
    roles = teams.group_by("village_code").agg(pl.col("role").sort())
    assert {tuple(row) for row in roles["role"].to_list()} == {("first_secretary", "leader", "member")}
    assert set(roles["village_code"]) == set(read(city, "households")["village_code"])
    assert set(read(city, "projects")["village_code"]) <= set(roles["village_code"])
