"""What a ledger would change: new households and persons, changed figures, members it does not name. Pure.

An empty cell says nothing: it never empties a figure. Nobody is struck off because a ledger does not name him.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import polars as pl

from fupin.registry.ledgers.standing import Standing, dtype_of

CHANGES = {
    "entity": pl.String, "record": pl.String, "household_id": pl.String, "person_id": pl.String,
    "village_code": pl.String, "column": pl.String, "before": pl.String, "after": pl.String, "table": pl.Int32,
    "row": pl.Int64,
}  # fmt: skip
#: a number that differs: masked forms before and after, ``value`` in clear, in memory only
NUMBERS = {
    "entity": pl.String, "record": pl.String, "household_id": pl.String, "person_id": pl.String,
    "village_code": pl.String, "column": pl.String, "before": pl.String, "after": pl.String, "value": pl.String,
    "table": pl.Int32, "row": pl.Int64,
}  # fmt: skip
HOUSEHOLD_FACTS = (
    "state", "attribute", "standard", "cause_main", "cause_other", "registered_on", "exited_on", "relocated",
    "only_child", "martyr_family",
)  # fmt: skip
PERSON_FACTS = (
    "name", "sex", "birth_date", "ethnicity", "political", "education", "schooling", "dropout_reason", "health",
    "labour", "self_care", "work_region", "work_months", "skill_certificate", "medical_insured", "pension_insured",
    "serious_illness_insured", "soldier", "pregnant", "left_behind",
)  # fmt: skip


def no_numbers() -> pl.DataFrame:
    return pl.DataFrame(schema=NUMBERS)


@dataclass
class Incoming:
    """What a ledger says, one row a record: persons already matched (``person_id``, ``known``), households numbered.

    ``persons`` bears ``id_number`` in clear, in memory only. All have ``table`` and ``row``.
    """

    households: pl.DataFrame
    persons: pl.DataFrame
    surveys: pl.DataFrame


@dataclass
class Differences:
    """``new_persons`` and ``numbers`` bear numbers in clear: they are never kept. ``changes`` is long: one row for each
    figure, values as JSON.

    ``missing``: present members of the ledger's households that it does not name.
    """

    new_households: pl.DataFrame
    new_persons: pl.DataFrame
    new_surveys: pl.DataFrame
    changes: pl.DataFrame
    missing: pl.DataFrame
    numbers: pl.DataFrame = field(default_factory=no_numbers)

    @property
    def listed(self) -> pl.DataFrame:
        """What changes in known records, as it is shown: figures, and numbers masked."""
        masked = self.numbers.with_columns(as_json(pl.col(name), name).alias(name) for name in ("before", "after"))
        return pl.concat([self.changes, masked.select(list(CHANGES))])

    def digest(self) -> str:
        """The same for the same differences: what was looked at is what is applied."""
        sha = hashlib.sha256()
        for name, frame in (("h", self.new_households), ("p", self.new_persons), ("s", self.new_surveys),
                            ("c", self.changes), ("n", self.numbers)):  # fmt: skip
            rows = frame.drop("table", "row", strict=False)
            rows = rows.select(sorted(rows.columns)).with_columns(pl.all().cast(pl.String))
            sums = rows.hash_rows(seed=1).sort() if rows.height else pl.Series([], dtype=pl.UInt64)
            sha.update(f"{name}{rows.height}".encode() + sums.to_numpy().tobytes())
        return sha.hexdigest()


def differences(incoming: Incoming, now: Standing, numbers: pl.DataFrame, *, members_complete: bool) -> Differences:
    """``members_complete``: the ledger lists persons, so that a member whom it does not name is missing."""
    there = now.households.filter(~pl.col("undone").fill_null(False))  # taken back: it comes anew
    known_homes = there.select("household_id", home_village="village_code")
    homes = incoming.households.join(known_homes, on="household_id", how="left", maintain_order="left")
    fresh_homes = homes.filter(pl.col("home_village").is_null()).drop("home_village")
    old_homes = homes.filter(pl.col("home_village").is_not_null())
    villages = pl.concat(
        [there.select("household_id", "village_code"), fresh_homes.select("household_id", "village_code")]
    )
    fresh_people = incoming.persons.filter(~pl.col("known")).drop("known", "id_differs", strict=False)
    fresh_people = fresh_people.drop("village_code", strict=False).join(villages, on="household_id", how="left")
    old_people = incoming.persons.filter("known")
    parts = [
        _changed("household", old_homes, now.households, ("household_id",), HOUSEHOLD_FACTS),
        _poor_again(old_homes, now.households),
        _changed("person", old_people, now.persons, ("person_id",), PERSON_FACTS),
        _changed("membership", old_people, now.persons, ("person_id",), ("relation",)),
    ]
    fresh_surveys, changed_surveys = _surveys(incoming.surveys, now, villages)
    changes = pl.concat([part for part in (*parts, changed_surveys) if part.height] or [_no_changes()])
    missing = _missing(incoming, now) if members_complete else _nobody()
    return Differences(fresh_homes, fresh_people, fresh_surveys, changes, missing, numbers)


def _no_changes() -> pl.DataFrame:
    return pl.DataFrame(schema=CHANGES)


def _nobody() -> pl.DataFrame:
    schema = {"household_id": pl.String, "person_id": pl.String, "village_code": pl.String, "name": pl.String}
    return pl.DataFrame(schema=schema)


def _changed(
    entity: str, said: pl.DataFrame, held: pl.DataFrame, keys: Sequence[str], facts: Iterable[str]
) -> pl.DataFrame:
    """Figures that the ledger says and that the registry holds otherwise."""
    told = [name for name in facts if name in said.columns]
    if not told or not said.height:
        return _no_changes()
    places = [name for name in ("household_id", "village_code", "person_id", "membership_id") if name in held.columns]
    kept = list(dict.fromkeys([*keys, *places, *told]))
    now = held.select([*keys, *(pl.col(name).alias(f"{name} now") for name in kept if name not in keys)])
    both = said.select([*keys, "table", "row", *told]).join(now, on=list(keys), how="inner", maintain_order="left")
    return pl.concat([_one_fact(entity, both, name, keys) for name in told])


def _one_fact(entity: str, both: pl.DataFrame, name: str, keys: Sequence[str]) -> pl.DataFrame:
    rows = both.filter(pl.col(name).is_not_null() & pl.col(name).ne_missing(pl.col(f"{name} now")))
    home = pl.col("household_id") if "household_id" in keys else pl.col("household_id now")
    person = pl.col("person_id") if "person_id" in keys else pl.lit(None, pl.String)
    village = pl.col("village_code now") if "village_code now" in rows.columns else pl.lit(None, pl.String)
    record = pl.concat_str([pl.col(key).cast(pl.String) for key in keys], separator="/")
    if entity == "membership":
        record = pl.col("membership_id now").cast(pl.String)
    made = rows.select(
        entity=pl.lit(entity), record=record, household_id=home, person_id=person, village_code=village,
        column=pl.lit(name), before=as_json(pl.col(f"{name} now"), name), after=as_json(pl.col(name), name),
        table=pl.col("table").cast(pl.Int32), row=pl.col("row").cast(pl.Int64),
    )  # fmt: skip
    return made.cast(pl.Schema(CHANGES))


def _poor_again(said: pl.DataFrame, held: pl.DataFrame) -> pl.DataFrame:
    """Whose leaving poverty was none left it on no day: the one figure that a ledger empties."""
    if "state" not in said.columns:
        return _no_changes()
    now = held.filter(pl.col("state").is_in(["1", "2", "9"]), pl.col("exited_on").is_not_null())
    now = now.select("household_id", was="exited_on", village="village_code")
    rows = said.filter(pl.col("state") == "0").join(now, on="household_id", how="inner", maintain_order="left")
    return rows.select(
        entity=pl.lit("household"), record="household_id", household_id="household_id",
        person_id=pl.lit(None, pl.String), village_code="village", column=pl.lit("exited_on"),
        before=as_json(pl.col("was"), "exited_on"), after=pl.lit(None, pl.String),
        table=pl.col("table").cast(pl.Int32), row=pl.col("row").cast(pl.Int64),
    ).cast(pl.Schema(CHANGES))  # fmt: skip


def _surveys(said: pl.DataFrame, now: Standing, villages: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """(rows of a year that the registry has not, figures that differ)."""
    if not said.height:
        return pl.DataFrame(schema={"household_id": pl.String, "year": pl.Int64}), _no_changes()
    held = now.surveys.join(villages, on="household_id", how="left", maintain_order="left")
    fresh = said.join(held.select("household_id", "year"), on=["household_id", "year"], how="anti")
    facts = [name for name in said.columns if name not in ("household_id", "year", "table", "row")]
    fresh = fresh.join(villages, on="household_id", how="left", maintain_order="left")
    return fresh, _changed("survey", said, held, ("household_id", "year"), facts)


def _missing(incoming: Incoming, now: Standing) -> pl.DataFrame:
    named = incoming.persons["person_id"].drop_nulls().unique()
    homes = incoming.persons["household_id"].drop_nulls().unique()
    gone = now.persons.filter(
        pl.col("household_id").is_in(homes.implode()) & ~pl.col("person_id").is_in(named.implode())
    )
    return gone.select("household_id", "person_id", "village_code", "name")


def as_json(value: pl.Expr, name: str) -> pl.Expr:
    """A figure as JSON text, natural types; null for none."""
    type_ = dtype_of(name)
    if type_ is pl.Boolean:
        return value.cast(pl.String)
    if type_ in (pl.Int64, pl.Float64):
        return value.cast(pl.String)
    text = value.cast(pl.String).str.replace_all("\\", "\\\\", literal=True).str.replace_all('"', '\\"', literal=True)
    return '"' + text + '"'
