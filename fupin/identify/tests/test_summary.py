"""Figures of regions come from the households and from nothing else."""

import polars as pl
import pytest

from fupin.identify.summary import region_rows, run_counts

A, B, C = "450124001201", "450124001202", "450125100201"


@pytest.fixture
def households() -> pl.DataFrame:
    return pl.DataFrame(
        {
            "household_id": ["h1", "h2", "h3", "h4"],
            "village_code": [A, A, B, C],
            "state": ["0", "1", "9", "3"],
            "band": ["poor", "stable", "undecided", "possibly"],
            "low": [400_000, 810_000, 500_000, 600_000],
            "high": [410_000, 900_000, 700_000, 620_000],
            "persons": [4, 3, 5, 2],
            "findings": [2, 0, 1, 0],
            "severe": [1, 0, 0, 0],
            "dim_low": [[1] * 7, [2] * 7, [3] * 7, [4] * 7],
            "dim_high": [[2] * 7, [3] * 7, [4] * 7, [5] * 7],
            "dim_weight": [[12] * 7, [12] * 7, [0] * 7, [12] * 7],
        }
    )


def test_a_region_is_the_sum_of_its_villages(households: pl.DataFrame) -> None:
    rows = {row["region"]: row for row in region_rows(households, "4501").to_dicts()}
    for name in ("households", "persons", "poor", "undecided", "findings", "low_sum", "high_sum"):
        assert rows["450124"][name] == rows[A][name] + rows[B][name]
    assert set(rows) == {"4501", "450124", "450125", "450124001", "450125100", A, B, C}


def test_the_exited_are_listed_but_not_counted_as_poor_population(households: pl.DataFrame) -> None:
    village = region_rows(households, "4501").filter(pl.col("region") == A).to_dicts()[0]
    assert (village["registered_persons"], village["unexited_persons"]) == (7, 4)
    assert (village["registered_households"], village["unexited_households"]) == (2, 1)


def test_dimensions_are_summed_each_for_itself(households: pl.DataFrame) -> None:
    village = region_rows(households, "4501").filter(pl.col("region") == A).to_dicts()[0]
    assert village["dim_low_sum"] == [3] * 7
    assert village["dim_weight_sum"] == [24] * 7


def test_a_run_over_one_county_has_no_city_row(households: pl.DataFrame) -> None:
    county = households.filter(pl.col("village_code").str.starts_with("450124"))
    assert region_rows(county, "450124")["region"].to_list()[0] == "450124"


def test_the_run_counts_bands_of_all_and_of_the_listed(households: pl.DataFrame) -> None:
    findings = pl.DataFrame(
        {
            "household_id": ["h1", "h1", "h3"],
            "severity": [1, 3, 2],
            "direction": ["misplaced", "inconsistent", "missed"],
            "rule": ["car", "land", "relief"],
        }
    )
    counts = run_counts(households, findings)
    assert counts["bands"] == {"poor": 1, "possibly": 1, "stable": 1, "undecided": 1}
    assert counts["listed_bands"] == {"poor": 1, "possibly": 1, "stable": 1}
    assert counts["households_with_findings"] == 2
