"""Reads, always for a user. A department's clerk sees the department's own deliveries, others by their role."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from django.conf import settings
from django.db.models import QuerySet

from fupin.accounts.api import Role, User, may
from fupin.catalogue.schema import Dataset, datasets
from fupin.engine.inputs import DeliveryFile
from fupin.exchange.ledger import place_of
from fupin.exchange.models import Delivery, DeliveryState, QuarantinedRow
from fupin.exchange.reading.recognise import guess
from fupin.exchange.reading.source import PlainFile
from fupin.exchange.sealing import open_cells
from fupin.kernel.errors import NotFound

_LONG_NUMBER = re.compile(r"\d[\d \-]{9,}[\dXx]")


@dataclass(frozen=True)
class QuarantinedCells:
    """One quarantined row with its cells in clear; ``header`` are the headings of the file."""

    row: int
    column: str
    code: str
    reason_zh: str
    reason_en: str
    header: list[str]
    cells: list[str]


def deliveries_for(user: User) -> QuerySet[Delivery]:
    """Newest first."""
    if not may(user, "see_deliveries"):
        return Delivery.objects.none()
    found = Delivery.objects.select_related("received_by")
    return found.filter(department=user.department) if user.role == Role.DEPARTMENT else found


def delivery_for(user: User, delivery_id: str) -> Delivery:
    """Raises NotFound for an absent and for a forbidden one alike."""
    found = deliveries_for(user).filter(pk=delivery_id).first()
    if found is None:
        raise NotFound(f"no delivery {delivery_id!r}")
    return found


def datasets_for(user: User) -> list[Dataset]:
    """The data sets that the user may deliver, in the catalogue's order."""
    if not may(user, "deliver"):
        return []
    every = list(datasets().values())
    return [one for one in every if one.department == user.department] if user.role == Role.DEPARTMENT else every


def quarantined_for(user: User, delivery: Delivery, limit: int, offset: int) -> list[QuarantinedCells]:
    """Rows and reasons by row number for the screen: long numbers in the cells masked. Raises NotFound."""
    delivery = delivery_for(user, delivery.pk)
    rows = QuarantinedRow.objects.filter(delivery=delivery).order_by("row", "pk")[offset : offset + limit]
    columns = datasets()[delivery.dataset].columns
    shown = []
    for one in (opened(delivery, row) for row in rows):
        column = columns[one.column].zh if one.column in columns else one.column
        shown.append(replace(one, column=column, cells=[masked(cell) for cell in one.cells]))
    return shown


def masked(cell: str) -> str:
    """A cell with the middle of any number long enough to name a person (ID, phone, account) hidden."""
    plain = unicodedata.normalize("NFKC", cell)
    return _LONG_NUMBER.sub(lambda hit: hit[0][:4] + "*" * (len(hit[0]) - 6) + hit[0][-2:], plain)


def opened(delivery: Delivery, row: QuarantinedRow) -> QuarantinedCells:
    """The cells in clear: for who may download them, and only inside a recorded deed."""
    cells = open_cells(bytes(row.cells), settings.FUPIN_KEYS, place_of(delivery.pk, row.row))
    header = list(delivery.recognised.get("header", []))
    return QuarantinedCells(row.row, row.column, row.code, row.reason_zh, row.reason_en, header, cells)


def usable_deliveries(as_of: date) -> list[DeliveryFile]:
    """Every accepted delivery whose data end on or before the day, by data set and cut-off date. For the engine."""
    found = Delivery.objects.filter(state=DeliveryState.ACCEPTED, cut_off__lte=as_of)
    data = Path(settings.FUPIN_DATA_DIR)
    return [
        DeliveryFile(
            dataset=one.dataset,
            delivery=one.pk,
            path=data / one.parquet,
            sha256=one.parquet_sha256,
            cut_off=one.cut_off,
            provider=one.provider,
            rows=one.good_rows or 0,
            lake_key_id=one.lake_key,
        )
        for one in found.order_by("dataset", "cut_off", "pk")
    ]


def guess_dataset(path: Path) -> str | None:
    """The data set whose header the file shows best, or None. Raises Refusal when it is no table."""
    found = guess(PlainFile(path))
    return found.id if found else None
