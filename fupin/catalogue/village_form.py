"""What a village states of itself in a year (《贫困村登记表》), as data.

Source: ``data/dossiers/village_year.toml``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from fupin.catalogue.entries import demand_choice, demand_keys
from fupin.catalogue.schema import DATA, CatalogueError, Column, read_toml

FORM = DATA / "dossiers" / "village_year.toml"
TYPES = ("int", "decimal", "money", "flag", "text")
#: what the registry counts by itself, under the meaning of the form
COUNTED = (
    "households", "persons", "registered_households", "registered_persons", "poor_households", "poor_persons",
    "minority_persons", "women", "disabled_persons", "labour_force", "migrant_workers", "farmland_mu",
    "dangerous_houses", "small_homes", "water_unsafe", "water_hard", "powered_homes", "tv_homes",
    "medical_insured", "pension_insured",
)  # fmt: skip


@dataclass(frozen=True)
class Item:
    """A question of the form. ``counted``: the registry's own figure of the same meaning, "" where it has none;
    ``within``: another item that cannot be smaller."""

    column: Column
    group: str
    counted: str = ""
    within: str = ""

    @property
    def name(self) -> str:
        return self.column.name


@dataclass(frozen=True)
class VillageForm:
    reference: str
    groups: Mapping[str, tuple[str, str]]
    items: Mapping[str, Item]

    def of_group(self, group: str) -> list[Item]:
        return [item for item in self.items.values() if item.group == group]


@cache
def village_form(path: Path = FORM) -> VillageForm:
    """Raises CatalogueError."""
    raw = read_toml(path)
    demand_keys(raw, ("reference", "groups", "columns"), (), path.name)
    groups = {id_: (zh, en) for id_, (zh, en) in raw["groups"].items()}
    items = {name: _item(name, one, groups, f"{path.name} [{name}]") for name, one in raw["columns"].items()}
    for item in items.values():
        if item.within:
            demand_choice(item.within, items, "within", f"{path.name} [{item.name}]")
    return VillageForm(raw["reference"], groups, items)


def _item(name: str, raw: Mapping[str, Any], groups: Mapping[str, Any], where: str) -> Item:
    demand_keys(raw, ("group", "zh", "en", "type"), ("unit", "min", "max", "counted", "within"), where)
    demand_choice(raw["group"], groups, "group", where)
    demand_choice(raw["type"], TYPES, "type", where)
    if raw.get("counted"):
        demand_choice(raw["counted"], COUNTED, "counted", where)
    if raw["type"] in ("int", "decimal", "money") and raw.get("min") is None:
        raise CatalogueError(f"{where}: a number says its smallest value with min")
    own = {key: value for key, value in raw.items() if key not in ("group", "counted", "within")}
    return Item(Column(name=name, **own), raw["group"], raw.get("counted", ""), raw.get("within", ""))
