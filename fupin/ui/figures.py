"""Figures of a region as pages show them: value, unit and the list behind it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from fupin.identify.api import RegionResult, RegionRow

UNIT = 10_000  # the index is kept in ten-thousandths of a point


@dataclass(frozen=True)
class Figure:
    """``value`` as text, ``number`` for machines. ``count``: the list behind ``href`` has exactly so many entries;
    None when it lists something else. ``tone``: the colour of what it counts ("" = none)."""

    id: str
    name: str | Promise
    value: str
    unit: str | Promise
    href: str
    count: int | None = None
    note: str | Promise = ""
    number: float | None = None
    tone: str = ""


@dataclass(frozen=True)
class RegionFigures:
    figures: list[Figure]
    bands: Mapping[str, int]
    list_href: str


def incidence(result: RegionResult | RegionRow) -> float | None:
    """贫困发生率: persons on the list who have not exited / all rural persons of the run; None without persons."""
    return result.unexited_persons / result.persons if result.persons else None


def mean_interval(result: RegionResult | RegionRow) -> tuple[float, float] | None:
    """Mean index of the households as an interval in points; None without households."""
    if not result.households:
        return None
    return result.low_sum / result.households / UNIT, result.high_sum / result.households / UNIT


def mean_middle(result: RegionResult | RegionRow) -> float | None:
    """The middle of the mean interval in points, to four decimals."""
    mean = mean_interval(result)
    return None if mean is None else round(sum(mean) / 2, 4)


def mean_text(result: RegionResult | RegionRow) -> str:
    mean = mean_interval(result)
    return "–" if mean is None else f"{mean[0]:.1f}–{mean[1]:.1f}"


def list_of(view: str, region: str, **asked: str) -> str:
    """Address of a list, cut down to a region; what is asked with an empty word is left out."""
    query = "&".join(f"{name}={value}" for name, value in {"region": region, **asked}.items() if value)
    return f"{reverse(view)}?{query}" if query else reverse(view)


@dataclass(frozen=True)
class _Lists:
    """The lists of one region, of an older run where ``run`` names one."""

    region: str
    run: str

    def homes(self, **asked: str) -> str:
        return list_of("console:households", self.region, run=self.run, **asked)

    def findings(self, **asked: str) -> str:
        return list_of("console:findings", self.region, run=self.run, **asked)


def region_figures(result: RegionResult, run: str = "") -> RegionFigures:
    """``run``: id of an older run, so that its figures open its own lists; "" for the latest one."""
    lists = _Lists(result.region, run)
    figures = [*_of_the_list(result, lists), *_of_the_index(result, lists), *_of_findings(result, lists)]
    bands = {band: getattr(result, band) for band in ("poor", "possibly", "stable", "undecided")}
    return RegionFigures(figures, bands, lists.homes())


def _counted(id_: str, name: str | Promise, n: int, unit: str | Promise, href: str, tone: str = "") -> Figure:
    return Figure(id_, name, f"{n:,}", unit, href, n, number=n, tone=tone)


def _of_the_list(result: RegionResult, lists: _Lists) -> list[Figure]:
    rate, persons = incidence(result), result.registered_persons
    listed, unexited = lists.homes(state="listed"), lists.homes(state="unexited")
    percent = None if rate is None else round(rate * 100, 4)
    share = "–" if percent is None else f"{percent:.2f}"
    note = _("未脱贫 / 乡村人口")
    return [
        _counted("listed", _("在册户"), result.registered_households, _("户"), listed),
        Figure("listed_persons", _("在册人口"), f"{persons:,}", _("人"), listed, number=persons),
        _counted("unexited", _("未脱贫户"), result.unexited_households, _("户"), unexited, "poor"),
        Figure("incidence", _("贫困发生率"), share, "%", unexited, note=note, number=percent, tone="poor"),
    ]


def _of_the_index(result: RegionResult, lists: _Lists) -> list[Figure]:
    middle, note, open_ = mean_middle(result), _("区间均值"), lists.homes(band="undecided", sort="unknown")
    return [
        Figure("index", _("脱贫指数均值"), mean_text(result), _("分"), lists.homes(), note=note, number=middle),
        _counted("undecided", _("待定"), result.undecided, _("户"), open_, "undecided"),
    ]


def _of_findings(result: RegionResult, lists: _Lists) -> list[Figure]:
    severe = lists.findings(severity="severe")
    return [
        _counted("findings", _("疑点"), result.findings, _("条"), lists.findings()),
        _counted("severe", _("红色和严重"), result.severe_findings, _("条"), severe, "sev-1"),
    ]


def dimension_means(result: RegionResult) -> list[float | None]:
    """Share of each dimension's points that the region's households earn (middle of the interval), 0–1.

    None where the dimension applies to nobody (no student in the village).
    """
    sums = zip(result.dim_low_sum, result.dim_high_sum, result.dim_weight_sum, strict=True)
    return [(low + high) / 2 / (weight * UNIT) if weight else None for low, high, weight in sums]
