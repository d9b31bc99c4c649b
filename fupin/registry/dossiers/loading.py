"""Writing what a folder brings beside the registry: in the transaction of the load, nothing overwritten."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl
from django.db import models

from fupin.kernel.keys import Keys
from fupin.kernel.masks import mask_phone
from fupin.registry.copying import CopyIn
from fupin.registry.dossiers.incoming import More
from fupin.registry.models import (
    Helper,
    Helping,
    Kind,
    SealedField,
    TeamMember,
    VillageProject,
    VillageYear,
)
from fupin.registry.numbers import masked, sealed
from fupin.registry.personal_columns import closed_rows
from fupin.registry.sealing import hint_of

#: tables of a load beside the registry's own
WRITTEN: tuple[type[models.Model], ...] = (Helper, Helping, VillageYear, TeamMember, VillageProject)


def new_only(more: More) -> More:
    """Without what is held already: a helper, the form of a year, team and projects of a village that has any."""
    helpers = _held(Helper, ("helper_id",))
    years = _held(VillageYear, ("village_code", "year"))
    known = pl.col("helper_id").is_in(helpers["helper_id"].implode())
    return More(
        more.helpers.with_columns(known=known),
        more.villages.join(years, on=["village_code", "year"], how="anti", maintain_order="left"),
        more.teams.join(_held(TeamMember, ("village_code",)), on="village_code", how="anti", maintain_order="left"),
        more.projects.join(
            _held(VillageProject, ("village_code",)), on="village_code", how="anti", maintain_order="left"
        ),
    )


def _held(model: type[models.Model], columns: Sequence[str]) -> pl.DataFrame:
    types = {column: pl.Int64 if column == "year" else pl.String for column in columns}
    rows = list(model._default_manager.values_list(*columns).distinct())
    return pl.DataFrame(rows, schema=types, orient="row")


def write_more(more: More, copy: CopyIn, keys: Keys) -> pl.DataFrame:
    """Everything but the phones, whose rows for the closed table are given back."""
    people = more.helpers.filter(~pl.col("known")).unique("helper_id", keep="first", maintain_order=True)
    records = people["helper_id"]
    hints = sealed(keys, masked(people["phone"], mask_phone), [hint_of(record) for record in records])
    post = pl.col("post").fill_null("")
    copy(Helper, [people.select("helper_id", "name", "unit", post, hints.alias("phone_hint"))])
    ended = pl.when(pl.col("until").is_not_null()).then(pl.lit("载入时已终止")).otherwise(pl.lit(""))
    copy(Helping, [more.helpers.select("household_id", "helper_id", "since", "until", ended_why=ended)])
    copy(VillageYear, [more.villages.with_columns(pl.col("stated_by").fill_null(""))])
    copy(TeamMember, [more.teams.with_columns(post)])
    copy(VillageProject, [more.projects.with_columns(pl.col("source").fill_null(""))])
    return closed_rows(keys, Kind.HELPER, SealedField.PHONE, records, people["phone"])
