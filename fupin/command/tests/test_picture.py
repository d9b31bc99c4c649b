"""Pictures, borders, homes and tree: what is in them, and who may see them."""

from __future__ import annotations

import gzip
import json

import pytest
from django.test import Client

from fupin.command.tests.asking import a_village, client_of, told
from fupin.identify import api as identify
from fupin.registry import api as registry
from fupin.ui.tests.city import City

BELOW = ("/map/picture?region={}", "/map/homes?region={}", "/map/cells/{}/5", "/map/tree?region={}")


def test_a_picture_sums_up_its_parts(city: City) -> None:
    picture = told(client_of(city, "decision"), "/map/picture?detail=5")
    assert (picture["region"]["code"], picture["level"]) == ("4501", 5)
    persons = {one["id"]: one["number"] for one in picture["figures"]}["listed_persons"]
    own = identify.region_result(city.cast["decision"], city.run, "4501")
    assert persons == own.registered_persons
    assert sum(row["size"] for row in picture["rows"]) == own.persons
    assert sum(row["values"]["persons"] for row in picture["rows"]) == own.unexited_persons


def test_rows_stand_by_incidence_and_can_be_opened(city: City) -> None:
    rows = told(client_of(city, "decision"), "/map/picture")["rows"]
    assert len(rows) > 5
    shares = [row["values"]["incidence"] for row in rows]
    assert shares == sorted(shares, reverse=True)
    assert all(row["drill"] for row in rows)


def test_a_village_is_its_own_part(city: City) -> None:
    village = a_village(city)
    picture = told(client_of(city, "decision"), f"/map/picture?region={village}")
    assert [(row["code"], row["drill"]) for row in picture["rows"]] == [(village, False)]
    assert (picture["levels"], picture["level"], picture["outline"]) == ([], 5, None)


def test_the_radar_compares_with_the_level_above(city: City) -> None:
    client, village = client_of(city, "decision"), a_village(city)
    names = [told(client, f"/map/picture?region={code}")["charts"]["radar"]["meanName"] for code in (village, "4501")]
    assert names == [registry.region(village[:9]).name, ""]


def test_the_breadcrumb_begins_with_the_nation(city: City) -> None:
    crumbs = told(client_of(city, "county_office"), "/map/picture")["crumbs"]
    assert [crumb["code"] for crumb in crumbs] == ["cn", "45", city.cast["county_office"].region]


@pytest.mark.parametrize("path", BELOW)
@pytest.mark.parametrize("code", ["450102", "450124999999", "nonsense", "4501240"])
def test_absent_and_forbidden_regions_answer_404(city: City, path: str, code: str) -> None:
    assert client_of(city, "county_office").get(path.format(code)).status_code == 404


@pytest.mark.parametrize("path", BELOW[1:])  # the picture of a city outside the scope has public figures: test_nation
def test_the_city_gives_a_county_no_borders_homes_or_tree(city: City, path: str) -> None:
    assert client_of(city, "county_office").get(path.format("4501")).status_code == 404


@pytest.mark.parametrize("path", ["/map/", "/map/picture", "/map/homes", "/map/tree", "/map/reference/cn/1"])
def test_strangers_sign_in_first_and_departments_have_no_map(city: City, path: str) -> None:
    assert "/sign-in/" in Client().get(path)["Location"]
    assert client_of(city, "department").get(path).status_code == 403


@pytest.mark.parametrize("asked", ["detail=²", "detail=9", "detail=-1", "detail=x"])
def test_a_level_that_does_not_exist_falls_back_to_the_next(city: City, asked: str) -> None:
    assert told(client_of(city, "decision"), f"/map/picture?{asked}")["level"] == 3


def test_a_run_that_is_not_the_readers_is_not_found(city: City) -> None:
    assert client_of(city, "decision").get("/map/picture?run=no-such-run").status_code == 404


def test_what_has_not_changed_is_not_sent_again(city: City) -> None:
    client = client_of(city, "decision")
    first = client.get("/map/picture", headers={"Accept-Encoding": "gzip"})
    assert json.loads(gzip.decompress(first.content)) == told(client, "/map/picture")
    again = client.get("/map/picture", headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert first["Cache-Control"] == "private, no-cache"


def test_two_readers_of_one_region_do_not_share_their_crumbs(city: City) -> None:
    county = city.cast["county_office"].region
    crumbs = [
        len(told(client_of(city, who), f"/map/picture?region={county}")["crumbs"])
        for who in ("decision", "county_office")
    ]
    assert crumbs == [4, 3]  # cn, 45, 4501, county against cn, 45, county


def test_borders_with_their_version_are_kept_for_good(city: City) -> None:
    client = client_of(city, "decision")
    url = told(client, "/map/picture")["cells"]["url"]
    assert "immutable" in client.get(url)["Cache-Control"]
    assert client.get(url.split("?")[0])["Cache-Control"] == "private, no-cache"
    codes = {cell["properties"]["code"] for cell in told(client, url)["features"]}
    assert codes == {place.code for place in registry.children(city.cast["decision"], "4501")}


def test_homes_are_the_villages_households_without_a_name(city: City) -> None:
    village = a_village(city)
    homes = told(client_of(city, "decision"), f"/map/homes?region={village}")
    ids = set(city.run.index.filter(village_code=village).values_list("household_id", flat=True))
    assert {point[2] for point in homes["points"]} == ids
    assert homes["households"] == len(ids)
    assert homes["illustrative"]
    names = registry.households_for(city.cast["decision"]).filter(pk__in=ids).values_list("head_name", flat=True)
    assert not any(name in json.dumps(homes, ensure_ascii=False) for name in names)


def test_above_the_town_and_beyond_the_limit_no_homes_are_sent(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    client, village = client_of(city, "decision"), a_village(city)
    assert told(client, f"/map/homes?region={village[:6]}")["points"] == []
    monkeypatch.setattr("fupin.command.homes.MOST", 0)
    monkeypatch.setattr("fupin.command.answers.cache.get", lambda _name: None)
    homes = told(client, f"/map/homes?region={village}")
    assert (homes["points"], homes["limit"]) == ([], 0)
    assert homes["households"] > 0


def test_the_tree_unfolds_from_the_readers_own_region(city: City) -> None:
    client, county = client_of(city, "county_office"), city.cast["county_office"].region
    assert [row["code"] for row in told(client, "/map/tree")] == [county]
    towns = told(client, f"/map/tree?region={county}")
    assert all(row["code"].startswith(county) and not row["leaf"] for row in towns)
    assert all(row["leaf"] for row in told(client, f"/map/tree?region={towns[0]['code']}"))


def test_a_run_without_kept_aggregates_still_has_figures(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identify, "region_aggregate", lambda *_: None)
    monkeypatch.setattr("fupin.command.answers.cache.get", lambda _name: None)
    monkeypatch.setattr("fupin.command.answers.cache.set", lambda *_: None)
    picture = told(client_of(city, "decision"), "/map/picture")
    assert (list(picture["charts"]), picture["alerts"]) == (["radar"], [])
    assert picture["figures"][0]["count"] > 0


def test_before_the_first_run_there_are_borders_and_no_figures(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identify, "latest_run", lambda _user: None)
    picture = told(client_of(city, "decision"), "/map/picture")
    assert (picture["run"], picture["rows"], picture["figures"]) == (None, [], [])
    assert picture["cells"]["url"]
