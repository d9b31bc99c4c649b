"""Logic screening: every rule's examples, and a hamlet with known contradictions."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import polars as pl

from fupin.catalogue.load import load_catalogue
from fupin.catalogue.screening import Screening, ScreenRule, read_screening
from fupin.engine.inputs import DeliveryFile
from fupin.engine.screening import (
    Screened,
    check_screening,
    screen,
)
from fupin.engine.screening_words import named_columns, told_message
from fupin.engine.staging import Stage
from fupin.engine.tests.city import VILLAGE, deliver, home, inputs, key, member, write_snapshot

RULES = read_screening().rules


def _hamlet(folder: Path) -> Path:
    homes = [home("H1", state="1"), home("H2"), home("H9", state="9")]
    people = [
        member("P1", "H1", key=key(1), health="01", schooling="01", labour="04", work_months=3),
        member("P2", "H1", key=key(2), relation="03", birth_date=date(1985, 1, 1)),
        member("P3", "H2", key=key(3), relation="02"),
        member("P9", "H9", key=key(3)),
    ]
    survey = [{"household_id": "H1", "year": 2020, "house_grade": "C", "farmland_mu": 200.0, "irrigated_mu": 1.0}]
    return write_snapshot(folder, households=homes, persons=people, survey=survey)


def _screened(folder: Path, *deliveries: DeliveryFile, screening: Screening | None = None) -> Screened:
    return screen(Stage(inputs(folder, *deliveries)), load_catalogue(), screening or read_screening())


def _found(screened: Screened, rule: str) -> list[str]:
    return screened.hits.filter(pl.col("rule") == rule).get_column("object_id").to_list()


def _line(screened: Screened, rule: str) -> dict[str, object]:
    return screened.rules.filter(pl.col("rule") == rule).row(0, named=True)


def test_every_rule_has_a_hit_and_a_near_miss_that_hold() -> None:
    assert len(RULES) >= 180
    assert check_screening(load_catalogue(), read_screening()) == []


def test_an_example_that_does_not_hold_is_told() -> None:
    rule = RULES["I01"]
    wrong = replace(rule, examples=({"expect": "miss", "row": {"key_count": 2}},))
    faults = check_screening(load_catalogue(), replace(read_screening(), rules={"I01": wrong}))
    assert faults == ["rules/screen [I01] example 1: expected miss, got hit"]


def test_a_message_that_names_a_column_nobody_has_is_told() -> None:
    wrong = replace(RULES["I01"], message={"zh": "{colour}", "en": "{colour}"})
    faults = check_screening(load_catalogue(), replace(read_screening(), rules={"I01": wrong}))
    assert "{colour}" in faults[0]


def test_a_hamlets_contradictions_are_found(tmp_path: Path) -> None:
    found = _screened(_hamlet(tmp_path / "s"))
    assert _found(found, "I01") == ["P3", "P9"]  # one number in two households, whoever is registered
    assert _found(found, "L05") == ["P1"]  # no labour, yet work
    assert _found(found, "F01") == ["H2"]  # nobody is the head
    assert _found(found, "F13") == ["H1"]  # head of 40, child of 35
    assert _found(found, "G05") == ["H1"]  # exited, yet house grade C
    assert _found(found, "A01") == ["H1"]


def test_a_hit_says_what_was_seen_in_words(tmp_path: Path) -> None:
    found = _screened(_hamlet(tmp_path / "s")).hits
    params = found.filter(pl.col("rule") == "G05").item(0, "params")
    assert json.loads(params) == {"h_house_grade": "C"}
    words = named_columns(load_catalogue(), read_screening())
    assert "C级" in told_message(RULES["G05"], params, "zh", words)
    assert "dangerous" in told_message(RULES["G05"], params, "en", words)


def test_what_is_unknown_is_no_hit_and_is_counted(tmp_path: Path) -> None:
    found = _screened(_hamlet(tmp_path / "s"))
    line = _line(found, "A01")
    assert (line["checked"], line["unknown"], line["hits"]) == (1, 1, 1)  # H2 has no survey, H9 is not registered


def test_a_rule_on_facts_not_held_is_not_applicable(tmp_path: Path) -> None:
    found = _screened(_hamlet(tmp_path / "s"))
    assert _line(found, "I03")["applicable"] is False
    assert _line(found, "V01")["applicable"] is False  # no statistics of villages delivered


def test_a_snapshot_that_brings_the_fact_makes_the_rule_applicable(tmp_path: Path) -> None:
    snapshot = _hamlet(tmp_path / "s")
    pl.DataFrame({"person_id": ["P1", "P2"], "x_id_length": [17, 18]}).write_parquet(
        snapshot / "screen_persons.parquet"
    )
    found = _screened(snapshot)
    assert _line(found, "I03")["applicable"] is True
    assert _found(found, "I03") == ["P1"]


def test_a_village_is_measured_against_its_households(tmp_path: Path) -> None:
    villages = deliver(tmp_path, "st_villages", [{"village_code": VILLAGE, "village": "甲村", "households": 2}])
    found = _screened(_hamlet(tmp_path / "s"), villages)
    assert _found(found, "V11") == [VILLAGE]  # two households stated, three in the registry
    assert _found(found, "V02") == [VILLAGE]  # population not given


def test_rules_for_those_not_registered_read_only_them(tmp_path: Path) -> None:
    snapshot = write_snapshot(
        tmp_path / "s", households=[home("H1", attribute="01"), home("H9", state="9", attribute="01")]
    )
    assert _found(_screened(snapshot), "P12") == ["H9"]


def test_every_rule_shows_something_of_what_it_judged() -> None:
    def silent(rule: ScreenRule) -> bool:
        return "{" not in rule.message["zh"] or "{" not in rule.message["en"]

    assert [rule.id for rule in RULES.values() if silent(rule)] == []
