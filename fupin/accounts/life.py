"""An account's life as the trail tells it: every change of its row, the newest first."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from fupin.accounts.models import User

MOST = 100
HIDDEN = "sha256:"
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
    what = {} if op == "I" else dict(_compared(_read(before), _read(after)))
    return AccountChange(at, users.get(actor), login, origin, op == "I", what)


def _read(given: Any) -> dict[str, Any]:
    return json.loads(given) if isinstance(given, str) else given or {}


def _compared(before: dict[str, Any], after: dict[str, Any]) -> Iterator[tuple[str, tuple[Any, Any]]]:
    for name in dict.fromkeys([*before, *after]):
        old, new = before.get(name), after.get(name)
        if name in NOT_TOLD or old == new:
            continue
        secret = any(str(one).startswith(HIDDEN) for one in (old, new))
        yield name, (None, None) if secret else (old, new)
