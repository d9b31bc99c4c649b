"""The vocabulary: every fact about a household that indicators and rules may name. Source: ``data/fields``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fupin.catalogue.entries import demand_choice, demand_keys, demand_new, entry_place
from fupin.catalogue.schema import DATA, CatalogueError, code_lists, datasets, read_toml, tables

FIELD_TYPES = ("int", "decimal", "money", "code", "flag")
TAKES = ("value", "count", "sum", "mean", "min", "max", "any")
ROLLUP_KEYS = ("table", "take", "of", "where", "absent")
_NEEDED = ("id", "zh", "en", "type", "source", "null")
_ALLOWED = ("unit", "pii", "codes", "expression", *ROLLUP_KEYS)


@dataclass(frozen=True)
class Field:
    """One fact about a household: taken from one table, or computed from other fields.

    ``absent`` is the value of a household without any matching row; None: unknown.
    """

    id: str
    zh: str
    en: str
    type: str
    source: str
    null: str
    unit: str = ""
    pii: str = "none"
    codes: str = ""
    table: str = ""
    take: str = ""
    of: str = ""
    where: str = ""
    absent: int | float | str | bool | None = None
    expression: str = ""

    @property
    def computed(self) -> bool:
        return bool(self.expression)


def _source_of(table: str) -> str:
    return {"households": "registry", "persons": "registry", "survey": "survey", "ledger": "ledger"}.get(
        table, f"department:{table}"
    )


def _check_rollup(field: Field, where: str) -> None:
    known = {**tables(), **datasets()}
    demand_choice(field.table, tuple(known), "table", where)
    demand_choice(field.take, TAKES, "take", where)
    if field.take in ("count", "any") and field.of:
        raise CatalogueError(f"{where}: take = {field.take!r} counts rows; remove `of` or put it into `where`")
    if field.take not in ("count", "any") and not field.of:
        raise CatalogueError(f"{where}: take = {field.take!r} needs `of`, an expression over the row")
    if field.table in ("households", "survey") and field.take != "value":
        raise CatalogueError(f"{where}: {field.table} has one row for a household; write take = 'value'")
    if field.table == "persons" and field.take == "value":
        raise CatalogueError(f"{where}: a household has many persons; take count, sum, mean, min, max or any")
    if field.table == "ledger" and field.take != "sum":
        raise CatalogueError(f"{where}: over the ledger only take = 'sum' is defined")


def _with_codes(raw: dict[str, Any]) -> dict[str, Any]:
    """A code field that takes one column inherits the code list of that column."""
    if raw["type"] != "code" or raw.get("codes"):
        return raw
    name = raw.get("table", "")
    table = tables().get(name) or datasets().get(name)
    column = table.columns.get(raw.get("of", "")) if table else None
    return {**raw, "codes": column.codes} if column else raw


def _check_source(field: Field, where: str) -> None:
    if field.computed:
        if field.source != "computed":
            raise CatalogueError(f"{where}: has an expression; write source = 'computed'")
        return
    natural = _source_of(field.table)
    if field.source != natural:
        raise CatalogueError(f"{where}: taken from {field.table}; write source = {natural!r}")


def _field(raw: dict[str, Any], where: str) -> Field:
    demand_keys(raw, _NEEDED, _ALLOWED, where)
    demand_choice(raw["type"], FIELD_TYPES, "type", where)
    field = Field(**_with_codes(raw))
    if field.computed and (extra := [key for key in ROLLUP_KEYS if key in raw]):
        raise CatalogueError(f"{where}: has both expression and {', '.join(extra)}; keep one way")
    if not field.computed:
        _check_rollup(field, where)
    _check_source(field, where)
    if field.type == "code" and field.codes not in code_lists():
        raise CatalogueError(f"{where}: type = 'code' needs codes = a list of data/codes; got {field.codes!r}")
    return field


def read_fields(folder: Path = DATA / "fields") -> dict[str, Field]:
    """Every field by id, in the order of the files. Raises CatalogueError."""
    found: dict[str, Field] = {}
    for path in sorted(folder.glob("*.toml")):
        for raw in read_toml(path).get("field", []):
            where = entry_place(path, raw)
            field = _field(raw, where)
            demand_new(field.id, found, where)
            found[field.id] = field
    return found
