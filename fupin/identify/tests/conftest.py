"""The city of this folder's tests. Django is set up after this module is read, so imports stand inside."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from conftest import in_database

if TYPE_CHECKING:
    from fupin.identify.tests.small_city import City


@pytest.fixture(scope="session")
def built_city_of_runs(runs_database: str, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory) -> City:
    """Built once for each worker, in a database of its own."""
    from fupin.accounts.api import acting_for_platform
    from fupin.identify.tests.small_city import build

    with django_db_blocker.unblock(), in_database(runs_database), acting_for_platform("test"):
        return build(tmp_path_factory.mktemp("city") / "out")


@pytest.fixture(scope="module")
def city(built_city_of_runs: City, runs_database: str, django_db_blocker: Any) -> Iterator[City]:
    """The city, with the database switched to it as long as the module's tests run."""
    with django_db_blocker.unblock(), in_database(runs_database):
        yield built_city_of_runs
