"""Fixtures of the console's tests. Imports stand inside: Django is set up later."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from fupin.registry.api import Household
    from fupin.ui.tests.visitor import Visitor


@pytest.fixture
def home(visitor: Visitor) -> Iterator[Household]:
    """A poor household of the county with at least three members, as it is before; afterwards as it was."""
    from fupin.accounts.api import acting_as
    from fupin.registry import api as registry

    office = visitor.city.cast["county_office"]
    with acting_as(office):
        found = registry.households_for(office).filter(state="0", members__gte=3, ended_on=None).order_by("pk").first()
        assert found is not None
        yield found
        for change in registry.changes_of(office, found).filter(reversed_by__isnull=True).exclude(kind="reverse"):
            registry.reverse(by=office, change_id=change.pk, reason="测试收尾")
