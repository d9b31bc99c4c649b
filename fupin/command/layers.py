"""The layers of the map: value of each region, class limits, unit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from fupin.identify.api import RegionRow
from fupin.ui.figures import incidence, mean_middle

CLASSES = 6


@dataclass(frozen=True)
class Layer:
    """``view``, ``asked``: the list behind a value. ``reverse``: high is good, so the deep colour is for low values."""

    id: str
    title: str | Promise
    unit: str | Promise
    digits: int
    value: Callable[[RegionRow], float | None]
    view: str
    asked: str = ""
    reverse: bool = False


def _percent(result: RegionRow) -> float | None:
    share = incidence(result)
    return None if share is None else round(share * 100, 4)


def _undecided(result: RegionRow) -> float | None:
    return round(result.undecided * 100 / result.households, 4) if result.households else None


def _persons(result: RegionRow) -> float | None:
    return result.unexited_persons


def _findings(result: RegionRow) -> float | None:
    return result.findings


HOMES, FINDINGS = "console:households", "console:findings"
LAYERS = (
    Layer(
        "incidence",
        gettext_lazy("贫困发生率"),
        gettext_lazy("%，未脱贫人口 / 乡村人口"),
        2,
        _percent,
        HOMES,
        "state=unexited&",
    ),
    Layer("index", gettext_lazy("脱贫指数均值"), gettext_lazy("分，区间中点"), 1, mean_middle, HOMES, reverse=True),
    Layer("persons", gettext_lazy("未脱贫人口"), gettext_lazy("人"), 0, _persons, HOMES, "state=unexited&"),
    Layer("undecided", gettext_lazy("待定"), gettext_lazy("% 户"), 1, _undecided, HOMES, "band=undecided&"),
    Layer("findings", gettext_lazy("疑点"), gettext_lazy("条"), 0, _findings, FINDINGS),
)


def limits(values: Sequence[float], digits: int) -> list[float]:
    """At most five rising limits that part the values into classes of about the same size (quantiles)."""
    if not values:
        return []
    lowest = min(values)
    ordered = sorted(value for value in values if value > lowest)  # those with the lowest (often none) form a class
    if not ordered:
        return []
    cuts = {round(ordered[len(ordered) * part // (CLASSES - 1)], digits) for part in range(CLASSES - 1)}
    return sorted(cut for cut in cuts if cut > round(lowest, digits))


def layer_rows(values: Sequence[dict[str, float | None]], run: str) -> list[dict[str, Any]]:
    """The layers with class limits for these regions' values. ``href``: the list, up to the region's code.

    ``run``: id of an older run, so that the layers open its own lists; "" for the latest one.
    """
    return [_layer(layer, [one[layer.id] for one in values], run) for layer in LAYERS]


def values_of(result: RegionRow) -> dict[str, float | None]:
    return {layer.id: layer.value(result) for layer in LAYERS}


def _layer(layer: Layer, values: Sequence[float | None], run: str) -> dict[str, Any]:
    known = [value for value in values if value is not None]
    return {
        "id": layer.id,
        "title": str(layer.title),
        "unit": str(layer.unit),
        "digits": layer.digits,
        "reverse": layer.reverse,
        "from": min(known, default=0),
        "steps": limits(known, layer.digits),
        "href": f"{reverse(layer.view)}?{f'run={run}&' if run else ''}{layer.asked}region=",
        "note": _("分位数分档；灰色 = 没有参加运行的农户"),
    }
