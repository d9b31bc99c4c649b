"""Rules of the logic screening (逻辑筛查): contradictions inside the registry itself. Source: ``data/rules/screen``.

``screen/*.toml`` rules, one theme a file · ``screen/staged`` facts across rows, as fields · ``screen/columns`` facts
that the registry does not hold yet: a rule that needs one is not applicable until a snapshot brings it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from fupin.catalogue.entries import demand_choice, demand_keys, demand_new, entry_place
from fupin.catalogue.fields import Field, read_fields
from fupin.catalogue.rules import POPULATIONS
from fupin.catalogue.schema import DATA, CatalogueError, code_lists, read_toml

#: what a rule speaks of; the row that its condition reads
LEVELS = ("person", "household", "village")
MENDERS = ("cadre", "town", "county")
COLUMN_TYPES = ("int", "decimal", "money", "code", "flag")
EXPECTED = ("hit", "miss", "unknown")
_NEEDED = ("id", "zh", "en", "severity", "level", "where", "message", "mends", "source", "examples")
_ALLOWED = ("version", "population", "trial")
_COLUMN = ("id", "level", "zh", "en", "type")


@dataclass(frozen=True)
class ScreenColumn:
    """A fact that rules ask for and the registry does not hold yet; its name begins with ``x_``."""

    id: str
    level: str
    zh: str
    en: str
    type: str
    codes: str = ""


@dataclass(frozen=True)
class ScreenRule:
    """``severity``: 1 red … 5 hint. ``trial``: no official list says so, the limit is ours (试行)."""

    id: str
    theme: str
    zh: str
    en: str
    severity: int
    level: str
    where: str
    message: Mapping[str, str]
    mends: str
    source: str
    examples: tuple[Mapping[str, Any], ...]
    version: int = 1
    population: str = "listed"
    trial: bool = False


@dataclass(frozen=True)
class Screening:
    """Themes (id → zh, en), rules, staged fields and columns to come."""

    themes: Mapping[str, tuple[str, str]]
    rules: Mapping[str, ScreenRule]
    staged: Mapping[str, Field]
    columns: Mapping[str, ScreenColumn]


def _rule(raw: dict[str, Any], theme: str, where: str) -> ScreenRule:
    demand_keys(raw, _NEEDED, _ALLOWED, where)
    rule = ScreenRule(**{**raw, "theme": theme, "examples": tuple(raw["examples"])})
    demand_choice(rule.level, LEVELS, "level", where)
    demand_choice(rule.mends, MENDERS, "mends", where)
    demand_choice(rule.population, tuple(POPULATIONS), "population", where)
    if rule.severity not in range(1, 6):
        raise CatalogueError(f"{where}: severity = {rule.severity}; write 1 (red) to 5 (hint)")
    if set(rule.message) != {"zh", "en"}:
        raise CatalogueError(f"{where}: message needs zh and en")
    for example in rule.examples:
        demand_keys(example, ("expect", "row"), ("why",), f"{where} examples")
        demand_choice(example["expect"], EXPECTED, "expect", where)
    if missing := {"hit", "miss"} - {example["expect"] for example in rule.examples}:
        raise CatalogueError(f"{where}: no example with expect = {', '.join(sorted(missing))}; add one")
    return rule


def _columns(folder: Path) -> dict[str, ScreenColumn]:
    found: dict[str, ScreenColumn] = {}
    for path in sorted(folder.glob("*.toml")):
        for raw in read_toml(path).get("column", []):
            where = entry_place(path, raw)
            demand_keys(raw, _COLUMN, ("codes",), where)
            column = ScreenColumn(**raw)
            demand_choice(column.level, ("person", "household"), "level", where)
            demand_choice(column.type, COLUMN_TYPES, "type", where)
            if not column.id.startswith("x_"):
                raise CatalogueError(f"{where}: the id of a column to come begins with x_; rename it")
            if column.codes and column.codes not in code_lists():
                raise CatalogueError(f"{where}: no code list {column.codes!r} in data/codes")
            demand_new(column.id, found, where)
            found[column.id] = column
    return found


@cache
def read_screening(folder: Path = DATA / "rules" / "screen") -> Screening:
    """Everything of the logic screening (structure checked; the engine compiles the expressions).

    Raises CatalogueError.
    """
    themes: dict[str, tuple[str, str]] = {}
    rules: dict[str, ScreenRule] = {}
    for path in sorted(folder.glob("*.toml")):
        raw = read_toml(path)
        demand_keys(raw, ("theme", "zh", "en", "rule"), (), path.name)
        demand_new(raw["theme"], themes, path.name)
        themes[raw["theme"]] = (raw["zh"], raw["en"])
        for entry in raw["rule"]:
            where = entry_place(path, entry)
            rule = _rule(entry, raw["theme"], where)
            demand_new(rule.id, rules, where)
            rules[rule.id] = rule
    return Screening(themes, rules, read_fields(folder / "staged"), _columns(folder / "columns"))
