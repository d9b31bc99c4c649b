"""What the registry counts by itself: households and persons by state in a region, and a village's own figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import Count, Q, Sum
from django.db.models.functions import Coalesce

from fupin.accounts.api import User, may
from fupin.kernel.errors import NotFound
from fupin.registry.models import Helping, TeamMember, TeamRole
from fupin.registry.queries import households_for, inside, region

#: in the order of ``Tally``; poor: on the list and not exited (未脱贫, 预脱贫, 返贫)
STATES: Mapping[str, tuple[str, ...]] = {
    "registered": ("0", "1", "2", "3"), "poor": ("0", "2", "3"), "exited": ("1",), "returned": ("3",),
}  # fmt: skip


@dataclass(frozen=True)
class Tally:
    """Households and persons of one place. ``poor``: not exited, those who returned among them."""

    households: int = 0
    persons: int = 0
    registered_households: int = 0
    registered_persons: int = 0
    poor_households: int = 0
    poor_persons: int = 0
    exited_households: int = 0
    exited_persons: int = 0
    returned_households: int = 0
    returned_persons: int = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(*(a + b for a, b in zip(_numbers(self), _numbers(other), strict=True)))

    @property
    def incidence(self) -> float | None:
        """贫困发生率: persons who have not exited among all persons of the registry; None without any."""
        return self.poor_persons / self.persons if self.persons else None


def _numbers(one: Tally) -> tuple[int, ...]:
    return (
        one.households, one.persons, one.registered_households, one.registered_persons, one.poor_households,
        one.poor_persons, one.exited_households, one.exited_persons, one.returned_households, one.returned_persons,
    )  # fmt: skip


def village_tallies(user: User, low: str) -> dict[str, Tally]:
    """Village code → its tally, of every village with households below a region (prefix; "" = everywhere).

    One question for a whole city; what lies outside the user's scope is not in it.
    """
    homes = households_for(user).filter(village_code__gte=low, village_code__lt=low + ":", ended_on=None)
    counts: dict[str, Any] = {"households": Count("pk"), "persons": Coalesce(Sum("members"), 0)}
    for name, states in STATES.items():
        there = Q(state__in=states)
        counts[f"{name}_households"] = Count("pk", filter=there)
        counts[f"{name}_persons"] = Coalesce(Sum("members", filter=there), 0)
    rows = homes.values_list("village_code").annotate(**counts).order_by()
    return {village: Tally(*numbers) for village, *numbers in rows}


#: one village: a few hundred households, so no index beyond the place is needed
HOMES = """
SELECT count(*), coalesce(sum(h.members), 0),
       count(*) FILTER (WHERE h.state <> '9'), coalesce(sum(h.members) FILTER (WHERE h.state <> '9'), 0),
       count(*) FILTER (WHERE h.state IN ('0', '2', '3')),
       coalesce(sum(h.members) FILTER (WHERE h.state IN ('0', '2', '3')), 0),
       sum(s.farmland_mu), count(*) FILTER (WHERE s.house_grade IN ('C', 'D')),
       count(*) FILTER (WHERE s.house_area < 13 * h.members), count(*) FILTER (WHERE s.water_safe IS FALSE),
       count(*) FILTER (WHERE s.water_short_days > 15), count(*) FILTER (WHERE s.electric_home),
       count(*) FILTER (WHERE s.tv_signal), count(s.household_id)
FROM registry_household h
LEFT JOIN LATERAL (
    SELECT * FROM registry_survey y WHERE y.household_id = h.household_id ORDER BY y.year DESC LIMIT 1
) s ON true
WHERE h.village_code = %s AND h.ended_on IS NULL
"""
HOMES_NAMES = (
    "households", "persons", "registered_households", "registered_persons", "poor_households", "poor_persons",
    "farmland_mu", "dangerous_houses", "small_homes", "water_unsafe", "water_hard", "powered_homes", "tv_homes",
)  # fmt: skip
SURVEYED = HOMES_NAMES[6:]
#: who is disabled is told of no single person here: the database counts
PEOPLE = """
SELECT count(*) FILTER (WHERE p.ethnicity <> '01'), count(*) FILTER (WHERE p.sex = '2'),
       fupin_disabled_in(%s), count(*) FILTER (WHERE p.labour IN ('01', '02', '05')),
       count(*) FILTER (WHERE p.work_months > 3), count(*) FILTER (WHERE p.medical_insured),
       count(*) FILTER (WHERE p.pension_insured)
FROM registry_household h
JOIN registry_membership m ON m.household_id = h.household_id AND m.valid_to IS NULL
JOIN registry_person p ON p.person_id = m.person_id
WHERE h.village_code = %s
"""
PEOPLE_NAMES = (
    "minority_persons", "women", "disabled_persons", "labour_force", "migrant_workers", "medical_insured",
    "pension_insured",
)  # fmt: skip


def village_counts(user: User, village: str) -> dict[str, Any]:
    """The form's items that the registry counts by itself; a figure of the surveys is None where nobody was surveyed.

    Raises NotFound outside the scope.
    """
    if not user.scope.covers(village) or region(village).level != 5:
        raise NotFound(village)
    with connection.cursor() as cursor:
        cursor.execute(HOMES, [village])
        *homes, surveyed = cursor.fetchone()
        cursor.execute(PEOPLE, [village, village])
        people = cursor.fetchone()
    found = dict(zip(HOMES_NAMES, homes, strict=True)) | dict(zip(PEOPLE_NAMES, people, strict=True))
    return found if surveyed else found | dict.fromkeys(SURVEYED)


@dataclass(frozen=True)
class HelpingCounts:
    """``helpers`` who help now, and the ``households`` that have one."""

    helpers: int
    households: int


def helping_counts(user: User, low: str) -> HelpingCounts:
    """Of the user's scope below a region (prefix)."""
    if not may(user, "see_households") or not user.scope:
        return HelpingCounts(0, 0)
    now = Helping.objects.filter(until__isnull=True)
    if not all(prefix.startswith(low) for prefix in user.scope.prefixes):  # else the row policy says the same already
        below = {"household__village_code__gte": low, "household__village_code__lt": low + ":"}
        now = now.filter(inside(user.scope, "household__village_code"), **below)
    found = now.aggregate(helpers=Count("helper", distinct=True), households=Count("household", distinct=True))
    return HelpingCounts(found["helpers"], found["households"])


@dataclass(frozen=True)
class TeamCounts:
    """``villages`` with a team, its ``members``, villages with a ``first_secretaries``."""

    villages: int
    members: int
    first_secretaries: int


def team_counts(user: User, low: str) -> TeamCounts:
    """Present teams of the user's scope below a region (prefix)."""
    if not may(user, "see_households"):
        return TeamCounts(0, 0, 0)
    now = TeamMember.objects.filter(village_code__gte=low, village_code__lt=low + ":", until__isnull=True)
    now = now.filter(inside(user.scope, "village_code"))
    first = Count("village_code", filter=Q(role=TeamRole.FIRST_SECRETARY), distinct=True)
    found = now.aggregate(villages=Count("village_code", distinct=True), members=Count("pk"), first=first)
    return TeamCounts(found["villages"], found["members"], found["first"])
