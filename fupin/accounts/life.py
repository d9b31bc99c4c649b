"""An account's life as the trail tells it: every change of its row, the newest first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from fupin.accounts.differences import differences
from fupin.accounts.models import User

MOST = 100
NOT_TOLD = frozenset(
    {"id", "epoch", "is_superuser", "is_staff", "date_joined", "last_login", "first_name", "last_name"}
)


@dataclass(frozen=True)
class AccountChange:
    """``what``: field → (before, after); both None for a secret, of which only is known that it changed.

    ``by`` None: the platform itself, or a hand in the database (``login``). ``began``: the account was opened here.
    """

    at: datetime
    by: User | None
    login: str
    origin: str
    began: bool
    what: dict[str, tuple[Any, Any]]


def life_of(account: User) -> list[AccountChange]:
    """The newest hundred. Who may see the account may see them: the caller found it through ``user_for``."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT at, actor, login, origin, op, before, after FROM fupin_trail_about('accounts_user', %s, %s)",
            [str(account.pk), MOST],
        )
        rows = cursor.fetchall()
    users = User.objects.in_bulk({row[1] for row in rows if row[1]})
    return [found for row in rows if (found := _change(row, users)).began or found.what]


def _change(row: tuple[Any, ...], users: dict[Any, User]) -> AccountChange:
    at, actor, login, origin, op, before, after = row
    told = [] if op == "I" else differences(before, after, NOT_TOLD)
    return AccountChange(
        at, users.get(actor), login, origin, op == "I", {one.column: (one.before, one.after) for one in told}
    )
