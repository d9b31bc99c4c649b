"""Writing regions: divisions and boundaries from files, cells drawn, one transaction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import shapely
from django.db import transaction
from shapely.geometry import mapping
from shapely.geometry.base import BaseGeometry

from fupin.accounts import api as accounts
from fupin.accounts.api import User
from fupin.kernel.regions import level_of
from fupin.registry.cells import cells_of_county, middles, rounded
from fupin.registry.models import Region
from fupin.registry.progress import Progress, quiet
from fupin.registry.region_files import Divisions, read_divisions
from fupin.registry.spelling import spell

DATA = Path(__file__).parent / "data"

#: for boundaries that do not name their province or city
UNNAMED = "（未命名）"


def load_regions(
    *,
    by: User,
    villages_csv: Path,
    towns_csv: Path,
    counties_csv: Path | None = None,
    boundaries_geojson: Path,
    progress: Progress | None = None,
) -> dict[int, int]:
    """Level → regions written; known codes are updated. Raises UserError (file, row, column) and Forbidden."""
    accounts.require(by, "load_registry")
    divisions = read_divisions(villages_csv, towns_csv, counties_csv, boundaries_geojson)
    regions = list(_regions(divisions, progress or quiet))
    counts: dict[int, int] = {}
    for region in regions:
        counts[region.level] = counts.get(region.level, 0) + 1
    fields = [field.name for field in Region._meta.concrete_fields if not field.primary_key]
    with transaction.atomic():
        Region.objects.bulk_create(
            regions, batch_size=1000, update_conflicts=True, unique_fields=["code"], update_fields=fields
        )
        accounts.record(
            by=by,
            verb="load_regions",
            object_kind="regions",
            object_id=villages_csv.name[:80],
            detail={"counts": counts},
        )
    return counts


def load_shipped_regions(*, by: User, progress: Progress | None = None) -> dict[int, int]:
    """Nanning: 12 counties, 138 towns, 1,856 villages."""
    divisions = DATA / "divisions"
    return load_regions(
        by=by,
        villages_csv=divisions / "nanning_villages.csv",
        towns_csv=divisions / "nanning_towns.csv",
        boundaries_geojson=DATA / "boundaries" / "nanning_county_tianditu.geojson",
        progress=progress,
    )


def _regions(divisions: Divisions, progress: Progress) -> Iterator[Region]:
    towns_of, villages_of = _by_county(divisions.towns), _by_county(divisions.villages)
    yield from _above_counties(divisions)
    for number, (code, boundary) in enumerate(divisions.boundaries.items(), 1):
        yield _region(code, divisions.counties[code], rounded(boundary.geometry), illustrative=False)
        towns, villages = towns_of.get(code, []), villages_of.get(code, [])
        for below, cell in sorted(cells_of_county(boundary.geometry, towns, villages).items()):
            name = divisions.towns.get(below) or divisions.villages[below]
            yield _region(below, name, cell, illustrative=True)
        progress(boundary.name, number / len(divisions.boundaries))


def _above_counties(divisions: Divisions) -> Iterator[Region]:
    """Provinces by name only (the file need not hold all their counties), cities as the union of their counties."""
    provinces = {code[:2]: boundary.province_name for code, boundary in divisions.boundaries.items()}
    cities = {code[:4]: boundary.city_name for code, boundary in divisions.boundaries.items()}
    for code, name in provinces.items():
        yield _region(code, name or UNNAMED, None, illustrative=False)
    for code, name in cities.items():
        parts = [found.geometry for below, found in divisions.boundaries.items() if below.startswith(code)]
        yield _region(code, name or UNNAMED, rounded(shapely.union_all(parts, grid_size=1e-6)), illustrative=False)


def _region(code: str, name: str, geometry: BaseGeometry | None, *, illustrative: bool) -> Region:
    region = Region(code=code, name=name, pinyin=spell(name), level=level_of(code), illustrative=illustrative)
    if geometry is not None:
        middle = middles(shapely.get_parts(shapely.geometrycollections([geometry])))[0]
        region.lon, region.lat = round(middle.x, 5), round(middle.y, 5)
        region.geometry = mapping(geometry)
    return region


def _by_county(names: Mapping[str, str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for code in names:
        found.setdefault(code[:6], []).append(code)
    return found
