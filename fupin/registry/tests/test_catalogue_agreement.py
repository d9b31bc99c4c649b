"""The models and the catalogue's tables say the same."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import models

from fupin.catalogue.schema import tables
from fupin.registry.models import Household, LedgerEntry, Membership, Person, Survey

FIELDS: dict[str, tuple[type[models.Field[Any, Any]], ...]] = {
    "text": (models.CharField,),
    "code": (models.CharField,),
    "int": (models.IntegerField,),
    "month": (models.IntegerField,),
    "money": (models.BigIntegerField,),
    "decimal": (models.DecimalField,),
    "flag": (models.BooleanField,),
    "date": (models.DateField,),
}
MODELS = {"households": Household, "survey": Survey, "ledger": LedgerEntry, "persons": Person}
#: what the registry keeps beside what the engine sees
OWN = {
    "households": {
        "head_name",
        "head_pinyin",
        "members",
        "phone_hint",
        "phone_lookup",
        "phone_tail4",
        "lookup_key",
        "ended_on",
        "version",
    },
    "persons": {
        "initials",
        "id_hint",
        "id_lookup",
        "id_tail4",
        "id_tail6",
        "lookup_key",
        "lake_key",
        "lake_key_id",
        "lake_former",
        "version",
    },
}
ELSEWHERE = {"persons": {"key", "household_id", "village_code", "relation"}}  # lake_key, membership, household


@pytest.mark.parametrize("name", MODELS)
def test_a_table_has_the_columns_of_its_model(name: str) -> None:
    columns = {column.name for column in tables()[name].columns.values() if not column.staged}
    fields = {field.column for field in MODELS[name]._meta.concrete_fields if field.column}
    assert columns - ELSEWHERE.get(name, set()) == fields - OWN.get(name, set())


@pytest.mark.parametrize("name", MODELS)
def test_types_and_labels_agree(name: str) -> None:
    fields = {field.column: field for field in MODELS[name]._meta.concrete_fields if field.column}
    for column in tables()[name].columns.values():
        field = fields.get(column.name)
        if field is None or field.is_relation:
            continue
        assert isinstance(field, FIELDS[column.type]), column.name
        if str(field.verbose_name) != column.name:
            assert str(field.verbose_name) in (column.zh, column.name.replace("_", " ")), column.name


def test_a_membership_carries_the_relation() -> None:
    assert Membership._meta.get_field("relation").max_length == 2
