"""Published series of the country: shown with their source, used in no computation. Source: ``data/series``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from fupin.catalogue.entries import demand_keys, demand_new, entry_place
from fupin.catalogue.schema import DATA, CatalogueError, read_toml

WORDS = ("zh", "en", "line_zh", "line_en", "source_zh", "source_en", "reference")


@dataclass(frozen=True)
class Year:
    """``incidence`` in per cent, ``persons`` in ten thousands."""

    year: int
    incidence: float
    persons: int


@dataclass(frozen=True)
class PovertySeries:
    """``line``: the poverty line by which it was counted; ``source``: who published it."""

    id: str
    zh: str
    en: str
    line_zh: str
    line_en: str
    source_zh: str
    source_en: str
    reference: str
    years: tuple[Year, ...]


def _year(raw: Mapping[str, Any], where: str) -> Year:
    demand_keys(raw, ("year", "incidence", "persons"), (), where)
    found = Year(raw["year"], raw["incidence"], raw["persons"])
    if not 0 <= found.incidence <= 100 or found.persons < 0:
        raise CatalogueError(f"{where}: {found.year} is no share from 0 to 100 or no count of persons; correct it")
    return found


@cache
def series(folder: Path = DATA / "series") -> Mapping[str, PovertySeries]:
    """Every series by id, its years in order. Raises CatalogueError."""
    found: dict[str, PovertySeries] = {}
    for path in sorted(folder.glob("*.toml")):
        for raw in read_toml(path).get("series", []):
            where = entry_place(path, raw)
            demand_keys(raw, ("id", *WORDS, "values"), (), where)
            demand_new(raw["id"], found, where)
            years = tuple(_year(one, where) for one in raw["values"])
            if [one.year for one in years] != sorted({one.year for one in years}):
                raise CatalogueError(f"{where}: the years must rise and stand once; sort them")
            found[raw["id"]] = PovertySeries(**{key: raw[key] for key in ("id", *WORDS)}, years=years)
    return found
