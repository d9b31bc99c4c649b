"""The ledger of exchanges: what came is checked against an agreement, what goes is covered by one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.conf import settings
from django.utils import timezone

from fupin.accounts.api import User
from fupin.catalogue.schema import Dataset
from fupin.exchange.agreement_models import Agreement, Direction, ExchangeEntry, Way
from fupin.exchange.agreements import covering
from fupin.exchange.models import Delivery
from fupin.exchange.outgoing import OFFICE
from fupin.kernel.errors import UserError


def demand_agreement(dataset: Dataset, region: str) -> None:
    """Where the house demands agreements: before anything of a file is read. Raises UserError."""
    if not settings.FUPIN_AGREEMENTS_REQUIRED:
        return
    if covering(dataset.department, OFFICE, dataset.id, region, timezone.localdate()) is None:
        raise UserError(
            f"“{dataset.zh}”没有生效的共享协议，不能接收",
            f"no agreement in force covers {dataset.id}: it is not taken",
            f"先由扶贫办和{dataset.department_zh}签订（部门数据 › 共享协议）；协议到期的要续签",
            f"the office and {dataset.department_en} sign one first (Deliveries › Agreements); renew one that ran out",
        )


def demand_fields(dataset: Dataset, region: str, recognised: Mapping[str, Any]) -> None:
    """Where the house demands agreements: after the header is known. Raises UserError."""
    if not settings.FUPIN_AGREEMENTS_REQUIRED:
        return
    found = covering(dataset.department, OFFICE, dataset.id, region, timezone.localdate())
    outside = _outside(found, fields_of(dataset, recognised))
    if outside:
        titles = [dataset.columns[name].zh for name in outside]
        raise UserError(
            f"文件里有协议之外的列：{'、'.join(titles)}",
            f"the file has columns that the agreement does not name: {', '.join(outside)}",
            "删去这些列后再交，或另签一份写明这些字段的协议",
            "take them out and deliver again, or sign an agreement that names them",
        )


def note_delivery(*, by: User | None, delivery: Delivery, dataset: Dataset) -> ExchangeEntry:
    """In the transaction that takes the delivery in."""
    fields = fields_of(dataset, delivery.recognised)
    found = covering(delivery.department, OFFICE, delivery.dataset, delivery.region, timezone.localdate())
    return ExchangeEntry.objects.create(
        agreement=found,
        direction=Direction.IN,
        way=Way.DELIVERY,
        department=delivery.department,
        dataset=delivery.dataset,
        region=delivery.region,
        fields=fields,
        outside=_outside(found, fields),
        rows=delivery.rows or 0,
        digest=delivery.sha256,
        object_id=delivery.pk,
        by=by,
    )


def note_outgoing(
    *, by: User | None, agreement: Agreement, way: Way, rows: int, digest: str, object_id: str
) -> ExchangeEntry:
    """What left under an agreement; the caller has let out its fields alone."""
    return ExchangeEntry.objects.create(
        agreement=agreement,
        direction=Direction.OUT,
        way=way,
        department=agreement.taker,
        dataset=agreement.dataset,
        region=agreement.region,
        fields=agreement.fields,
        rows=rows,
        digest=digest,
        object_id=object_id,
        by=by,
    )


def fields_of(dataset: Dataset, recognised: Mapping[str, Any]) -> list[str]:
    """The columns of the data set that a file had."""
    titles = recognised.get("columns", {})
    return [name for name, column in dataset.columns.items() if column.zh in titles]


def _outside(agreement: Agreement | None, fields: Sequence[str]) -> list[str]:
    """Without an agreement everything is."""
    named = set(agreement.fields) if agreement else set()
    return [name for name in fields if name not in named]


def holds_now(agreement: Agreement) -> bool:
    """Whether anything may go under it today."""
    today = timezone.localdate()
    return agreement.state == "in_force" and agreement.valid_from <= today <= agreement.valid_until
