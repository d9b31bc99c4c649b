"""Reads of ledgers, always for a user: batches inside his region, mappings of his region, above and below."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl
from django.db.models import Q, QuerySet

from fupin.accounts.api import User, may
from fupin.catalogue.ledgers import Layout, layouts, ledger_fields
from fupin.exchange.ledgers import store
from fupin.exchange.ledgers.codes import CodeColumn, look_at
from fupin.exchange.ledgers.mapping import ColumnMap, as_layout, closed, from_json, header_of, name_of
from fupin.exchange.ledgers.opening import open_sheets
from fupin.kernel.errors import NotFound
from fupin.kernel.masks import mask_name, mask_numbers
from fupin.kernel.regions import ancestors
from fupin.registry.api import LedgerBatch, LedgerMapping

SAMPLES, LOOKED_AT = 3, 20_000
VERB = "import_ledgers"
#: how a column is written: code or label, foreign list, translation by hand
Writes = tuple[str, str, Mapping[str, str]]


def batches_for(user: User) -> QuerySet[LedgerBatch]:
    """Newest first."""
    if not may(user, VERB):
        return LedgerBatch.objects.none()
    found = LedgerBatch.objects.select_related("by", "applied_by", "undone_by").order_by("-pk")
    return found.filter(_inside(user))


def _inside(user: User) -> Q:
    condition = Q(pk__in=[])
    for low, high in user.scope.ranges():
        condition |= Q(region__gte=low, region__lt=high)
    return condition


def batch_for(user: User, batch_id: int, *, lock: bool = False) -> LedgerBatch:
    """Raises NotFound for absent and forbidden alike."""
    found = batches_for(user).filter(pk=batch_id)
    one = (found.select_for_update(of=("self",)) if lock else found).first()
    if one is None:
        raise NotFound(str(batch_id))
    return one


def mappings_for(user: User, region: str = "") -> list[LedgerMapping]:
    """In force: those of the region and of the regions above it first, the nearest last; else also those below."""
    if not may(user, VERB):
        return []
    found = LedgerMapping.objects.filter(retired_at__isnull=True).select_related("by").order_by("region", "pk")
    if region:
        return list(found.filter(region__in=[*ancestors(region), region, ""]))
    above = Q(region__in=["", *(a for prefix in user.scope.prefixes if prefix for a in ancestors(prefix))])
    return list(found.filter(above | _inside(user)))


def mapping_for(user: User, number: int) -> LedgerMapping:
    """Raises NotFound."""
    found = next((one for one in mappings_for(user) if one.pk == number), None)
    if found is None:
        raise NotFound(str(number))
    return found


def layout_for(user: User, wanted: str) -> tuple[Layout, Mapping[str, Writes]]:
    """An official layout by its id, or that of a saved mapping (m and its number) with its own way of writing codes.
    Raises NotFound."""
    if wanted in layouts():
        return layouts()[wanted], {}
    number = wanted.removeprefix("m")
    if wanted == number or not number.isdecimal():
        raise NotFound(wanted)
    saved = mapping_for(user, int(number))
    found = from_json(saved.mapping)
    writes = {one.heading: (one.writes, one.codes, dict(one.own)) for one in found.columns if one.field}
    return as_layout(saved.pk, saved.name, found), writes


@dataclass(frozen=True)
class Shown:
    """A column as the mapping page shows it: its first cells masked, and what its codes seem to be."""

    column: ColumnMap
    samples: tuple[str, ...]
    codes: CodeColumn | None


def columns_shown(batch: LedgerBatch, number: int) -> list[Shown]:
    """The columns of one table with samples; at most the first rows are looked at."""
    told = batch.tables[number]
    file = batch.files[told["file"]]
    found = from_json(told["map"])
    with open_sheets(store.source_of(batch.pk, told["file"], file["name"], file["size"])) as sheets:
        sheet = sheets[told["sheet"]]
        header = header_of(found, told["row"], sheet.head[told["row"] - 1])
        places = {cell.strip(): index for index, cell in enumerate(sheet.head[told["row"] - 1]) if cell.strip()}
        frame = pl.concat([piece.frame for piece in _first(sheet.table(header).pieces())])
    return [_shown(one, frame, header.columns.get(name_of(one), places.get(one.heading))) for one in found.columns]


def _first(pieces: object) -> list:  # type: ignore[type-arg]
    got, rows = [], 0
    for piece in pieces:  # type: ignore[attr-defined]
        got.append(piece)
        rows += piece.frame.height
        if rows >= LOOKED_AT:
            break
    return got


def _shown(one: ColumnMap, frame: pl.DataFrame, place: int | None) -> Shown:
    if place is None or f"c{place}" not in frame.columns:
        return Shown(one, (), None)
    cells = frame[f"c{place}"]
    samples = tuple(_masked(one, text) for text in cells.drop_nulls().head(SAMPLES))
    coded = bool(one.field) and bool(ledger_fields()[one.field].column.codes)
    return Shown(one, samples, look_at(cells, one) if coded else None)


def _masked(one: ColumnMap, text: str) -> str:
    if closed(one.field):
        return text[:2] + "*" * max(0, len(text) - 4) + text[-2:]
    if one.field == "persons.name":
        return mask_name(text)
    return mask_numbers(text)[:30]


def differences_for(user: User, batch_id: int) -> pl.DataFrame:
    """What a dry run found (columns as ``planning.SHOWN``). Raises NotFound when there is nothing to show."""
    batch = batch_for(user, batch_id)
    found = store.differences_of(batch.pk)
    if found is None:
        raise NotFound(str(batch_id))
    return found
