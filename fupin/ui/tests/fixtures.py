"""A small city and a server that shows it, shared by the tests of all pages.

What needs Django is imported inside: this file is read before Django is set up.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Page
from pytest_django.live_server_helper import LiveServer

from conftest import in_database

if TYPE_CHECKING:
    from fupin.ui.tests.city import City
    from fupin.ui.tests.visitor import Visitor


@pytest.fixture(scope="session")
def built_city(pages_database: str, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory) -> City:
    """Built once for each worker, in a database of its own."""
    from fupin.accounts.api import acting_for_platform
    from fupin.ui.tests.city import small_city

    with django_db_blocker.unblock(), in_database(pages_database), acting_for_platform("test"):
        return small_city(tmp_path_factory.mktemp("city"))


@pytest.fixture(scope="module")
def city(built_city: City, pages_database: str, django_db_blocker: Any) -> Iterator[City]:
    """The city, with the database switched to it as long as the module's tests run."""
    with django_db_blocker.unblock(), in_database(pages_database):
        yield built_city


@pytest.fixture(scope="module")
def server(city: City) -> Iterator[LiveServer]:
    running = LiveServer("127.0.0.1")
    yield running
    running.stop()


@pytest.fixture
def visitor(city: City, server: LiveServer, page: Page) -> Visitor:
    from fupin.ui.tests.visitor import Visitor

    return Visitor(page, server.url, city)
