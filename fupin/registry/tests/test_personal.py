"""Every column of the registry is judged: personal, of which class, or not."""

from __future__ import annotations

from django.apps import apps
from django.db import models

from fupin.registry.personal import CLASSES, NOT_PERSONAL, PERSONAL, class_of


def columns() -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for model in apps.get_app_config("registry").get_models():
        fields = [field for field in model._meta.concrete_fields if not isinstance(field, models.CompositePrimaryKey)]
        found[model.__name__] = {str(field.column) for field in fields}
    return found


def test_every_column_is_judged_and_no_judgement_is_left_over() -> None:
    there = columns()
    classes = {class_of(model, column) for model, names in there.items() for column in names}
    assert classes == {*CLASSES, None}
    judged = {**{name: set(marks) for name, marks in PERSONAL.items()}}
    for model, names in NOT_PERSONAL.items():
        judged[model] = judged.get(model, set()) | names
    stale = {model: names - there[model] - {"*"} for model, names in judged.items()}
    assert not {model: names for model, names in stale.items() if names}


def test_what_leads_to_a_person_never_stands_in_clear_but_as_a_name_or_a_birth_date() -> None:
    """An ID, a phone, an account: only as bytes (ciphers and hashes)."""
    for model in apps.get_app_config("registry").get_models():
        for field in model._meta.concrete_fields:
            words = str(field.column or "").split("_")
            if {"phone", "account", "hint", "lookup", "tail4", "tail6", "cipher"} & set(words) and words[-1] != "key":
                assert isinstance(field, models.BinaryField), f"{model.__name__}.{field.column}"
