"""A small registry for the tests: three villages of two counties, a household in each.

Imports stand inside the functions: this module is loaded before Django is set up.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from fupin.accounts.tests.fixtures import CITY, COUNTY, FAR_VILLAGE, OTHER_COUNTY, OTHER_VILLAGE, VILLAGE
from fupin.kernel.identity import check_digit
from fupin.kernel.keys import Keys, tail_hash
from fupin.kernel.live_keys import LiveKeys
from fupin.kernel.masks import mask_id, mask_phone

if TYPE_CHECKING:
    from fupin.registry.models import Household

NAMES = {
    "45": "广西壮族自治区",
    CITY: "南宁市",
    COUNTY: "马山县",
    OTHER_COUNTY: "上林县",
    VILLAGE[:9]: "白山镇",
    FAR_VILLAGE[:9]: "大丰镇",
    VILLAGE: "新汉村委会",
    OTHER_VILLAGE: "尚新村委会",
    FAR_VILLAGE: "东春村委会",
}
SQUARE = {"type": "Polygon", "coordinates": [[[108, 23], [109, 23], [109, 24], [108, 24], [108, 23]]]}
HEAD_ID = "45012419620304001" + check_digit("45012419620304001")
PHONE = "13877100001"


@dataclass(frozen=True)
class Homes:
    """Households of the cadre's village, of the next village and of another county; each ``H-…`` with head ``P-…``."""

    own: Household
    next: Household
    far: Household


@pytest.fixture
def live(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LiveKeys:
    """Keys in a file of the test's own, which may be rotated."""
    from django.conf import settings

    path = tmp_path / "keys.json"
    Keys.generate().save(path)
    found = LiveKeys(path, lambda: Keys.load(path))
    monkeypatch.setattr(settings, "FUPIN_KEYS", found)
    return found


@pytest.fixture
def regions(db: None) -> None:
    from fupin.kernel.regions import level_of
    from fupin.registry.models import Region
    from fupin.registry.spelling import spell

    Region.objects.bulk_create(
        Region(
            code=code,
            name=name,
            pinyin=spell(name),
            level=level_of(code),
            geometry=None if code == "45" else SQUARE,
            illustrative=level_of(code) > 3,
        )
        for code, name in NAMES.items()
    )


@pytest.fixture
def homes(regions: None) -> Homes:
    """Registered households with one head each; the own one has a child, a survey and two ledger months as well."""
    own = make_household("H-own", VILLAGE, "韦大山", HEAD_ID)
    add_member(own, "P-child", "韦小月", None, "04")
    add_facts(own)
    return Homes(own, make_household("H-next", OTHER_VILLAGE, "韦大海"), make_household("H-far", FAR_VILLAGE, "覃远"))


def make_household(household_id: str, village: str, head: str, number: str | None = None) -> Household:
    """A registered household (state 0) with its head; numbers encrypted with the keys of the settings."""
    from django.db import transaction

    with transaction.atomic():
        return _household(household_id, village, head, number)


def _household(household_id: str, village: str, head: str, number: str | None) -> Household:
    from django.conf import settings

    from fupin.registry.models import Household, HouseholdState, Kind, RegistryChange
    from fupin.registry.sealing import hint_of, seal
    from fupin.registry.spelling import spell

    keys = settings.FUPIN_KEYS.now

    RegistryChange.objects.create(kind="load", village_code="", effective=date(2026, 1, 1))
    household = Household.objects.create(
        household_id=household_id,
        village_code=village,
        state="0",
        head_name=head,
        head_pinyin=spell(head).replace(" ", ""),
        members=1,
        registered_on=date(2015, 11, 30),
        phone_hint=seal(keys, mask_phone(PHONE), hint_of(household_id)),
        phone_lookup=keys.lookup_hash(PHONE),
        phone_tail4=tail_hash(keys.lookup, PHONE, 4),
        lookup_key=keys.lookup.id,
    )
    HouseholdState.objects.create(household=household, state="0", valid_from=date(2015, 11, 30))
    keep(Kind.HOUSEHOLD, household_id, "phone", PHONE)
    add_member(household, household_id.replace("H-", "P-"), head, number, "01")
    return household


def add_member(household: Household, person_id: str, name: str, number: str | None, relation: str) -> None:
    from django.conf import settings

    from fupin.registry.models import Kind, Membership, Person
    from fupin.registry.sealing import hint_of, seal
    from fupin.registry.spelling import initials, spell

    keys = settings.FUPIN_KEYS.now
    person = Person.objects.create(
        person_id=person_id,
        name=name,
        pinyin=spell(name),
        initials=initials(spell(name)),
        id_hint=number and seal(keys, mask_id(number), hint_of(person_id)),
        id_lookup=number and keys.lookup_hash(number),
        id_tail4=number and tail_hash(keys.lookup, number, 4),
        id_tail6=number and tail_hash(keys.lookup, number, 6),
        lookup_key=number and keys.lookup.id,
        lake_key=number and keys.lake_hash(number),
        sex="1" if relation == "01" else "2",
        birth_date=date(1962, 3, 4) if relation == "01" else date(2012, 6, 1),
        health="01",
    )
    if number:
        keep(Kind.PERSON, person_id, "id_number", number)
    Membership.objects.create(household=household, person=person, relation=relation, valid_from=date(2015, 11, 30))


def keep(kind: str, record: str, field: str, value: str) -> None:
    """A full value into the closed table."""
    from django.conf import settings

    from fupin.registry.closed_table import put_value

    put_value(settings.FUPIN_KEYS.now, kind, record, field, value)


def add_facts(household: Household) -> None:
    from fupin.registry.models import LedgerEntry, Survey

    for year in (2025, 2026):
        Survey.objects.create(household=household, year=year, surveyed_on=date(year, 6, 1), house_area="82.505")
    for month, wages in ((202609, 120_000), (202608, 110_000)):
        LedgerEntry.objects.create(household=household, month=month, wage_work=wages)
