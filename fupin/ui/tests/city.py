"""A small generated city, taken in through the doors, for the tests of the pages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from django.utils import timezone

from fupin.accounts.api import User
from fupin.accounts.cast import create_cast
from fupin.exchange import api as exchange
from fupin.identify import api as identify
from fupin.identify.api import Run
from fupin.registry import api as registry
from fupin.simulate.api import simulate

AS_OF = date(2026, 10, 31)
PASSWORD = "Chengshi-2026-ok"
TAKEN = ("ps_population", "ps_vehicles", "df_certificates", "ag_land")


@dataclass(frozen=True)
class City:
    cast: dict[str, User]
    run: Run
    folder: Path


def small_city(folder: Path) -> City:
    """Regions, 60 registered and 80 other households, some deliveries, one run; written for good into the database."""
    cast = create_cast(password=PASSWORD)
    office = cast["office"]
    registry.load_shipped_regions(by=office)
    simulate(folder, households=60, others=80, seed=7, as_of=AS_OF)
    registry.load_registry(by=office, folder=folder / "registry")
    exchange.sign_generated_agreements(region="4501", today=timezone.localdate())
    for path in sorted((folder / "deliveries").rglob("*")):
        found = exchange.guess_dataset(path) if path.is_file() and path.suffix in (".csv", ".xlsx") else None
        if found in TAKEN:
            exchange.receive(by=office, dataset=found, path=path, provider="李科长", batch="202610-1", cut_off=AS_OF)
    run = identify.start_run(by=office, region="4501", as_of=AS_OF, in_background=False)
    return City(cast, identify.execute_run(run), folder)
