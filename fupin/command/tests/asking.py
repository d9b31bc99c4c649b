"""Somebody who asks the map's server without drawing anything."""

from __future__ import annotations

import re
from typing import Any

from django.test import Client

from fupin.ui.tests.city import City


def client_of(city: City, who: str) -> Client:
    client = Client()
    client.force_login(city.cast[who])
    return client


def told(client: Client, path: str) -> Any:
    """The JSON of an answer."""
    answer = client.get(path)
    assert answer.status_code == 200, path
    return answer.json()


def total(client: Client, href: str) -> int:
    """How many entries the list at an address has."""
    answer = client.get(href)
    assert answer.status_code == 200, href
    found = re.search(r'data-total="(\d+)"', answer.content.decode())
    assert found is not None, href
    return int(found[1])


def a_village(city: City) -> str:
    """The village with the most households of the run's region."""
    codes: list[str] = list(city.run.index.values_list("village_code", flat=True))
    return max(sorted(set(codes)), key=codes.count)
