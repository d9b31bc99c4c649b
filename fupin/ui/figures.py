"""Figures of a region as pages show them: value, unit and the list behind it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from fupin.identify.api import RegionResult

UNIT = 10_000  # the index is kept in ten-thousandths of a point


@dataclass(frozen=True)
class Figure:
    """``count``: the list behind ``href`` has exactly so many entries; None when it lists something else."""

    name: str | Promise
    value: str
    unit: str | Promise
    href: str
    count: int | None = None
    note: str | Promise = ""


@dataclass(frozen=True)
class RegionFigures:
    figures: list[Figure]
    bands: Mapping[str, int]
    list_href: str


def incidence(result: RegionResult) -> float | None:
    """贫困发生率: persons on the list who have not exited / all rural persons of the run; None without persons."""
    return result.unexited_persons / result.persons if result.persons else None


def mean_interval(result: RegionResult) -> tuple[float, float] | None:
    """Mean index of the households as an interval in points; None without households."""
    if not result.households:
        return None
    return result.low_sum / result.households / UNIT, result.high_sum / result.households / UNIT


def mean_text(result: RegionResult) -> str:
    mean = mean_interval(result)
    return "–" if mean is None else f"{mean[0]:.1f}–{mean[1]:.1f}"


def list_of(view: str, region: str, **asked: str) -> str:
    """Address of a list, cut down to a region; what is asked with an empty word is left out."""
    query = "&".join(f"{name}={value}" for name, value in {"region": region, **asked}.items() if value)
    return f"{reverse(view)}?{query}" if query else reverse(view)


def region_figures(result: RegionResult, run: str = "") -> RegionFigures:
    """``run``: id of an older run, so that its figures open its own lists; "" for the latest one."""
    code = result.region
    homes, doubts = "console:households", "console:findings"
    rate = incidence(result)

    def opened(view: str, **asked: str) -> str:
        return list_of(view, code, run=run, **asked)

    def counted(name: str | Promise, value: int, unit: str | Promise, href: str) -> Figure:
        return Figure(name, f"{value:,}", unit, href, value)

    figures = [
        counted(_("在册户"), result.registered_households, _("户"), opened(homes, state="listed")),
        Figure(_("在册人口"), f"{result.registered_persons:,}", _("人"), opened(homes, state="listed")),
        counted(_("未脱贫户"), result.unexited_households, _("户"), opened(homes, state="unexited")),
        Figure(
            _("贫困发生率"),
            "–" if rate is None else f"{rate * 100:.2f}",
            "%",
            opened(homes, state="unexited"),
            note=_("未脱贫 / 乡村人口"),
        ),
        Figure(_("脱贫指数均值"), mean_text(result), _("分"), opened(homes), note=_("区间均值")),
        counted(_("待定"), result.undecided, _("户"), opened(homes, band="undecided", sort="unknown")),
        counted(_("疑点"), result.findings, _("条"), opened(doubts)),
        counted(_("红色和严重"), result.severe_findings, _("条"), opened(doubts, severity="severe")),
    ]
    bands = {band: getattr(result, band) for band in ("poor", "possibly", "stable", "undecided")}
    return RegionFigures(figures, bands, opened(homes))


def dimension_means(result: RegionResult) -> list[float | None]:
    """Share of each dimension's points that the region's households earn (middle of the interval), 0–1.

    None where the dimension applies to nobody (no student in the village).
    """
    sums = zip(result.dim_low_sum, result.dim_high_sum, result.dim_weight_sum, strict=True)
    return [(low + high) / 2 / (weight * UNIT) if weight else None for low, high, weight in sums]
