"""Whether a case was passed is proved by a trigger of the floor above; here its number is only a number."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest


@pytest.fixture(scope="module")
def cases_stand_aside(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """For the module: before any transaction of a test is open, and after all of them."""
    from django.db import connections

    with django_db_blocker.unblock():
        switch = _switching(connections["owner"].get_connection_params())
        switch("DISABLE")
        yield
        switch("ENABLE")


def _switching(parameters: dict[str, Any]) -> Callable[[str], None]:
    """By a connection of its own: Django's are watched while a test runs."""
    known = {name: parameters[name] for name in ("host", "port", "user", "password", "dbname") if name in parameters}

    def switch(how: str) -> None:
        with psycopg.connect(**known, autocommit=True) as owner:
            found = owner.execute(
                "SELECT EXISTS (SELECT FROM pg_trigger WHERE tgname = 'change_has_its_case')"
            ).fetchone()
            if found and found[0]:
                owner.execute(f"ALTER TABLE registry_change {how} TRIGGER change_has_its_case")

    return switch
