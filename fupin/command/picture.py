"""One picture of the map: a region's figures, charts and parts, put together from what the run keeps."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from fupin.accounts.api import User
from fupin.command.charts import alert_rows, chart_data, radar
from fupin.command.layers import layer_rows, values_of
from fupin.identify import api as identify
from fupin.identify.api import RegionResult, RegionRow, Run
from fupin.kernel.errors import NotFound
from fupin.registry import api as registry
from fupin.registry.api import Region
from fupin.ui import words
from fupin.ui.figures import Figure, RegionFigures, list_of, mean_text, region_figures
from fupin.ui.places import Place

COUNTY, VILLAGE = 3, 5


@dataclass(frozen=True)
class Asked:
    """``run`` is the one shown (None before the first); ``named``: the address names it, so the lists name it too;
    ``borders``: their version; ``overdue``: cases of the region that are overdue now, which no run keeps."""

    user: User
    place: Place
    level: int
    run: Run | None
    named: bool
    borders: str
    overdue: int = 0

    @property
    def region(self) -> Region:
        return self.place.region

    @property
    def run_word(self) -> str:
        return self.run.pk if self.run is not None and self.named else ""


def levels_of(region: Region) -> list[tuple[int, str]]:
    """The levels that the region's parts can be drawn at; a village is drawn itself."""
    names = {3: _("县"), 4: _("镇"), 5: _("村")}
    return [(level, name) for level, name in names.items() if level > region.level]


def level_asked(region: Region, detail: str) -> int:
    levels = [level for level, _name in levels_of(region)]
    return next((level for level in levels if str(level) == detail), min(levels, default=VILLAGE))


def picture(asked: Asked) -> dict[str, Any]:
    """The JSON of one view of the map."""
    return {**frame(asked), "cases": _cases(asked), **(contents(asked, asked.run) if asked.run else EMPTY)}


def _cases(asked: Asked) -> dict[str, Any]:
    return {
        "overdue": asked.overdue,
        "href": list_of("console:cases", asked.region.code, standing="overdue"),
    }


EMPTY: dict[str, Any] = {
    "run": None, "layers": [], "rows": [], "figures": [], "bands": [], "charts": {}, "alerts": [], "measures": None,
}  # fmt: skip


def frame(asked: Asked) -> dict[str, Any]:
    """What holds with any run: where we are, and which borders to fetch."""
    region = asked.region
    between = region.level + 1
    return {
        "region": {"code": region.code, "name": region.name, "level": region.level},
        "crumbs": [*reference_crumbs(asked), *({"code": one.code, "name": one.name} for one in asked.place.crumbs)],
        "levels": [{"level": level, "name": name} for level, name in levels_of(region)],
        "level": asked.level,
        "cells": {"url": cells_url(asked, asked.level), "illustrative": asked.level > COUNTY},
        "outline": {"url": cells_url(asked, between)} if asked.level > between else None,
        "bounds": registry.bounds_of(region),
    }


def reference_crumbs(asked: Asked) -> list[dict[str, str]]:
    """The nation and the province above what the reader may see: public views, without our own figures."""
    top = asked.place.crumbs[0].code if asked.place.crumbs else asked.region.code
    codes = [registry.NATION, *([top[:2]] if len(top) > 2 else [])]
    return [{"code": code, "name": reference_name(code)} for code in codes]


def reference_name(code: str) -> str:
    return _("全国") if code == registry.NATION else registry.reference_place(code).name


def cells_url(asked: Asked, level: int) -> str:
    return f"{reverse('command:cells', args=[asked.region.code, level])}?v={asked.borders}"


def contents(asked: Asked, run: Run) -> dict[str, Any]:
    own = _result(asked.user, run, asked.region.code)
    results = identify.region_rows(asked.user, run, asked.region.code, asked.level)
    values = [values_of(one) for one in results]
    figures = region_figures(own, asked.run_word) if own else None
    return {
        "run": {"id": run.pk, "as_of": run.as_of.isoformat(), "generated": registry.holds_generated()},
        "layers": layer_rows(values, asked.run_word),
        "rows": _rows(asked, results, values),
        "figures": [figure_row(one) for one in figures.figures] if figures else [],
        "bands": _bands(asked, figures) if figures else [],
        **(_charts(asked, run, own) if own else {"charts": {}, "alerts": []}),
        "measures": _measures(asked, run),
    }


def _result(user: User, run: Run, code: str) -> RegionResult | None:
    try:
        return identify.region_result(user, run, code)
    except NotFound:  # the run knows no household there, or the reader may not see the level above
        return None


def _rows(asked: Asked, results: list[RegionRow], values: list[dict[str, float | None]]) -> list[dict[str, Any]]:
    """One for each part, the highest incidence first. ``size``: its rural persons, on which the shares rest."""
    names = registry.region_names(asked.region.code)
    rows = [
        {
            "code": one.region,
            "name": names.get(one.region, one.region),
            "drill": one.region != asked.region.code,
            "size": one.persons,
            "values": found,
            "texts": {"index": mean_text(one)},
        }
        for one, found in zip(results, values, strict=True)
    ]
    return sorted(rows, key=lambda row: (-(row["values"]["incidence"] or 0), row["code"]))


def figure_row(figure: Figure) -> dict[str, Any]:
    return {name: str(value) if name in ("name", "unit", "note") else value for name, value in asdict(figure).items()}


def _bands(asked: Asked, figures: RegionFigures) -> list[dict[str, Any]]:
    return [
        {
            "id": band,
            "name": str(words.BANDS[band]),
            "value": n,
            "href": list_of("console:households", asked.region.code, run=asked.run_word, band=band),
        }
        for band, n in figures.bands.items()
    ]


def _charts(asked: Asked, run: Run, own: RegionResult) -> dict[str, Any]:
    """``charts`` holds the radar alone for a run whose aggregates are not kept."""
    kept = identify.region_aggregate(asked.user, run, own.region)
    above = asked.place.crumbs[-2] if len(asked.place.crumbs) > 1 else None
    wide = _result(asked.user, run, above.code) if above else None
    spider = radar(own, asked.region.name, wide, above.name if above else "")
    return {
        "charts": {"radar": spider, **(chart_data(kept, asked.run_word) if kept else {})},
        "alerts": alert_rows(kept, asked.run_word) if kept else [],
    }


MEASURES = ("fgt0", "fgt1", "fgt2", "gini", "h", "a", "m0")


def _measures(asked: Asked, run: Run) -> dict[str, Any] | None:
    """Measures of income poverty, inequality and many dimensions: shares 0–1, the line in 元; ``page``: all of them."""
    kept = identify.region_measure(asked.user, run, asked.region.code)
    if kept is None:
        return None
    code, line = asked.region.code, kept.line // 100
    return {
        **{name: getattr(kept, name) for name in MEASURES},
        "line": line,
        "small": kept.small,
        "poor": kept.poor_households,
        "poor_href": list_of("console:households", code, run=asked.run_word, income="known", income_to=str(line)),
        "page": list_of("console:measures", code, run=asked.run_word),
    }
