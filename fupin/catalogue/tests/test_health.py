"""Which rules and facts tell a member's health is worked out from the catalogue: a new one is known without a list."""

from __future__ import annotations

import re

from fupin.catalogue.health import COLUMNS, SETS, health_fields, health_rules, names, screening_tells_health
from fupin.catalogue.load import load_catalogue
from fupin.catalogue.screening import read_screening

#: one hardship of several: which one it is, the finding does not tell
ONE_OF_SEVERAL = {"exited_low_income", "unregistered_low_income"}


def test_every_rule_that_demands_a_health_fact_is_known() -> None:
    demanding = set()
    for rule in load_catalogue().rules.values():
        asked = {re.sub(r"^[a-z]_", "", one) for one in names(rule.where, rule.having)}
        if asked & (COLUMNS | health_fields()) or any(set_ in one for one in asked for set_ in SETS):
            demanding.add(rule.id)
    assert demanding - ONE_OF_SEVERAL <= health_rules()
    assert {"healthy_with_certificate", "severe_disability_able_worker", "unregistered_grave_stay"} <= health_rules()
    assert not health_rules() & {"registered_with_car", "medical_insurance_missing"}


def test_what_is_computed_of_health_facts_is_one() -> None:
    assert {"healthy_share", "severely_disabled", "care_subsidy_share", "medical_own_head"} <= health_fields()
    assert not health_fields() & {"members", "serious_illness_insured_members", "net_income_head", "able_workers"}


def test_rules_of_screening_are_known_by_what_they_ask_or_say() -> None:
    told = {id_ for id_ in read_screening().rules if screening_tells_health(id_)}
    assert {"I15", "L13", "L19", "R04", "S14", "C01"} <= told
    assert not told & {"A01", "S04", "S06"}
    assert not screening_tells_health("no such rule")
