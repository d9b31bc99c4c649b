"""挂图: the page, and what it asks for when somebody drills down. Absent and forbidden answer the same."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any, TypeVar

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language

from fupin.accounts.api import User
from fupin.command.answers import Prepared, answer, kept, packed
from fupin.command.homes import homes
from fupin.command.nation import is_reference, nation_picture
from fupin.command.picture import Asked, level_asked, picture
from fupin.identify import api as identify
from fupin.identify.api import Run
from fupin.registry import api as registry
from fupin.ui.guards import room, user_of
from fupin.ui.places import place_of

VILLAGE = 5
T = TypeVar("T")


@room("map")
def region_map(request: HttpRequest) -> HttpResponse:
    """The page with its first picture. The address says which; ``layer``, ``with``, ``heat``, ``points`` in it are for
    the page alone."""
    user = user_of(request)
    context: dict[str, Any] = {"area": "map", "place": place_of(user), "run": _run(request, user)}
    if context["place"] is not None:
        context["start"] = {**json.loads(_picture(request).text), "urls": _urls()}
    return render(request, "command/map.html", context)


@room("map")
def region_picture(request: HttpRequest) -> HttpResponse:
    """Figures, charts, parts of a region in a run, and where its borders are; of the nation, what was published."""
    return answer(request, _picture(request))


@room("map")
def cells(request: HttpRequest, code: str, level: int) -> HttpResponse:
    """GeoJSON of the parts of a region. With the version in its address the browser keeps it for good."""
    user = user_of(request)
    if not user.scope.covers(code):
        raise registry.NotFound(code)
    version = registry.borders_version()
    prepared = kept(f"cells {version} {code} {level}", lambda: registry.cells_json(user, code, level))
    return answer(request, prepared, versioned=request.GET.get("v") == version)


@room("map")
def reference(request: HttpRequest, code: str, level: int) -> HttpResponse:
    """GeoJSON of provinces, cities and counties that are shipped: public, the same for every reader."""
    version = registry.reference_version()
    make = lambda: packed(registry.reference_cells(code, level))  # noqa: E731
    return answer(request, kept(f"reference {version} {code} {level}", make), versioned=request.GET.get("v") == version)


@room("map")
def households(request: HttpRequest) -> HttpResponse:
    """The households of a village, or of a town that has no more than the map can move."""
    asked = _asked(request)
    return answer(request, kept(f"homes {_key(asked)}", lambda: packed(homes(asked))))


@room("map")
def tree(request: HttpRequest) -> HttpResponse:
    """The regions below one; without one, the top of what the reader may see."""
    user, code = user_of(request), request.GET.get("region", "")
    place = _some(place_of(user, code))
    found = place.parts if code else [place.region]
    rows = [{"code": one.code, "name": one.name, "leaf": one.level >= VILLAGE} for one in found]
    return JsonResponse(rows, safe=False, headers={"Cache-Control": "private, no-cache"})


def _run(request: HttpRequest, user: User) -> Run | None:
    named = request.GET.get("run", "")
    return identify.run_for(user, named) if named else identify.latest_run(user)


def _asked(request: HttpRequest) -> Asked:
    """What the address asks for. Http404 for a user without a region, NotFound outside the scope."""
    user = user_of(request)
    place = _some(place_of(user, request.GET.get("region", "")))
    level = level_asked(place.region, request.GET.get("detail", ""))
    named = bool(request.GET.get("run", ""))
    return Asked(user, place, level, _run(request, user), named, registry.borders_version())


def _some(found: T | None) -> T:
    if found is None:
        raise Http404
    return found


def _picture(request: HttpRequest) -> Prepared:
    user, code = user_of(request), request.GET.get("region", "")
    run = _run(request, user)
    if is_reference(user, code, run):
        detail = request.GET.get("detail", "")[:1]
        key = f"nation {code} {detail} {user.region} {run and run.pk} {run and run.finished_at} {get_language()}"
        return kept(key, lambda: packed(nation_picture(user, code, detail, run)))
    asked = _asked(request)
    asked = replace(asked, overdue=identify.late_in(user, asked.region.code))
    return kept(f"picture {_key(asked)} {asked.overdue}", lambda: packed(picture(asked)))


def _key(asked: Asked) -> str:
    """All that an answer rests on: the run and when it was finished, the place, the words, who may see how much."""
    run = f"{asked.run.pk} {asked.run.finished_at}" if asked.run else "-"
    scope = ",".join(sorted(asked.user.scope.prefixes))
    return f"{run} {asked.named} {asked.region.code} {asked.level} {scope} {asked.borders} {get_language()}"


def _urls() -> dict[str, str]:
    """``cells`` is a pattern: the page asks for borders before the picture tells it their address."""
    cells = reverse("command:cells", args=["CODE", 0]).replace("CODE/0", "{code}/{level}")
    found = {name: reverse(f"command:{name}") for name in ("picture", "homes", "tree", "nation")}
    return {**found, "cells": f"{cells}?v={registry.borders_version()}"}
