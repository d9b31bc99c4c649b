"""挂图: a region's parts coloured by one figure, down to the village."""

from __future__ import annotations

from typing import Any

from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from fupin.accounts.api import User
from fupin.catalogue.load import load_catalogue
from fupin.command.layers import figures_of_map
from fupin.identify import api as identify
from fupin.identify.api import RegionResult, Run
from fupin.kernel.errors import NotFound
from fupin.registry import api as registry
from fupin.registry.api import Region
from fupin.ui.charts import histogram_data, radar_data
from fupin.ui.figures import dimension_means, list_of, region_figures
from fupin.ui.guards import room, user_of
from fupin.ui.places import Place, place_of
from fupin.ui.templatetags.ui import label, tongue

VILLAGE = 5
LISTED = 100
EMPTY: dict[str, Any] = {"type": "FeatureCollection", "features": []}


@room("map")
def region_map(request: HttpRequest) -> HttpResponse:
    """``?region=`` drills down, ``?detail=5`` draws villages at once, ``?layer=`` chooses the figure."""
    user = user_of(request)
    place = place_of(user, request.GET.get("region", ""))
    run = identify.latest_run(user)
    context: dict[str, Any] = {"area": "map", "place": place, "run": run}
    if place is not None and run is not None:
        level = _level(request, place.region)
        context |= {"level": level, "levels": _levels(place.region), **_picture(user, run, place, level)}
    return render(request, "command/map.html", context)


def _levels(region: Region) -> list[tuple[int, str]]:
    names = {3: _("县"), 4: _("镇"), 5: _("村")}
    return [(level, name) for level, name in names.items() if level > region.level]


def _level(request: HttpRequest, region: Region) -> int:
    asked = request.GET.get("detail", "")
    levels = [level for level, _name in _levels(region)]
    return int(asked) if asked.isdigit() and int(asked) in levels else min(levels, default=VILLAGE)


def _picture(user: User, run: Run, place: Place, level: int) -> dict[str, Any]:
    results = _results(user, run, place, level)
    cells = _cells(user, place, level)
    own = _own(user, run, place.code)
    names = {feature["properties"]["code"]: feature["properties"]["name"] for feature in cells["features"]}
    return {
        "cells": cells,
        "outline": registry.cells(user, place.code, place.region.level + 1)
        if level > place.region.level + 1
        else EMPTY,
        "map_figures": figures_of_map(results, names),
        "parts": _parts(results, names),
        "unlisted": max(0, len(results) - LISTED),
        "figures": region_figures(own) if own else None,
        "histogram": histogram_data(identify.histogram(user, run, place.code), place.code),
        "radar": _radar(user, run, place, own) if own else None,
        "causes": _causes(user, place.code),
    }


def _results(user: User, run: Run, place: Place, level: int) -> list[RegionResult]:
    if place.region.level >= VILLAGE:
        own = _own(user, run, place.code)
        return [own] if own else []
    return identify.region_results(user, run, place.code, level)


def _cells(user: User, place: Place, level: int) -> dict[str, Any]:
    if place.region.level < VILLAGE:
        return registry.cells(user, place.code, level)
    around = registry.cells(user, place.code[:9], VILLAGE)
    own = [feature for feature in around["features"] if feature["properties"]["code"] == place.code]
    return {**around, "features": own}


def _own(user: User, run: Run, code: str) -> RegionResult | None:
    try:
        return identify.region_result(user, run, code)
    except (NotFound, identify.NotFound):  # the run knows no household there
        return None


def _parts(results: list[RegionResult], names: dict[str, str]) -> list[dict[str, Any]]:
    """The list beside the map, the highest incidence first; of 1,856 villages the first hundred."""
    ordered = sorted(results, key=lambda one: (-one.unexited_persons / max(1, one.persons), one.region))
    return [{"result": one, "name": names.get(one.region, one.region)} for one in ordered[:LISTED]]


def _radar(user: User, run: Run, place: Place, own: RegionResult) -> dict[str, Any]:
    """The region against the widest region that the user may see."""
    names = [tongue(dimension) for dimension in load_catalogue().dimensions]
    top = place.crumbs[0] if place.crumbs else place.region
    wide = _own(user, run, top.code) if top.code != place.code else None
    return radar_data(names, dimension_means(own), place.region.name, dimension_means(wide) if wide else None, top.name)


def _causes(user: User, code: str) -> dict[str, Any]:
    homes = registry.households_for(user).filter(village_code__gte=code, village_code__lt=code + ":")
    counted = homes.filter(cause_main__isnull=False, state__in=("0", "1", "2", "3")).values("cause_main")
    rows = [
        {
            "name": label(row["cause_main"], "cause"),
            "value": row["n"],
            "href": list_of("console:households", code, state="listed", cause=str(row["cause_main"])),
        }
        for row in counted.annotate(n=Count("household_id")).order_by("-n")[:8]
    ]
    return {"rows": rows, "unit": _("户")}
