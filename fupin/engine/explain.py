"""How the index of one household came about, and the evidence of each of its findings."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl

from fupin.catalogue.indicators import Dimension, Indicator
from fupin.catalogue.load import load_catalogue
from fupin.catalogue.schema import DATA, datasets
from fupin.engine.compare import render
from fupin.engine.fields import base_fields
from fupin.engine.index import UNIT
from fupin.engine.inputs import DeliveryFile, RunInputs
from fupin.engine.scoring import INAPPLICABLE, UNKNOWN
from fupin.engine.unknowns import grounds, rank_unknown_of_one
from fupin.kernel.errors import UserError

REGISTRY_SOURCES = {
    "registry": ("建档立卡登记", "registry"),
    "survey": ("入户调查", "household survey"),
    "ledger": ("收支台账", "ledger"),
}


RESULTS = ("index", "indicators", "fields", "findings", "links")


def _rows(folder: Path, household_id: str) -> dict[str, pl.DataFrame]:
    """Result → the rows of one household, read side by side; Parquet statistics keep the rest of a file unread."""
    here = pl.col("household_id") == household_id
    frames = pl.collect_all([pl.scan_parquet(folder / f"{result}.parquet").filter(here) for result in RESULTS])
    return dict(zip(RESULTS, frames, strict=True))


def _sources(links: pl.DataFrame, inputs: RunInputs) -> dict[str, list[dict[str, Any]]]:
    """Data set → the household's delivered rows, each with delivery, row, department and cut-off date."""
    files = {file.delivery: file for file in inputs.deliveries}
    found: dict[str, list[dict[str, Any]]] = {}
    for link in links.iter_rows(named=True):
        file = files.get(link["delivery"])
        entry = _source(link["dataset"], link["delivery"], link["row"], file.cut_off.isoformat() if file else None)
        entry |= {"person_id": link["person_id"], "method": link["method"], "probability": link["probability"] / UNIT}
        found.setdefault(link["dataset"], []).append(entry)
    return found


def _source(dataset: str, delivery: str | None, row: int | None, cut_off: str | None) -> dict[str, Any]:
    shape = datasets().get(dataset)
    return {
        "dataset": dataset,
        "dataset_zh": shape.zh if shape else REGISTRY_SOURCES.get(dataset, ("建档立卡登记", ""))[0],
        "department": shape.department if shape else "",
        "department_zh": shape.department_zh if shape else "",
        "delivery": delivery,
        "row": row,
        "cut_off": cut_off,
    }


def _status(points: int) -> str:
    return {UNKNOWN: "unknown", INAPPLICABLE: "not_applicable"}.get(points, "known")


class _Explanation:
    """Everything read of one household."""

    def __init__(self, folder: Path, inputs: RunInputs, household_id: str, catalogue_folder: Path) -> None:
        self.inputs, self.catalogue = inputs, load_catalogue(catalogue_folder)
        rows = _rows(folder, household_id)
        self.index = rows["index"]
        if not len(self.index):
            raise UserError(
                f"本次运行中没有户 {household_id}", f"no household {household_id} in this run",
                "核对户编号和运行的区域", "check the number and the region of the run",
            )  # fmt: skip
        self.points, self.fields = rows["indicators"].row(0, named=True), rows["fields"].row(0, named=True)
        self.findings = rows["findings"]
        self.sources = _sources(rows["links"], inputs)
        self.origins, self.grounds = _origins(catalogue_folder), _grounds(catalogue_folder)

    def indicator(self, indicator: Indicator) -> dict[str, Any]:
        points = int(self.points[indicator.id])
        return {
            "id": indicator.id,
            "zh": indicator.zh,
            "en": indicator.en,
            "field": indicator.field,
            "value": self.fields[indicator.field],
            "unit": self.catalogue.fields[indicator.field].unit,
            "status": _status(points),
            "points": max(points, 0) / 100,
            "full": indicator.points / 100,
            "reference": indicator.reference,
            "evidence": self.evidence(indicator),
        }

    def evidence(self, indicator: Indicator) -> list[dict[str, Any]]:
        """The sources of the fields below the indicator: delivered rows, or the registry at the snapshot."""
        found: list[dict[str, Any]] = []
        for name in self.origins[indicator.field]:
            if name in REGISTRY_SOURCES:
                found.append(_source(name, None, None, self.inputs.as_of.isoformat()))
            else:
                found += self.delivered(name.removeprefix("department:"))
        return found

    def delivered(self, dataset: str) -> list[dict[str, Any]]:
        """The household's rows of a data set; without any, the newest delivery and ``absent``: nothing found there."""
        if dataset not in self.sources:
            self.sources[dataset] = self._village_rows(dataset) or self._absence(dataset)
        return self.sources[dataset]

    def _files(self, dataset: str) -> list[DeliveryFile]:
        chosen = [file for file in self.inputs.deliveries if file.dataset == dataset]
        return sorted(chosen, key=lambda file: file.age, reverse=True)

    def _village_rows(self, dataset: str) -> list[dict[str, Any]]:
        shape = datasets().get(dataset)
        if shape is None or shape.subject != "village":
            return []
        for file in self._files(dataset):
            here = pl.col("village_code") == self.index.item(0, "village_code")
            rows = pl.scan_parquet(file.path).filter(here).select("row").collect()
            if len(rows):
                return [_source(dataset, file.delivery, int(rows.item(-1, 0)), file.cut_off.isoformat())]
        return []

    def _absence(self, dataset: str) -> list[dict[str, Any]]:
        newest = self._files(dataset)[:1]
        return [_source(dataset, file.delivery, None, file.cut_off.isoformat()) | {"absent": True} for file in newest]

    def dimension(self, dimension: Dimension) -> dict[str, Any]:
        low, high, weight = (self.index.item(0, f"{dimension.id}_{part}") for part in ("low", "high", "weight"))
        head = {"id": dimension.id, "zh": dimension.zh, "en": dimension.en, "look": dimension.look}
        scores = {"low": low / UNIT, "high": high / UNIT, "weight": weight, "full": dimension.weight}
        return {**head, **scores, "indicators": [self.indicator(indicator) for indicator in dimension.indicators]}

    def finding(self, row: Mapping[str, Any]) -> dict[str, Any]:
        rule = self.catalogue.rules[row["rule"]]
        cut_offs = {file.delivery: file.cut_off.isoformat() for file in self.inputs.deliveries}
        evidence = [
            _source(e["dataset"], e["delivery"], e["row"], cut_offs.get(e["delivery"], self.inputs.as_of.isoformat()))
            | {"person_id": e["person_id"], "method": e["method"]}
            for e in row["evidence"]
        ]
        messages = {lang: render(rule, row["params"], lang, self.catalogue.fields) for lang in ("zh", "en")}
        kept = {
            name: row[name]
            for name in ("finding_id", "rule", "version", "severity", "direction", "topic", "n", "exempted")
        }
        return {**kept, "zh": rule.zh, "en": rule.en, "message": messages, "reference": rule.reference,
                "params": json.loads(row["params"]), "evidence": evidence}  # fmt: skip

    def as_dict(self) -> dict[str, Any]:
        head = self.index.row(0, named=True)
        ranked = rank_unknown_of_one(self.fields, self.points, self.catalogue, self.grounds)
        return {
            "household_id": head["household_id"],
            "village_code": head["village_code"],
            "state": head["state"],
            "low": head["low"] / UNIT,
            "high": head["high"] / UNIT,
            "band": head["band"],
            "unknown": head["unknown"],
            "dimensions": [self.dimension(dimension) for dimension in self.catalogue.dimensions],
            "unknown_fields": [
                {"field": o.field, "zh": self.catalogue.fields[o.field].zh, "narrows": o.narrows / UNIT} for o in ranked
            ],
            "findings": [self.finding(row) for row in self.findings.iter_rows(named=True)],
        }


def explain(folder: Path, inputs: RunInputs, household_id: str, catalogue_folder: Path = DATA) -> dict[str, Any]:
    """Index, indicators, unknown fields and findings of a household, with their sources.

    Points are in points, not in ten-thousandths. Raises UserError when the household is not in the run.
    """
    return _Explanation(folder, inputs, household_id, catalogue_folder).as_dict()


@cache
def _grounds(catalogue_folder: Path) -> Mapping[str, tuple[str, ...]]:
    return grounds(load_catalogue(catalogue_folder))


@cache
def _origins(catalogue_folder: Path) -> Mapping[str, tuple[str, ...]]:
    """Field → the sources of the base fields below it, in order."""
    catalogue = load_catalogue(catalogue_folder)
    bases = base_fields(catalogue)
    return {id_: tuple(sorted({catalogue.fields[base].source for base in bases[id_]})) for id_ in bases}
