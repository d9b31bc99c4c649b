"""Geometry of a region: its box, and points inside it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import shape

DECIMALS = 5  # about a metre
ROUNDS = 64  # tries to hit the cell; a spit that fills a tenth of its box is missed once in a thousand households


def bounds(geometry: Any) -> tuple[float, float, float, float]:
    """West, south, east, north of a GeoJSON geometry."""
    west, south, east, north = shape(geometry).bounds
    return west, south, east, north


def scattered(geometry: Any, ids: Sequence[str]) -> NDArray[np.float64]:
    """A point in the polygon for each id, drawn from the id alone: (n, 2) degrees."""
    area = shape(geometry)
    shapely.prepare(area)
    west, south, east, north = area.bounds
    middle = shapely.point_on_surface(area)
    points = np.tile([middle.x, middle.y], (len(ids), 1))
    open_ = np.arange(len(ids))
    for turn in range(ROUNDS):
        if not len(open_):
            break
        tries = _unit_points([ids[i] for i in open_.tolist()], turn) * [east - west, north - south] + [west, south]
        hit = shapely.contains_xy(area, tries[:, 0], tries[:, 1])
        points[open_[hit]] = tries[hit]
        open_ = open_[~hit]
    return np.round(points, DECIMALS)


def _unit_points(ids: Sequence[str], turn: int) -> NDArray[np.float64]:
    hashes = b"".join(hashlib.blake2b(f"{id_}:{turn}".encode(), digest_size=8).digest() for id_ in ids)
    return np.frombuffer(hashes, dtype="<u4").reshape(-1, 2) / 2**32
