"""The registry of the generated city: shape, families, numbers."""

from datetime import date

import polars as pl
import pytest

from fupin.catalogue.schema import code_lists, tables
from fupin.kernel.identity import normalise
from fupin.simulate.api import Summary
from fupin.simulate.tests.conftest import number


def read(city: Summary, name: str) -> pl.DataFrame:
    return pl.read_parquet(city.out / "registry" / f"{name}.parquet")


@pytest.mark.parametrize("name", ["households", "persons", "survey", "ledger-*"])
def test_a_table_has_the_columns_of_the_catalogue(city: Summary, name: str) -> None:
    table = tables()[name.removesuffix("-*")]
    wanted = [c.name if c.name != "key" else "id_number" for c in table.columns.values() if not c.staged]
    wanted += ["phone"] if name == "households" else []
    assert read(city, name).columns == wanted


@pytest.mark.parametrize("name", ["households", "persons", "survey"])
def test_codes_are_in_their_lists(city: Summary, name: str) -> None:
    frame = read(city, name)
    for column in tables()[name].columns.values():
        if column.codes:
            values = set(frame[column.name].drop_nulls().unique())
            assert values <= set(code_lists()[column.codes].values), column.name


@pytest.mark.parametrize("name", ["survey", "ledger-*", "persons"])
def test_numbers_are_within_the_limits_of_the_catalogue(city: Summary, name: str) -> None:
    frame = read(city, name)
    for column in tables()[name.removesuffix("-*")].columns.values():
        if column.min is not None and column.name in frame.columns:
            assert number(frame, pl.col(column.name).min()) >= column.min, column.name
        if column.max is not None and column.name in frame.columns:
            assert number(frame, pl.col(column.name).max()) <= column.max, column.name


def test_exactly_the_asked_number_is_registered(city: Summary) -> None:
    states = read(city, "households")["state"]
    assert (states != "9").sum() == 1_200
    assert (states == "9").sum() == 1_800
    assert set(states) == {"0", "1", "2", "3", "9"}


def test_household_numbers_are_sorted_unique_and_begin_with_the_village(city: Summary) -> None:
    households = read(city, "households")
    numbers = households["household_id"]
    assert numbers.is_sorted()
    assert numbers.is_unique().all()
    assert (numbers.str.len_chars() == 16).all()
    assert (numbers.str.slice(0, 12) == households["village_code"]).all()


def test_every_id_number_is_valid_and_agrees_with_birth_sex_and_county(city: Summary) -> None:
    persons = read(city, "persons").filter(pl.col("relation") != "99")
    assert all(normalise(number).number == number for number in persons["id_number"])
    assert (persons["id_number"].str.slice(6, 8) == persons["birth_date"].dt.strftime("%Y%m%d")).all()
    odd = persons["id_number"].str.slice(16, 1).cast(pl.Int32) % 2 == 1
    assert (odd == (persons["sex"] == "1")).all()
    assert (persons["id_number"].str.slice(0, 6) == persons["village_code"].str.slice(0, 6)).all()


def test_id_numbers_are_unique_but_for_the_planted_duplicates(city: Summary) -> None:
    persons = read(city, "persons")
    truth = pl.read_parquet(city.out / "truth" / "anomalies.parquet")
    planted = truth.filter(topic="duplicate")["person_id"].to_list()
    rest = persons.filter(~pl.col("person_id").is_in(planted))
    assert rest["id_number"].is_unique().all()
    assert len(persons) - persons["id_number"].n_unique() == len(planted)


def test_each_household_has_one_head_and_at_most_one_spouse_of_the_other_sex(city: Summary) -> None:
    persons = read(city, "persons")
    heads = persons.filter(relation="01")
    assert len(heads) == city.households
    assert heads["household_id"].is_unique().all()
    couples = persons.filter(relation="02").join(heads, on="household_id")
    assert couples["household_id"].is_unique().all()
    assert (couples["sex"] != couples["sex_right"]).all()


@pytest.mark.parametrize(("older", "younger"), [("01", "03"), ("01", "04"), ("11", "01"), ("12", "01"), ("15", "01")])
def test_parents_are_sixteen_years_older_than_children(city: Summary, older: str, younger: str) -> None:
    persons = read(city, "persons").select("household_id", "relation", "birth_date")
    pairs = persons.filter(relation=older).join(persons.filter(relation=younger), on="household_id")
    years = (pl.col("birth_date_right") - pl.col("birth_date")).dt.total_days() / 365.25
    assert len(pairs) > 3
    assert number(pairs, years.min()) > 16


@pytest.mark.parametrize(
    ("relation", "sex"), [("03", "1"), ("04", "2"), ("05", "2"), ("06", "1"), ("11", "1"), ("12", "2")]
)
def test_the_relation_says_the_sex(city: Summary, relation: str, sex: str) -> None:
    persons = read(city, "persons").filter(relation=relation)
    assert set(persons["sex"]) == {sex}


def test_who_is_at_school_has_no_finished_education_and_no_work(city: Summary) -> None:
    pupils = read(city, "persons").filter(pl.col("schooling") != "01")
    assert pupils["education"].is_null().all()
    assert (pupils["work_region"] == "00").all()
    age = (pl.lit(date(2026, 10, 31)) - pl.col("birth_date")).dt.total_days() / 365.25
    primary = pupils.filter(schooling="03")
    assert number(primary, age.min()) > 5.9
    assert number(primary, age.max()) < 12.3


def test_the_registered_have_months_and_the_others_years(city: Summary) -> None:
    ledger = read(city, "ledger-*").join(read(city, "households"), on="household_id")
    registered, others = ledger.filter(pl.col("state") != "9"), ledger.filter(state="9")
    assert set(registered["period_months"]) == {1}
    assert registered["month"].n_unique() == 24
    assert set(others["period_months"]) == {12}
    assert set(others["month"]) == {202510, 202610}
    assert len(others) == 2 * 1_800
    assert 0.97 < len(registered) / (24 * 1_200) < 1.0


def test_poor_households_are_seen_to_live_poorly(city: Summary) -> None:
    truth = pl.read_parquet(city.out / "truth" / "households.parquet")
    seen = (
        read(city, "survey")
        .join(truth, on="household_id")
        .with_columns(rank=pl.col("welfare").rank() / city.households)
    )
    poorest, richest = seen.filter(pl.col("rank") < 0.1), seen.filter(pl.col("rank") > 2 / 3)
    for flag in ("windows_intact", "floor_hardened", "bath", "clothes_enough", "study_space", "water_safe"):
        assert number(poorest, pl.col(flag).mean()) < 0.5, flag
        assert number(richest, pl.col(flag).mean()) > 0.85, flag
    area = pl.col("house_area").median()
    assert number(poorest, area) * 1.6 < number(richest, area)


def test_reported_income_ranks_worse_than_the_conditions(city: Summary) -> None:
    truth = pl.read_parquet(city.out / "truth" / "households.parquet")
    seen = read(city, "survey").join(truth, on="household_id")
    flags = [
        "windows_intact",
        "floor_hardened",
        "bath",
        "clothes_enough",
        "broadband",
        "quilts_enough",
        "sewage_treated",
    ]
    seen = seen.with_columns(
        score=pl.sum_horizontal(pl.col(flags).cast(pl.Float64)) + pl.col("fridges") + pl.col("washers")
    )
    seen = seen.drop_nulls(["score", "declared_income_head"])
    income = seen.select(pl.corr("welfare", "declared_income_head", method="spearman")).item()
    score = seen.select(pl.corr("welfare", "score", method="spearman")).item()
    assert 0.4 < income < score


def test_most_answers_are_known_and_some_are_not(city: Summary) -> None:
    survey = read(city, "survey").join(read(city, "households"), on="household_id")
    columns = list(tables()["survey"].columns)
    for state, low, high in ((pl.col("state") != "9", 0.008, 0.03), (pl.col("state") == "9", 0.025, 0.07)):
        part = survey.filter(state).select(columns)
        share = sum(part.null_count().row(0)) / (part.height * part.width)
        assert low < share < high


def test_nobody_shares_a_birthday_because_an_age_was_cut_off(city: Summary) -> None:
    persons = read(city, "persons").with_columns(county=pl.col("id_number").str.slice(0, 6))
    together = persons.group_by("county", "birth_date", "sex").len()["len"]
    assert number(together.to_frame("n"), pl.col("n").max()) <= 8
