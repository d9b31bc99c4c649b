"""Cases of three villages, and a calendar that can be turned on. Imports stand inside: Django is set up later."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from fupin.accounts.tests.fixtures import VILLAGE

if TYPE_CHECKING:
    from fupin.registry.models import Household

DAY = """
CREATE OR REPLACE FUNCTION public.fupin_today() RETURNS date
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
RETURN (clock_timestamp() AT TIME ZONE 'Asia/Shanghai')::date + {}
"""


@pytest.fixture
def wait(db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int], None]]:
    """``wait(8)``: eight days later, for the service and for the database, whose clock the app cannot turn."""
    from django.utils import timezone

    from fupin.accounts.trail.entries import owners_connection

    today, passed = timezone.localdate, 0

    def turn(days: int) -> None:
        nonlocal passed
        passed += days
        with owners_connection() as connection:
            connection.execute(DAY.format(passed))
        monkeypatch.setattr(timezone, "localdate", lambda *given: today(*given) + timedelta(passed))

    yield turn
    with owners_connection() as connection:
        connection.execute(DAY.format(0))


@pytest.fixture
def applicant(homes: Any) -> Household:
    """An ordinary household of the cadre's village."""
    from fupin.identify.cases.tests.play import ordinary_household

    return ordinary_household("H-applies", VILLAGE, "农秀英")
