"""Measures of a region as its page shows them: words, units, intervals, the data of the two charts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from fupin.identify import api as identify
from fupin.identify.api import RegionMeasure
from fupin.ui.figures import list_of
from fupin.ui.templatetags.ui import language

FEN = 100  # 分 in one 元
PERCENT = ("fgt0", "fgt1", "fgt2", "h", "a")
DIGITS = 4


@dataclass(frozen=True)
class Line:
    """One measure. ``href``: the list of those it counts, ``count`` entries long; "" and None where there is none."""

    key: str
    name: str
    value: str
    interval: str
    unit: str
    meaning: str
    href: str = ""
    count: int | None = None


def poor_list(measure: RegionMeasure, run: str) -> str:
    """The households whose income per head lies below the line."""
    return list_of("console:households", measure.region, run=run, income_to=str(measure.line // FEN))


def value_text(values: Mapping[str, Any], key: str) -> str:
    return _text(values.get(key), key)


def interval_text(values: Mapping[str, Any], key: str) -> str:
    """low–high; "" where none can be given."""
    low, high = values.get(f"{key}_low"), values.get(f"{key}_high")
    return "" if low is None or high is None else f"{_text(low, key)}–{_text(high, key)}"


def _text(value: float | None, key: str) -> str:
    if value is None:
        return "–"
    if key == "mean":
        return f"{value / FEN:,.0f}"
    return f"{value * 100:.2f}" if key in PERCENT else f"{value:.{DIGITS}f}"


def income_lines(measure: RegionMeasure, run: str) -> list[Line]:
    words = {
        "fgt0": (_("收入贫困发生率 FGT0"), "%", _("收入低于贫困线的人占多少；与在册未脱贫的发生率是两回事")),
        "fgt1": (_("贫困深度 FGT1"), "%", _("平均每人离贫困线差多少，占贫困线的比例")),
        "fgt2": (_("贫困强度 FGT2"), "%", _("差距的平方：越穷的人分量越重")),
        "watts": (_("Watts 指数"), "", _("差距的对数：越穷的人分量越重，可按组分解")),
        "gini": (_("基尼系数"), "", _("收入差距：0 为人人相同，1 为一人独占")),
        "mld": (_("平均对数离差 MLD"), "", _("收入差距：对低收入更敏感，可按组分解")),
        "mean": (_("人均年纯收入"), _("元/人·年"), _("按人口加权的平均")),
    }
    lines = [_line(measure, key, *said) for key, said in words.items()]
    counted = Line(
        "poor",
        _("低于贫困线的户"),
        f"{measure.poor_households:,}",
        "",
        _("户"),
        _("发生率背后的名单，共 %(n)s 人") % {"n": f"{measure.poor_persons:,}"},
        poor_list(measure, run),
        measure.poor_households,
    )
    return [counted, *lines]


def mpi_lines(measure: RegionMeasure) -> list[Line]:
    words = {
        "h": (_("多维贫困发生率 H"), "%", _("被剥夺的权重达到临界值的人占多少")),
        "a": (_("平均剥夺程度 A"), "%", _("多维贫困的人平均被剥夺多少权重")),
        "m0": (_("多维贫困指数 M0"), "", _("M0 = H × A")),
    }
    return [_line(measure, key, *said) for key, said in words.items()]


def _line(measure: RegionMeasure, key: str, name: str, unit: str, meaning: str) -> Line:
    return Line(key, name, value_text(measure.values, key), interval_text(measure.values, key), unit, meaning)


def indicator_rows(measure: RegionMeasure) -> list[dict[str, Any]]:
    """Indicators of the specification in its order: name, weight, headcounts, contribution (shares 0–1)."""
    known = {one.id: one for one in identify.registry_spec().indicators}
    rows = []
    for entry in measure.mpi:
        one = known.get(entry["id"])
        name = entry["id"] if one is None else (one.zh if language() == "zh" else one.en)
        rows.append({**entry, "name": name, "weight": float(one.weight) if one else None})
    return rows


def contribution_bars(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Share of M0 that each indicator makes up, the largest first."""
    told = [row for row in rows if row["contribution"]]
    ordered = sorted(told, key=lambda row: -row["contribution"])
    return {
        "rows": [{"name": row["name"], "value": round(row["contribution"] * 100, 1)} for row in ordered],
        "unit": "%",
    }


def lorenz_data(own: RegionMeasure, name: str, above: RegionMeasure | None, above_name: str) -> dict[str, Any]:
    """The curve of a region and of the one above it, in percent."""
    return {
        "own": _curve(own.lorenz),
        "ownName": name,
        "mean": _curve(above.lorenz) if above else None,
        "meanName": above_name,
        "equalName": _("人人相同"),
        "xName": _("从最穷起的人口 %"),
        "yName": _("收入 %"),
    }


def _curve(shares: list[float]) -> list[list[float]]:
    steps = max(len(shares) - 1, 1)
    return [[round(100 * place / steps, 2), round(100 * share, 2)] for place, share in enumerate(shares)]
