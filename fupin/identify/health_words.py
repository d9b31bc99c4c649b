"""What a run keeps in words may tell a member's health: who may not see that reads that it is not shown.

Whoever acts now is asked, as the database asks it of rows. Rules about health become one for such a reader, wherever
rules are named beside households: the list of one of them would tell what its sentence does not.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet

from fupin.accounts import api as accounts
from fupin.catalogue.health import TOPICS, health_fields, health_rules, screening_tells_health
from fupin.identify.models import Finding

#: stands for the id of a rule
HEALTH = "health"
NOT_SHOWN = {"zh": "涉及成员健康情况，不显示", "en": "about a member's health: not shown"}
Counted = tuple[str, int, str, str, int]


def veiled(rule: str) -> bool:
    """Of a rule of comparison."""
    return not accounts.sees_health() and (rule == HEALTH or rule in health_rules())


def screening_veiled(rule: str) -> bool:
    return not accounts.sees_health() and (rule == HEALTH or screening_tells_health(rule))


def of_rule(found: QuerySet[Finding], rule: str, topic: str) -> QuerySet[Finding]:
    """Findings of a rule or topic; those about health as a whole, for who may not see which."""
    if HEALTH in (rule, topic) or veiled(rule) or (topic in TOPICS and not accounts.sees_health()):
        return found.filter(rule__in=health_rules())
    if rule:
        found = found.filter(rule=rule)
    if topic:
        found = found.filter(topic=topic)
        return found if accounts.sees_health() else found.exclude(rule__in=health_rules())
    return found


def merged(rows: Iterable[Counted]) -> list[Counted]:
    """Rule, severity, direction, topic, findings: with those about health as one for who may not see it."""
    found: list[Counted] = []
    hidden: list[Counted] = []
    for row in rows:
        (hidden if veiled(row[0]) else found).append(row)
    if hidden:
        found.append((HEALTH, min(row[1] for row in hidden), "", HEALTH, sum(row[4] for row in hidden)))
    return found


def without_health(told: dict[str, Any]) -> dict[str, Any]:
    """An explanation as who acts now may read it."""
    if accounts.sees_health():
        return told
    return {
        **told,
        "dimensions": [{**one, "indicators": _indicators(one["indicators"])} for one in told["dimensions"]],
        "findings": [_finding(one) if veiled(one["rule"]) else one for one in told["findings"]],
    }


def _indicators(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those about health as one line: which of them lost points would tell what their values do not."""
    shown = [one for one in rows if one["field"] not in health_fields()]
    known = [one for one in rows if one["field"] in health_fields() and one["status"] == "known"]
    if not known:
        return shown
    line = {
        "id": HEALTH, "zh": NOT_SHOWN["zh"], "en": NOT_SHOWN["en"], "field": "", "value": None, "unit": "",
        "status": "known", "points": round(sum(one["points"] for one in known), 2),
        "full": round(sum(one["full"] for one in known), 2), "reference": "", "evidence": [],
    }  # fmt: skip
    return [*shown, line]


def _finding(one: dict[str, Any]) -> dict[str, Any]:
    return {
        **one, "rule": HEALTH, "topic": HEALTH, "zh": NOT_SHOWN["zh"], "en": NOT_SHOWN["en"], "message": NOT_SHOWN,
        "reference": "", "params": {}, "evidence": [],
    }  # fmt: skip
