"""The city of this folder's tests. Django is set up after this module is read, so imports stand inside."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from fupin.identify.tests.small_city import City


@pytest.fixture(scope="package")
def city(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    from django.core.management import call_command

    from fupin.accounts.api import acting_for_platform
    from fupin.identify.tests.small_city import build

    folder = tmp_path_factory.mktemp("city") / "out"
    with django_db_blocker.unblock():
        try:
            with acting_for_platform("test"):
                built = build(folder)
            yield built
        finally:
            call_command("flush", verbosity=0, interactive=False, database="owner")
