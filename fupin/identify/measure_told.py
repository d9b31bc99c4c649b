"""Measures of regions as a plain structure: for machines, with the line and the specification that they rest on."""

from __future__ import annotations

from typing import Any

from fupin.accounts.api import User
from fupin.catalogue.load import load_catalogue
from fupin.identify.measure_models import RegionMeasure
from fupin.identify.measure_queries import region_measure, region_measures
from fupin.identify.measure_rows import registry_spec
from fupin.identify.models import Run
from fupin.kernel.errors import NotFound, UserError
from fupin.registry import api as registry


def measures_told(user: User, run: Run, code: str, level: int | None = None) -> dict[str, Any]:
    """One region and, with ``level`` (0: the next one down), those below it. Raises UserError when there is nothing."""
    try:
        measure = region_measure(user, run, code)
    except NotFound:
        measure = None
    if measure is None:
        raise UserError(
            f"运行 {run.pk} 没有地区 {code} 的测算（或不在您的辖区）",
            f"run {run.pk} holds no measures of region {code} (or it is outside your region)",
            "核对区划代码；旧运行用 fupin migrate 补全", "check the code; `fupin migrate` completes older runs",
        )  # fmt: skip
    below = [] if level is None else region_measures(user, run, code, level or None)
    names = dict(
        registry.Region.objects.filter(code__in=[code, *(one.region for one in below)]).values_list("code", "name")
    )
    return {
        "run": run.pk,
        "as_of": run.as_of.isoformat(),
        "line": told_line(measure),
        "spec": told_spec(),
        "region": _told(measure, names),
        "regions": [_told(one, names) for one in below],
    }


def told_line(measure: RegionMeasure) -> dict[str, Any]:
    """The line by its parameter: id, names, value in 分 per person and year."""
    parameter = load_catalogue().parameters.get(measure.line_id)
    zh, en = (parameter.zh, parameter.en) if parameter else (measure.line_id, measure.line_id)
    return {"id": measure.line_id, "zh": zh, "en": en, "value": measure.line, "unit": "分/人年"}


def told_spec() -> dict[str, Any]:
    spec = registry_spec()
    return {"id": spec.id, "zh": spec.zh, "en": spec.en, "cutoff": float(spec.cutoff), "trial": spec.trial}


def _told(measure: RegionMeasure, names: dict[str, str]) -> dict[str, Any]:
    counts = (
        "level", "small", "households", "persons", "unknown_households", "unknown_persons", "poor_households",
        "poor_persons", "undecided_persons",
    )  # fmt: skip
    head = {"code": measure.region, "name": names.get(measure.region, measure.region)}
    head |= {name: getattr(measure, name) for name in counts}
    return {**head, **measure.values, "lorenz": measure.lorenz, "indicators": measure.mpi}
