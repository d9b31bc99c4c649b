"""The way in: the nation and the provinces by published figures and real borders. What nobody published stays grey."""

from __future__ import annotations

from collections import Counter
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from fupin.accounts.api import User
from fupin.catalogue.series import PovertySeries, series
from fupin.command.layers import limits
from fupin.command.picture import EMPTY, reference_name
from fupin.identify import api as identify
from fupin.identify.api import RegionResult, Run
from fupin.kernel.errors import NotFound
from fupin.registry import api as registry
from fupin.registry.api import NATION, Exit, ReferencePlace
from fupin.ui.figures import list_of
from fupin.ui.templatetags.ui import language

PROVINCE, CITY, COUNTY = 1, 2, 3


def is_reference(user: User, code: str, run: Run | None) -> bool:
    """True for the nation, and for a province or city of which the reader has no results but a public file knows."""
    if code == NATION:
        return True
    if len(code) not in (2, 4) or (user.scope.covers(code) and (len(code) == 4 or _result(user, run, code))):
        return False
    try:
        registry.reference_place(code)
    except NotFound:
        return False
    return True


def nation_picture(user: User, code: str, detail: str, run: Run | None) -> dict[str, Any]:
    """A picture of the nation, a province or a city elsewhere."""
    place = registry.reference_place(code)
    level = _level(place, detail)
    own = _result(user, run, user.region)
    rows = _rows(user, place, level, own)
    return {
        **EMPTY,
        **_frame(place, level),
        "layers": _layers(rows, level),
        "rows": rows,
        "figures": _nation_figures() if code == NATION else _place_figures(place, own),
        "charts": {"series": _series_chart(_published())} if code == NATION else {},
        "source": _source(place),
        "generated": own is not None and registry.holds_generated(),
    }


def _result(user: User, run: Run | None, code: str) -> RegionResult | None:
    try:
        return identify.region_result(user, run, code) if run else None
    except NotFound:
        return None


def _level(place: ReferencePlace, detail: str) -> int:
    """The level asked for, else the finest; the place itself where its parts are not known."""
    levels = registry.reference_levels(place.code)
    return next((level for level in levels if str(level) == detail), max(levels, default=place.level))


def _frame(place: ReferencePlace, level: int) -> dict[str, Any]:
    names = {PROVINCE: _("省"), CITY: _("市"), COUNTY: _("县")}
    above = [code for code in (NATION, place.code[:2]) if code != place.code and place.code != NATION]
    outline = 0 if place.code == NATION else CITY if level == COUNTY and place.level == PROVINCE else None
    return {
        "region": {"code": place.code, "name": reference_name(place.code), "level": place.level},
        "crumbs": [{"code": code, "name": reference_name(code)} for code in (*above, place.code)],
        "levels": [{"level": one, "name": names[one]} for one in registry.reference_levels(place.code)],
        "level": level,
        "cells": {"url": _cells_url(place.code, level), "illustrative": False},
        "outline": None if outline is None else {"url": _cells_url(place.code, outline)},
        "bounds": registry.reference_bounds(place.code),
    }


def _cells_url(code: str, level: int) -> str:
    return f"{reverse('command:reference', args=[code, level])}?v={registry.reference_version()}"


def _rows(user: User, place: ReferencePlace, level: int, own: RegionResult | None) -> list[dict[str, Any]]:
    """Every part; a value only where one was published or where the platform has households of the reader's."""
    return [
        {
            "code": code,
            "name": name,
            "drill": bool(registry.reference_levels(code)) if level < COUNTY else user.scope.covers(code),
            "size": None,
            **_known_of(code, own),
        }
        for code, name in registry.reference_names(place.code, level).items()
    ]


def _left(code: str) -> list[Exit]:
    return [one for county, one in registry.exits().items() if county.startswith(code)]


def _known_of(code: str, own: RegionResult | None) -> dict[str, Any]:
    """``exit``: the year when the last poor county of the place left the list; ``note``: who said so, for a county."""
    left = _left(code)
    last = max((one.year for one in left), default=None)
    households = own.households if own and own.region.startswith(code) else None
    return {
        "values": {"exit": last, "counties": len(left) or None, "households": households},
        "texts": {"exit": _("%(year)s 年") % {"year": last}} if last else {},
        "note": left[0].source if len(code) == 6 and left else "",
    }


def _layers(rows: list[dict[str, Any]], level: int) -> list[dict[str, Any]]:
    grey = _("灰色 = 无数据")
    exit_ = _("全部贫困县摘帽年份") if level < COUNTY else _("贫困县摘帽年份")
    wanted = [("exit", exit_, ""), ("households", _("已接入平台的农户"), _("户"))]
    if level < COUNTY:
        wanted.insert(1, ("counties", _("原国家级贫困县"), _("个")))
    return [_layer(id_, title, unit, [row["values"][id_] for row in rows], grey) for id_, title, unit in wanted]


def _layer(id_: str, title: str, unit: str, values: list[int | None], note: str) -> dict[str, Any]:
    known = sorted({value for value in values if value is not None})
    steps = [float(year) for year in known[1:]] if id_ == "exit" else limits([float(one) for one in known], 0)
    return {
        "id": id_,
        "title": title,
        "unit": unit,
        "digits": 0,
        "reverse": False,
        "from": known[0] if known else 0,
        "steps": steps,
        "labels": [_("%(year)s 年") % {"year": year} for year in known] if id_ == "exit" else None,
        "href": "",
        "note": note,
    }


def _published() -> PovertySeries:
    return series()["rural_poverty"]


def _nation_figures() -> list[dict[str, Any]]:
    years = _published().years
    first, last = years[0], years[-1]
    year = {"year": last.year}
    return [
        _figure("incidence", _("贫困发生率（%(year)s 年）") % year, f"{last.incidence:.1f}", "%", last.incidence),
        _figure("persons", _("农村贫困人口（%(year)s 年）") % year, f"{last.persons:,}", _("万人"), last.persons),
        _figure(
            "fewer",
            _("比 %(year)s 年减少") % {"year": first.year},
            f"{first.persons - last.persons:,}",
            _("万人"),
            first.persons - last.persons,
        ),
    ]


def _place_figures(place: ReferencePlace, own: RegionResult | None) -> list[dict[str, Any]]:
    left = _left(place.code)
    found = []
    if left:
        by_year = sorted(Counter(one.year for one in left).items())
        last = by_year[-1][0]
        found.append(_figure("counties", _("原国家级贫困县"), str(len(left)), _("个"), len(left)))
        found.append(_figure("exit", _("最后摘帽"), str(last), _("年"), last))
    if own and own.region.startswith(place.code):
        href = list_of("console:households", own.region)
        row = _figure("households", _("已接入平台的农户"), f"{own.households:,}", _("户"), own.households)
        found.append({**row, "href": href, "count": own.households})
    return found


def _figure(id_: str, name: str, value: str, unit: str, number: float) -> dict[str, Any]:
    """A published figure: no list lies behind it."""
    return {
        "id": id_, "name": name, "value": value, "unit": unit, "number": number,
        "href": "", "count": None, "note": "", "tone": "",
    }  # fmt: skip


def _series_chart(published: PovertySeries) -> dict[str, Any]:
    zh = language() == "zh"
    return {
        "years": [one.year for one in published.years],
        "incidence": [one.incidence for one in published.years],
        "persons": [one.persons for one in published.years],
        "unit": _("万人"),
        "line": published.line_zh if zh else published.line_en,
        "source": published.source_zh if zh else published.source_en,
    }


def _source(place: ReferencePlace) -> str:
    borders = _("边界：天地图")
    if place.code == NATION:
        return borders
    return "；".join([borders, _("摘帽年份：各省（区）官方公告")] if _left(place.code) else [borders])
