"""Measures of regions: persons as the unit, the unknown left out and bounded, levels that fit together."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from fupin.engine.measure.regions import RegionMeasures, measure_regions
from fupin.engine.measure.spec import Spec, read_spec

LINE = 100.0
SPEC = """
id = "t"
zh = "试"
en = "t"
unit_zh = "人"
unit_en = "person"
cutoff = "1/2"
source = "made up"
[[indicator]]
id = "water"
zh = "水"
en = "water"
weight = "1/2"
where = "NOT water"
[[indicator]]
id = "house"
zh = "房"
en = "house"
weight = "1/2"
column = "house"
codes = ["D"]
"""
NEAR, FAR = "450123101001", "450124101001"


@pytest.fixture
def spec(tmp_path: Path) -> Spec:
    path = tmp_path / "t.toml"
    path.write_text(SPEC, encoding="utf-8")
    return read_spec(path, {"water": "flag", "house": "code"})


def homes(*rows: tuple[str, int, int | None, bool | None, str | None]) -> pl.DataFrame:
    schema = {
        "village_code": pl.String, "persons": pl.Int64, "net_income_head": pl.Int64, "water": pl.Boolean,
        "house": pl.String,
    }  # fmt: skip
    return pl.DataFrame(list(rows), schema=schema, orient="row")


SOME = homes(
    (NEAR, 4, 60, False, "A"),
    (NEAR, 1, 200, True, "A"),
    (NEAR, 5, None, None, "A"),
    (FAR, 2, 90, None, "D"),
    (FAR, 8, 300, True, None),
)


def measured(frame: pl.DataFrame, spec: Spec) -> dict[str, RegionMeasures]:
    return {one.region: one for one in measure_regions(frame, (4, 6, 12), LINE, spec)}


def test_a_household_counts_by_its_persons(spec: Spec) -> None:
    near = measured(SOME, spec)["450123"]
    assert near.values["fgt0"] == pytest.approx(4 / 5)
    assert near.values["fgt1"] == pytest.approx(4 / 5 * 0.4)
    assert (near.households, near.persons, near.poor_households, near.poor_persons) == (3, 10, 1, 4)


def test_unknown_incomes_widen_the_bounds_and_are_no_zeros(spec: Spec) -> None:
    near = measured(SOME, spec)["450123"]
    assert (near.unknown_households, near.unknown_persons) == (1, 5)
    assert (near.values["fgt0_least"], near.values["fgt0_most"]) == (0.4, 0.9)


def test_unknown_deprivations_widen_what_is_known(spec: Spec) -> None:
    found = measured(SOME, spec)
    assert (found[NEAR].values["h"], found[NEAR].values["h_most"]) == (0.4, 0.9)
    assert (found[FAR].values["h"], found[FAR].values["h_most"]) == (0.2, 1.0)
    assert (found[FAR].values["m0"], found[FAR].values["m0_most"]) == (0.1, 0.6)
    assert (found[NEAR].undecided_persons, found[FAR].undecided_persons) == (5, 8)


def test_the_levels_fit_together(spec: Spec) -> None:
    found = measured(SOME, spec)
    assert found["450123"].values == found[NEAR].values
    known = {code: found[code].persons - found[code].unknown_persons for code in ("4501", "450123", "450124")}
    for name in ("fgt0", "fgt1", "watts"):
        parts = sum(known[code] * (found[code].values[name] or 0) for code in ("450123", "450124"))
        assert found["4501"].values[name] == pytest.approx(parts / known["4501"], abs=1e-5)
    assert [found[code].level for code in ("4501", "450123", NEAR)] == [2, 3, 5]


def test_a_region_without_any_known_income_has_no_measure(spec: Spec) -> None:
    found = measured(homes((NEAR, 3, None, True, "A"), (FAR, 2, 90, True, "A")), spec)
    assert "fgt0" not in found[NEAR].values
    assert found[NEAR].lorenz == []
    assert found[NEAR].values["h"] == 0
    assert found[FAR].values["fgt0"] == 1


def test_one_household_has_no_standard_error_and_few_are_marked(spec: Spec) -> None:
    found = measured(homes((FAR, 2, 90, True, "A"), *[(NEAR, 3, 200, True, "A")] * 30), spec)
    assert (found[FAR].values["fgt0_se"], found[FAR].small, found[NEAR].small) == (None, True, False)


def test_contributions_add_up_and_the_curve_ends_at_one(spec: Spec) -> None:
    city = measured(SOME, spec)["4501"]
    assert sum(entry["contribution"] for entry in city.mpi) == pytest.approx(1, abs=1e-5)
    assert (city.lorenz[0], city.lorenz[-1], len(city.lorenz)) == (0, 1, 21)
