"""The truth file: errors of every kind, and enough of them that no rule can see."""

import polars as pl
import pytest

from fupin.simulate.api import Summary
from fupin.simulate.arrays import generator
from fupin.simulate.rates import ERRORS, FRAUDS, LOOKALIKES, Rates
from fupin.simulate.tests.conftest import number
from fupin.simulate.welfare import register

TOPICS = {
    "car", "property", "company", "payroll", "machine", "deposits", "official", "dead", "moved", "duplicate", "split",
    "identity", "marriage", "subsistence", "disability", "illness", "schooling", "housing", "water", "insurance",
    "income", "labour", "relocation", "subsidy", "loan",
}  # fmt: skip


def read(city: Summary, name: str) -> pl.DataFrame:
    return pl.read_parquet(city.out / "truth" / f"{name}.parquet")


def test_at_least_a_fifth_of_the_errors_match_no_rule(city: Summary) -> None:
    errors = read(city, "anomalies").filter(pl.col("class") != "lookalike")
    assert errors.select((~pl.col("described")).mean()).item() >= 0.2
    assert city.undescribed == pytest.approx(errors.select((~pl.col("described")).mean()).item(), abs=1e-3)


def test_what_no_rule_describes_has_no_topic_and_the_rest_a_known_one(city: Summary) -> None:
    anomalies = read(city, "anomalies")
    assert anomalies.filter(~pl.col("described"))["topic"].is_null().all()
    assert set(anomalies.filter("described")["topic"]) <= TOPICS
    assert set(anomalies["class"]) == {"fraud", "error", "missed", "lookalike"}


def test_the_stories_of_a_pool_fit_into_it() -> None:
    for pool in {kind.pool for kind in Rates().kinds}:
        assert sum(kind.rate for kind in Rates().kinds if kind.pool == pool) <= 1.0
    assert sum(kind.rate for kind in FRAUDS) == pytest.approx(1.0)


def test_every_topic_has_a_story_or_a_trace() -> None:
    told = {kind.topic for kind in (*FRAUDS, *ERRORS, *LOOKALIKES)} | {
        "subsistence",
        "illness",
        "housing",
        "disability",
    }
    assert told - {""} == TOPICS


def test_frauds_are_registered_and_not_poor_and_the_missed_the_other_way_round(city: Summary) -> None:
    joined = read(city, "anomalies").join(read(city, "households"), on="household_id")
    frauds, missed = joined.filter(pl.col("class") == "fraud"), joined.filter(pl.col("class") == "missed")
    assert len(frauds)
    assert not frauds["truly_poor"].any()
    assert (frauds["state"] != "9").all()
    assert len(missed)
    assert missed["truly_poor"].all()
    assert (missed["state"] == "9").all()


def test_poverty_gathers_in_the_karst_counties(city: Summary) -> None:
    households = read(city, "households").with_columns(county=pl.col("household_id").str.slice(0, 6))
    poor, county = pl.col("truly_poor"), pl.col("county")
    far = number(households, poor.filter(county.is_in(["450123", "450124", "450125"])).mean())
    near = number(households, poor.filter(county.is_in(["450102", "450103", "450105"])).mean())
    assert far > 1.5 * near


def test_registration_errors_have_the_stated_rates() -> None:
    raw = generator(3).normal(0, 1, 30_000)
    found = register(generator(4), raw, 10_000, (0.55, 0.35, 0.08, 0.02), 0.05, 0.04, 0.01)
    assert (found.state != 9).sum() == 10_000
    listed = (found.state == 0) | (found.state == 3)
    assert (listed & ~found.poor).sum() / listed.sum() == pytest.approx(0.05, abs=0.003)
    assert (found.poor & (found.state == 9)).sum() / found.poor.sum() == pytest.approx(0.04, abs=0.003)
    assert (found.poor & (found.state == 1)).sum() / found.poor.sum() == pytest.approx(0.01, abs=0.003)


def test_exited_households_are_better_off_than_the_registered_poor(city: Summary) -> None:
    welfare = read(city, "households").group_by("state").agg(pl.col("welfare").mean())
    by_state = dict(welfare.iter_rows())
    assert by_state["0"] < by_state["1"] < by_state["9"]
