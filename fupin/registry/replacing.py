"""A full value that takes another one's place, many at once or one: closed table, hashes and masked forms together.

The row of the log comes first and names the value: a household's as ``sealed/household/RECORD/FIELD``, a person's
number by a new ``id_mark`` in his image. The database refuses what no change of the same transaction names, keeps the
former value closed, and puts it back when that change is taken back.
"""

from __future__ import annotations

import json
from datetime import date

import polars as pl
from django.conf import settings
from django.db import connection

from fupin.kernel.masks import mask_id, mask_phone
from fupin.registry.lake_version import hold_lake_key
from fupin.registry.number_facts import facts_columns
from fupin.registry.numbers import canonical, hashes, masked, sealed, tails
from fupin.registry.personal_columns import account_rows, phone_number
from fupin.registry.sealed_models import Kind, SealedField
from fupin.registry.sealing import bound_to, hint_of

#: what ``fupin_replace_values`` takes, in its order
COLUMNS = {
    "kind": pl.String, "record": pl.String, "field": pl.String, "cipher": pl.Binary, "hint": pl.Binary,
    "lookup": pl.Binary, "lookup_key": pl.String, "tail4": pl.Binary, "tail6": pl.Binary, "lake_key": pl.Binary,
    "lake_key_id": pl.String, "facts": pl.String,
}  # fmt: skip
KIND_OF = {
    SealedField.ID_NUMBER: Kind.PERSON,
    SealedField.PHONE: Kind.HOUSEHOLD,
    SealedField.BANK_ACCOUNT: Kind.HOUSEHOLD,
}
CASTS = {"facts": "jsonb[]"} | {name: "bytea[]" for name, type_ in COLUMNS.items() if type_ == pl.Binary}
SEALED = "sealed"


def replace_value(field: str, record: str, value: str, birth_date: date | None = None) -> None:
    """One value, in the caller's transaction, after the row of the log that names it."""
    frame = pl.DataFrame({"record": [record], "value": [value], "birth_date": [birth_date]})
    replace_values(field, frame.cast({"birth_date": pl.Date}))


def replace_values(field: str, values: pl.DataFrame) -> int:
    """The same for many: ``record`` and ``value`` in clear; with ID numbers ``birth_date`` as the registry holds it."""
    if not values.height:
        return 0
    kind = KIND_OF[SealedField(field)]
    frame = _ROWS[SealedField(field)](values).with_columns(kind=pl.lit(str(kind)), field=pl.lit(str(field)))
    missing = [pl.lit(None, type_).alias(name) for name, type_ in COLUMNS.items() if name not in frame.columns]
    whole = frame.with_columns(missing).select(list(COLUMNS))
    asked = ", ".join(f"%s::{CASTS.get(name, 'text[]')}" for name in COLUMNS)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT fupin_replace_values({asked})", [column.to_list() for column in whole])
        done: int = cursor.fetchone()[0]
    return done


def restore_values() -> int:
    """What the changes that this transaction takes back had replaced is there again; how many values."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT fupin_restore_values()")
        done: int = cursor.fetchone()[0]
    return done


def forget_values(persons: pl.Series, homes: pl.Series) -> None:
    """Of who was taken back with a batch and is entered anew: after the row of the log, before he is written."""
    if len(persons) or len(homes):
        with connection.cursor() as cursor:
            cursor.execute("SELECT fupin_forget_values(%s::text[], %s::text[])", [persons.to_list(), homes.to_list()])


def _id_numbers(values: pl.DataFrame) -> pl.DataFrame:
    records, written = values["record"], values["value"]
    keys, lake, numbers = settings.FUPIN_KEYS.now, hold_lake_key(), canonical(written)
    kept = numbers.zip_with(numbers.is_not_null(), written)
    facts = facts_columns(written, values["birth_date"]).with_columns(pl.col("id_birth_judged").cast(pl.String))
    frame = values.select(
        "record",
        cipher=sealed(keys, kept, [bound_to(record, SealedField.ID_NUMBER) for record in records]),
        hint=sealed(keys, masked(kept, mask_id), [hint_of(record) for record in records]),
        lookup=hashes(keys.lookup, numbers),
        tail4=tails(keys.lookup, numbers, 4),
        tail6=tails(keys.lookup, numbers, 6),
        lake_key=hashes(lake, numbers),
        facts=pl.Series([json.dumps(row) for row in facts.iter_rows(named=True)], dtype=pl.String),
    )
    return frame.with_columns(_key_of(keys.lookup.id), lake_key_id=pl.lit(lake.id))


def _phones(values: pl.DataFrame) -> pl.DataFrame:
    records, written = values["record"], values["value"]
    keys, phones = settings.FUPIN_KEYS.now, phone_number(written)
    frame = values.select(
        "record",
        cipher=sealed(keys, written, [bound_to(record, SealedField.PHONE) for record in records]),
        hint=sealed(keys, masked(written, mask_phone), [hint_of(record) for record in records]),
        lookup=hashes(keys.lookup, phones),
        tail4=tails(keys.lookup, phones, 4),
    )
    return frame.with_columns(_key_of(keys.lookup.id))


def _accounts(values: pl.DataFrame) -> pl.DataFrame:
    return account_rows(settings.FUPIN_KEYS.now, values["record"], values["value"])


def _key_of(id_: str) -> pl.Expr:
    """The id of the lookup key where there is a hash."""
    return pl.when(pl.col("lookup").is_not_null()).then(pl.lit(id_)).alias("lookup_key")


_ROWS = {SealedField.ID_NUMBER: _id_numbers, SealedField.PHONE: _phones, SealedField.BANK_ACCOUNT: _accounts}
