"""Which version of the lake key is in use: what runs join by, and what new numbers are hashed with.

A rotation makes the next version of every hash beside the one in use; only when everything is there the platform turns
to it, in one row. Whoever writes hashes holds the version in use until the own transaction ends, so none slips through.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections, transaction

from fupin.accounts import api as accounts
from fupin.accounts.api import User
from fupin.kernel.keys import Key
from fupin.registry.first_loading import OWNER
from fupin.registry.views import LAKE_KEY_IN_USE

LOCK = 5_047_114  # of the server: shared while hashes are written, alone for the turn


def lake_key_in_use(using: str = DEFAULT_DB_ALIAS) -> str:
    """The id of the version."""
    with connections[using].cursor() as cursor:
        return _in_use(cursor)


def lake_key() -> Key:
    """The key in use. Whoever writes hashes made with it asks ``hold_lake_key`` before the commit."""
    return settings.FUPIN_KEYS.now.lake_key(lake_key_in_use())


def hold_lake_key(using: str = DEFAULT_DB_ALIAS) -> Key:
    """The key in use, which stays so until the transaction ends."""
    with connections[using].cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock_shared(%s)", [LOCK])
        found = _in_use(cursor)  # a statement of its own: it sees what was committed while we waited
    return settings.FUPIN_KEYS.now.lake_key(found)


def turn_lake_key(*, by: User | None, everything_is_there: Callable[[], bool]) -> bool:
    """Use the newest version from now on; false, and nothing done, while hashes are being written or some are missing.

    Never waits for the lock: behind a waiting turn every delivery would wait, too.
    """
    fresh: str = settings.FUPIN_KEYS.now.lake.id
    with transaction.atomic(using=OWNER), connections[OWNER].cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
        if not cursor.fetchone()[0] or not everything_is_there():
            return False
        if (old := _in_use(cursor)) != fresh:
            cursor.execute(
                "INSERT INTO registry_lakeversion (id, key, since) VALUES (1, %s, now()) "
                "ON CONFLICT (id) DO UPDATE SET key = excluded.key, since = excluded.since",
                [fresh],
            )
            detail = {"from": old, "to": fresh}
            accounts.record(by=by, verb="lake_turned", object_kind="keys", object_id="lake", detail=detail, using=OWNER)
    return True


def _in_use(cursor: Any) -> str:
    cursor.execute(f"SELECT {LAKE_KEY_IN_USE}")
    return str(cursor.fetchone()[0])
