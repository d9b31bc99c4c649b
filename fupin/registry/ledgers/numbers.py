"""ID numbers, phones and accounts of known records that a ledger says otherwise: told by their hashes, shown masked.

No number of the registry is opened for it. ``value`` bears the ledger's number in clear, in memory only.
"""

from __future__ import annotations

import polars as pl
from django.conf import settings
from django.db import connection

from fupin.kernel.keys import Key
from fupin.kernel.masks import mask_id, mask_numbers, mask_phone
from fupin.registry.ledgers.differences import CHANGES, NUMBERS, Incoming, no_numbers
from fupin.registry.ledgers.standing import Standing
from fupin.registry.numbers import hashes, masked
from fupin.registry.personal_columns import account_number, phone_number
from fupin.registry.replacing import SEALED, replace_values
from fupin.registry.sealed_models import SealedField
from fupin.registry.sealing import hint_of, unseal

MASKS = {SealedField.ID_NUMBER: mask_id, SealedField.PHONE: mask_phone, SealedField.BANK_ACCOUNT: mask_numbers}
HINTS = {
    "id_number": "SELECT person_id, id_hint FROM registry_person WHERE person_id = ANY (%s)",
    "phone": "SELECT household_id, phone_hint FROM registry_household WHERE household_id = ANY (%s)",
    "bank_account": "SELECT household_id, hint FROM fupin_account_marks(%s)",
}


def changed_numbers(incoming: Incoming, now: Standing) -> pl.DataFrame:
    """NUMBERS: one row for each number that the registry holds otherwise, or not at all. In the scope that is open."""
    there = now.households.filter(~pl.col("undone").fill_null(False))
    places = there.select("household_id", "village_code", "phone_lookup")
    parts = [_ids(incoming.persons, now.persons)]
    homes = incoming.households.drop("village_code").join(places, on="household_id", maintain_order="left")
    if "phone" in homes.columns:
        said = homes.drop_nulls("phone").with_columns(value="phone", held="phone_lookup")
        parts.append(_of_homes(_differing(said, phone_number(said["value"])), SealedField.PHONE))
    if "bank_account" in homes.columns:
        said = _marked(homes.drop_nulls("bank_account")).with_columns(value="bank_account")
        parts.append(_of_homes(_differing(said, "account:" + account_number(said["value"])), SealedField.BANK_ACCOUNT))
    return pl.concat(parts)


def _ids(said: pl.DataFrame, held: pl.DataFrame) -> pl.DataFrame:
    if "id_differs" not in said.columns or not said["id_differs"].any():
        return no_numbers()
    places = held.select("person_id", "household_id", "village_code")
    rows = said.filter(pl.col("known") & pl.col("id_differs")).select("person_id", "table", "row", value="id_number")
    rows = rows.join(places, on="person_id", maintain_order="left").with_columns(record="person_id")
    return _told(rows, SealedField.ID_NUMBER, "person")


def _marked(homes: pl.DataFrame) -> pl.DataFrame:
    """``held``: the hash of the account that the household has."""
    with connection.cursor() as cursor:
        asked = homes["household_id"].to_list()
        cursor.execute("SELECT household_id, encode(lookup, 'hex') FROM fupin_account_marks(%s)", [asked])
        marks = pl.DataFrame(cursor.fetchall(), schema={"household_id": pl.String, "held": pl.String}, orient="row")
    return homes.join(marks, on="household_id", how="left", maintain_order="left")


def _differing(rows: pl.DataFrame, numbers: pl.Series) -> pl.DataFrame:
    """Rows whose number has, under no lookup key in force, the hash that is held. What cannot be hashed (a phone of
    another form) is compared by its masked form below."""
    rows = rows.with_columns(number=numbers, same=pl.lit(False))
    for key in _lookup_keys():
        mine = hashes(key, rows["number"]).bin.encode("hex")
        rows = rows.with_columns(same=pl.col("same") | (mine == pl.col("held")).fill_null(False))
    return rows.filter(~pl.col("same"))


def _lookup_keys() -> list[Key]:
    return list(settings.FUPIN_KEYS.now.lookups)


def _of_homes(rows: pl.DataFrame, field: SealedField) -> pl.DataFrame:
    made = _told(rows.with_columns(record="household_id", person_id=pl.lit(None, pl.String)), field, "household")
    hashed = pl.Series(rows["number"].is_not_null()) & pl.Series(rows["held"].is_not_null())
    return made.filter(hashed | made["before"].ne_missing(made["after"]))


def _told(rows: pl.DataFrame, field: SealedField, entity: str) -> pl.DataFrame:
    if not rows.height:
        return no_numbers()
    shown = rows.with_columns(
        entity=pl.lit(entity), column=pl.lit(str(field)), after=masked(rows["value"], MASKS[field]),
        before=rows["record"].replace_strict(_hints(field, rows["record"]), default=None, return_dtype=pl.String),
    )  # fmt: skip
    return shown.select(list(NUMBERS)).cast(pl.Schema(NUMBERS))


def _hints(field: SealedField, records: pl.Series) -> dict[str, str]:
    """Record → the masked form of what it has now."""
    keys = settings.FUPIN_KEYS.now
    with connection.cursor() as cursor:
        cursor.execute(HINTS[str(field)], [records.unique().to_list()])
        return {record: unseal(keys, hint, hint_of(record)) for record, hint in cursor.fetchall() if hint is not None}


def log_pieces(numbers: pl.DataFrame) -> pl.DataFrame:
    """For the log: that a household's value was replaced, and whether there was one; nothing of the value. What becomes
    of an ID number its mark tells (``marked``)."""
    mine = numbers.filter(pl.col("entity") == "household")
    key = pl.concat_str(pl.lit(f'"{SEALED}/'), "entity", pl.lit("/"), "record", pl.lit("/"), "column", pl.lit('":'))
    held = pl.when(pl.col("before").is_null()).then(pl.lit('{"held":false}')).otherwise(pl.lit('{"held":true}'))
    return mine.select(
        "household_id", "person_id", "village_code", before=key + held, after=key + pl.lit('{"held":true}')
    )


def marked(numbers: pl.DataFrame) -> pl.DataFrame:
    """CHANGES of ``id_mark``, as a correction on the record makes them: a new mark for each number."""
    mine = numbers.filter(pl.col("column") == "id_number")
    if not mine.height:
        return pl.DataFrame(schema=CHANGES)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT person_id, id_mark::text, nextval('registry_number_mark')::text FROM registry_person "
            "WHERE person_id = ANY (%s)",
            [mine["record"].to_list()],
        )
        schema = {"record": pl.String, "was": pl.String, "mark": pl.String}
        marks = pl.DataFrame(cursor.fetchall(), schema=schema, orient="row")
    told = mine.drop("before", "after", "column").join(marks, on="record", maintain_order="left")
    told = told.with_columns(column=pl.lit("id_mark"), before="was", after="mark")
    return told.select(list(CHANGES)).cast(pl.Schema(CHANGES))


def write_numbers(numbers: pl.DataFrame, births: pl.DataFrame) -> int:
    """After the log and the changed figures. ``births``: person_id, birth_date."""
    done = 0
    for field in MASKS:
        mine = numbers.filter(pl.col("column") == str(field)).select("record", "value")
        mine = mine.join(births, left_on="record", right_on="person_id", how="left", maintain_order="left")
        done += replace_values(field, mine)
    return done
