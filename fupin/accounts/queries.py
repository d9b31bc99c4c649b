"""Reads: what a user may do and which deeds a user may see."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.db.models import Q, QuerySet

from fupin.accounts.models import ApiToken, Deed, Role, SavedFilter, User
from fupin.accounts.rules import ROLES, THREE, may_hand_down, role_may
from fupin.kernel.errors import NotFound
from fupin.kernel.seen import state_mark

MOST_ABOUT = 10  # who comes after so many reads the trail


def may(user: User, verb: str) -> bool:
    """True when the user's role has the right. Raises KeyError for an unknown verb (see rules.VERBS)."""
    return role_may(user.role, verb) and user.is_open


def may_keep(by: User, user: User) -> bool:
    """Whether ``by`` may change and close the account: one that it could have opened."""
    return by.is_open and may_hand_down(by.role, by.region, user.role, user.region)


def deeds_for(user: User) -> QuerySet[Deed]:
    """Newest first: everything for who may see all deeds, for the others their own."""
    deeds = Deed.objects.select_related("by").order_by("-at", "-pk")
    return deeds if may(user, "see_deeds") else deeds.filter(by=user)


def may_guard(by: User, user: User) -> bool:
    """Whether ``by`` may renew the password and unlock: the security administrator, or an office above.

    Never the own account, and never one of the three administrators': with a password that one of them drew for
    another, one person would be two of them. Theirs are renewed at the machine.
    """
    if by.pk == user.pk or user.role in THREE:
        return False
    return may(by, "guard_users") or (may(by, "see_households") and may_keep(by, user))


def users_for(user: User) -> QuerySet[User]:
    """The accounts that the user may manage or guard, and always the own one."""
    users = User.objects.order_by("role", "username")
    own = Q(pk=user.pk)
    if may(user, "guard_users"):
        return users
    if may(user, "manage_users"):
        return users.filter(own | Q(role__in=ROLES[user.role].gives, region__startswith=user.region))
    return users.filter(own)


def user_for(user: User, username: str) -> User:
    """Raises NotFound for one that is absent or not the user's to see, the same."""
    found = users_for(user).filter(username=username).first()
    if found is None:
        raise NotFound(username)
    return found


def account_mark(user: User) -> str:
    """Of the account as it is: another one when place, name, end, password or rights change, or it is closed."""
    place = (user.role, user.region, user.department, user.display_name, user.ends_on, user.is_active)
    return state_mark(*place, user.get_session_auth_hash())


def deeds_about(kind: str, object_id: str, verbs: Collection[str]) -> list[Deed]:
    """Which of these deeds were done to one object, the newest first. Who may see the object may see them: the caller
    found it through a getter of his own."""
    found = Deed.objects.filter(object_kind=kind, object_id=object_id, verb__in=verbs).select_related("by")
    return list(found.order_by("-at", "-pk")[:MOST_ABOUT])


def cadres_of(village: str) -> list[User]:
    """The open accounts of the cadres who answer for a village."""
    return [one for one in User.objects.filter(role=Role.CADRE, region=village).order_by("pk") if one.is_open]


def tokens_of(user: User) -> QuerySet[ApiToken]:
    """The account's tokens, the newest first."""
    return ApiToken.objects.filter(user=user).order_by("-created_at")


def filters_for(user: User, path: str) -> QuerySet[SavedFilter]:
    """The user's own saved filters of one list, by name."""
    return SavedFilter.objects.filter(user=user, path=path)


@dataclass(frozen=True)
class TrailState:
    """How far the trail is sealed (``seal`` None: not at all), what the last proof said (``checked_at`` None: none)."""

    seal: int | None
    sealed_at: datetime | None
    sealed_to: int | None
    unsealed: int
    unsealed_since: datetime | None
    checked_at: datetime | None
    checked_seal: int | None
    checked_entries: int | None
    broken_zh: str | None
    broken_en: str | None


def trail_state(user: User) -> TrailState | None:
    """For who may see all deeds; None for the others. Counting the unsealed stops at 100,000."""
    if not may(user, "see_deeds"):
        return None
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM fupin_trail_state()")
        seal, sealed_at, *rest = cursor.fetchone()
    return TrailState(seal, datetime.fromisoformat(sealed_at) if sealed_at else None, *rest)
