"""Cells of towns and villages for the map (示意): seeded points, evened out, Voronoi inside the county.

There are no open borders below the county. Town cells come first, inside the county; villages lie inside their town;
a town is drawn as the union of its villages. The same codes give the same cells.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

ROUNDS = 5  # Lloyd's relaxation: how often each point moves to the middle of its cell
DECIMALS = 5  # about a metre
GRID = 1e-7

Geometries = NDArray[Any]


def cells_of_county(county: BaseGeometry, towns: Sequence[str], villages: Sequence[str]) -> dict[str, BaseGeometry]:
    """code → polygon of every town and village. A town without villages keeps its own cell."""
    found: dict[str, BaseGeometry] = {}
    for town, area in zip(towns, divide(county, len(towns), _seed(towns)), strict=True):
        below = [code for code in villages if code.startswith(town)]
        parts = divide(area, len(below), _seed(below))
        found |= dict(zip(below, parts, strict=True))
        found[town] = shapely.union_all(parts, grid_size=GRID) if below else area
    return {code: rounded(cell) for code, cell in found.items()}


def divide(area: BaseGeometry, count: int, seed: int) -> list[BaseGeometry]:
    """``count`` cells that fill ``area``; an empty list for 0."""
    if count <= 1:
        return [area] * count
    points = _scatter(area, count, np.random.default_rng(seed))
    for _ in range(ROUNDS):
        points = middles(_clipped(points, area))
    return _whole(_clipped(points, area))


def middles(cells: Geometries) -> Geometries:
    """The centroid of each cell, or a point surely inside where the centroid falls outside."""
    centres = shapely.centroid(cells)
    return np.where(shapely.contains(cells, centres), centres, shapely.point_on_surface(cells))


def rounded(geometry: BaseGeometry) -> BaseGeometry:
    found = shapely.transform(geometry, lambda points: np.round(points, DECIMALS))
    return found if found.is_valid else shapely.buffer(found, 0)  # rounding may fold a spit of land onto itself


def _seed(codes: Sequence[str]) -> int:
    return int(codes[0]) if codes else 0


def _scatter(area: BaseGeometry, count: int, rng: np.random.Generator) -> Geometries:
    west, south, east, north = area.bounds
    found: Geometries = np.empty(0, dtype=object)
    while len(found) < count:
        tries = np.asarray(shapely.points(rng.uniform(west, east, 4 * count), rng.uniform(south, north, 4 * count)))
        found = np.concatenate([found, tries[shapely.contains(area, tries)]])
    return found[:count]


def _clipped(points: Geometries, area: BaseGeometry) -> Geometries:
    diagram = shapely.voronoi_polygons(shapely.multipoints(points), extend_to=area, ordered=True)
    return np.asarray(shapely.intersection(shapely.get_parts(diagram), area))


def _whole(cells: Geometries) -> list[BaseGeometry]:
    """Give each loose piece (cut off by a bay of the border) to the neighbour with the longest common side."""
    parts = [sorted(_polygons(cell), key=shapely.area, reverse=True) for cell in cells]
    mains = np.array([pieces[0] for pieces in parts], dtype=object)
    for owner, pieces in enumerate(parts):
        for piece in pieces[1:]:
            shared = shapely.length(shapely.intersection(mains, piece))
            heir = int(np.argmax(shared)) if shared.max() > 0 else owner
            mains[heir] = shapely.union(mains[heir], piece, grid_size=GRID)
    return list(mains)


def _polygons(cell: BaseGeometry) -> list[BaseGeometry]:
    return [part for part in shapely.get_parts(cell) if part.geom_type == "Polygon"] or [cell]
