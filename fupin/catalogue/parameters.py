"""Dated values with unit, region and reference: lines, limits, thresholds. Source: ``data/parameters``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from fupin.catalogue.entries import demand_keys, demand_new, entry_place
from fupin.catalogue.schema import DATA, CatalogueError, read_toml


@dataclass(frozen=True)
class Dated:
    """``value`` holds from ``since`` on in the region with prefix ``region`` ("" = everywhere)."""

    since: date
    value: int | float
    region: str
    reference: str


@dataclass(frozen=True)
class Parameter:
    id: str
    zh: str
    en: str
    unit: str
    values: tuple[Dated, ...]

    def at(self, on: date, region: str = "") -> int | float:
        """The value on a day in a region: of the nearest region that has one, the newest.

        Raises CatalogueError when nothing holds on that day.
        """
        fitting = [v for v in self.values if v.since <= on and region.startswith(v.region)]
        if not fitting:
            raise CatalogueError(
                f"parameter {self.id!r} has no value on {on} in {region or 'any region'}; add a dated one"
            )
        return max(fitting, key=lambda v: (len(v.region), v.since)).value


def _dated(raw: Mapping[str, Any], reference: str, where: str) -> Dated:
    demand_keys(raw, ("since", "value"), ("region", "reference"), where)
    text = raw.get("reference", reference)
    if not text:
        raise CatalogueError(f"{where}: value since {raw['since']} has no reference; name the source or 试行 and why")
    return Dated(raw["since"], raw["value"], raw.get("region", ""), text)


@cache
def parameters(folder: Path = DATA / "parameters") -> Mapping[str, Parameter]:
    """Every parameter by id. Raises CatalogueError."""
    found: dict[str, Parameter] = {}
    for path in sorted(folder.glob("*.toml")):
        for raw in read_toml(path).get("parameter", []):
            where = entry_place(path, raw)
            demand_keys(raw, ("id", "zh", "en", "unit", "values"), ("reference",), where)
            demand_new(raw["id"], found, where)
            values = tuple(_dated(value, raw.get("reference", ""), where) for value in raw["values"])
            starts = [(value.region, value.since) for value in values]
            if len(set(starts)) < len(starts):
                raise CatalogueError(f"{where}: two values start on the same day in the same region; keep one")
            found[raw["id"]] = Parameter(raw["id"], raw["zh"], raw["en"], raw["unit"], values)
    return found
