"""What was true on a day, as it was known at a moment: households, members, counts. See ``docs/decisions/0018``."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db import connection
from django.db.models import Q, QuerySet

from fupin.accounts.api import User
from fupin.kernel.errors import NotFound
from fupin.kernel.masks import mask_name
from fupin.registry.change_models import RegistryChange
from fupin.registry.changes.checks import HEAD
from fupin.registry.household_models import Household
from fupin.registry.queries import inside, may_see, seen


@dataclass(frozen=True)
class MemberAt:
    """A member on a day: ``facts`` are columns of a person as they were known."""

    person_id: str
    relation: str | None
    since: date
    facts: Mapping[str, Any]

    @property
    def name(self) -> str:
        return str(self.facts.get("name") or "")

    @property
    def birth_date(self) -> date | None:
        told = self.facts.get("birth_date")
        return None if told is None else date.fromisoformat(told)


@dataclass(frozen=True)
class HouseholdAt:
    """``state`` None: the household was not yet, or no longer, there on that day. ``facts``: columns as known."""

    household_id: str
    true_on: date
    known_at: datetime
    state: str | None
    facts: Mapping[str, Any]
    members: tuple[MemberAt, ...] = field(default=())

    @property
    def head_name(self) -> str:
        return self.members[0].name if self.members else ""


@dataclass(frozen=True)
class Counted:
    households: int
    persons: int


def household_at(user: User, household: Household | str, *, true_on: date, known_at: datetime) -> HouseholdAt | None:
    """The household on a day as known at a moment; None when nothing was known of it. Raises NotFound."""
    home = seen(user, household)
    rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute("SELECT source, line FROM fupin_known_of_household(%s, %s)", [home.pk, known_at])
        for source, line in cursor.fetchall():
            rows[source].append(json.loads(line) if isinstance(line, str) else line)
    if not rows["household"]:
        return None
    held = [row["state"] for row in _holding(rows["state"], true_on)]
    persons = {row["person_id"]: row for row in rows["person"] if row is not None}
    members = [_member(row, persons) for row in _holding(rows["membership"], true_on)]
    members.sort(key=lambda one: (one.relation != HEAD, one.relation or "99", one.person_id))
    state = held[0] if held else None
    return HouseholdAt(home.pk, true_on, known_at, state, rows["household"][0], tuple(members))


def member_names(user: User, household: Household | str) -> dict[str, str]:
    """Person → masked name of all who ever belonged to it. Raises NotFound."""
    home = seen(user, household)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT line ->> 'person_id', line ->> 'name' FROM fupin_known_of_household(%s, now()) "
            "WHERE source = 'person'", [home.pk],
        )  # fmt: skip
        return {person: mask_name(name) for person, name in cursor.fetchall() if name}


def members_at(user: User, household: Household | str, *, true_on: date, known_at: datetime) -> tuple[MemberAt, ...]:
    """Raises NotFound."""
    found = household_at(user, household, true_on=true_on, known_at=known_at)
    return () if found is None else found.members


def _holding(rows: Iterable[Mapping[str, Any]], day: date) -> list[Mapping[str, Any]]:
    """Those whose period holds the day; ISO dates sort as dates do."""
    on = day.isoformat()
    return [row for row in rows if row["valid_from"] <= on and (row["valid_to"] is None or on < row["valid_to"])]


def _member(row: Mapping[str, Any], persons: Mapping[str, Mapping[str, Any]]) -> MemberAt:
    since = date.fromisoformat(row["valid_from"])
    return MemberAt(row["person_id"], row["relation"], since, persons.get(row["person_id"], {}))


def counts_at(user: User, region: str, *, true_on: date, known_at: datetime) -> dict[str, dict[str, Counted]]:
    """Village → state → households and persons. The same question gives the same answer for ever, once the
    transactions of that moment have ended. Raises NotFound for a region outside the scope."""
    if not may_see(user, region):
        raise NotFound(region)
    found: dict[str, dict[str, Counted]] = defaultdict(dict)
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM fupin_counts_known(%s, %s, %s)", [region, true_on, known_at])
        for village, state, households, persons in cursor.fetchall():
            found[village][state] = Counted(households, persons)
    return dict(found)


def summed(counts: Mapping[str, Mapping[str, Counted]]) -> dict[str, Counted]:
    """State → households and persons of all villages together."""
    total: dict[str, Counted] = {}
    for states in counts.values():
        for state, one in states.items():
            so_far = total.get(state, Counted(0, 0))
            total[state] = Counted(so_far.households + one.households, so_far.persons + one.persons)
    return dict(sorted(total.items()))


def changes_for(user: User) -> QuerySet[RegistryChange]:
    """The log of the user's scope, the newest first."""
    if not may_see(user):
        return RegistryChange.objects.none()
    rows = RegistryChange.objects.filter(inside(user.scope, "village_code"), household__isnull=False)
    return rows.select_related("by", "reversed_by", "household").order_by("-id")


def changes_settled(
    user: User, *, region: str, household: str, since: datetime | None, after: tuple[int, int] | None, limit: int
) -> list[RegistryChange]:
    """The log of a region, or of one household of the scope ("": all), the oldest first. ``after``: transaction and
    number of the last one read. Raises NotFound.

    Only what is settled: no transaction that began before is still open, so nothing appears later behind ``after``.
    """
    settled = _settled()
    rows = changes_of(user, household) if household else changes_for(user)
    rows = rows.filter(village_code__gte=region, village_code__lt=region + ":", txid__lt=settled)
    if since is not None:
        rows = rows.filter(recorded_at__gte=since)
    if after is not None:
        txid, number = after
        rows = rows.filter(Q(txid__gt=txid) | Q(txid=txid, pk__gt=number), txid__gte=txid)
    return list(rows.order_by("txid", "pk")[:limit])


def _settled() -> int:
    """Every transaction below this number has ended."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
        return int(cursor.fetchone()[0])


def changes_of(user: User, household: Household | str) -> QuerySet[RegistryChange]:
    """Those of one household, as the one changed or the other one of a split or merge. Raises NotFound."""
    home = seen(user, household)
    return changes_for(user).filter(Q(household=home) | Q(other=home))


def change_for(user: User, number: int) -> RegistryChange:
    """Raises NotFound."""
    found = changes_for(user).filter(pk=number).first()
    if found is None:
        raise NotFound(str(number))
    return found
