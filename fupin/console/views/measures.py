"""测度: poverty, inequality and the many dimensions of a region, and of the regions below it."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render

from fupin.accounts.api import User
from fupin.console import measure_figures as figures
from fupin.console.filters import run_asked, whole
from fupin.console.lists import measures as lists
from fupin.identify import api as identify
from fupin.identify.api import RegionMeasure, Run
from fupin.kernel.regions import VILLAGE, level_name, level_of, parent
from fupin.registry import api as registry
from fupin.ui.answers import answer
from fupin.ui.figures import list_of
from fupin.ui.guards import room, user_of
from fupin.ui.places import Place, place_of
from fupin.ui.templatetags.ui import language


@room("measures")
def measures(request: HttpRequest) -> HttpResponseBase:
    user = user_of(request)
    asked = {name: request.GET.get(name, "").strip() for name in ("run", "region", "level")}
    run = run_asked(user, asked["run"])
    place = place_of(user, asked["region"] or _top(user, run))
    measure = identify.region_measure(user, run, place.code) if run and place else None
    context: dict[str, Any] = {"area": "measures", "place": place, "run": run, "measure": measure, "asked": asked}
    if run is None or place is None or measure is None:
        return render(request, "console/measures.html", context)
    level = _level(asked["level"], place.code)
    context |= _of_region(user, run, place, measure, asked["run"])
    context |= {"level": level, "levels": [(one, level_name(one, language())) for one in _levels(place.code)]}
    listing = lists.measures(user, run, place.code, level, asked["run"])
    return answer(request, listing, "console/measures.html", context, savable=False)


def _top(user: User, run: Run | None) -> str:
    """The whole of the run that the user may see."""
    return max(user.region, run.region, key=len) if run else user.region


def _levels(code: str) -> range:
    return range(level_of(code) + 1, VILLAGE + 1)


def _level(asked: str, code: str) -> int:
    """The level asked for if it lies below the region, else the next one down."""
    wanted = whole(asked)
    return wanted if wanted is not None and wanted in _levels(code) else level_of(code) + 1


def _of_region(user: User, run: Run, place: Place, measure: RegionMeasure, run_id: str) -> dict[str, Any]:
    rows = figures.indicator_rows(measure)
    above = _above(user, run, place.code)
    above_name = registry.region(above.region).name if above else ""
    return {
        "line": identify.told_line(measure),
        "income": figures.income_lines(measure, run_id),
        "mpi": figures.mpi_lines(measure),
        "indicators": rows,
        "spec": identify.registry_spec(),
        "bars": figures.contribution_bars(rows),
        "lorenz": figures.lorenz_data(measure, place.region.name, above, above_name),
        "bounds": {name: measure.values.get(name) for name in ("fgt0_least", "fgt0_most", "h", "h_most")},
        "unknown_href": list_of("console:households", place.code, run=run_id, income="unknown"),
    }


def _above(user: User, run: Run, code: str) -> RegionMeasure | None:
    higher = parent(code)
    return identify.region_measure(user, run, higher) if higher and user.scope.covers(higher) else None
