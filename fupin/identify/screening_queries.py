"""What a user may see of screenings, hits, answers and exemptions. Every query takes the user first."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.db.models import Q, QuerySet

from fupin.accounts.api import User
from fupin.catalogue.health import screening_tells_health
from fupin.catalogue.load import load_catalogue
from fupin.catalogue.screening import ScreenRule, read_screening
from fupin.engine.screening_words import named_columns, told_message
from fupin.identify.health_words import HEALTH, NOT_SHOWN, screening_veiled
from fupin.identify.queries import ancestors_of, in_scope
from fupin.identify.screening_models import ScreenAnswer, ScreenCount, ScreenExemption, ScreenHit, Screening, Standing
from fupin.kernel.errors import NotFound
from fupin.kernel.regions import ancestors


@dataclass(frozen=True)
class ScreenLine:
    """Counts of one rule or one region. ``open``: new and still there, the exempted ones apart."""

    key: str
    open: int
    fresh: int
    mended: int
    exempted: int
    severity: int = 0


def inside(region: str) -> Q:
    return Q(village_code__gte=region, village_code__lt=region + ":")


def screenings_for(user: User) -> QuerySet[Screening]:
    """Screenings whose region the user's scope touches."""
    return Screening.objects.filter(Q(region__in=ancestors_of(user.scope)) | in_scope(user.scope, "region"))


def screening_for(user: User, screening_id: str) -> Screening:
    found = screenings_for(user).filter(pk=screening_id).first()
    if found is None:
        raise NotFound(screening_id)
    return found


def previous_screening(one: Screening) -> Screening | None:
    """The newest finished one that covers the whole region of this one."""
    covering = [*ancestors(one.region), one.region]
    older = Screening.objects.filter(region__in=covering, state="finished", started_at__lt=one.started_at)
    return older.order_by("-started_at").first()


def hits_for(user: User, one: Screening) -> QuerySet[ScreenHit]:
    return ScreenHit.objects.filter(in_scope(user.scope, "village_code"), screening=one)


def open_hits_of(user: User, village: str, household_id: str) -> list[ScreenHit]:
    """What the newest screening over a village still finds wrong with a household or its members, the worst first."""
    covering = [*ancestors(village), village]
    newest = screenings_for(user).filter(region__in=covering, state="finished").order_by("-started_at").first()
    if newest is None:
        return []
    found = hits_for(user, newest).filter(village_code=village, household_id=household_id, exempted=False)
    return list(found.exclude(standing=Standing.MENDED).order_by("severity", "rule", "object_id"))


def hit_for(user: User, one: Screening, key: str) -> ScreenHit:
    """``key``: rule and object, with a colon. Raises NotFound, also for one that is not shown."""
    rule, _colon, object_id = key.partition(":")
    if screening_veiled(rule):
        raise NotFound(key)
    found = hits_for(user, one).filter(rule=rule, object_id=object_id).first()
    if found is None:
        raise NotFound(key)
    return found


def answers_for(user: User, hit: ScreenHit) -> QuerySet[ScreenAnswer]:
    found = ScreenAnswer.objects.filter(in_scope(user.scope, "village_code"), rule=hit.rule, object_id=hit.object_id)
    return found.select_related("by")


def exemptions_for(user: User) -> QuerySet[ScreenExemption]:
    """Those in force or run out by date; ended ones stay in the trail. Not of rules that are not shown."""
    found = ScreenExemption.objects.filter(in_scope(user.scope, "village_code"), ended_at__isnull=True)
    hidden = [id_ for id_ in read_screening().rules if screening_veiled(id_)]
    return found.exclude(rule__in=hidden).select_related("by")


def exemption_mark(rule: str, object_id: str) -> str:
    """Of what exempts an object from a rule now; "" where nothing does."""
    found = ScreenExemption.objects.filter(rule=rule, object_id=object_id, ended_at__isnull=True)
    return ",".join(str(key) for key in found.values_list("pk", flat=True))


def exemption_behind(user: User, number: int) -> ScreenExemption:
    """Also one that ended. Raises NotFound."""
    found = ScreenExemption.objects.filter(in_scope(user.scope, "village_code"), pk=number).first()
    if found is None:
        raise NotFound(str(number))
    return found


def _lines(found: QuerySet[ScreenCount], key: str) -> list[ScreenLine]:
    sums: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    severity: dict[str, int] = {}
    for name, level, *counts in found.values_list(key, "severity", "open", "fresh", "mended", "exempted"):
        sums[name] = [a + b for a, b in zip(sums[name], counts, strict=True)]
        severity[name] = level
    return [
        ScreenLine(name, open_, fresh, mended, exempted, severity[name])
        for name, (open_, fresh, mended, exempted) in sums.items()
    ]


def _merged(lines: list[ScreenLine]) -> list[ScreenLine]:
    """Rules about health as one, for who may not see which."""
    hidden = [line for line in lines if screening_veiled(line.key)]
    if not hidden:
        return lines
    open_, fresh, mended, exempted = (
        sum(getattr(line, name) for line in hidden) for name in ("open", "fresh", "mended", "exempted")
    )
    one = ScreenLine(HEALTH, open_, fresh, mended, exempted, min(line.severity for line in hidden))
    return [line for line in lines if line not in hidden] + [one]


def of_screen_rule(found: QuerySet[ScreenHit], rule: str, theme: str) -> QuerySet[ScreenHit]:
    """Hits of a rule or theme; those about health as a whole, for who may not see which."""
    known = read_screening().rules
    health = {id_ for id_ in known if screening_tells_health(id_)}
    if rule == HEALTH or screening_veiled(rule):
        return found.filter(rule__in=health)
    if rule:
        found = found.filter(rule=rule)
    if theme:
        found = found.filter(rule__in=[id_ for id_ in known if known[id_].theme == theme and not screening_veiled(id_)])
    return found


def rule_lines(user: User, one: Screening, region: str) -> list[ScreenLine]:
    """Rules with anything in a region, the most first. Raises NotFound outside the scope."""
    _demand(user, region)
    lines = _merged(_lines(ScreenCount.objects.filter(screening=one, region=region), "rule"))
    return sorted(lines, key=lambda line: (-line.open, line.severity, line.key))


def region_lines(user: User, one: Screening, codes: list[str]) -> dict[str, ScreenLine]:
    """Totals of regions inside the scope, by code."""
    wanted = [code for code in codes if user.scope.covers(code)]
    return {line.key: line for line in _lines(ScreenCount.objects.filter(screening=one, region__in=wanted), "region")}


def _demand(user: User, region: str) -> None:
    if not user.scope.covers(region):
        raise NotFound(region)


def screen_rule(rule_id: str) -> ScreenRule | None:
    return read_screening().rules.get(rule_id)


@cache
def _names() -> dict[str, Any]:
    return named_columns(load_catalogue(), read_screening())


def screen_message(hit: ScreenHit, lang: str = "zh") -> str:
    """The hit in a sentence; its rule's number when the catalogue no longer has it."""
    if screening_veiled(hit.rule):
        return NOT_SHOWN[lang]
    rule = screen_rule(hit.rule)
    return hit.rule if rule is None else told_message(rule, json.dumps(hit.params), lang, _names())
