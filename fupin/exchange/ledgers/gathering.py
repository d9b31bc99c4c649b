"""Read tables → what they say of households, persons and years, matched with what the registry knows.

A person is who his number says (人编号), else who his ID number says, never who his name says.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import polars as pl

from fupin.exchange.ledgers.grouping import HEAD
from fupin.exchange.ledgers.persons import SAME, namesakes, one_person
from fupin.exchange.ledgers.refusing import Refusing
from fupin.exchange.ledgers.sides import ID_HASHES, Sides, plain
from fupin.exchange.reading.table import ROW
from fupin.registry import api as registry
from fupin.registry.api import LedgerIncoming, Standing


def gather(found: Sides, now: Standing, as_of: date, year: int, refusing: Refusing) -> LedgerIncoming:
    """Persons matched, households and years put together."""
    persons = _matched(found.persons, now, refusing)
    said = _home_facts(found.homes, persons)
    homes, accepted = _homes(said, now, as_of, refusing)
    persons = _placed(persons, accepted, now, as_of, refusing)
    surveys = _surveys(found.homes, persons, accepted, year)
    return LedgerIncoming(homes, _people(persons), surveys)


def _matched(persons: pl.DataFrame, now: Standing, refusing: Refusing) -> pl.DataFrame:
    """``known``: the number of the person in the registry; ``home``: his household there."""
    held = now.persons.select("person_id", home="household_id", held_hash="id_lookup", held_name="name")
    rows = persons.join(held, left_on="persons.person_id", right_on="person_id", how="left", maintain_order="left")
    known = pl.when(pl.col("home").is_not_null()).then("persons.person_id")
    rows = rows.with_columns(known=known, by_id=pl.lit(None, pl.String), own=pl.lit(None, pl.String))
    for name in [name for name in persons.columns if name.startswith(ID_HASHES)]:
        by_hash = now.persons.drop_nulls("id_lookup").unique("id_lookup").select("id_lookup", found="person_id")
        rows = rows.join(by_hash, left_on=name, right_on="id_lookup", how="left", maintain_order="left")
        same = pl.col(name) == pl.col("held_hash")
        rows = rows.with_columns(
            by_id=pl.coalesce("by_id", "found"), own=pl.coalesce("own", pl.when(same).then("persons.person_id"))
        ).drop("found")
    has_id = pl.col("persons.id_number").is_not_null()
    differs = pl.col("known").is_not_null() & has_id & pl.col("own").is_null()
    rows = _renumbered(rows.with_columns(id_differs=differs), now, refusing)
    elsewhere = pl.col("persons.person_id").is_not_null() & (pl.col("by_id") != pl.col("persons.person_id"))
    rows = refusing.rows(rows, elsewhere, "id_elsewhere", pl.col("by_id"))
    rows = _detached(rows, now, refusing)
    rows = rows.with_columns(known=pl.coalesce("known", "by_id")).drop("home", "held_hash", "held_name", "by_id", "own")
    places = now.persons.select("person_id", home="household_id", held_hash="id_lookup")
    rows = rows.join(places, left_on="known", right_on="person_id", how="left", maintain_order="left")
    moved = pl.col("home").is_not_null() & (pl.col("persons.household_id") != pl.col("home"))
    rows = refusing.rows(rows, moved, "other_household", pl.col("home"))
    rows = rows.with_columns(pl.coalesce("persons.household_id", "home").alias("persons.household_id"))
    rows = one_person(rows, refusing)
    return refusing.rows(rows, pl.col("persons.household_id").is_null(), "no_household")


def _renumbered(rows: pl.DataFrame, now: Standing, refusing: Refusing) -> pl.DataFrame:
    """A known person of another ID number than is registered: his own number corrected, if he is the same by name and
    the number is nobody's (somebody's here is refused by the caller)."""
    names = [name for name in rows.columns if name.startswith(ID_HASHES)]
    said = pl.col("persons.name") if "persons.name" in rows.columns else pl.lit(None, pl.String)
    same = plain(said) == plain(pl.col("held_name"))
    held = pl.col("held_hash").is_not_null()
    stranger = pl.col("id_differs") & held & ~same.fill_null(False) & pl.col("by_id").is_null()
    rows = refusing.rows(rows, stranger, "key_differs", pl.col("persons.person_id"))
    for code, hashes in (("number_elsewhere", now.elsewhere), ("number_of_gone", now.gone["id_lookup"].drop_nulls())):
        taken = pl.any_horizontal(pl.col(name).is_in(hashes.implode()) for name in names)
        rows = refusing.rows(rows, pl.col("id_differs") & taken, code)
    return rows


def _detached(rows: pl.DataFrame, now: Standing, refusing: Refusing) -> pl.DataFrame:
    """Who left is not brought back by a ledger, who lives elsewhere not entered twice; a number that a batch taken
    back had used comes again for the same ID number only."""
    names = [name for name in rows.columns if name.startswith(ID_HASHES)]
    fresh = pl.col("home").is_null() & pl.col("by_id").is_null()
    left = pl.col("persons.person_id").is_in(now.gone["person_id"].implode())
    left = left | pl.any_horizontal(pl.col(name).is_in(now.gone["id_lookup"].drop_nulls().implode()) for name in names)
    rows = refusing.rows(rows, fresh & left, "left")
    other = pl.any_horizontal(pl.col(name).is_in(now.elsewhere.implode()) for name in names)
    rows = refusing.rows(rows, fresh & other, "elsewhere")
    rows = _again(rows, now, names)
    held = now.detached.select("person_id", gone_hash="id_lookup")
    rows = rows.join(held, left_on="persons.person_id", right_on="person_id", how="left", maintain_order="left")
    same = pl.any_horizontal(pl.col(name) == pl.col("gone_hash") for name in names)
    differs = pl.col("gone_hash").is_not_null() & ~same.fill_null(False)
    return refusing.rows(rows, differs, "key_differs", pl.col("persons.person_id")).drop("gone_hash")


def _again(rows: pl.DataFrame, now: Standing, names: Sequence[str]) -> pl.DataFrame:
    """Who came with a batch that was taken back, and has no 人编号 in the list, is known by his ID number."""
    held = now.detached.drop_nulls("id_lookup").unique("id_lookup").select("id_lookup", former="person_id")
    for name in names:
        rows = rows.join(held, left_on=name, right_on="id_lookup", how="left", maintain_order="left")
        fresh = pl.col("home").is_null() & pl.col("by_id").is_null()
        rows = rows.with_columns(
            pl.coalesce("persons.person_id", pl.when(fresh).then("former")).alias("persons.person_id")
        ).drop("former")
    return rows


def _home_facts(homes: pl.DataFrame, persons: pl.DataFrame) -> pl.DataFrame:
    """One row a household: what tables of households say, then what the first of its members' rows says."""
    own = homes.drop_nulls("households.household_id").rename({"households.household_id": "household_id"})
    carried = persons.rename({"persons.household_id": "household_id"})
    names = [name for name in carried.columns if name.startswith("households.")]
    firsts = carried.select("table", ROW, "household_id", *names).unique(
        "household_id", keep="first", maintain_order=True
    )
    own = own.select("table", ROW, "household_id", *[name for name in own.columns if name.startswith("households.")])
    every = pl.concat([own, firsts], how="diagonal")
    facts = [name for name in every.columns if name.startswith("households.")]
    if every["household_id"].is_duplicated().any():
        merged = [pl.col(name).drop_nulls().first() for name in facts]
        every = every.group_by("household_id", maintain_order=True).agg(pl.col("table", ROW).first(), *merged)
    return every.rename({name: name.removeprefix("households.") for name in facts})


def _homes(said: pl.DataFrame, now: Standing, as_of: date, refusing: Refusing) -> tuple[pl.DataFrame, pl.DataFrame]:
    """(households that can be taken, (household, village) of all that members may belong to)."""
    for name in ("village_code", "state"):
        if name not in said.columns:
            said = said.with_columns(pl.lit(None, pl.String).alias(name))
    held = now.households.select(
        "household_id", "state_since", "ended_on", "undone", held_village="village_code", held_state="state",
        held_exit="exited_on",
    )  # fmt: skip
    rows = said.join(held, on="household_id", how="left", maintain_order="left")
    known = pl.col("held_village").is_not_null() & ~pl.col("undone").fill_null(False)
    rows = refusing.rows(rows, known & pl.col("ended_on").is_not_null(), "ended", pl.col("household_id"))
    fresh = ~known
    speaks = pl.any_horizontal(pl.col(name).is_not_null() for name in ("village_code", "state"))
    rows = refusing.rows(rows, fresh & ~speaks, "unknown_household", pl.col("household_id"))
    rows = refusing.rows(rows, fresh & pl.col("village_code").is_null(), "no_village")
    rows = refusing.rows(rows, fresh & pl.col("state").is_null(), "no_state")
    other = known & (pl.col("village_code") != pl.col("held_village"))
    rows = refusing.clear(rows, "village_code", other, "other_village", pl.col("held_village"))
    rows = _state_checks(rows, known, as_of, refusing)
    rows = rows.with_columns(pl.coalesce("village_code", "held_village").alias("village_code"))
    accepted = rows.select("household_id", "village_code")
    extra = ("held_village", "held_state", "held_exit", "state_since", "ended_on", "undone", "county", "town",
             "village",
             "members")  # fmt: skip
    return rows.drop(*extra, strict=False).rename({ROW: "row"}), accepted


def _state_checks(rows: pl.DataFrame, known: pl.Expr, as_of: date, refusing: Refusing) -> pl.DataFrame:
    turned = known & (pl.col("state") != pl.col("held_state"))
    early = turned & (pl.col("state_since") >= as_of)
    rows = refusing.clear(rows, "state", early, "state_too_early", pl.col("state_since"))
    back = turned & (pl.col("state") == "9")
    rows = refusing.clear(rows, "state", back, "state_back", pl.col("household_id"))
    for name in ("registered_on", "exited_on"):
        if name not in rows.columns:
            rows = rows.with_columns(pl.lit(None, pl.Date).alias(name))
    entered = turned & (pl.col("held_state") == "9") & pl.col("registered_on").is_null()
    exited = turned & pl.col("state").is_in(["1", "2"]) & pl.col("held_exit").is_null()
    day = pl.when(exited & pl.col("exited_on").is_null()).then(pl.lit(as_of)).otherwise("exited_on")
    poor = (
        turned & (pl.col("state") == "0") & (pl.col("held_state") != "3")
    )  # what stood there is emptied by the registry
    return rows.with_columns(
        exited_on=pl.when(~poor.fill_null(False)).then(day),
        registered_on=pl.when(entered).then(pl.lit(as_of)).otherwise("registered_on"),
    )


def _placed(
    persons: pl.DataFrame, accepted: pl.DataFrame, now: Standing, as_of: date, refusing: Refusing
) -> pl.DataFrame:
    rows = persons.filter(pl.col("persons.household_id").is_not_null())
    there = accepted["household_id"].implode()
    lost = ~pl.col("persons.household_id").is_in(there)
    rows = refusing.rows(rows, lost, "household_refused", pl.col("persons.household_id"))
    fresh = pl.col("known").is_null()
    if "persons.birth_date" in rows.columns:
        rows = refusing.rows(rows, pl.col("persons.birth_date") > as_of, "born_later")
    name = pl.col("persons.name").is_null() if "persons.name" in rows.columns else pl.lit(True)
    rows = refusing.rows(rows, fresh & name, "no_name")
    return _one_head(namesakes(rows, now, refusing), now, refusing)


def _one_head(rows: pl.DataFrame, now: Standing, refusing: Refusing) -> pl.DataFrame:
    """Beside a head who stays head there is no other one, nor beside the first that a new household's rows name."""
    relation = pl.col("persons.relation")
    if "persons.relation" not in rows.columns:
        return rows
    former = rows.filter(relation != HEAD)["known"].drop_nulls()
    heads = now.persons.filter(pl.col("relation") == HEAD)
    stay = heads.filter(~pl.col("person_id").is_in(former.implode())).unique("household_id", maintain_order=True)
    stay = stay.select("household_id", stays="person_id")
    rows = rows.join(stay, left_on="persons.household_id", right_on="household_id", how="left", maintain_order="left")
    said = relation == HEAD
    who = pl.coalesce("known", "persons.person_id", "persons.id_number", pl.col(ROW).cast(pl.String))
    first = pl.coalesce("stays", who.filter(said).first().over("persons.household_id"))
    second = said & (who != first) & ~who.is_in(heads["person_id"].implode())
    rows = rows.with_columns(second=second, first=first)
    rows = refusing.rows(rows, pl.col("second") & pl.col("known").is_null(), "second_head")
    rows = refusing.clear(rows, "persons.relation", pl.col("second"), "head_stays", pl.col("first"))
    return rows.drop("second", "first", "stays")


def _people(persons: pl.DataFrame) -> pl.DataFrame:
    """One row a person, columns as the registry calls them; who has no number gets the next of his household."""
    rows = persons.with_columns(
        person_id=pl.coalesce("known", "persons.person_id"), is_known=pl.col("known").is_not_null()
    )
    rows = _numbered(rows)
    facts = [name for name in rows.columns if name.startswith("persons.") and name != "persons.person_id"]
    kept = rows.select("person_id", ROW, "table", *facts, "id_differs", known="is_known")
    if kept["person_id"].is_duplicated().any():
        merged = [pl.col(name).drop_nulls().first() for name in facts]
        told = [pl.col(ROW, "table", "known").first(), pl.col("id_differs").any()]
        kept = kept.group_by("person_id", maintain_order=True).agg(*told, *merged)
    return _from_number(kept.rename({name: name.removeprefix("persons.") for name in facts} | {ROW: "row"}))


def _numbered(rows: pl.DataFrame) -> pl.DataFrame:
    """户编号 and two digits, behind the last one that anybody ever had."""
    without = pl.col("person_id").is_null()
    homes = rows.filter(without)["persons.household_id"]
    if not len(homes):
        return rows
    told = rows.drop_nulls("person_id").select("person_id", household_id="persons.household_id")
    tail = pl.col("person_id").str.strip_prefix(pl.col("household_id"))
    told = told.select("household_id", last=pl.when(tail.str.contains(r"^\d{2,3}$")).then(tail).cast(pl.Int64))
    used = pl.concat([registry.last_numbers(homes), told]).group_by("household_id").agg(pl.col("last").max())
    rows = rows.join(used, left_on="persons.household_id", right_on="household_id", how="left", maintain_order="left")
    nobody_before = without & (pl.col(SAME).is_null() | pl.col(SAME).is_first_distinct())
    place = pl.col("last").fill_null(0) + nobody_before.cum_sum().over("persons.household_id")
    made = pl.col("persons.household_id") + place.cast(pl.String).str.zfill(2)
    rows = rows.with_columns(person_id=pl.coalesce("person_id", made)).drop("last")
    first = pl.col("person_id").first().over(SAME)  # of one ID number in several tables
    return rows.with_columns(person_id=pl.when(pl.col(SAME).is_null()).then("person_id").otherwise(first))


def _from_number(people: pl.DataFrame) -> pl.DataFrame:
    """Birth date and sex of a new person are in his ID number, where the ledger does not say them."""
    number = pl.col("id_number")
    born = number.str.slice(6, 8).str.to_date("%Y%m%d", strict=False)
    sex = pl.when(number.str.slice(16, 1).cast(pl.Int32, strict=False) % 2 == 1).then(pl.lit("1"))
    sex = pl.when(number.is_not_null()).then(sex.otherwise(pl.lit("2")))
    fresh = ~pl.col("known")
    for name, told in (("birth_date", born), ("sex", sex)):
        said = pl.col(name) if name in people.columns else pl.lit(None)
        people = people.with_columns(pl.coalesce(said, pl.when(fresh).then(told)).alias(name))
    return people


def _surveys(homes: pl.DataFrame, persons: pl.DataFrame, accepted: pl.DataFrame, year: int) -> pl.DataFrame:
    own = homes.rename({"households.household_id": "household_id"}) if "household_id" not in homes.columns else homes
    carried = persons.rename({"persons.household_id": "household_id"})
    carried = carried.unique("household_id", keep="first", maintain_order=True)
    frames = []
    for frame in (own, carried):
        facts = [name for name in frame.columns if name.startswith("survey.") and name != "survey.year"]
        if facts and frame.height:
            said = pl.any_horizontal(pl.col(name).is_not_null() for name in facts)
            years = pl.col("survey.year") if "survey.year" in frame.columns else pl.lit(None, pl.Int64)
            frames.append(
                frame.filter(said).select(
                    "household_id", "table", *facts, row=ROW, year=years.fill_null(year).cast(pl.Int64)
                )
            )
    if not frames:
        return pl.DataFrame(schema={"household_id": pl.String, "year": pl.Int64})
    every = pl.concat(frames, how="diagonal").join(accepted, on="household_id", how="semi")
    facts = [name for name in every.columns if name.startswith("survey.")]
    if every.select("household_id", "year").is_duplicated().any():
        merged = [pl.col(name).drop_nulls().first() for name in facts]
        every = every.group_by("household_id", "year", maintain_order=True).agg(pl.col("table", "row").first(), *merged)
    return every.rename({name: name.removeprefix("survey.") for name in facts})
