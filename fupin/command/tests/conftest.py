"""A small city for all tests of the map, and a server that shows it.

What needs Django is imported inside: this file is read before Django is set up.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Page
from pytest_django.live_server_helper import LiveServer

if TYPE_CHECKING:
    from fupin.ui.tests.city import City
    from fupin.ui.tests.visitor import Visitor


@pytest.fixture(scope="package")
def city(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    from fupin.ui.tests.city import small_city

    with django_db_blocker.unblock(), small_city(tmp_path_factory.mktemp("city")) as built:
        yield built


@pytest.fixture(scope="package")
def server(city: City) -> Iterator[LiveServer]:
    running = LiveServer("127.0.0.1")
    yield running
    running.stop()


@pytest.fixture
def visitor(city: City, server: LiveServer, page: Page) -> Visitor:
    from fupin.ui.tests.visitor import Visitor

    return Visitor(page, server.url, city)
