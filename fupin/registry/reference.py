"""Public knowledge beyond our own region: provinces, counties of two of them, years when poor counties left the list.

Shipped as files with their sources beside them (``data/boundaries``, ``data/counties``); the same for every reader.
"""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from shapely.geometry import mapping, shape

from fupin.kernel.errors import NotFound

DATA = Path(__file__).parent / "data"
NATION = "cn"
#: provinces whose counties are shipped
COUNTIES_OF = {"45": "guangxi_counties_tianditu.geojson", "52": "guizhou_counties_tianditu.geojson"}
PROVINCES = "china_provinces_tianditu.geojson"
SEA_LINE = "china_sea_line.geojson"
PROVINCE, CITY, COUNTY = 1, 2, 3
DECIMALS = 4  # about ten metres


@dataclass(frozen=True)
class Exit:
    """When a former national poverty county left the list, and who said so."""

    year: int
    source: str


@dataclass(frozen=True)
class ReferencePlace:
    """The nation, a province, or a city: ``name`` in Chinese, ``level`` 0, 1 or 2."""

    code: str
    name: str
    level: int


def reference_place(code: str) -> ReferencePlace:
    """Raises NotFound for what no shipped file knows."""
    if code == NATION:
        return ReferencePlace(NATION, "全国", 0)
    names = _names()
    if code not in names or len(code) > 4:
        raise NotFound(code)
    return ReferencePlace(code, names[code], len(code) // 2)


def reference_levels(code: str) -> tuple[int, ...]:
    """The levels at which the parts of a place can be drawn; empty for a province whose counties are not shipped."""
    if code == NATION:
        return (PROVINCE,)
    if code[:2] not in COUNTIES_OF:
        return ()
    return (CITY, COUNTY) if len(code) == 2 else (COUNTY,)


def reference_names(code: str, level: int) -> dict[str, str]:
    """code → name of the parts of a place."""
    inside = "" if code == NATION else code
    return {part: name for part, name in _names().items() if len(part) == 2 * level and part.startswith(inside)}


def reference_cells(code: str, level: int) -> dict[str, Any]:
    """GeoJSON FeatureCollection of the parts of a place, of itself at its own level.

    Level 0 of the nation is the line of the South China Sea islands, which a map of the country shows.
    """
    if code == NATION and level == 0:
        return _read(SEA_LINE)
    wanted = 2 * level
    found = [part for part in _polygons(code, level) if len(part["properties"]["code"]) == wanted]
    inside = "" if code == NATION else code
    features = [part for part in found if part["properties"]["code"].startswith(inside)]
    if not features:
        raise NotFound(code)
    return {"type": "FeatureCollection", "features": features}


def reference_bounds(code: str) -> tuple[float, float, float, float]:
    """West, south, east, north of a place; of the nation with the line of its islands."""
    file = COUNTIES_OF.get(code[:2], PROVINCES) if len(code) > 2 else PROVINCES
    inside = "" if code == NATION else code
    parts = [part for part in _read(file)["features"] if part["properties"]["code"].startswith(inside)]
    parts += _read(SEA_LINE)["features"] if code == NATION else []
    west, south, east, north = zip(*(part["bbox"] for part in parts), strict=True)
    return min(west), min(south), max(east), max(north)


@cache
def exits() -> Mapping[str, Exit]:
    """County code → year and source of its exit, of the provinces whose counties are shipped."""
    with (DATA / "counties" / "exit_years_guangxi_guizhou.csv").open(encoding="utf-8", newline="") as file:
        return {row["adcode"]: Exit(int(row["exit_year"]), row["source"]) for row in csv.DictReader(file)}


@cache
def reference_version() -> str:
    """Another one when a shipped border changes: part of the address of what a browser may keep."""
    files = sorted((DATA / "boundaries").glob("*.geojson"))
    return hashlib.blake2b(b"".join(path.read_bytes() for path in files), digest_size=6).hexdigest()


@cache
def _names() -> Mapping[str, str]:
    names = {part["properties"]["code"]: part["properties"]["name"] for part in _read(PROVINCES)["features"]}
    for file in COUNTIES_OF.values():
        for part in _read(file)["features"]:
            names[part["properties"]["code"]] = part["properties"]["name"]
            names[part["properties"]["code"][:4]] = part["properties"]["city"]
    return names


def _polygons(code: str, level: int) -> list[dict[str, Any]]:
    if level == PROVINCE:
        return list(_read(PROVINCES)["features"])
    counties: list[dict[str, Any]] = _read(COUNTIES_OF[code[:2]])["features"] if code[:2] in COUNTIES_OF else []
    return counties if level == COUNTY else _cities(counties)


def _cities(counties: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each the union of its counties."""
    grouped: dict[tuple[str, str], list[Any]] = {}
    for part in counties:
        key = part["properties"]["code"][:4], part["properties"]["city"]
        grouped.setdefault(key, []).append(shape(part["geometry"]))
    return [
        {
            "type": "Feature",
            "properties": {"code": code, "name": name},
            "geometry": mapping(shapely.transform(shapely.coverage_union_all(parts), lambda p: np.round(p, DECIMALS))),
        }
        for (code, name), parts in sorted(grouped.items())
    ]


def _read(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((DATA / "boundaries" / name).read_text(encoding="utf-8"))
    return found
