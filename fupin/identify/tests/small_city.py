"""A very small generated city, taken in through the doors once for the tests of this folder."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from fupin.accounts.api import User
from fupin.accounts.cast import create_cast
from fupin.exchange import api as exchange
from fupin.identify import api as identify
from fupin.identify.models import Run
from fupin.registry import api as registry
from fupin.simulate.api import simulate

AS_OF = date(2026, 10, 31)
TAKEN = ("ps_residents", "ps_vehicles", "df_certificates", "mi_insured", "st_villages", "hr_employees")


@dataclass(frozen=True)
class City:
    cast: dict[str, User]
    run: Run
    folder: Path


def build(folder: Path) -> City:
    cast = create_cast(password="Gucheng-2026-ok")
    office = cast["office"]
    registry.load_shipped_regions(by=office)
    simulate(folder, households=60, others=60, seed=3, as_of=AS_OF)
    registry.load_registry(by=office, folder=folder / "registry")
    for path in sorted((folder / "deliveries").rglob("*.*")):
        found = exchange.guess_dataset(path) if path.suffix in (".csv", ".xlsx") else None
        if found in TAKEN:
            exchange.receive(by=office, dataset=found, path=path, provider="李科长", batch="202610", cut_off=AS_OF)
    run = identify.start_run(by=office, region="4501", as_of=AS_OF, in_background=False)
    return City(cast, identify.execute_run(run), folder)
