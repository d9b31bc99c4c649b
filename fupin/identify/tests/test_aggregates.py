"""What the charts draw is counted from the households, level by level, and misses nobody."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from fupin.identify.aggregates import INCOME_BINS, aggregate_rows, monthly_incomes

A, B, C = "450124001201", "450124001202", "450125100201"
RULE = {"rule": "car", "severity": 1, "direction": "misplaced", "topic": "car"}


@pytest.fixture
def households() -> pl.DataFrame:
    return pl.DataFrame(
        {
            "household_id": ["h1", "h2", "h3", "h4"],
            "village_code": [A, A, B, C],
            "state": ["0", "1", "9", "3"],
            "cause": ["01", "01", "02", ""],
            "low": [400_000, 810_000, 1_000_000, 599_999],
            "high": [419_999, 829_999, 1_000_000, 600_000],
            "persons": [4, 3, 5, 2],
            "income_head": [-5_000, 450_000, None, 99_900_000],
        }
    )


@pytest.fixture
def incomes() -> pl.LazyFrame:
    months = {"household_id": ["h1", "h2", "h1"], "month": [202609, 202609, 202610], "wage": [100, 50, 7]}
    return pl.LazyFrame({**months, "business": [0, 1, 0], "transfer": [2, 2, 2], "property": [0, 0, 0]})


def rows(households: pl.DataFrame, incomes: pl.LazyFrame, region: str = "4501") -> dict[str, dict[str, Any]]:
    findings = pl.DataFrame([{**RULE, "village_code": A}, {**RULE, "village_code": C}, {**RULE, "village_code": C}])
    found = aggregate_rows(households, findings, incomes, region).to_dicts()
    return {row["region"]: {k: json.loads(v) if str(v)[:1] == "[" else v for k, v in row.items()} for row in found}


def test_every_level_has_its_row_and_the_city_is_the_sum(households: pl.DataFrame, incomes: pl.LazyFrame) -> None:
    found = rows(households, incomes)
    assert set(found) == {"4501", "450124", "450125", "450124001", "450125100", A, B, C}
    assert found["4501"]["histogram"] == [[20, 1], [29, 1], [40, 1], [49, 1]]
    assert found["450124"]["histogram"] == [[20, 1], [40, 1], [49, 1]]
    assert found[B]["histogram"] == [[49, 1]]  # 100 points belong to the last bin


def test_causes_count_the_listed_and_leave_out_what_nobody_gave(
    households: pl.DataFrame, incomes: pl.LazyFrame
) -> None:
    found = rows(households, incomes)
    assert found["4501"]["causes"] == [["01", 2]]
    assert found[B]["causes"] == found[C]["causes"] == []


def test_the_scatter_holds_every_known_income_however_extreme(households: pl.DataFrame, incomes: pl.LazyFrame) -> None:
    city = rows(households, incomes)["4501"]
    assert city["scatter"] == [[0, 8, 1], [4, 16, 1], [INCOME_BINS - 1, 11, 1]]
    assert city["income_unknown"] == 1


def test_monthly_income_is_divided_by_those_who_kept_a_ledger(households: pl.DataFrame, incomes: pl.LazyFrame) -> None:
    found = rows(households, incomes)
    assert found["4501"]["income"] == [[202609, 150, 1, 4, 0, 7, 2], [202610, 7, 0, 2, 0, 4, 1]]
    assert (found["4501"]["income_households"], found[C]["income_households"]) == (2, 0)


def test_findings_are_counted_by_rule(households: pl.DataFrame, incomes: pl.LazyFrame) -> None:
    found = rows(households, incomes)
    assert found["4501"]["rules"] == [["car", 1, "misplaced", "car", 3]]
    assert found["450125"]["rules"] == [["car", 1, "misplaced", "car", 2]]


def test_a_run_over_one_county_has_no_row_above_it(households: pl.DataFrame, incomes: pl.LazyFrame) -> None:
    county = households.filter(pl.col("village_code").str.starts_with("450124"))
    assert set(rows(county, incomes, "450124")) >= {"450124", A, B}
    assert "4501" not in rows(county, incomes, "450124")


def test_only_single_months_of_the_last_two_years_are_taken(tmp_path: Path) -> None:
    months = [202410, 202411, 202610, 202611, 202609]
    frame = pl.DataFrame({"household_id": ["h"] * 5, "month": months, "period_months": [1, 1, 1, 1, 12]})
    amounts = {
        name: pl.lit(3) for name in ("wage_work", "wage_post", "business_crops", "transfer_other", "property_rent")
    }
    frame.with_columns(**amounts).write_parquet(tmp_path / "ledger.parquet")
    found = monthly_incomes(tmp_path, date(2026, 10, 31)).collect()
    assert found["month"].to_list() == [202411, 202610]
    assert found["wage"].to_list() == [6, 6]
