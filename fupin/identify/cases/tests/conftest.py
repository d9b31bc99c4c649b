"""Cases of three villages, and a calendar that can be turned on. Imports stand inside: Django is set up later."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from fupin.accounts.tests.fixtures import VILLAGE

if TYPE_CHECKING:
    from fupin.registry.models import Household


@pytest.fixture
def wait(db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int], None]]:
    """``wait(8)``: eight days later."""
    from fupin.identify.cases.tests.play import turned_calendar

    yield from turned_calendar(monkeypatch)


@pytest.fixture
def applicant(homes: Any) -> Household:
    """An ordinary household of the cadre's village."""
    from fupin.identify.cases.tests.play import ordinary_household

    return ordinary_household("H-applies", VILLAGE, "农秀英")
