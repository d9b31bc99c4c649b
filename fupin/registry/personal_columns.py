"""Clear numbers of a load → what the registry keeps of them: ciphers for the closed table, masked forms, hashes."""

from __future__ import annotations

import polars as pl

from fupin.kernel.keys import Key, Keys
from fupin.kernel.masks import mask_id, mask_numbers, mask_phone
from fupin.registry.models import Kind, SealedField
from fupin.registry.number_facts import facts_columns
from fupin.registry.numbers import canonical, hashes, masked, sealed, tails
from fupin.registry.sealing import bound_to, hint_of
from fupin.registry.spelling import initials_column, spell_column


def persons_numbers(persons: pl.DataFrame, keys: Keys, lake: Key) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Persons without any clear number, and the closed table's rows of their numbers.

    The cipher holds what was written; hashes stand for the canonical number, where it is valid. ``lake``: the version
    of the lake key that is in use.
    """
    records = persons["person_id"]
    numbers = canonical(persons["id_number"])
    kept = numbers.zip_with(numbers.is_not_null(), persons["id_number"])
    pinyin = spell_column(persons["name"]).alias("pinyin")
    columns = [
        sealed(keys, masked(kept, mask_id), [hint_of(record) for record in records]).alias("id_hint"),
        hashes(keys.lookup, numbers).alias("id_lookup"),
        tails(keys.lookup, numbers, 4).alias("id_tail4"),
        tails(keys.lookup, numbers, 6).alias("id_tail6"),
        _key_of(keys, numbers),
        hashes(lake, numbers).alias("lake_key"),
        pinyin,
        initials_column(pinyin).alias("initials"),
    ]
    facts = facts_columns(persons["id_number"], persons["birth_date"]).get_columns()
    frame = persons.drop("id_number", "household_id", "relation").with_columns(
        *columns, *facts, lake_key_id=pl.lit(lake.id)
    )
    return frame, closed_rows(keys, Kind.PERSON, SealedField.ID_NUMBER, records, kept)


def households_numbers(households: pl.DataFrame, keys: Keys) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Households without their phone, and the closed table's rows of the phones."""
    records = households["household_id"]
    if "phone" not in households.columns:
        households = households.with_columns(phone=pl.lit(None, pl.String))
    written = households["phone"]
    phones = phone_number(written)
    columns = [
        sealed(keys, masked(written, mask_phone), [hint_of(record) for record in records]).alias("phone_hint"),
        hashes(keys.lookup, phones).alias("phone_lookup"),
        tails(keys.lookup, phones, 4).alias("phone_tail4"),
        _key_of(keys, phones),
    ]
    frame = households.drop("phone").with_columns(columns)
    return frame, closed_rows(keys, Kind.HOUSEHOLD, SealedField.PHONE, records, written)


def closed_rows(keys: Keys, kind: str, field: str, records: pl.Series, values: pl.Series) -> pl.DataFrame:
    """Rows of ``SealedValue`` for the values there are."""
    full = pl.DataFrame({"record": records, "value": values}).drop_nulls("value")
    cipher = sealed(keys, full["value"], [bound_to(record, field) for record in full["record"]])
    return full.select(
        "record",
        kind=pl.lit(str(kind)),
        field=pl.lit(str(field)),
        cipher=cipher,
        key=pl.lit(keys.encryption.id),
    )


def account_rows(keys: Keys, records: pl.Series, written: pl.Series) -> pl.DataFrame:
    """Rows of ``SealedValue`` for bank accounts, with what tells them apart without opening one."""
    full = pl.DataFrame({"record": records, "written": written}).drop_nulls("written")
    numbers = account_number(full["written"])
    hints = sealed(keys, masked(numbers, mask_numbers), [hint_of(record) for record in full["record"]])
    return closed_rows(keys, Kind.HOUSEHOLD, SealedField.BANK_ACCOUNT, full["record"], full["written"]).with_columns(
        hint=hints, lookup=hashes(keys.lookup, "account:" + numbers), lookup_key=pl.lit(keys.lookup.id)
    )


def account_number(written: pl.Series) -> pl.Series:
    """Without blanks and hyphens: so two writings of one account are the same."""
    return written.str.replace_all(r"[\s-]", "")


def phone_number(written: pl.Series) -> pl.Series:
    """Eleven digits, null for any other writing: only those can be searched for."""
    digits = written.str.replace_all(r"[\s-]", "").str.strip_prefix("+86")
    return digits.set(~digits.str.contains(r"^1\d{10}$"), None)


def _key_of(keys: Keys, numbers: pl.Series) -> pl.Series:
    """The id of the lookup key where there is a hash."""
    found = pl.select(pl.when(numbers.is_not_null()).then(pl.lit(keys.lookup.id))).to_series()
    return found.cast(pl.String).alias("lookup_key")
