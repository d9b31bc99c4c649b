"""What the charts of the map draw: rows kept with the run → names, values and the lists behind them."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from fupin.catalogue.load import load_catalogue
from fupin.identify import api as identify
from fupin.identify.api import RegionAggregate, RegionResult
from fupin.ui.charts import radar_data
from fupin.ui.figures import dimension_means, list_of
from fupin.ui.templatetags.ui import label, language, tongue

HOMES, FINDINGS = "console:households", "console:findings"
ALERTS = 8
FEN = 100  # 分 in one 元


def chart_data(kept: RegionAggregate, run: str) -> dict[str, Any]:
    """``run``: id of an older run, so that its charts open its own lists; "" for the latest one."""
    return {
        "histogram": _histogram(kept, run),
        "causes": _causes(kept, run),
        "scatter": _scatter(kept, run),
        "income": _income(kept),
    }


def _histogram(kept: RegionAggregate, run: str) -> dict[str, Any]:
    """``href`` takes ``index_from`` and ``index_to`` behind it."""
    step, counted = identify.HISTOGRAM_STEP, dict(kept.histogram)
    bins = [[number * step, counted.get(number, 0)] for number in range(100 // step)]
    return {"step": step, "bins": bins, "unit": _("户"), "href": list_of(HOMES, kept.region, run=run) + "&"}


def _causes(kept: RegionAggregate, run: str) -> dict[str, Any]:
    """Main causes of the households on the list, the most frequent first."""
    rows = [
        {
            "name": label(code, "cause"),
            "value": n,
            "href": list_of(HOMES, kept.region, run=run, state="listed", cause=code),
        }
        for code, n in sorted(kept.causes, key=lambda row: (-row[1], row[0]))
    ]
    return {"rows": rows, "unit": _("户")}


def _scatter(kept: RegionAggregate, run: str) -> dict[str, Any]:
    """``href`` takes ``index_from``, ``index_to``, ``income_from`` and ``income_to``.

    The first cell of x has no limit below and the last none above: there the bound is left out.
    """
    return {
        "x": {"step": identify.INCOME_STEP, "n": identify.INCOME_BINS, "unit": _("元/人·年")},
        "y": {"step": identify.SCATTER_STEP, "unit": _("分")},
        "cells": kept.scatter,
        "href": list_of(HOMES, kept.region, run=run, income="known"),
        "unknown": kept.income_unknown,
        "unknown_href": list_of(HOMES, kept.region, run=run, income="unknown"),
    }


def _income(kept: RegionAggregate) -> dict[str, Any]:
    """Income by month and kind, 元 for each person of the households that keep a ledger; business before costs."""
    words = (_("工资性"), _("生产经营性"), _("转移性"), _("财产性"))
    series = [
        {"name": word, "values": [round(row[kind] / row[5] / FEN) if row[5] else None for row in kept.income]}
        for kind, word in enumerate(words, 1)
    ]
    months = [f"{row[0] // 100 % 100:02d}-{row[0] % 100:02d}" for row in kept.income]
    return {"months": months, "series": series, "unit": _("元/人·月"), "households": kept.income_households}


def alert_rows(kept: RegionAggregate, run: str) -> list[dict[str, Any]]:
    """The rules with the most findings, the gravest of them first."""
    most = sorted(identify.rules_merged(kept.rules), key=lambda row: (-row[4], row[0]))[:ALERTS]
    return [
        {
            "name": identify.rule_title(rule, language()),
            "tone": f"sev-{severity}",
            "value": n,
            "href": list_of(FINDINGS, kept.region, run=run, rule=rule, **_of_one(rule, severity)),
        }
        for rule, severity, _direction, _topic, n in sorted(most, key=lambda row: (row[1], -row[4]))
    ]


def _of_one(rule: str, severity: int) -> dict[str, str]:
    """Several rules shown as one have several severities."""
    return {} if rule == identify.HEALTH_RULE else {"severity": str(severity)}


def radar(own: RegionResult, own_name: str, above: RegionResult | None, above_name: str) -> dict[str, Any]:
    """The seven dimensions against the level above, where the reader may see it."""
    names = [tongue(dimension) for dimension in load_catalogue().dimensions]
    return radar_data(names, dimension_means(own), own_name, dimension_means(above) if above else None, above_name)
