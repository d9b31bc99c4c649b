"""Which names an expression may use over which table (column → catalogue type)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from fupin.catalogue.fields import Field
from fupin.catalogue.schema import datasets, tables

REGISTRY = ("households", "survey", "persons", "ledger")


def _with_days(columns: Mapping[str, str]) -> dict[str, str]:
    days = {f"{name}_days": "int" for name, type_ in columns.items() if type_ == "date"}
    return {**columns, **days}


@cache
def table_vocabulary(table: str) -> Mapping[str, str]:
    """Columns of a registry table or data set, with the staged ones. Keys stay out."""
    shape = tables().get(table) or datasets()[table]
    names = {column.name: column.type for column in shape.columns.values() if column.type != "key"}
    if table == "persons":
        names |= {f"has_{dataset}": "flag" for dataset in datasets()} | {"key_count": "int"}
    return _with_days(names)


def field_vocabulary(fields: Mapping[str, Field], prefix: str = "") -> dict[str, str]:
    return {f"{prefix}{field.id}": field.type for field in fields.values()}


def rule_vocabulary(table: str, fields: Mapping[str, Field]) -> dict[str, str]:
    """Names for ``where`` and exemptions: the row, ``p_`` the person, ``h_`` household and survey, ``f_`` fields."""
    people = {f"p_{name}": type_ for name, type_ in table_vocabulary("persons").items()}
    homes = {**table_vocabulary("survey"), **table_vocabulary("households")}
    return {
        **table_vocabulary(table),
        **people,
        **{f"h_{name}": type_ for name, type_ in homes.items()},
        **field_vocabulary(fields, "f_"),
    }


def having_vocabulary(table: str, fields: Mapping[str, Field]) -> dict[str, str]:
    """Names for ``having``: ``n`` rows, ``s_<column>`` sums, ``f_<field>``."""
    numbers = {f"s_{n}": t for n, t in table_vocabulary(table).items() if t in ("int", "money", "decimal")}
    return {"n": "int", **numbers, **field_vocabulary(fields, "f_")}
