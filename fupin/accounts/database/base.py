"""Django's PostgreSQL backend that opens the scope of whoever acts as soon as a transaction begins.

Only the app's login needs one: the owner's is not subject to the policies. No model is imported here: Django loads
this module before the apps.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import DEFAULT_DB_ALIAS, transaction
from django.db.backends.postgresql import base

from fupin.accounts import acting


class DatabaseWrapper(base.DatabaseWrapper):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.execute_wrappers.append(in_a_transaction)

    def set_autocommit(self, autocommit: bool, force_begin_transaction_with_broken_autocommit: bool = False) -> None:
        super().set_autocommit(autocommit, force_begin_transaction_with_broken_autocommit)
        if autocommit or self.alias != DEFAULT_DB_ALIAS or acting.present() is None:
            return
        try:
            acting.open_scope(self.connection, acting.present())
        except Exception:
            self.connection.rollback()
            super().set_autocommit(True)
            raise


def in_a_transaction(execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: dict[str, Any]) -> Any:
    """A single statement outside of a transaction gets one of its own, or it would have no scope and read nothing."""
    connection = context["connection"]
    if connection.in_atomic_block or connection.alias != DEFAULT_DB_ALIAS or acting.present() is None:
        return execute(sql, params, many, context)
    with transaction.atomic(using=connection.alias):
        return execute(sql, params, many, context)
