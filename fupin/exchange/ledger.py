"""The ledger's rows: one transaction takes a delivery in, whole."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from fupin.accounts.api import User, record
from fupin.exchange.exchanges import note_delivery
from fupin.exchange.intake import Intake
from fupin.exchange.models import Delivery, DeliveryState, QuarantinedRow
from fupin.exchange.reading.rowcheck import BadRow
from fupin.exchange.rules import dataset_named
from fupin.exchange.sealing import seal_cells
from fupin.exchange.workplace import parquet_name
from fupin.kernel.keys import Key
from fupin.registry.api import hold_lake_key

_COPY = 'COPY "{table}" (delivery_id, row, "column", code, reason_zh, reason_en, cells) FROM STDIN'


class AnotherLakeKey(Exception):
    """The platform turned to another version of the lake key while the file was read."""


def accept(*, by: User | None, delivery: Delivery, taken: Intake, key: Key) -> None:
    """Counts, quarantined rows and the deed, or nothing. ``key``: the one that the file's hashes were made with.

    Raises IntegrityError when the file was accepted meanwhile, AnotherLakeKey.
    """
    with transaction.atomic():
        if hold_lake_key().id != key.id:
            raise AnotherLakeKey
        for name in ("recognised", "rows", "good_rows", "bad_rows", "duplicate_rows", "without_id_rows"):
            setattr(delivery, name, getattr(taken, name))
        delivery.state, delivery.progress = DeliveryState.ACCEPTED, 100
        delivery.problem = {}
        delivery.parquet = parquet_name(delivery.dataset, delivery.pk)
        delivery.parquet_sha256 = taken.parquet_sha256
        delivery.lake_key = key.id
        delivery.finished_at = timezone.now()
        delivery.save()
        QuarantinedRow.objects.filter(delivery=delivery).delete()
        _quarantine(delivery.pk, taken.bad)
        _withdraw(by, delivery)
        note_delivery(by=by, delivery=delivery, dataset=dataset_named(delivery.dataset))
        record(by=by, verb="receive", object_kind="delivery", object_id=delivery.pk, detail=_counts(delivery))


def _withdraw(by: User | None, fresh: Delivery) -> None:
    """A correction that replaces the whole, or the same file with another cut-off date: the old one counts no more."""
    old = fresh.corrects
    if old is None or old.state != DeliveryState.ACCEPTED or not (fresh.replaces or old.sha256 == fresh.sha256):
        return
    Delivery.objects.filter(pk=old.pk).update(state=DeliveryState.WITHDRAWN)
    record(by=by, verb="withdraw", object_kind="delivery", object_id=old.pk, detail={"corrected_by": fresh.pk})


def _counts(delivery: Delivery) -> dict[str, Any]:
    names = ("dataset", "batch", "sha256", "rows", "good_rows", "bad_rows", "duplicate_rows")
    return {name: getattr(delivery, name) for name in names}


def _quarantine(delivery_id: str, bad: Iterable[BadRow]) -> None:
    keys = settings.FUPIN_KEYS.now
    statement = _COPY.format(table=QuarantinedRow._meta.db_table)
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        copy.set_types(["text", "int8", "text", "text", "text", "text", "bytea"])
        for one in bad:
            cells = seal_cells(one.cells, keys, place_of(delivery_id, one.row))
            copy.write_row((delivery_id, one.row, one.column, one.code, one.zh, one.en, cells))


def place_of(delivery_id: str, row: int) -> str:
    """What a quarantined row's ciphertext is bound to."""
    return f"{delivery_id}#{row}"


def refuse(*, by: User | None, delivery: Delivery, problem: dict[str, str]) -> None:
    """A file that came through a page or the API stays in the ledger with the reason."""
    with transaction.atomic():
        delivery.state, delivery.problem = DeliveryState.REFUSED, problem
        delivery.finished_at = timezone.now()
        delivery.save(update_fields=["state", "problem", "finished_at"])
        record(by=by, verb="refuse", object_kind="delivery", object_id=delivery.pk, detail={"code": problem["code"]})
