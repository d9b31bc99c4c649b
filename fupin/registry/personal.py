"""Which columns of the registry are personal information, and of what class (个人信息保护法 4, 28).

``identity`` names a person or leads to one; ``contact`` reaches one; ``sensitive`` is what article 28 protects more
(specific identity, finance), ``health`` of it what is known of a person's body; ``personal`` is any other fact about a
person or household. A test holds the list to the models: a new column is put here or named as not personal.
"""

from __future__ import annotations

from collections.abc import Mapping

from fupin.catalogue.village_form import village_form

VILLAGE_YEAR = ("village_code", "year", "stated_by", "stated_on", "entered_by", *village_form().items)

CLASSES = {
    "identity": ("身份标识", "identity", "加密或加密散列，默认掩码；住户编号除外", "encrypted or hashed, masked"),
    "contact": ("联系方式", "contact", "加密，默认掩码", "encrypted, masked"),
    "sensitive": ("敏感个人信息", "sensitive", "行级安全；快照和运行按辖区", "row-level security"),
    "health": (
        "健康信息",
        "health",
        "敏感个人信息；行级安全，并按列授权：只给有权的角色",
        "sensitive; row-level security and column grants: for roles with the right",
    ),
    "personal": ("一般个人信息", "personal", "行级安全", "row-level security"),
}

#: model → column → class
PERSONAL: Mapping[str, Mapping[str, str]] = {
    "Household": {
        "household_id": "identity", "head_name": "identity", "head_pinyin": "identity", "phone_hint": "contact",
        "phone_lookup": "contact", "phone_tail4": "contact", "village_code": "personal", "members": "personal",
        "state": "personal", "attribute": "sensitive", "standard": "personal", "cause_main": "sensitive",
        "cause_other": "sensitive", "registered_on": "personal", "exited_on": "personal", "relocated": "personal",
        "only_child": "personal", "martyr_family": "sensitive", "ended_on": "personal",
    },
    "HouseholdState": {"household_id": "identity", "state": "personal"},
    "Person": {
        "person_id": "identity", "name": "identity", "pinyin": "identity", "initials": "identity",
        "id_hint": "identity", "id_lookup": "identity", "id_tail4": "identity", "id_tail6": "identity",
        "id_length": "personal", "id_check_ok": "personal", "id_birth_agrees": "personal",
        "id_birth_judged": "identity", "id_sex": "personal", "id_region_ok": "personal",
        "lake_key": "identity", "lake_former": "identity", "sex": "personal", "birth_date": "identity",
        "ethnicity": "sensitive",
        "political": "sensitive", "education": "personal", "schooling": "personal", "dropout_reason": "personal",
        "health": "health", "labour": "personal", "self_care": "health", "work_region": "personal",
        "work_months": "personal", "skill_certificate": "personal", "medical_insured": "personal",
        "pension_insured": "personal", "serious_illness_insured": "sensitive", "soldier": "sensitive",
        "pregnant": "health", "left_behind": "personal",
    },
    "Membership": {"household_id": "identity", "person_id": "identity", "relation": "personal"},
    "SealedValue": {"record": "identity", "cipher": "sensitive", "hint": "sensitive", "lookup": "sensitive"},
    "FormerValue": {
        "record": "identity", "cipher": "sensitive", "hint": "sensitive", "lookup": "identity", "tail4": "identity",
        "tail6": "identity", "lake_key": "identity", "lake_former": "identity", "facts": "identity",
    },
    "Survey": {"household_id": "identity", "*": "personal", "savings": "sensitive"},
    "LedgerEntry": {"household_id": "identity", "*": "sensitive"},
    # cells of ledgers as they were written: codes of health among them
    "LedgerCells": {"household_id": "identity", "record": "identity", "cells": "sensitive", "former": "sensitive"},
    "Helper": {"name": "personal", "unit": "personal", "post": "personal", "phone_hint": "contact",
               "username": "personal"},
    "Helping": {"household_id": "identity", "helper_id": "personal"},
    "TeamMember": {"name": "personal", "unit": "personal", "post": "personal"},
    # images of rows: names, birth dates, health among them
    "ChangePaper": {"change_id": "identity", "village_code": "personal"},
    "ChangeFile": {"name": "personal", "village_code": "personal", "content": "sensitive"},
    "RegistryChange": {
        "household_id": "identity", "other_id": "identity", "person_id": "identity", "village_code": "personal",
        "effective": "personal", "reason": "personal", "proofs": "personal", "before": "sensitive",
        "after": "sensitive",
    },
}  # fmt: skip

#: columns of those tables that say nothing of a person
NOT_PERSONAL: Mapping[str, frozenset[str]] = {
    "Household": frozenset({"lookup_key", "version"}),
    "HouseholdState": frozenset({"id", "valid_from", "valid_to"}),
    "Person": frozenset({"lookup_key", "lake_key_id", "version"}),
    "Membership": frozenset({"id", "valid_from", "valid_to"}),
    "SealedValue": frozenset({"kind", "field", "key", "lookup_key", "written_at"}),
    "FormerValue": frozenset({"id", "change_id", "kind", "field", "key", "lookup_key", "lake_key_id"}),
    "Survey": frozenset({"year", "surveyed_on", "surveyor"}),
    "LedgerEntry": frozenset({"month", "period_months"}),
    "ChangeRule": frozenset({"kind", "papers"}),
    "Helper": frozenset({"helper_id"}),
    "Helping": frozenset({"id", "since", "until", "ended_why"}),
    # what a village states are counts; who stated them is an official named on the form
    "VillageYear": frozenset(VILLAGE_YEAR),
    "TeamMember": frozenset({"id", "village_code", "role", "since", "until"}),
    "VillageProject": frozenset({"id", "village_code", "name", "year", "funds", "source", "progress"}),
    "RegistryChange": frozenset(
        {"id", "kind", "recorded_at", "by_id", "case_id", "batch", "reverses_id", "finding", "txid"}
    ),
    "ChangePaper": frozenset({"id", "paper", "kept_at", "file_id", "by_id", "at"}),
    "ChangeFile": frozenset({"mark", "media", "size", "sha256", "at"}),
    "LedgerCells": frozenset({"layout", "year", "batch", "former_batch"}),
    "LedgerBatch": frozenset(
        {
            "id",
            "region",
            "title",
            "as_of",
            "year",
            "state",
            "by_id",
            "created_at",
            "step",
            "progress",
            "problem",
            "files",
            "tables",
            "doubts",
            "counts",
            "digest",
            "applied_at",
            "applied_by_id",
            "undone_at",
            "undone_by_id",
            "reason",
        }
    ),
    "LedgerMapping": frozenset({"id", "region", "name", "signature", "mapping", "by_id", "at", "retired_at"}),
    "LakeVersion": frozenset({"id", "key", "since"}),
    "Region": frozenset({"code", "name", "pinyin", "level", "lon", "lat", "geometry", "illustrative"}),
}


def class_of(model: str, column: str) -> str | None:
    """The class of a column; None for one that is not personal. Raises KeyError for one that nobody judged."""
    if column in NOT_PERSONAL.get(model, ()):
        return None
    marks = PERSONAL.get(model, {})
    if column in marks or "*" in marks:
        return marks.get(column) or marks["*"]
    raise KeyError(f"{model}.{column}: put it into PERSONAL or NOT_PERSONAL of registry/personal.py")
