"""Reads, always scoped to a user: what lies outside the scope is answered like what does not exist."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils import timezone

from fupin.accounts.api import Deed, User, may
from fupin.catalogue.schema import code_lists, tables
from fupin.kernel.errors import NotFound
from fupin.kernel.masks import mask_name
from fupin.kernel.periods import full_years
from fupin.kernel.regions import ancestors
from fupin.kernel.scope import Scope
from fupin.registry.coded import HEALTH
from fupin.registry.models import Household, HouseholdState, LedgerEntry, Membership, Person, Region, Survey
from fupin.registry.sealing import hint_of, unseal

#: codes and flags of a person that a member's row shows as words
LABELLED = ("ethnicity", "political", "education", "schooling", "health", "labour", "self_care", "work_region")
NOT_SHOWN = ("不显示", "not shown")


@dataclass(frozen=True)
class MemberView:
    """A member as a page may show one: no clear name, no number. Labels in the language asked for, "" when unknown."""

    person_id: str
    name: str
    sex: str
    age: int | None
    relation: str
    id_masked: str
    ethnicity: str
    political: str
    education: str
    schooling: str
    health: str
    labour: str
    self_care: str
    work_region: str
    work_months: int | None
    medical_insured: bool | None
    pension_insured: bool | None
    serious_illness_insured: bool | None


def has_regions() -> bool:
    return Region.objects.exists()


def holds_generated() -> bool:
    """True when a generated city was ever loaded: whoever looks must be told that nobody in it exists."""
    return Deed.objects.filter(verb="load_registry", object_kind="registry", detail__generated=True).exists()


def has_households() -> bool:
    return Household.objects.exists()


def region(code: str) -> Region:
    """Names and borders of regions are public; the border itself is read by ``borders`` only. Raises NotFound."""
    found = Region.objects.filter(code=code).defer("geometry").first()
    if found is None:
        raise NotFound(code)
    return found


def provinces() -> list[Region]:
    """Those that are loaded, by code."""
    return list(Region.objects.filter(level=1).order_by("code").defer("geometry"))


def breadcrumb(code: str) -> list[Region]:
    """The region with its ancestors, province first. Raises NotFound."""
    last = region(code)
    return [*Region.objects.filter(code__in=ancestors(code)).order_by("code").defer("geometry"), last]


def children(user: User, code: str) -> list[Region]:
    """Regions one level below that lie in the user's scope, or on the way to it."""
    level = region(code).level + 1
    return list(_visible(user, Region.objects.filter(level=level, **_below(code))).order_by("code").defer("geometry"))


def _below(code: str) -> dict[str, str]:
    return {"code__gt": code, "code__lt": code + ":"}


def _visible(user: User, regions: QuerySet[Region]) -> QuerySet[Region]:
    on_the_way = {above for prefix in user.scope.prefixes if prefix for above in ancestors(prefix)}
    return regions.filter(inside(user.scope, "code") | Q(code__in=on_the_way))


def inside(scope: Scope, column: str) -> Q:
    """Half-open ranges, never LIKE; a scope of nothing matches nothing."""
    condition = Q(pk__in=[])
    for low, high in scope.ranges():
        condition |= Q(**{f"{column}__gte": low, f"{column}__lt": high})
    return condition


def may_see(user: User, region: str = "") -> bool:
    """Whether the user sees households, and those of the region."""
    return may(user, "see_households") and (not region or user.scope.covers(region))


def households_for(user: User) -> QuerySet[Household]:
    """The households of the user's scope; none for roles that may not see any."""
    if not may(user, "see_households"):
        return Household.objects.none()
    return Household.objects.filter(inside(user.scope, "village_code"))


def household_for(user: User, household_id: str) -> Household:
    """Raises NotFound for absent and forbidden alike."""
    found = households_for(user).filter(pk=household_id).first()
    if found is None:
        raise NotFound(household_id)
    return found


def seen(user: User, household: Household | str) -> Household:
    """By number it is read; one that was read already is judged by its village, without asking again. NotFound."""
    if isinstance(household, str):
        return household_for(user, household)
    if not may(user, "see_households") or not user.scope.covers(household.village_code):
        raise NotFound(household.pk)
    return household


def members_of(user: User, household: Household | str, on: date | None = None, lang: str = "zh") -> list[MemberView]:
    """Present members, the head first; ages on a day (today when none is given). Raises NotFound."""
    household = seen(user, household)
    rows = Membership.objects.filter(household=household, valid_to__isnull=True).select_related("person")
    veiled = {} if may(user, "see_health") else dict.fromkeys(HEALTH, NOT_SHOWN[lang == "en"])
    return [_member(row, on or timezone.localdate(), lang, veiled) for row in rows.order_by("relation", "person_id")]


def _member(row: Membership, on: date, lang: str, veiled: Mapping[str, str]) -> MemberView:
    """``veiled``: what stands for a fact that this reader is not shown, so that he does not take it for unknown."""
    person = row.person
    return MemberView(
        person_id=person.person_id,
        name=mask_name(person.name),
        sex=label("sex", person.sex, lang),
        age=None if person.birth_date is None else full_years(person.birth_date, on),
        relation=label("relation", row.relation, lang),
        id_masked=_masked_id(person),
        work_months=person.work_months,
        medical_insured=person.medical_insured,
        pension_insured=person.pension_insured,
        serious_illness_insured=person.serious_illness_insured,
        **{
            name: veiled.get(name) or label(tables()["persons"].columns[name].codes, getattr(person, name), lang)
            for name in LABELLED
        },
    )


def _masked_id(person: Person) -> str:
    return (
        ""
        if person.id_hint is None
        else unseal(settings.FUPIN_KEYS.now, bytes(person.id_hint), hint_of(person.person_id))
    )


def masked_phone(user: User, household: Household | str) -> str:
    """138****1234; "" when none is known. Raises NotFound."""
    household = seen(user, household)
    if household.phone_hint is None:
        return ""
    return unseal(settings.FUPIN_KEYS.now, bytes(household.phone_hint), hint_of(household.pk))


def label(codes: str, code: str | None, lang: str = "zh") -> str:
    """The words of a code; "" for None."""
    return code_lists()[codes].label(code, lang)


def person_for(user: User, person_id: str) -> Person:
    """A present member of a household in scope. Raises NotFound."""
    rows = Membership.objects.filter(person_id=person_id, valid_to__isnull=True, household__in=households_for(user))
    row = rows.select_related("person").first()
    if row is None:
        raise NotFound(person_id)
    return row.person


def survey_of(user: User, household: Household | str) -> Survey | None:
    """The latest year's survey. Raises NotFound."""
    return Survey.objects.filter(household=seen(user, household)).order_by("-year").first()


def states_of(user: User, household: Household | str) -> list[HouseholdState]:
    """脱贫属性 from when to when, in order. Raises NotFound."""
    return list(HouseholdState.objects.filter(household=seen(user, household)).order_by("valid_from"))


def ledger_of(user: User, household: Household | str) -> list[LedgerEntry]:
    """All months in order. Raises NotFound."""
    return list(LedgerEntry.objects.filter(household=seen(user, household)).order_by("month"))
