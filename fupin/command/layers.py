"""The layers of the map: value of each region, class limits, unit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from fupin.identify.api import RegionResult
from fupin.ui.figures import incidence, mean_interval, mean_text

CLASSES = 6
VILLAGE = 5


@dataclass(frozen=True)
class Layer:
    """``reverse``: a high value is good, so the deep colour stands for the low ones."""

    id: str
    title: str | Promise
    unit: str | Promise
    digits: int
    value: Callable[[RegionResult], float | None]
    reverse: bool = False


def _percent(result: RegionResult) -> float | None:
    share = incidence(result)
    return None if share is None else round(share * 100, 4)


def _middle(result: RegionResult) -> float | None:
    mean = mean_interval(result)
    return None if mean is None else round(sum(mean) / 2, 4)


def _undecided(result: RegionResult) -> float | None:
    return round(result.undecided * 100 / result.households, 4) if result.households else None


LAYERS = (
    Layer("incidence", gettext_lazy("贫困发生率"), gettext_lazy("%，未脱贫人口 / 乡村人口"), 2, _percent),
    Layer("index", gettext_lazy("脱贫指数均值"), gettext_lazy("分，区间中点"), 1, _middle, reverse=True),
    Layer("persons", gettext_lazy("未脱贫人口"), gettext_lazy("人"), 0, lambda result: float(result.unexited_persons)),
    Layer("undecided", gettext_lazy("待定"), gettext_lazy("% 户"), 1, _undecided),
    Layer("findings", gettext_lazy("疑点"), gettext_lazy("条"), 0, lambda result: float(result.findings)),
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


def figures_of_map(results: Sequence[RegionResult], names: dict[str, str]) -> dict[str, Any]:
    """What ``map.js`` reads: layers with limits, and a row for each region."""
    values = {layer.id: {one.region: layer.value(one) for one in results} for layer in LAYERS}
    known = {id_: [value for value in found.values() if value is not None] for id_, found in values.items()}
    layers = {
        layer.id: {
            "title": str(layer.title),
            "unit": str(layer.unit),
            "digits": layer.digits,
            "reverse": layer.reverse,
            "from": min(known[layer.id], default=0),
            "steps": limits(known[layer.id], layer.digits),
            "note": _("分位数分档；灰色 = 没有参加运行的农户"),
        }
        for layer in LAYERS
    }
    below, homes = f"{reverse('command:map')}?region=", reverse("console:households")  # once, not 1,856 times
    rows = {
        one.region: {
            "name": names.get(one.region, one.region),
            "href": f"{below}{one.region}" if one.level < VILLAGE else f"{homes}?region={one.region}",
            "drill": one.level < VILLAGE,
            "index_text": mean_text(one),
            **{id_: found[one.region] for id_, found in values.items()},
        }
        for one in results
    }
    return {"layers": layers, "rows": rows, "illustrative": _("镇、村界为示意"), "source": _("县界：天地图")}
