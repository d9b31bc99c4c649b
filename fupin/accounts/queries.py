"""Reads: what a user may do and which deeds a user may see."""

from __future__ import annotations

from django.db.models import QuerySet

from fupin.accounts.models import Deed, SavedFilter, User
from fupin.accounts.rules import role_may


def may(user: User, verb: str) -> bool:
    """True when the user's role has the right. Raises KeyError for an unknown verb (see rules.VERBS)."""
    return role_may(user.role, verb) and user.is_active


def deeds_for(user: User) -> QuerySet[Deed]:
    """Newest first: everything for who may see all deeds, for the others their own."""
    deeds = Deed.objects.select_related("by").order_by("-at", "-pk")
    return deeds if may(user, "see_deeds") else deeds.filter(by=user)


def users_for(user: User) -> QuerySet[User]:
    """All accounts by name for who manages them, for the others only their own."""
    users = User.objects.order_by("role", "username")
    return users if may(user, "manage_users") else users.filter(pk=user.pk)


def filters_for(user: User, path: str) -> QuerySet[SavedFilter]:
    """The user's own saved filters of one list, by name."""
    return SavedFilter.objects.filter(user=user, path=path)
