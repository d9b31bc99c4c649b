"""Rows of the database → data of the charts in ``charts.js``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

from django.utils.translation import gettext as _

from fupin.identify.api import RuleCount
from fupin.registry.api import LedgerEntry
from fupin.ui.figures import list_of
from fupin.ui.templatetags.ui import language

#: the four national kinds of income and the spending, as prefixes of the ledger's columns
KINDS = ("wage", "business", "transfer", "property")


def rule_bars(rules: Iterable[RuleCount], length: int) -> dict[str, Any]:
    """The rules with the most findings; each bar opens its list."""
    rows = [
        {
            "name": rule.zh if language() == "zh" else rule.en,
            "value": rule.n,
            "href": list_of("console:findings", "", rule=rule.rule),
            "tone": f"sev-{rule.severity}",
        }
        for rule in sorted(rules, key=lambda rule: (-rule.n, rule.severity, rule.rule))[:length]
    ]
    return {"rows": rows, "unit": _("条")}


def histogram_data(bins: Sequence[tuple[int, int]], region: str, run: str = "") -> dict[str, Any]:
    return {"bins": bins, "unit": _("户"), "href": list_of("console:households", region, run=run) + "&"}


def radar_data(
    names: Sequence[str],
    own: Sequence[float | None],
    own_name: str,
    mean: Sequence[float | None] | None,
    mean_name: str,
) -> dict[str, Any]:
    """Seven shares 0–1 against another seven; None = the dimension does not apply."""
    return {
        "names": names,
        "own": own,
        "ownName": own_name,
        "mean": mean,
        "meanName": mean_name,
        "noneName": _("不适用"),
    }


def income_data(entries: Sequence[LedgerEntry]) -> dict[str, Any]:
    """Monthly income by kind, stacked, and the spending on living as a line; 分 → 元. Yearly recalls are left out."""
    monthly = sorted((entry for entry in entries if entry.period_months == 1), key=lambda entry: entry.month)
    words = {"wage": _("工资性"), "business": _("生产经营性"), "transfer": _("转移性"), "property": _("财产性")}
    series = [{"name": words[kind], "values": [total(entry, kind) // 100 for entry in monthly]} for kind in KINDS]
    return {
        "months": [f"{entry.month // 100 % 100:02d}-{entry.month % 100:02d}" for entry in monthly],
        "series": series,
        "spending": {"name": _("生活支出"), "values": [total(entry, "spend") // 100 for entry in monthly]},
        "unit": _("元"),
    }


def total(entry: LedgerEntry, kind: str) -> int:
    """Sum of the ledger's columns of one kind, in 分."""
    return sum([getattr(entry, name) for name in _columns(kind)])


@cache
def _columns(kind: str) -> tuple[str, ...]:
    return tuple(field.name for field in LedgerEntry._meta.fields if field.name.startswith(f"{kind}_"))
