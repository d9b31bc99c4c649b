"""Rows guarded by the database: the same pages with row-level security and without it.

The real city of the benchmark ``pages``; every page is built whole, in this process, by Django's own test client as a
signed-in user. One turn asks all addresses with the policies, the next without them (the owner switches them off and on
between the turns); a page's time is the median of its addresses over all turns. One line for each page.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from fupin.bench.frame import Result, Work, measure
from fupin.bench.own_house import enter, execute_as_owner, running
from fupin.bench.pages import FULL, QUICK, city

TURNS = 6
EACH = 40  # addresses of a page in a turn
REACH = 1.3
#: whose list, whose portraits: the whole city, one county
READERS = ("shiban", "xianban")


def run(data: Path, quick: bool) -> Iterable[Result]:
    size = QUICK if quick else FULL
    folder = city(data, size)
    with running(folder) as server:
        seen = measure(partial(_asking, folder))
        found: Mapping[str, tuple[float, float]] = seen.value
    for name, (guarded, open_) in found.items():
        yield Result(
            name=f"rows/{name}",
            rows=size.households + size.others,
            ours_s=guarded,
            reference_s=open_,
            peak_mb=seen.peak_mb + server.mb,
            reference="the same page, policies switched off",
            reach=REACH,
        )


def _asking(folder: Path) -> Work:
    enter(folder)
    from django.conf import settings

    settings.ALLOWED_HOSTS = ["*"]
    addresses = {f"{kind} {who}": found for who in READERS for kind, found in _addresses(who).items()}
    return partial(_in_turns, addresses)


def _addresses(who: str) -> Mapping[str, Sequence[str]]:
    """list, findings and portraits of one reader."""
    from fupin.accounts.api import User, acting_as
    from fupin.registry import api as registry

    user = User.objects.get(username=who)
    with acting_as(user):
        households = registry.households_for(user).order_by("household_id")
        step = max(1, households.count() // EACH)
        keys = list(households.values_list("pk", flat=True)[: step * EACH : step])
    pages = [f"?page={number}" for number in range(1, EACH + 1)]
    return {
        "list": [f"/households/{page}" for page in pages],
        "findings": [f"/findings/{page}" for page in pages],
        "portrait": [f"/households/{key}/" for key in keys],
    }


def _in_turns(addresses: Mapping[str, Sequence[str]]) -> dict[str, tuple[float, float]]:
    """Page → median seconds with and without the policies."""
    times: dict[tuple[str, bool], list[float]] = {(page, on): [] for page in addresses for on in (True, False)}
    clients = {who: _signed_in(who) for who in READERS}
    try:
        for turn in range(2 * TURNS + 2):
            guarded = turn % 2 == 0
            _switch(guarded)
            for page, found in addresses.items():
                took = [_seconds(clients[page.split()[-1]], address) for address in found]
                times[page, guarded] += took if turn > 1 else []  # the first turns warm the caches
    finally:
        _switch(True)
    return {page: (statistics.median(times[page, True]), statistics.median(times[page, False])) for page in addresses}


def _signed_in(who: str) -> Any:
    from django.test import Client

    from fupin.accounts.api import User

    client = Client()
    client.force_login(User.objects.get(username=who))
    return client


def _seconds(client: Any, address: str) -> float:
    began = time.perf_counter()
    answer = client.get(address)
    took = time.perf_counter() - began
    if answer.status_code != 200:
        raise RuntimeError(f"{address}: {answer.status_code}")
    return took


def _switch(on: bool) -> None:
    """For everybody, by the owner."""
    tables = execute_as_owner("SELECT DISTINCT tablename FROM pg_policies")
    verb = "ENABLE" if on else "DISABLE"
    execute_as_owner(*(f"ALTER TABLE {table} {verb} ROW LEVEL SECURITY" for (table,) in tables))
