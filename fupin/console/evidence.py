"""Where a finding comes from, and what the household itself said about the same thing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fupin.catalogue.schema import Column, datasets, tables
from fupin.identify.api import Finding, Run
from fupin.registry.api import Survey
from fupin.ui.facts import Fact, fact

#: topic of a rule → columns of the survey in which the household speaks of the same thing
STATEMENTS: Mapping[str, tuple[str, ...]] = {
    "car": ("cars", "motorbikes", "ebikes"),
    "property": ("house_count", "house_area", "house_ownership"),
    "company": ("industry_kinds", "company_led", "declared_income_head"),
    "payroll": ("declared_income_head",),
    "machine": ("small_machines", "farmland_mu"),
    "deposits": ("savings", "debt_total"),
    "official": ("declared_income_head",),
    "moved": ("long_absent",),
    "illness": ("medical_paid_year", "debt_medical"),
    "schooling": ("education_paid_year", "debt_education", "study_space"),
    "housing": ("house_grade", "house_structure", "roof_leaks", "wall_cracks"),
    "water": ("water_source", "water_safe", "water_short_days"),
    "income": ("declared_income_head", "farmland_mu", "pigs", "cattle"),
    "labour": ("declared_income_head",),
    "relocation": ("house_ownership", "house_count", "house_area"),
    "subsidy": ("farmland_mu", "forest_mu", "cash_crop_mu"),
    "loan": ("debt_total", "debt_private"),
    "subsistence": ("declared_income_head", "debt_total"),
    "disability": ("declared_income_head",),
    "insurance": ("medical_paid_year",),
}


@dataclass(frozen=True)
class Evidence:
    """One row of a delivery. ``cut_off`` is "" when the run's manifest does not name the delivery."""

    department: tuple[str, str]
    dataset: tuple[str, str]
    delivery: str
    row: int | None
    method: str
    cut_off: str


def evidence_of(run: Run, finding: Finding) -> list[Evidence]:
    cut_offs = _cut_offs(run.manifest)
    return [_evidence(raw, cut_offs) for raw in finding.evidence]


def _evidence(raw: Mapping[str, Any], cut_offs: Mapping[str, str]) -> Evidence:
    known = datasets().get(str(raw.get("dataset", "")))
    table = tables().get(str(raw.get("dataset", "")))
    names = known or table
    return Evidence(
        department=(known.department_zh, known.department_en) if known else ("登记库", "registry"),
        dataset=(names.zh, names.en) if names else (str(raw.get("dataset", "")),) * 2,
        delivery=str(raw.get("delivery") or ""),
        row=raw.get("row"),
        method=str(raw.get("method") or ""),
        cut_off=cut_offs.get(str(raw.get("delivery")), ""),
    )


def _cut_offs(manifest: Mapping[str, Any]) -> dict[str, str]:
    listed = manifest.get("inputs", {}).get("deliveries", [])
    return {str(one["delivery"]): str(one["cut_off"]) for one in listed}


def statements_of(topic: str, survey: Survey | None) -> list[Fact]:
    """The survey's answers on the finding's topic; empty when nobody asked."""
    if survey is None:
        return []
    columns: Mapping[str, Column] = tables()["survey"].columns
    return [fact(columns[name], getattr(survey, name)) for name in STATEMENTS.get(topic, ())]
