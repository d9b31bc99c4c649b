"""A household's life as the trail tells it: every act that touched it, the newest first, names masked, no number.

One act is one transaction: what it changed, who, when, from where, and what it was written down as.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Q

from fupin.accounts.api import Deed, Difference, User, cadres_of, differences
from fupin.kernel.masks import mask_name
from fupin.registry.models import Household, Person, Survey
from fupin.registry.queries import seen

MOST = 2000
NAMES = frozenset({"head_name", "name", "surveyor"})
NOT_SHOWN = frozenset({"written_at", "key", "head_pinyin", "pinyin", "id_lookup", "household_id", "person_id", "id"})
#: table → group of figures; members and their facts are one group, states belong to the household
GROUPS = {
    "registry_household": "household",
    "registry_householdstate": "household",
    "registry_membership": "members",
    "registry_person": "members",
    "registry_sealedvalue": "numbers",
    "registry_survey": "survey",
    "registry_ledgerentry": "ledger",
    "registry_helping": "helping",
}
COLUMNS = (
    "id", "at", "txid", "actor", "origin", "why", "source", "op", "key", "mine", "before", "after", "entries", "deed"
)  # fmt: skip


@dataclass(frozen=True)
class Touched:
    """What one act did to one record. ``op``: I, U, D, X (with many others), T (the whole table emptied).

    ``record``: the year of a survey, the month of the ledger. ``member``: whose record it is, masked.
    """

    group: str
    source: str
    op: str
    record: str = ""
    member: str = ""
    changes: tuple[Difference, ...] = ()


@dataclass(frozen=True)
class Act:
    """``who`` None: the platform itself, or from before it was known. ``deed``: what was written down with it."""

    at: datetime
    who: User | None
    origin: str
    why: str
    deed: Deed | None
    touched: tuple[Touched, ...]


@dataclass(frozen=True)
class Answer:
    """Who answers for a group of figures: ``act`` changed them last; ``collected`` masked, "" where nobody is named."""

    group: str
    record: str
    act: Act
    collected: str = ""


def timeline_of(user: User, household: Household | str) -> list[Act]:
    """Every act on the household, its members, surveys and ledger, and every deed about it. Raises NotFound."""
    home = seen(user, household)
    rows = _entries(home.pk)
    members = dict(
        Person.objects.filter(memberships__household=home).values_list("person_id", "name").distinct(),
    )
    deeds = _deeds(home, members)
    written = Deed.objects.select_related("by").in_bulk({row["deed"] for row in rows if row["deed"]})
    users = User.objects.in_bulk({row["actor"] for row in rows if row["actor"]})
    acts = [_act(group, written, users, members) for group in _by_transaction(rows)]
    told = {act.deed.pk for act in acts if act.deed is not None}
    acts += [
        Act(one.at, one.by, str(one.detail.get("from", "")), one.reason, one, ()) for one in deeds if one.pk not in told
    ]
    return sorted(acts, key=lambda act: act.at, reverse=True)


def answers_of(acts: Iterable[Act], household: Household) -> list[Answer]:
    """Who last changed each group of figures: household, members, the survey of a year, the ledger of a month."""
    surveyors = dict(Survey.objects.filter(household=household).values_list("year", "surveyor"))
    found: dict[tuple[str, str], Answer] = {}
    for act in acts:  # the newest first
        for one in act.touched:
            collected = surveyors.get(int(one.record)) if one.group == "survey" and one.record.isdigit() else None
            answer = Answer(one.group, one.record, act, mask_name(collected) if collected else "")
            found.setdefault((one.group, one.record), answer)
    order = list(dict.fromkeys(GROUPS.values()))
    newest_first = sorted(found.values(), key=lambda one: one.record, reverse=True)
    return sorted(newest_first, key=lambda one: order.index(one.group))


def answering_for(household: Household) -> list[User]:
    """The cadres of its village."""
    return cadres_of(household.village_code)


def _entries(household_id: str) -> list[dict[str, Any]]:
    """Judged by the database itself: nothing when the scope that is open does not cover the village."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(COLUMNS)} FROM fupin_trail_of_household(%s, %s)", [household_id, MOST])  # noqa: S608
        return [dict(zip(COLUMNS, row, strict=True)) for row in cursor.fetchall()]


def _deeds(household: Household, members: Iterable[str]) -> list[Deed]:
    """About it or a member while he lived here; those from before there was a trail stand here only."""
    about = Q(object_kind="household", object_id=household.pk)
    about |= Q(object_kind="person", object_id__in=list(members), region=household.village_code)
    return list(Deed.objects.filter(about).select_related("by").order_by("-at")[:MOST])


def _by_transaction(rows: Iterable[dict[str, Any]]) -> Iterable[list[dict[str, Any]]]:
    grouped: dict[int, list[dict[str, Any]]] = {}
    for row in rows:
        grouped.setdefault(row["txid"], []).append(row)
    return grouped.values()


def _act(
    rows: Sequence[Mapping[str, Any]],
    deeds: Mapping[int, Deed],
    users: Mapping[int, User],
    members: Mapping[str, str],
) -> Act:
    first = rows[-1]
    deed = deeds.get(first["deed"])
    who = users.get(first["actor"]) or (deed.by if deed else None)
    touched = [one for row in reversed(rows) for one in _touched(row, members)]
    why = first["why"] or (deed.reason if deed else "")
    return Act(first["at"], who, first["origin"], why, deed, tuple(touched))


def _touched(row: Mapping[str, Any], members: Mapping[str, str]) -> list[Touched]:
    group = GROUPS.get(row["source"])
    if group is None:  # the deed itself
        return []
    changes = _changes(row["before"], row["after"]) if row["op"] == "U" else ()
    if row["op"] == "U" and not changes:
        return []
    keys = [row["key"]] if row["mine"] is None else row["mine"]
    return [
        Touched(group, row["source"], row["op"], *_named(group, row["source"], key, members), changes) for key in keys
    ]


def _named(group: str, source: str, key: str, members: Mapping[str, str]) -> tuple[str, str]:
    """Year, month or sealed field, and the member's masked name."""
    parts = key.split("/")
    if group in ("survey", "ledger"):
        return parts[-1], ""
    person = parts[1] if source == "registry_membership" else parts[0]
    record = parts[-1] if group == "numbers" else ""
    return record, mask_name(members[person]) if person in members else ""


def _changes(before: Any, after: Any) -> tuple[Difference, ...]:
    return tuple(_masked(one) if one.column in NAMES else one for one in differences(before, after, NOT_SHOWN))


def _masked(one: Difference) -> Difference:
    return replace(one, before=one.before and mask_name(one.before), after=one.after and mask_name(one.after))
