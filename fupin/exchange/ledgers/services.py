"""Writes of ledgers: take files in, say what their columns are, look, apply, take back, give up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, BinaryIO

from django.db import transaction
from django.utils import timezone

from fupin.accounts import api as accounts
from fupin.accounts.api import User
from fupin.exchange.ledgers import store
from fupin.exchange.ledgers.mapping import (
    ColumnMap,
    TableMap,
    demand_usable,
    from_json,
    header_of,
    recognise,
    signature,
)
from fupin.exchange.ledgers.opening import MOST_BYTES, open_sheets, too_large
from fupin.exchange.ledgers.queries import batch_for, mapping_for, mappings_for
from fupin.exchange.reading import refusals
from fupin.kernel.errors import UserError
from fupin.kernel.masks import mask_numbers
from fupin.registry import api as registry
from fupin.registry.api import BatchState, LedgerBatch, LedgerMapping

PLAN_TASK, APPLY_TASK, UNDO_TASK = "exchange.ledger_plan", "exchange.ledger_apply", "exchange.ledger_undo"
VERB = "import_ledgers"
MOST_FILES = 12
SHORTEST_REASON = 4


@dataclass(frozen=True)
class LedgerFile:
    """A file that was handed in; ``stream`` can be read once from its beginning."""

    name: str
    size: int
    stream: BinaryIO


def receive_ledger(
    *, by: User, files: Sequence[LedgerFile], region: str, as_of: date, year: int, title: str = "",
    in_background: bool = True,
) -> LedgerBatch:  # fmt: skip
    """Keep the files sealed, recognise their tables, and order the dry run when nothing has to be asked.

    Raises Refusal, UserError, Forbidden; NotFound for an unknown region; then nothing is kept.
    """
    accounts.require(by, VERB, region)
    _demand_said(files, region, as_of, year)
    with transaction.atomic():
        name = title.strip() or "、".join(mask_numbers(file.name) for file in files)
        batch = LedgerBatch.objects.create(region=region, title=name[:120], as_of=as_of, year=year, by=by)
        try:
            batch.files = [_kept(batch, number, file) for number, file in enumerate(files)]
            batch.tables = _tables(by, batch)
        except BaseException:
            store.forget(batch.pk)
            raise
        settled = all(table.get("skip") or not table["ask"] for table in batch.tables)
        batch.state = BatchState.READING if settled else BatchState.MAPPING
        batch.save()
        detail = {"files": [file["sha256"] for file in batch.files], "tables": len(batch.tables)}
        accounts.record(
            by=by, verb=VERB, object_kind="ledger_batch", object_id=str(batch.pk), region=region, detail=detail
        )
        if settled and in_background:
            defer(PLAN_TASK, batch)
    return batch


def _demand_said(files: Sequence[LedgerFile], region: str, as_of: date, year: int) -> None:
    today = timezone.localdate()
    if not files or len(files) > MOST_FILES:
        raise UserError(
            f"一批要有 1 至 {MOST_FILES} 个文件", f"a batch has 1 to {MOST_FILES} files", "请选择文件", "choose files"
        )
    if as_of > today or not 2010 <= year <= today.year:
        raise UserError(
            "台账日期或数据年度不在合理范围", "the day or the year of the ledger cannot be",
            "台账日期不晚于今天，年度写四位数", "a day that is not after today, a year of four digits",
        )  # fmt: skip
    for file in files:
        if file.size > MOST_BYTES:
            raise too_large(file.size)
    registry.region(region)


def _kept(batch: LedgerBatch, number: int, file: LedgerFile) -> dict[str, Any]:
    copied = store.keep(batch.pk, number, file.stream)
    return {"name": mask_numbers(file.name)[-120:], "size": copied.size, "sha256": copied.sha256}


def _tables(by: User, batch: LedgerBatch) -> list[dict[str, Any]]:
    """Every sheet with a header; a file without any is refused."""
    saved = mappings_for(by, batch.region)
    tables: list[dict[str, Any]] = []
    for number, file in enumerate(batch.files):
        found = 0
        with open_sheets(store.source_of(batch.pk, number, file["name"], file["size"])) as sheets:
            for place, sheet in enumerate(sheets):
                hit = recognise(sheet.head, saved)
                if hit is None:
                    continue
                row, known = hit
                header_of(known, row, sheet.head[row - 1])  # doubles and foreign units are told at once
                found += 1
                ask = not known.layout and not known.saved
                about = {"file": number, "sheet": place, "name": sheet.name or file["name"], "about": sheet.about}
                told = [mask_numbers(cell.strip())[:60] for cell in sheet.head[row - 1]]
                tables.append({**about, "row": row, "headings": told, "map": known.as_json(), "ask": ask})
        if not found:
            raise _no_table(file["name"])
    return tables


def _no_table(name: str) -> refusals.Refusal:
    return refusals.Refusal(
        "no_header",
        f"「{name}」前 20 行里找不到台账的表头",
        f"no header of a ledger in the first 20 rows of {name}",
        "表头至少要有三列认得出：户编号、姓名、证件号码、与户主关系等，或国办代码 AAC001、AAB001 等",
        "at least three headings have to be known: 户编号, 姓名, 证件号码 …, or codes such as AAC001, AAB001",
    )


def say_columns(
    *, by: User, batch_id: int, number: int, columns: Sequence[ColumnMap], row: str, save_as: str = "",
    state: str = "", in_background: bool = True,
) -> LedgerBatch:  # fmt: skip
    """What the columns of a table are; with ``save_as`` known again next time. ``state``: of new households where the
    table says none. Raises UserError."""
    with transaction.atomic():
        batch = batch_for(by, batch_id, lock=True)
        accounts.require(by, VERB, batch.region)
        demand_state(batch, BatchState.MAPPING, BatchState.READY)
        told = batch.tables[number]
        found = TableMap(row, "", tuple(columns), state=state)
        demand_usable(found)
        header_of(found, told["row"], told["headings"])
        if save_as.strip():
            found = replace(found, saved=_save_mapping(by, batch, told["headings"], found, save_as.strip()).pk)
        told |= {"map": found.as_json(), "ask": False}
        _replan(batch, in_background)
    return batch


def skip_table(*, by: User, batch_id: int, number: int, in_background: bool = True) -> LedgerBatch:
    """Leave one table of the batch out."""
    with transaction.atomic():
        batch = batch_for(by, batch_id, lock=True)
        accounts.require(by, VERB, batch.region)
        demand_state(batch, BatchState.MAPPING, BatchState.READY)
        batch.tables[number] |= {"skip": True, "ask": False}
        if all(table.get("skip") for table in batch.tables):
            raise UserError("没有剩下任何表", "no table is left", "不需要这一批时请放弃它", "give the batch up instead")
        _replan(batch, in_background)
    return batch


def _replan(batch: LedgerBatch, in_background: bool) -> None:
    settled = all(table.get("skip") or not table["ask"] for table in batch.tables)
    batch.state = BatchState.READING if settled else BatchState.MAPPING
    batch.progress, batch.problem = 0, {}
    batch.save()
    if settled and in_background:
        defer(PLAN_TASK, batch)


def _save_mapping(by: User, batch: LedgerBatch, headings: Sequence[str], found: TableMap, name: str) -> LedgerMapping:
    sign = signature(headings)
    former = LedgerMapping.objects.filter(region=batch.region, signature=sign, retired_at__isnull=True)
    former.update(retired_at=timezone.now())
    made = LedgerMapping.objects.create(
        region=batch.region, name=name[:80], signature=sign, mapping=found.as_json(), by=by
    )
    accounts.record(
        by=by, verb=VERB, object_kind="ledger_mapping", object_id=str(made.pk), region=batch.region,
        detail={"name": name[:80], "columns": len(found.columns)},
    )  # fmt: skip
    return made


@transaction.atomic
def retire_mapping(*, by: User, number: int) -> None:
    """A saved mapping is recognised no more. Raises NotFound, Forbidden."""
    one = mapping_for(by, number)
    accounts.require(by, VERB, one.region)
    LedgerMapping.objects.filter(pk=one.pk).update(retired_at=timezone.now())
    accounts.record(
        by=by, verb=VERB, object_kind="ledger_mapping", object_id=str(one.pk), region=one.region,
        detail={"retired": True},
    )  # fmt: skip


@transaction.atomic
def confirm_doubt(*, by: User, batch_id: int, key: str, chosen: str, in_background: bool = True) -> LedgerBatch:
    """A person says of which list a column's numbers are; another list than now means another dry run."""
    batch = batch_for(by, batch_id, lock=True)
    accounts.require(by, VERB, batch.region)
    demand_state(batch, BatchState.READY)
    doubt = next((one for one in batch.doubts if one["key"] == key), None)
    if doubt is None:
        raise UserError("没有这一项待确认", "there is no such doubt", "请刷新页面", "load the page again")
    if chosen == doubt["chosen"]:
        doubt |= {"confirmed_by": by.username, "confirmed_at": timezone.localtime().isoformat(timespec="minutes")}
        batch.save(update_fields=["doubts"])
        detail = {"field": doubt["field"], "list": chosen, "why": doubt["why"]}
        accounts.record(
            by=by, verb=VERB, object_kind="ledger_batch", object_id=str(batch.pk), region=batch.region, detail=detail
        )
        return batch
    told = batch.tables[doubt["table"]]
    found = from_json(told["map"])
    columns = tuple(replace(one, codes=chosen) if one.field == doubt["field"] else one for one in found.columns)
    told["map"] = replace(found, columns=columns).as_json()
    _replan(batch, in_background)
    return batch


@transaction.atomic
def drop_batch(*, by: User, batch_id: int) -> LedgerBatch:
    """Give up a batch that was not written; its files go."""
    batch = batch_for(by, batch_id, lock=True)
    accounts.require(by, VERB, batch.region)
    demand_state(batch, BatchState.MAPPING, BatchState.READY, BatchState.FAILED)
    batch.state = BatchState.DROPPED
    batch.save()
    accounts.record(
        by=by, verb=VERB, object_kind="ledger_batch", object_id=str(batch.pk), region=batch.region,
        detail={"dropped": True},
    )  # fmt: skip
    transaction.on_commit(lambda: store.forget(batch.pk))
    return batch


def demand_state(batch: LedgerBatch, *states: str) -> None:
    if batch.state not in states:
        now = str(BatchState(batch.state).label)
        raise UserError(
            f"这一批现在是「{now}」，不能这样做", f"the batch is in the state {batch.state}: this cannot be done now",
            "请刷新页面看最新状态", "load the page again",
        )  # fmt: skip


def defer(task: str, batch: LedgerBatch) -> None:
    from procrastinate.contrib.django import app as queue

    job = queue.configure_task(task, queueing_lock=f"{task} {batch.pk}", lock=f"ledger {batch.pk}")
    transaction.on_commit(lambda: job.defer(batch_id=str(batch.pk)))
