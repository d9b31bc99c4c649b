"""Which form of a change mends what a screening found: by the facts that its rule reads. People fill it in."""

from __future__ import annotations

import re
from dataclasses import dataclass

from fupin.accounts.api import User
from fupin.catalogue.changes import ChangeKind, change_kinds
from fupin.identify.screening_models import ScreenHit
from fupin.identify.screening_queries import hit_for, screen_rule, screening_for
from fupin.kernel.errors import NotFound
from fupin.registry import api as registry
from fupin.registry.api import RegistryChange

_NAME = re.compile(r"\b[a-z][a-z_0-9]*\b")
#: what stands for a fact in a rule: worked out from it
STANDS_FOR = {"age": "birth_date"}
OF_NUMBER = ("key_count", "x_id_")


@dataclass(frozen=True)
class Mend:
    """A form that may be opened: ``key`` goes along, so that the change names the hit that it mends."""

    kind: ChangeKind
    household_id: str
    person_id: str
    key: str


def hit_key(hit: ScreenHit) -> str:
    """As a change names the hit."""
    return f"{hit.screening_id}/{hit.key}"


def hit_behind(user: User, key: str) -> ScreenHit | None:
    """The hit of a key of an address; None for a key of none that the user sees."""
    screening, _slash, rest = key.partition("/")
    try:
        return hit_for(user, screening_for(user, screening), rest)
    except NotFound:
        return None


def mends_of(user: User, hit: ScreenHit) -> list[Mend]:
    """Forms that touch a fact which the rule reads, of the person or the household that it is about."""
    rule = screen_rule(hit.rule)
    if rule is None or not hit.household_id:
        return []
    read = set(_NAME.findall(rule.where))
    facts = {STANDS_FOR.get(name, name.removeprefix("h_")) for name in read}
    number = any(name.startswith(OF_NUMBER) for name in read)
    return [
        Mend(kind, hit.household_id, hit.person_id, hit_key(hit))
        for kind in change_kinds().values()
        if registry.may_file(user, kind) and _fits(user, kind, hit, facts, number)
    ]


def _fits(user: User, kind: ChangeKind, hit: ScreenHit, facts: set[str], number: bool) -> bool:
    if kind.act == "household_facts":
        return not hit.person_id and bool(facts & set(kind.fields))
    if not hit.person_id:
        return False
    if kind.act == "person_facts":
        return bool(facts & set(kind.fields)) and not number
    return kind.act == "number" and number and (kind.former == "some") == _has_number(user, hit)


def _has_number(user: User, hit: ScreenHit) -> bool:
    try:
        members = registry.members_of(user, hit.household_id)
    except NotFound:
        return False
    return any(one.person_id == hit.person_id and one.id_masked for one in members)


def mended_by(user: User, hit: ScreenHit) -> RegistryChange | None:
    """The change that names the hit and still stands."""
    return registry.changes_for(user).filter(finding=hit_key(hit), reversed_by__isnull=True).first()
