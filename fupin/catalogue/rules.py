"""Rules that compare the registry with what departments deliver. Source: ``data/rules/compare``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fupin.catalogue.entries import demand_choice, demand_keys, demand_new, entry_place
from fupin.catalogue.schema import DATA, CatalogueError, datasets, read_toml

DIRECTIONS = ("misplaced", "missed", "inconsistent")
#: population → states of the households in it; None: every household
POPULATIONS: Mapping[str, tuple[str, ...] | None] = {
    "registered": ("0", "2", "3"),
    "exited": ("1",),
    "listed": ("0", "1", "2", "3"),
    "unregistered": ("9",),
    "all": None,
}
TOPICS = (
    "car", "property", "company", "payroll", "machine", "deposits", "official", "dead", "moved", "duplicate", "split",
    "identity", "marriage", "subsistence", "disability", "illness", "schooling", "housing", "water", "insurance",
    "income", "labour", "relocation", "subsidy", "loan",
)  # fmt: skip
REGISTRY_TABLES = ("persons", "survey", "households")
_NEEDED = ("id", "version", "zh", "en", "direction", "severity", "topic", "population", "table", "where", "message",
           "notify", "reference", "examples")  # fmt: skip
_ALLOWED = ("having", "exemptions", "fires")


@dataclass(frozen=True)
class Exemption:
    id: str
    zh: str
    en: str
    where: str
    reference: str


@dataclass(frozen=True)
class Rule:
    """``severity``: 1 red … 5 hint. ``message``: language → text with placeholders."""

    id: str
    version: int
    zh: str
    en: str
    direction: str
    severity: int
    topic: str
    population: str
    table: str
    where: str
    message: Mapping[str, str]
    notify: str
    reference: str
    examples: tuple[Mapping[str, Any], ...]
    having: str = "n >= 1"
    exemptions: tuple[Exemption, ...] = ()
    fires: str = ""


def _check_choices(rule: Rule, where: str) -> None:
    demand_choice(rule.direction, DIRECTIONS, "direction", where)
    demand_choice(rule.topic, TOPICS, "topic", where)
    demand_choice(rule.population, tuple(POPULATIONS), "population", where)
    demand_choice(rule.table, (*REGISTRY_TABLES, *datasets()), "table", where)
    demand_choice(rule.notify, ("cadre", "county"), "notify", where)
    if rule.severity not in range(1, 6):
        raise CatalogueError(f"{where}: severity = {rule.severity}; write 1 (red) to 5 (hint)")
    if set(rule.message) != {"zh", "en"}:
        raise CatalogueError(f"{where}: message needs zh and en")


def _check_examples(rule: Rule, where: str) -> None:
    exemptions = [exemption.id for exemption in rule.exemptions]
    for example in rule.examples:
        allowed = ("rows", "why", "exemption", "person", "household", "fields")
        demand_keys(example, ("expect",), allowed, f"{where} examples")
        demand_choice(example["expect"], ("hit", "miss", "exempt"), "expect", where)
        if example["expect"] == "exempt":
            demand_choice(example.get("exemption"), exemptions, "exemption", where)
    shown = {example["expect"] for example in rule.examples}
    if missing := {"hit", "miss"} - shown:
        raise CatalogueError(f"{where}: no example with expect = {', '.join(sorted(missing))}; add one")
    shown_exemptions = {example.get("exemption") for example in rule.examples}
    if bare := [id_ for id_ in exemptions if id_ not in shown_exemptions]:
        raise CatalogueError(f"{where}: exemption {', '.join(bare)} has no example; add one with expect = 'exempt'")


def _rule(raw: dict[str, Any], where: str) -> Rule:
    demand_keys(raw, _NEEDED, _ALLOWED, where)
    exemptions = []
    for entry in raw.get("exemptions", []):
        demand_keys(entry, ("id", "zh", "en", "where", "reference"), (), f"{where} exemptions")
        exemptions.append(Exemption(**entry))
    rule = Rule(**{**raw, "exemptions": tuple(exemptions), "examples": tuple(raw["examples"])})
    _check_choices(rule, where)
    _check_examples(rule, where)
    return rule


def read_rules(folder: Path = DATA / "rules" / "compare") -> dict[str, Rule]:
    """Every rule by id, in the order of the files. Raises CatalogueError."""
    found: dict[str, Rule] = {}
    for path in sorted(folder.glob("*.toml")):
        for raw in read_toml(path).get("rule", []):
            where = entry_place(path, raw)
            rule = _rule(raw, where)
            demand_new(rule.id, found, where)
            found[rule.id] = rule
    return found
