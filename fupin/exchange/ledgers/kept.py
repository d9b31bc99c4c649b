"""Cells that are kept as they were written: those that our own writing, at export, would not give back to the byte."""

from __future__ import annotations

import json
from collections.abc import Sequence

import polars as pl

from fupin.catalogue.ledgers import ledger_fields
from fupin.exchange.ledgers.mapping import ColumnMap, closed
from fupin.exchange.ledgers.reading import FLAGS, ReadTable, keys_by_heading, layout_name
from fupin.exchange.reading.table import ROW
from fupin.registry import api as registry
from fupin.registry.api import LedgerBatch, LedgerIncoming, Standing

PLACES = {"households.county": 6, "households.town": 9, "households.village": 12}
#: counted or named by us, whatever a row says
NOT_OF_A_ROW = ("households.members", "households.household_id", "survey.year")


def kept_cells(reads: Sequence[ReadTable], incoming: LedgerIncoming, now: Standing, batch: LedgerBatch) -> pl.DataFrame:
    """Cells kept as written, by the record that their row became: key → [cell, what we would write]."""
    schema = {
        "layout": pl.String, "record": pl.String, "year": pl.Int64, "household_id": pl.String, "cells": pl.String,
    }  # fmt: skip
    frames = []
    for read in reads:
        name = layout_name(read.found)
        if not name or not read.rows.height:
            continue
        records = _records(read, incoming, batch.year)
        raw = read.raw.join(records, on=ROW, how="inner", maintain_order="left")
        if read.found.row == "person":
            raw = _as_households_have(raw, read, records, incoming, now, batch)
        if not raw.height:
            continue
        frames.append(_as_json(_standing_for(raw, read, now)).with_columns(layout=pl.lit(name)))
    if not frames:
        return pl.DataFrame(schema=schema)
    return (
        pl.concat(frames).select(list(schema)).unique(["layout", "record", "year"], keep="first", maintain_order=True)
    )


def _standing_for(raw: pl.DataFrame, read: ReadTable, now: Standing) -> pl.DataFrame:
    """What no list could translate leaves the figure as it is: that is what we would write."""
    unsaid = raw.filter(pl.col("ours").is_null() & (pl.col("field") != ""))
    held = {"persons": now.persons, "households": now.households}
    for field in unsaid["field"].unique():
        table, name = field.split(".")
        if table not in held or name not in held[table].columns:
            continue
        one = read.found.of(field)
        key = "person_id" if table == "persons" else "household_id"
        known = held[table].select(record=key, field=pl.lit(field), value=name)
        if one is not None and known.height:
            texts = registry.written(known["value"], ledger_fields()[field], one.writes, FLAGS[one.writes], one.codes)
            known = known.select("record", "field", held=texts)
            raw = raw.join(known, on=["record", "field"], how="left", maintain_order="left")
            raw = raw.with_columns(ours=pl.coalesce("ours", "held")).drop("held")
    return raw


def _as_json(raw: pl.DataFrame) -> pl.DataFrame:
    """One JSON object a record."""
    every = pl.concat([raw["key"], raw["cell"], raw["ours"].drop_nulls()]).unique()
    quoted = pl.Series([json.dumps(text, ensure_ascii=False) for text in every], dtype=pl.String)

    def told(name: str) -> pl.Expr:
        return pl.col(name).replace_strict(every, quoted, default="null", return_dtype=pl.String)

    pair = told("key") + ":[" + told("cell") + "," + told("ours").fill_null("null") + "]"
    grouped = raw.with_columns(pair=pair).group_by("record", "year", "household_id", maintain_order=True)
    return grouped.agg(cells=pl.col("pair").str.join(",")).with_columns(cells="{" + pl.col("cells") + "}")


def _records(read: ReadTable, incoming: LedgerIncoming, year: int) -> pl.DataFrame:
    if read.found.row == "person":
        people = incoming.persons.select("person_id", "household_id")
        rows = incoming.persons.filter(pl.col("table") == read.number).select("person_id", pl.col("row").alias(ROW))
        if "persons.person_id" in read.rows.columns:  # of a person in several tables the first row only is named above
            rows = (
                read.rows.select(ROW, person_id="persons.person_id")
                .drop_nulls()
                .join(people, on="person_id", how="semi")
            )
        return rows.join(people, on="person_id").select(
            ROW, "household_id", record="person_id", year=pl.lit(0, pl.Int64)
        )
    there = pl.concat([incoming.households.select("household_id"), incoming.surveys.select("household_id")]).unique()
    years = pl.lit(0, pl.Int64)
    if any(one.field.startswith("survey.") and one.field != "survey.year" for one in read.found.columns):
        has_year = "survey.year" in read.rows.columns
        years = pl.col("survey.year").fill_null(year) if has_year else pl.lit(year, pl.Int64)
    rows = read.rows.with_columns(year=years.cast(pl.Int64)).rename({"households.household_id": "household_id"})
    return rows.join(there, on="household_id", how="semi").select(
        ROW, "household_id", record="household_id", year="year"
    )


def _as_households_have(
    raw: pl.DataFrame, read: ReadTable, records: pl.DataFrame, incoming: LedgerIncoming, now: Standing,
    batch: LedgerBatch,
) -> pl.DataFrame:  # fmt: skip
    """In a list of persons a figure of the household is that of its first row; at export every member's row would have
    it. A row that says another one, or nothing (merged cells), keeps that."""
    keys = keys_by_heading(read.found)
    villages = incoming.households.select("household_id", "village_code")
    rows = read.rows.join(records, on=ROW, how="inner", maintain_order="left")
    rows = rows.join(villages, on="household_id", how="left", maintain_order="left")
    for one in read.found.columns:
        shared = one.field.startswith(("households.", "survey.")) and one.field not in NOT_OF_A_ROW
        if not shared or closed(one.field) or one.field not in rows.columns:
            continue
        key = keys.get(one.heading, one.heading)
        mine = raw.filter(pl.col("key") == key).select(ROW, was="cell")
        said = rows.select(
            ROW, "record", "household_id", "year", pl.lit(read.number).alias("table"),
            key=pl.lit(key), field=pl.lit(one.field), ours=_ours(rows, one, now, batch),
            own=_written(rows[one.field], one),
        ).join(mine, on=ROW, how="left", maintain_order="left")  # fmt: skip
        cell = pl.coalesce("was", "own", pl.lit(""))
        told = said.with_columns(cell=cell).filter(pl.col("cell") != pl.col("ours").fill_null(""))
        raw = pl.concat([raw.filter(pl.col("key") != key), told.select(raw.columns).cast(raw.schema)])
    return raw


def _ours(rows: pl.DataFrame, one: ColumnMap, now: Standing, batch: LedgerBatch) -> pl.Series:
    """What we shall write in each row of the household: as its first row says, else as it stands."""
    if digits := PLACES.get(one.field):
        names = registry.region_names(batch.region[:4])
        codes = rows["village_code"].str.slice(0, digits)
        return codes.replace_strict(names, default=None, return_dtype=pl.String)
    table, name = one.field.split(".")
    said = rows.with_columns(value=pl.col(one.field).first().over("household_id"))
    held = now.surveys.filter(pl.col("year") == batch.year) if table == "survey" else now.households
    if name in held.columns:
        held = held.select("household_id", held=pl.col(name).cast(said.schema["value"], strict=False))
        said = said.join(held, on="household_id", how="left", maintain_order="left")
        said = said.with_columns(value=pl.coalesce("value", "held"))
    return _written(said["value"], one)


def _written(values: pl.Series, one: ColumnMap) -> pl.Series:
    own = dict(one.own) or None
    return registry.written(values, ledger_fields()[one.field], one.writes, FLAGS[one.writes], one.codes, own)
