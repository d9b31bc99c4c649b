"""Seven dimensions and their indicators, scored by tables. Source: ``data/indicators``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from fupin.catalogue.entries import demand_choice, demand_keys, demand_new, entry_place
from fupin.catalogue.fields import Field
from fupin.catalogue.schema import DATA, CatalogueError, code_lists, datasets, read_toml

#: dimension → (number of indicators, points), as the index is laid down (试行)
DIMENSIONS: Mapping[str, tuple[int, int]] = {
    "housing": (32, 12),
    "services": (24, 8),
    "land": (30, 16),
    "income": (33, 14),
    "labour": (30, 18),
    "health": (24, 12),
    "education": (26, 20),
}
LOOKS = ("house", "grain", "labour", "study")
NUMBERS = ("int", "decimal", "money")
_NEEDED = ("id", "zh", "en", "field", "points", "evidence", "reference", "examples")
_ALLOWED = ("bands", "codes", "applies")


@dataclass(frozen=True)
class Band:
    """``points`` (hundredths) of a value below ``below``; below None: every other value."""

    below: float | None
    points: int


@dataclass(frozen=True)
class Indicator:
    """``points``: full points in hundredths of a point. Exactly one of ``bands`` and ``codes`` is filled."""

    id: str
    zh: str
    en: str
    field: str
    points: int
    evidence: str
    reference: str
    bands: tuple[Band, ...] = ()
    codes: Mapping[str, int] | None = None
    applies: str = ""
    examples: tuple[Mapping[str, Any], ...] = ()

    @property
    def outcomes(self) -> tuple[int, ...]:
        """The points of every line of the scoring table."""
        return tuple(self.codes.values()) if self.codes is not None else tuple(band.points for band in self.bands)

    @property
    def table_key(self) -> tuple[object, ...]:
        """Two indicators with the same key would say the same thing."""
        codes = None if self.codes is None else tuple(sorted(self.codes.items()))
        return self.field, self.bands, codes


@dataclass(frozen=True)
class Dimension:
    id: str
    zh: str
    en: str
    look: str
    weight: int
    indicators: tuple[Indicator, ...]


def _bands(raw: list[dict[str, Any]], where: str) -> tuple[Band, ...]:
    bands = tuple(Band(entry.get("below"), entry["points"]) for entry in raw)
    limits = [band.below for band in bands[:-1]]
    if bands[-1].below is not None or None in limits:
        raise CatalogueError(f"{where}: exactly the last band must be without `below`")
    if any(a >= b for a, b in pairwise(limits) if a is not None and b is not None):
        raise CatalogueError(f"{where}: the limits of the bands must rise")
    return bands


def _check_table(indicator: Indicator, field: Field, where: str) -> None:
    if bool(indicator.bands) == (indicator.codes is not None):
        raise CatalogueError(f"{where}: write either bands (numbers) or codes (codes and flags)")
    if (field.type in NUMBERS) != bool(indicator.bands):
        raise CatalogueError(f"{where}: field {field.id!r} is {field.type}; numbers need bands, codes and flags codes")
    if indicator.codes is not None:
        wanted = {"true", "false"} if field.type == "flag" else set(code_lists()[field.codes].values)
        if wrong := wanted ^ set(indicator.codes):
            raise CatalogueError(
                f"{where}: codes missing or not in the list of {field.id!r}: {', '.join(sorted(wrong))}"
            )
    outcomes = indicator.outcomes
    if max(outcomes) != indicator.points or min(outcomes) != 0:
        raise CatalogueError(
            f"{where}: the table must reach from 0 to {indicator.points}; it has {sorted(set(outcomes))}"
        )


def _check_examples(indicator: Indicator, where: str) -> None:
    for example in indicator.examples:
        demand_keys(example, (), ("value", "given", "points", "applies", "unknown", "why"), where)
    points = [example.get("points") for example in indicator.examples]
    for wanted in (0, indicator.points):
        if wanted not in points:
            raise CatalogueError(f"{where}: no example with points = {wanted}; add one")


def base_fields(id_: str, fields: Mapping[str, Field], names: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """The fields that are not computed, on which field ``id_`` rests. ``names``: field → names in its expression."""
    if not fields[id_].computed:
        return frozenset({id_})
    return frozenset().union(*(base_fields(name, fields, names) for name in names[id_]))


def _indicator(raw: dict[str, Any], fields: Mapping[str, Field], where: str) -> Indicator:
    demand_keys(raw, _NEEDED, _ALLOWED, where)
    if raw["field"] not in fields:
        raise CatalogueError(f"{where}: no field {raw['field']!r} in data/fields; define it or correct the name")
    department = raw["evidence"].removeprefix("department:")
    if raw["evidence"] not in ("survey", "registry", "ledger") and department not in datasets():
        raise CatalogueError(
            f"{where}: evidence = {raw['evidence']!r}; write survey, registry, ledger or department:<id>"
        )
    values = {**raw, "examples": tuple(raw["examples"])}
    if "bands" in raw:
        values["bands"] = _bands(raw["bands"], where)
    indicator = Indicator(**values)
    _check_table(indicator, fields[indicator.field], where)
    _check_examples(indicator, where)
    return indicator


def _dimension(path: Path, fields: Mapping[str, Field], seen: dict[str, Indicator]) -> Dimension:
    raw = read_toml(path)
    demand_keys(raw, ("dimension", "zh", "en", "look", "weight", "indicator"), (), path.name)
    demand_choice(raw["dimension"], tuple(DIMENSIONS), "dimension", path.name)
    demand_choice(raw["look"], LOOKS, "look", path.name)
    found: list[Indicator] = []
    for entry in raw["indicator"]:
        where = entry_place(path, entry)
        indicator = _indicator(entry, fields, where)
        demand_new(indicator.id, seen, where)
        twins = [other.id for other in seen.values() if other.table_key == indicator.table_key]
        if twins:
            raise CatalogueError(f"{where}: same field and same table as {twins[0]!r}; it says nothing new, remove it")
        seen[indicator.id] = indicator
        found.append(indicator)
    total = sum(indicator.points for indicator in found)
    if total != raw["weight"] * 100:
        raise CatalogueError(f"{path.name}: points add up to {total}, not to weight × 100 = {raw['weight'] * 100}")
    return Dimension(raw["dimension"], raw["zh"], raw["en"], raw["look"], raw["weight"], tuple(found))


def read_dimensions(fields: Mapping[str, Field], folder: Path = DATA / "indicators") -> tuple[Dimension, ...]:
    """The dimensions in the order of :data:`DIMENSIONS`. Raises CatalogueError."""
    seen: dict[str, Indicator] = {}
    found: dict[str, Dimension] = {}
    for path in sorted(folder.glob("*.toml")):
        dimension = _dimension(path, fields, seen)
        demand_new(dimension.id, found, path.name)
        found[dimension.id] = dimension
    return tuple(found[id_] for id_ in DIMENSIONS if id_ in found)
