"""The quarantined rows as a CSV that can be corrected and delivered again."""

from __future__ import annotations

import csv
import io
from typing import Protocol

from django.db import transaction

from fupin.accounts.api import User, record, require
from fupin.exchange.models import Delivery, QuarantinedRow
from fupin.exchange.queries import delivery_for, opened
from fupin.exchange.reading.header import NOTE_COLUMN
from fupin.kernel.spreadsheets import BOM, safe_cell

#: rows that are no data: there is nothing to correct in them
NOT_DATA = ("totals_row", "repeated_header")


class BytesSink(Protocol):
    def write(self, data: bytes, /) -> object: ...


def write_bad_rows(*, by: User, delivery: Delivery, stream: BytesSink) -> int:
    """Original columns and 问题说明, UTF-8 with BOM; recorded as a deed. Returns the number of rows written."""
    require(by, "download_bad_rows")
    delivery = delivery_for(by, delivery.pk)
    rows = QuarantinedRow.objects.filter(delivery=delivery).exclude(code__in=NOT_DATA).order_by("row", "pk")
    stream.write(BOM)
    stream.write(_line([*map(safe_cell, delivery.recognised.get("header", [])), NOTE_COLUMN]))
    written = 0
    with transaction.atomic():
        record(by=by, verb="download_bad_rows", object_kind="delivery", object_id=delivery.pk)
        for row in rows.iterator(2000):
            cells = opened(delivery, row).cells
            stream.write(_line([*map(safe_cell, cells), f"第 {row.row} 行：{row.reason_zh}"]))
            written += 1
    return written


def _line(cells: list[str]) -> bytes:
    line = io.StringIO()
    csv.writer(line).writerow(cells)
    return line.getvalue().encode()
