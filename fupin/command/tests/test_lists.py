"""Every figure, bar, band and cell of the map opens a list that is exactly as long."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from fupin.command.tests.asking import a_village, client_of, told, total
from fupin.identify import api as identify
from fupin.identify.cases.tests.play import apply_for, turned_calendar
from fupin.registry.api import Household
from fupin.ui.tests.city import City

COUNTY, OTHER_COUNTY = "450124", "450123"
LEVELS = {"city": 4, "county": 6, "town": 9, "village": 12}
LAST = 39  # cells of the scatter: the last of the incomes has no upper limit


def counted(picture: dict[str, Any]) -> list[tuple[str, int]]:
    """(address, count) of all that shows a number of households or findings, but the charts over two numbers."""
    charts = picture["charts"]
    bars, step = charts["histogram"], charts["histogram"]["step"]
    found = [(one["href"], one["count"]) for one in picture["figures"] if one["count"] is not None]
    found += [(one["href"], one["value"]) for one in (*picture["bands"], *charts["causes"]["rows"], *picture["alerts"])]
    found += [(f"{bars['href']}index_from={low}&index_to={low + step}", n) for low, n in bars["bins"] if n or low > 90]
    findings = next(layer for layer in picture["layers"] if layer["id"] == "findings")
    found += [(findings["href"] + row["code"], row["values"]["findings"]) for row in picture["rows"]]
    measures = picture["measures"]
    found += [(measures["poor_href"], measures["poor"])] if measures else []
    return [*found, (charts["scatter"]["unknown_href"], charts["scatter"]["unknown"])]


def cell_address(scatter: dict[str, Any], ix: int, iy: int) -> str:
    """One cell of the scatter, as the brush asks for it: open at both ends of the incomes."""
    step, height = scatter["x"]["step"] // 100, scatter["y"]["step"]
    asked = [f"index_from={iy * height}", f"index_to={(iy + 1) * height}"]
    asked += [f"income_from={ix * step}"] if ix else []
    asked += [f"income_to={(ix + 1) * step}"] if ix < LAST else []
    return f"{scatter['href']}&{'&'.join(asked)}"


@pytest.mark.parametrize("level", LEVELS)
def test_every_number_is_the_length_of_its_list(city: City, level: str) -> None:
    client = client_of(city, "decision")
    picture = told(client, f"/map/picture?region={a_village(city)[: LEVELS[level]]}")
    wanted = counted(picture)
    assert len(wanted) > 15
    assert picture["measures"]["poor_href"]
    assert [(href, n) for href, n in wanted if total(client, href) != n] == []


@pytest.fixture
def wait(city: City, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int], None]]:
    yield from turned_calendar(monkeypatch)


def test_overdue_cases_are_counted_as_they_are_now(city: City, wait: Callable[[int], None]) -> None:
    """Not as they were when the picture of the run was made."""
    client = client_of(city, "decision")
    known = city.run.index.filter(village_code__startswith=COUNTY, state="9").values_list("household_id", flat=True)
    busy = identify.cases_for(city.cast["decision"]).values("household_id")
    home = Household.objects.filter(pk__in=list(known), state="9").exclude(pk__in=busy).order_by("pk")[0]
    village = home.village_code
    ways = {code: f"/map/picture?region={code}" for code in (village, village[:9], COUNTY, "4501", OTHER_COUNTY)}
    before = {code: told(client, way)["cases"]["overdue"] for code, way in ways.items()}
    apply_for(city.cast["county_office"], home, "monitoring", "marginal")
    assert {code: told(client, way)["cases"]["overdue"] for code, way in ways.items()} == before
    wait(30)
    later = {code: told(client, way)["cases"] for code, way in ways.items()}
    assert {village, village[:9], COUNTY, "4501"} <= {code for code in ways if later[code]["overdue"] > before[code]}
    assert [one["href"] for one in later.values() if total(client, one["href"]) != one["overdue"]] == []


@pytest.mark.parametrize("level", ["county", "village"])
def test_every_cell_of_the_scatter_is_the_length_of_its_list(city: City, level: str) -> None:
    client = client_of(city, "office")
    scatter = told(client, f"/map/picture?region={a_village(city)[: LEVELS[level]]}")["charts"]["scatter"]
    cells = [(cell_address(scatter, ix, iy), n) for ix, iy, n in scatter["cells"]]
    assert scatter["x"]["n"] == LAST + 1
    assert cells
    assert [(href, n) for href, n in cells if total(client, href) != n] == []


def test_the_cells_and_the_unknown_are_all_households(city: City) -> None:
    picture = told(client_of(city, "decision"), "/map/picture")
    scatter, bins = picture["charts"]["scatter"], picture["charts"]["histogram"]["bins"]
    households = city.run.counts["households"]
    assert sum(n for _x, _y, n in scatter["cells"]) + scatter["unknown"] == households
    assert sum(n for _low, n in bins) == sum(band["value"] for band in picture["bands"]) == households


def test_a_picture_of_a_named_run_opens_lists_of_that_run(city: City) -> None:
    client = client_of(city, "office")
    wanted = counted(told(client, f"/map/picture?region={a_village(city)[:6]}&run={city.run.pk}"))
    assert all(f"run={city.run.pk}" in href for href, _n in wanted)
    assert [(href, n) for href, n in wanted if total(client, href) != n] == []


def test_a_county_office_finds_the_same_in_its_county(city: City) -> None:
    client = client_of(city, "county_office")
    picture = told(client, "/map/picture")
    assert picture["region"]["code"] == city.cast["county_office"].region
    wanted = [(one["href"], one["count"]) for one in picture["figures"] if one["count"] is not None]
    assert wanted[0][1] > 0
    assert [(href, n) for href, n in wanted if total(client, href) != n] == []
