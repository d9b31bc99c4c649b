"""What outside data look like: code lists, columns, tables of the registry, data sets of the departments.

Source of the shapes: ``data/codes``, ``data/tables``, ``data/datasets``.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

DATA = Path(__file__).parent / "data"

COLUMN_TYPES = (
    "idcard", "name", "text", "code", "region", "int", "decimal", "money", "flag", "date", "month", "key",
)  # fmt: skip
CYCLES = ("monthly", "quarterly", "termly", "yearly")
SUBJECTS = ("person", "household", "village")
#: what it means that a person has no row: ``events`` – nothing happened; every other coverage – not known
COVERAGES = ("events", "residents", "insured", "surveyed", "villages")


class CatalogueError(ValueError):
    """A catalogue file is wrong: says the file, the entry and what to do."""


@dataclass(frozen=True)
class CodeList:
    id: str
    zh: str
    en: str
    values: Mapping[str, tuple[str, str]]
    reference: str = ""
    trial: bool = False

    def label(self, code: str | None, lang: str = "zh") -> str:
        """The words of a code; the code itself when it is not in the list; "" for None."""
        if code is None:
            return ""
        pair = self.values.get(code)
        return code if pair is None else pair[0 if lang == "zh" else 1]


@dataclass(frozen=True)
class Column:
    name: str
    zh: str
    type: str
    en: str = ""
    unit: str = ""
    codes: str = ""
    required: bool = False
    pii: str = "none"
    aliases: tuple[str, ...] = ()
    min: float | None = None
    max: float | None = None
    null: str = ""
    item: str = ""
    staged: bool = False
    #: a date that may lie after the cut-off date (a term ends, a licence runs out)
    future: bool = False


@dataclass(frozen=True)
class Table:
    """A table of the registry as the engine sees it."""

    id: str
    zh: str
    en: str
    key: tuple[str, ...]
    columns: Mapping[str, Column]


@dataclass(frozen=True)
class Dataset:
    """What one department delivers. ``key`` names the columns that make a row unique."""

    id: str
    zh: str
    en: str
    department: str
    department_zh: str
    department_en: str
    cycle: str
    subject: str
    coverage: str
    key: tuple[str, ...]
    columns: Mapping[str, Column] = field(default_factory=dict)
    weak_id: str = "quarantine"

    @property
    def id_columns(self) -> tuple[str, ...]:
        return tuple(c.name for c in self.columns.values() if c.type == "idcard")


def read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise CatalogueError(f"{path.name}: not valid TOML: {error}") from error


def _column(name: str, raw: Mapping[str, Any], where: str) -> Column:
    values = {**raw, "name": name, "aliases": tuple(raw.get("aliases", ()))}
    try:
        column = Column(**values)
    except TypeError as error:
        raise CatalogueError(f"{where}: column {name!r}: {error}") from error
    if column.type not in COLUMN_TYPES:
        raise CatalogueError(f"{where}: column {name!r}: type {column.type!r} is not one of {', '.join(COLUMN_TYPES)}")
    if column.codes and column.codes not in code_lists():
        raise CatalogueError(f"{where}: column {name!r}: no code list {column.codes!r} in data/codes")
    return column


@cache
def code_lists() -> Mapping[str, CodeList]:
    lists: dict[str, CodeList] = {}
    for path in sorted((DATA / "codes").glob("*.toml")):
        for id_, raw in read_toml(path).items():
            values = {str(code): (zh, en) for code, (zh, en) in raw["values"].items()}
            lists[id_] = CodeList(id_, raw["zh"], raw["en"], values, raw.get("reference", ""), raw.get("trial", False))
    return lists


@cache
def tables() -> Mapping[str, Table]:
    found: dict[str, Table] = {}
    for path in sorted((DATA / "tables").glob("*.toml")):
        for id_, raw in read_toml(path).items():
            columns = {name: _column(name, column, f"{path.name} [{id_}]") for name, column in raw["columns"].items()}
            found[id_] = Table(id_, raw["zh"], raw["en"], tuple(raw["key"]), columns)
    return found


def _dataset(raw: Mapping[str, Any], head: Mapping[str, Any], where: str) -> Dataset:
    place = f"{where} [{raw['id']}]"
    columns = {column["name"]: _column(column["name"], column, place) for column in raw["columns"]}
    for name, allowed in (("cycle", CYCLES), ("subject", SUBJECTS), ("coverage", COVERAGES)):
        if raw[name] not in allowed:
            raise CatalogueError(f"{place}: {name} = {raw[name]!r}; write one of {', '.join(allowed)}")
    if missing := set(raw["key"]) - set(columns):
        raise CatalogueError(f"{place}: key names columns that do not exist: {', '.join(sorted(missing))}")
    values = {**head, **raw, "key": tuple(raw["key"]), "columns": columns}
    return Dataset(**values)


@cache
def datasets() -> Mapping[str, Dataset]:
    """Every data set by id, in the order of the files."""
    found: dict[str, Dataset] = {}
    for path in sorted((DATA / "datasets").glob("*.toml")):
        raw = read_toml(path)
        head = {key: raw[key] for key in ("department", "department_zh", "department_en")}
        for entry in raw["dataset"]:
            if entry["id"] in found:
                raise CatalogueError(f"{path.name}: data set {entry['id']!r} stands twice")
            found[entry["id"]] = _dataset(entry, head, path.name)
    return found


def departments() -> Mapping[str, tuple[str, str]]:
    """Department code → (zh, en)."""
    return {d.department: (d.department_zh, d.department_en) for d in datasets().values()}
