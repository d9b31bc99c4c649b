"""The way in: published figures, real borders, grey where nobody published anything."""

from __future__ import annotations

from fupin.command.tests.asking import client_of, told
from fupin.ui.tests.city import City


def test_the_nation_shows_the_published_series(city: City) -> None:
    picture = told(client_of(city, "decision"), "/map/nation?region=cn")
    series = picture["charts"]["series"]
    assert (series["years"][0], series["incidence"][0], series["persons"][0]) == (1978, 97.5, 77039)
    assert (series["years"][-1], series["incidence"][-1], series["persons"][-1]) == (2016, 4.4, 4335)
    assert series["source"]
    assert "2300" in series["line"]
    assert {one["id"]: one["number"] for one in picture["figures"]}["fewer"] == 77039 - 4335


def test_provinces_without_data_are_grey(city: City) -> None:
    rows = {row["code"]: row for row in told(client_of(city, "decision"), "/map/nation?region=cn")["rows"]}
    assert len(rows) == 34
    assert [code for code, row in rows.items() if row["drill"]] == ["45", "52"]
    assert rows["52"]["values"] == {"exit": 2020, "counties": 66, "households": None}
    assert rows["45"]["values"]["households"] == city.run.counts["households"]
    assert set(rows["31"]["values"].values()) == {None}


def test_the_nation_has_its_islands_line(city: City) -> None:
    client = client_of(city, "decision")
    picture = told(client, "/map/nation?region=cn")
    assert told(client, picture["outline"]["url"])["features"][0]["geometry"]["type"] == "MultiLineString"
    assert len(told(client, picture["cells"]["url"])["features"]) == 34


def test_a_province_shows_when_its_counties_left_the_list(city: City) -> None:
    picture = told(client_of(city, "decision"), "/map/nation?region=45")
    rows = {row["code"]: row for row in picture["rows"]}
    assert len(rows) == 111
    assert rows["450124"]["values"]["exit"] == 2019
    assert rows["450124"]["texts"]["exit"] == "2019 年"
    assert rows["450124"]["note"]
    assert rows["450102"]["values"]["exit"] is None
    assert sum(row["values"]["exit"] is not None for row in rows.values()) == 33


def test_only_counties_of_the_scope_open(city: City) -> None:
    found = {}
    for who in ("decision", "county_office"):
        rows = told(client_of(city, who), "/map/nation?region=45")["rows"]
        found[who] = {row["code"] for row in rows if row["drill"]}
    assert found["county_office"] == {city.cast["county_office"].region}
    assert len(found["decision"]) == 12


def test_own_households_count_only_what_the_reader_may_see(city: City) -> None:
    picture = told(client_of(city, "county_office"), "/map/nation?region=45")
    own = next(one for one in picture["figures"] if one["id"] == "households")
    county = city.cast["county_office"].region
    assert own["count"] == city.run.index.filter(village_code__startswith=county).count()
    assert county in own["href"]


def test_a_city_outside_the_scope_has_public_figures_alone(city: City) -> None:
    picture = told(client_of(city, "county_office"), "/map/picture?region=4501")
    assert (picture["run"], picture["bands"], picture["alerts"]) == (None, [], [])
    assert {key for row in picture["rows"] for key in row["values"]} == {"exit", "counties", "households"}
    assert [crumb["code"] for crumb in picture["crumbs"]] == ["cn", "45", "4501"]


def test_a_province_whose_counties_are_not_shipped_is_drawn_as_itself(city: City) -> None:
    client = client_of(city, "decision")
    picture = told(client, "/map/nation?region=31")
    assert ([row["code"] for row in picture["rows"]], picture["levels"]) == (["31"], [])
    assert [cell["properties"]["code"] for cell in told(client, picture["cells"]["url"])["features"]] == ["31"]
