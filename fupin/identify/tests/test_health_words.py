"""What a run keeps in words tells a member's health to who may see it, and to nobody else."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fupin.accounts.api import User, acting_as, acting_for_platform, nobody_acting
from fupin.accounts.tests.fixtures import Cast
from fupin.catalogue.health import COLUMNS
from fupin.identify import api as identify
from fupin.identify.health_words import merged, without_health
from fupin.identify.models import Finding, ScreenHit
from fupin.registry.coded import HEALTH

pytestmark = pytest.mark.django_db
CERTIFICATE = Finding(rule="healthy_with_certificate", params={"name": "韦*山", "grade": "1", "kind": "4"})
CAR = Finding(rule="registered_with_car", params={"name": "韦*山"})


def said(by: User, lang: str = "zh") -> str:
    with acting_as(by):
        return identify.message_of(CERTIFICATE, lang)


def test_a_finding_names_a_disability_to_who_may_see_it(cast: Cast) -> None:
    for user in (cast.office, cast.cadre):
        assert "残疾证" in said(user)
    assert said(cast.decision) == "涉及成员健康情况，不显示"
    assert said(cast.decision, "en") == "about a member's health: not shown"
    with nobody_acting():
        assert "不显示" in identify.message_of(CERTIFICATE)
    with acting_for_platform():
        assert "残疾证" in identify.message_of(CERTIFICATE)


def test_other_findings_are_told_to_everybody(cast: Cast) -> None:
    with acting_as(cast.decision):
        assert "韦*山" in identify.message_of(CAR)


def test_so_is_a_hit_of_the_screening(cast: Cast) -> None:
    hit = ScreenHit(rule="I15", params={})
    with acting_as(cast.cadre):
        assert "残疾" in identify.screen_message(hit)
    with acting_as(cast.decision):
        assert identify.screen_message(hit) == "涉及成员健康情况，不显示"


COUNTED = [("healthy_with_certificate", 3, "a", "disability", 4), ("registered_with_car", 1, "b", "car", 2),
           ("unregistered_grave_stay", 2, "c", "illness", 1)]  # fmt: skip


def test_rules_about_health_are_counted_as_one(cast: Cast) -> None:
    with acting_as(cast.decision):
        assert merged(COUNTED) == [COUNTED[1], ("health", 2, "", "health", 5)]
        assert merged(COUNTED[1:2]) == COUNTED[1:2]
    with acting_as(cast.office):
        assert merged(COUNTED) == COUNTED


def indicator(field: str, points: float, status: str = "known") -> dict[str, Any]:
    return {"id": field, "zh": field, "en": field, "field": field, "value": 1, "unit": "人", "status": status,
            "points": points, "full": 2.0, "reference": "x", "evidence": [{"dataset": "df_certificates"}]}  # fmt: skip


CERTIFIED: dict[str, Any] = {
    "rule": "healthy_with_certificate", "topic": "disability", "severity": 3, "zh": "自述健康但持有残疾证", "en": "x",
    "message": {"zh": "残疾", "en": "x"}, "reference": "残", "params": {"kind": "4"},
    "evidence": [{"dataset": "df_certificates"}],
}  # fmt: skip
ILL = [
    indicator("severely_disabled", 0.5),
    indicator("hospital_stays", 2.0),
    indicator("lowest_bmi", 0.0, "unknown"),
]
LABOUR = [{**indicator("able_workers", 1.0), "evidence": []}]
TOLD: dict[str, Any] = {
    "dimensions": [{"id": "health", "indicators": ILL}, {"id": "labour", "indicators": LABOUR}],
    "findings": [CERTIFIED, {"rule": "registered_with_car", "topic": "car"}],
}


def test_an_explanation_is_told_without_health(cast: Cast) -> None:
    with acting_as(cast.decision):
        told = without_health(TOLD)
    assert not any(
        word in json.dumps(told, ensure_ascii=False) for word in ("残", "disab", "df_certificates", "hospital")
    )
    ((line,), labour) = (one["indicators"] for one in told["dimensions"])
    assert (line["zh"], line["value"], line["points"], line["full"]) == ("涉及成员健康情况，不显示", None, 2.5, 4.0)
    assert labour == LABOUR
    assert [one["rule"] for one in told["findings"]] == ["health", "registered_with_car"]
    assert told["findings"][0]["severity"] == 3
    with acting_as(cast.cadre):
        assert without_health(TOLD) == TOLD


def test_the_facts_that_the_catalogue_names_are_those_that_the_registry_closes() -> None:
    assert set(HEALTH) == COLUMNS
