"""Households as points of the map: id, band, interval; no name, no number. The place in the village is drawn (示意)."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from fupin.command.picture import Asked
from fupin.identify import api as identify
from fupin.registry import api as registry
from fupin.ui.figures import list_of

TOWN = 4
MOST = 3_000  # points that a browser without a graphics card still moves smoothly

COLUMNS = ("household_id", "village_code", "band", "low", "high", "findings", "state")


def homes(asked: Asked) -> dict[str, Any]:
    """``points``: [lon, lat, household, band, low, high, findings, state]; none above the town or beyond 3,000."""
    portrait = reverse("console:portrait", args=["ID"]).replace("ID", "{id}")
    run = f"?run={asked.run_word}" if asked.named else ""
    rows = _rows(asked)
    return {
        "points": _placed(rows) if len(rows) <= MOST else [],
        "households": len(rows),
        "limit": MOST,
        "illustrative": True,
        "href": portrait + run,
        "list": list_of("console:households", asked.region.code, run=asked.run_word),
    }


def _rows(asked: Asked) -> list[tuple[Any, ...]]:
    if asked.run is None or asked.region.level < TOWN:
        return []
    code = asked.region.code
    inside = identify.index_for(asked.user, asked.run).filter(village_code__gte=code, village_code__lt=code + ":")
    return list(inside.order_by("household_id").values_list(*COLUMNS))


def _placed(rows: list[tuple[Any, ...]]) -> list[list[Any]]:
    villages: dict[str, list[str]] = {}
    for household, village, *_rest in rows:
        villages.setdefault(village, []).append(household)
    points = registry.home_points(villages)
    return [[*points[household], household, *rest] for household, _village, *rest in rows if household in points]
