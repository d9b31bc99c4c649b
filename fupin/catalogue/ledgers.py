"""Ledgers as data (D8): what the columns of an official table or list are in our words, and foreign code lists.

Source: ``data/ledgers``: one file a layout, ``lists.toml`` (code lists of other systems), ``names.toml`` (how
provincial ledgers call our fields).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from fupin.catalogue.entries import demand_choice, demand_keys, demand_new
from fupin.catalogue.schema import DATA, CatalogueError, Column, code_lists, read_toml, tables

FOLDER = DATA / "ledgers"
#: what one row of a table is
ROWS = ("household", "person")
HEADERS = ("code", "title")
WRITES = ("code", "label")
#: fields that no table of the registry has as a column of its own: type, (zh, en)
SPECIAL: Mapping[str, tuple[str, tuple[str, str]]] = {
    "persons.id_number": ("idcard", ("证件号码", "ID number")),
    "households.phone": ("text", ("联系电话", "phone number")),
    "households.bank_account": ("text", ("银行账号", "bank account")),
    "households.members": ("int", ("人数", "members")),
    "households.county": ("text", ("县名称", "name of the county")),
    "households.town": ("text", ("乡镇名称", "name of the township")),
    "households.village": ("text", ("行政村名称", "name of the village")),
    "group.number": ("text", ("户序号（本表内）", "number of the household in the list")),
    "group.head": ("text", ("户主姓名", "name of the head")),
    "valid.record": ("text", ("有效标志", "valid record")),
    "valid.member": ("text", ("人员状态", "state of the person")),
}
#: never shown, never kept as they were written
CLOSED = ("persons.id_number", "households.phone", "households.bank_account")
_TABLES = ("households", "persons", "survey")
_NOT_SET = frozenset({"persons.key", "persons.pinyin", "persons.age", "persons.village_code", "survey.household_id"})


@dataclass(frozen=True)
class Field:
    """One of our fields as a column of a ledger. ``column``: how its cells are read."""

    id: str
    column: Column

    @property
    def table(self) -> str:
        return self.id.partition(".")[0]

    @property
    def name(self) -> str:
        return self.id.partition(".")[2]


@dataclass(frozen=True)
class LedgerColumn:
    """``key``: the official code, or the heading where there is none. ``field``: "" when it is only kept as written,
    for the reason ``why``. ``constant``: what is written where nothing is kept."""

    key: str
    zh: str
    field: str = ""
    why: str = ""
    constant: str = ""
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True)
class Layout:
    """``header``: whether the table's first row has codes or titles; ``writes``: codes or their labels;
    ``flags``: how yes and no are written; ``yearly``: one row a year."""

    id: str
    zh: str
    en: str
    row: str
    header: str
    writes: str
    flags: tuple[str, str]
    reference: str
    columns: Mapping[str, LedgerColumn]
    yearly: bool = False

    def heading(self, column: LedgerColumn) -> str:
        return column.key if self.header == "code" else column.zh

    def of(self, field: str) -> LedgerColumn | None:
        """The column that holds a field."""
        return next((one for one in self.columns.values() if one.field == field), None)


@dataclass(frozen=True)
class ForeignList:
    """The numbers of another system for one of our code lists: foreign code → our code."""

    id: str
    of: str
    zh: str
    en: str
    reference: str
    values: Mapping[str, str]


@cache
def ledger_fields() -> Mapping[str, Field]:
    """Every field that a ledger may fill in, by id: ``persons.health``."""
    found: dict[str, Field] = {}
    for table in _TABLES:
        for name, column in tables()[table].columns.items():
            if not column.staged and (id_ := f"{table}.{name}") not in _NOT_SET:
                found[id_] = Field(id_, _as_written(column))
    for id_, (type_, (zh, en)) in SPECIAL.items():
        found[id_] = Field(id_, Column(id_.partition(".")[2], zh, type_, en=en))
    return found


def _as_written(column: Column) -> Column:
    """The registry holds money in 分; ledgers write yuan."""
    unit = "元" if column.type == "money" else column.unit
    type_ = "name" if column.name == "name" else column.type
    if column.name == "village_code":
        type_ = "region"
    return Column(
        column.name, column.zh, type_, en=column.en, unit=unit, codes=column.codes, pii=column.pii, min=column.min,
        max=column.max,
    )  # fmt: skip


def _column(key: str, raw: Mapping[str, Any], where: str) -> LedgerColumn:
    place = f"{where} [{key}]"
    demand_keys(raw, ("zh",), ("field", "why", "constant", "aliases"), place)
    if raw.get("field"):
        demand_choice(raw["field"], ledger_fields(), "field", place)
    elif not raw.get("why"):
        raise CatalogueError(f"{place}: a column without a field says why it is not taken over: why = …")
    return LedgerColumn(
        key, raw["zh"], raw.get("field", ""), raw.get("why", ""), raw.get("constant", ""), tuple(raw.get("aliases", ()))
    )


def _layout(raw: Mapping[str, Any], where: str) -> Layout:
    needed = ("id", "zh", "en", "row", "header", "writes", "flags", "reference", "columns")
    demand_keys(raw, needed, ("yearly",), where)
    for key, choices in (("row", ROWS), ("header", HEADERS), ("writes", WRITES)):
        demand_choice(raw[key], choices, key, where)
    columns = {key: _column(key, column, where) for key, column in raw["columns"].items()}
    fields = [one.field for one in columns.values() if one.field]
    if twice := sorted({field for field in fields if fields.count(field) > 1}):
        raise CatalogueError(f"{where}: two columns fill in {', '.join(twice)}; keep one")
    key = "households.household_id" if raw["row"] == "household" else "persons.person_id"
    if key not in fields:
        raise CatalogueError(f"{where}: no column fills in {key}: rows could not be told apart; add it")
    return Layout(
        raw["id"], raw["zh"], raw["en"], raw["row"], raw["header"], raw["writes"], tuple(raw["flags"]),
        raw["reference"], columns, raw.get("yearly", False),
    )  # fmt: skip


@cache
def layouts(folder: Path = FOLDER) -> Mapping[str, Layout]:
    """Every layout by id. Raises CatalogueError."""
    found: dict[str, Layout] = {}
    for path in sorted((folder / "layouts").glob("*.toml")):
        raw = read_toml(path)
        demand_new(raw.get("id", ""), found, path.name)
        found[raw.get("id", "")] = _layout(raw, path.name)
    return found


@cache
def foreign_lists(folder: Path = FOLDER) -> Mapping[str, ForeignList]:
    """Raises CatalogueError for a list that translates into a code which does not exist."""
    found: dict[str, ForeignList] = {}
    for id_, raw in read_toml(folder / "lists.toml").items():
        where = f"lists.toml [{id_}]"
        demand_keys(raw, ("of", "zh", "en", "reference", "values"), (), where)
        demand_choice(raw["of"], code_lists(), "of", where)
        for code in raw["values"].values():
            demand_choice(code, code_lists()[raw["of"]].values, "values", where)
        found[id_] = ForeignList(id_, raw["of"], raw["zh"], raw["en"], raw["reference"], raw["values"])
    return found


@cache
def other_names(folder: Path = FOLDER) -> Mapping[str, tuple[str, ...]]:
    """Field → headings that provincial ledgers write for it. Raises CatalogueError."""
    raw = read_toml(folder / "names.toml")["headings"]
    for field in raw:
        demand_choice(field, ledger_fields(), "heading", "names.toml")
    return {field: tuple(names) for field, names in raw.items()}


@cache
def other_words(folder: Path = FOLDER) -> Mapping[str, Mapping[str, str]]:
    """Code list → word that stands in ledgers → code. Raises CatalogueError."""
    raw = read_toml(folder / "names.toml")["words"]
    for id_, words in raw.items():
        demand_choice(id_, code_lists(), "words", "names.toml")
        for code in words.values():
            demand_choice(code, code_lists()[id_].values, id_, "names.toml")
    return {id_: dict(words) for id_, words in raw.items()}
