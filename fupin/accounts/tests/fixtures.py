"""The shared cast of the tests. Imports stand inside: this module is loaded before Django is set up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from fupin.accounts.models import User

PASSWORD = "Zhuang-Brocade-7"
CITY, COUNTY, OTHER_COUNTY = "4501", "450124", "450125"
VILLAGE, OTHER_VILLAGE, FAR_VILLAGE = "450124100201", "450124100202", "450125100201"


@dataclass(frozen=True)
class Cast:
    """Who plays. ``stranger`` is a cadre of a village in another county."""

    decision: User
    office: User
    county_office: User
    town: User
    cadre: User
    stranger: User
    department: User
    administrator: User
    security: User
    audit: User


@pytest.fixture
def cast(db: None) -> Cast:
    """One account for each role, all with PASSWORD: written at once, since a thousand tests begin with it."""
    from django.contrib.auth.hashers import make_password

    from fupin.accounts.cast import CastAccount, cast_accounts
    from fupin.accounts.models import Role, User

    stranger = CastAccount("stranger", "shengren", Role.CADRE, FAR_VILLAGE, "", "农有福", "外村驻村干部")
    accounts = [*cast_accounts(CITY, COUNTY, VILLAGE), stranger]
    users = [
        User(
            username=one.username,
            password=make_password(PASSWORD),
            role=one.role,
            region=one.region,
            department=one.department,
            display_name=one.display_name,
        )
        for one in accounts
    ]
    made = User.objects.bulk_create(users)
    return Cast(**{account.key: user for account, user in zip(accounts, made, strict=True)})
