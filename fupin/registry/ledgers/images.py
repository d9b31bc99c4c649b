"""What an applied batch writes into the log of changes: for every record what was there and what is there now.

The form is that of every other change: ``{"rows": {"person/…": {"health": "02"}}, "state": "0"}``; null for a row that
was not there. A yearly survey is ``survey/HOUSEHOLD/YEAR``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl

from fupin.registry.ledgers.differences import Differences, as_json
from fupin.registry.ledgers.numbers import log_pieces

STAGE = {
    "household_id": pl.String, "person_id": pl.String, "village_code": pl.String, "before": pl.String,
    "after": pl.String,
}  # fmt: skip


@dataclass(frozen=True)
class Numbered:
    """New rows with the numbers that the database gave them beforehand: the log names them."""

    households: pl.DataFrame
    states: pl.DataFrame
    persons: pl.DataFrame
    memberships: pl.DataFrame
    surveys: pl.DataFrame


def objects(columns: Sequence[str], *, keep_null: bool = False) -> pl.Expr:
    """One JSON object of the columns that are not null."""
    parts = []
    for name in columns:
        pair = pl.lit(f'"{name}":') + as_json(pl.col(name), name) + pl.lit(",")
        parts.append(pair.fill_null(f'"{name}":null,' if keep_null else ""))
    return "{" + pl.concat_str(parts).str.strip_chars_end(",") + "}"


def entry(kind: str, key: pl.Expr, image: pl.Expr | str) -> pl.Expr:
    """``"person/1":{…}``"""
    shown = pl.lit(image) if isinstance(image, str) else image
    return pl.lit(f'"{kind}/') + key.cast(pl.String) + pl.lit('":') + shown


def log_rows(differences: Differences, made: Numbered, effective: date) -> pl.DataFrame:
    """STAGE: one row for each household and each person that is new or changed."""
    pieces = [
        *_new_households(made),
        *_new_persons(made),
        _new_surveys(made),
        _changed(differences.changes),
        _states(differences.changes, effective),
        log_pieces(differences.numbers),
    ]
    every = pl.concat([piece for piece in pieces if piece.height], how="diagonal") if any(
        piece.height for piece in pieces
    ) else pl.DataFrame(schema={**STAGE, "state_before": pl.String, "state_after": pl.String})  # fmt: skip
    for name in ("state_before", "state_after"):
        if name not in every.columns:
            every = every.with_columns(pl.lit(None, pl.String).alias(name))
    whole = every.group_by("household_id", "person_id", maintain_order=True).agg(
        pl.col("village_code").drop_nulls().first(),
        pl.col("before").str.join(","),
        pl.col("after").str.join(","),
        pl.col("state_before").drop_nulls().first(),
        pl.col("state_after").drop_nulls().first(),
    )
    return whole.select(
        "household_id", "person_id", "village_code",
        before=_told("before", "state_before"), after=_told("after", "state_after"),
    )  # fmt: skip


def _told(rows: str, state: str) -> pl.Expr:
    tail = pl.when(pl.col(state).is_not_null()).then(',"state":"' + pl.col(state) + '"').otherwise(pl.lit(""))
    return '{"rows":{' + pl.col(rows) + "}" + tail + "}"


def _new_households(made: Numbered) -> list[pl.DataFrame]:
    skipped = {"head_name", "head_pinyin", "members", "phone_hint", "phone_lookup", "phone_tail4", "lookup_key"}
    columns = [name for name in made.households.columns if name not in skipped]
    homes = made.households.select(
        "household_id", pl.lit(None, pl.String).alias("person_id"), "village_code",
        before=entry("household", pl.col("household_id"), "null"),
        after=entry("household", pl.col("household_id"), objects(columns)),
        state_after="state",
    )  # fmt: skip
    villages = made.households.select("household_id", "village_code")
    states = made.states.join(villages, on="household_id").select(
        "household_id", pl.lit(None, pl.String).alias("person_id"), "village_code",
        before=entry("state", pl.col("id"), "null"), after=entry("state", pl.col("id"), _typed_state()),
    )  # fmt: skip
    return [homes, states]


def _typed_state() -> pl.Expr:
    parts = [
        pl.lit('{"id":') + pl.col("id").cast(pl.String),
        *(
            (pl.lit(f',"{name}":"') + pl.col(name).cast(pl.String) + pl.lit('"')).fill_null("")
            for name in ("household_id", "state", "valid_from", "valid_to")
        ),
        pl.lit("}"),
    ]
    return pl.concat_str(parts)


def _new_persons(made: Numbered) -> list[pl.DataFrame]:
    columns = [
        name for name, type_ in made.persons.schema.items()
        if type_ != pl.Binary and name not in ("pinyin", "initials", "lookup_key", "lake_key_id")
    ]  # fmt: skip
    places = made.memberships.select("person_id", "household_id", "village_code")
    people = made.persons.join(places, on="person_id").select(
        "household_id", "person_id", "village_code",
        before=entry("person", pl.col("person_id"), "null"),
        after=entry("person", pl.col("person_id"), objects(columns)),
    )  # fmt: skip
    image = pl.concat_str(
        [
            pl.lit('{"id":') + pl.col("id").cast(pl.String),
            *(
                (pl.lit(f',"{name}":"') + pl.col(name).cast(pl.String) + pl.lit('"')).fill_null("")
                for name in ("household_id", "person_id", "relation", "valid_from")
            ),
            pl.lit("}"),
        ]
    )
    rows = made.memberships.select(
        "household_id", "person_id", "village_code",
        before=entry("membership", pl.col("id"), "null"), after=entry("membership", pl.col("id"), image),
    )  # fmt: skip
    return [people, rows]


def _new_surveys(made: Numbered) -> pl.DataFrame:
    if not made.surveys.height:
        return pl.DataFrame(schema=STAGE)
    columns = [name for name in made.surveys.columns if name not in ("table", "row", "village_code")]
    key = pl.col("household_id") + "/" + pl.col("year").cast(pl.String)
    return made.surveys.select(
        "household_id", pl.lit(None, pl.String).alias("person_id"), "village_code",
        before=entry("survey", key, "null"), after=entry("survey", key, objects(columns)),
    )  # fmt: skip


def _changed(changes: pl.DataFrame) -> pl.DataFrame:
    if not changes.height:
        return pl.DataFrame(schema=STAGE)
    named = changes.with_columns(
        was=pl.lit('"') + pl.col("column") + '":' + pl.col("before").fill_null("null"),
        now=pl.lit('"') + pl.col("column") + '":' + pl.col("after").fill_null("null"),
    )
    rows = named.group_by("entity", "record", "household_id", "person_id", maintain_order=True).agg(
        pl.col("village_code").first(), pl.col("was").str.join(","), pl.col("now").str.join(",")
    )
    head = pl.lit('"') + pl.col("entity") + "/" + pl.col("record") + '":{'
    return rows.select(
        "household_id", "person_id", "village_code", before=head + pl.col("was") + "}", after=head + pl.col("now") + "}"
    )


def _states(changes: pl.DataFrame, effective: date) -> pl.DataFrame:
    """Of a household that changes its state also the period that ends and the one that begins."""
    turned = changes.filter(pl.col("column") == "state", pl.col("entity") == "household")
    if not turned.height or "state_id" not in turned.columns:
        return pl.DataFrame(schema=STAGE)
    day, state = effective.isoformat(), pl.col("after")
    fresh = (
        pl.lit('"state/') + pl.col("fresh_id").cast(pl.String) + pl.lit('":{"id":') + pl.col("fresh_id").cast(pl.String)
        + pl.lit(',"household_id":"') + pl.col("household_id") + pl.lit('","state":') + state
        + pl.lit(f',"valid_from":"{day}"}}')
    )  # fmt: skip
    old = pl.lit('"state/') + pl.col("state_id").cast(pl.String)
    nothing = pl.lit('"state/') + pl.col("fresh_id").cast(pl.String) + pl.lit('":null')
    return turned.select(
        "household_id", pl.lit(None, pl.String).alias("person_id"), "village_code",
        before=pl.concat_str([old + '":{"valid_to":null}', nothing], separator=",", ignore_nulls=True),
        after=pl.concat_str([old + f'":{{"valid_to":"{day}"}}', fresh], separator=",", ignore_nulls=True),
        state_before=pl.col("before").str.strip_chars('"'), state_after=pl.col("after").str.strip_chars('"'),
    )  # fmt: skip
