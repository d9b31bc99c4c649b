"""The long work of ledgers, for the queue: the dry run, writing, taking back. Each is whole or nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from django.db import OperationalError, connection, transaction
from django.utils import timezone

from fupin.accounts import api as accounts
from fupin.accounts.api import User
from fupin.exchange.ledgers import store
from fupin.exchange.ledgers.planning import Planned, as_shown, coded, plan
from fupin.exchange.ledgers.queries import batch_for
from fupin.exchange.ledgers.services import (
    APPLY_TASK,
    SHORTEST_REASON,
    UNDO_TASK,
    VERB,
    defer,
    demand_state,
)
from fupin.kernel.errors import UserError
from fupin.registry import api as registry
from fupin.registry.api import BatchState, LedgerBatch


def run_plan(batch_id: int, progress: Any = None) -> LedgerBatch:
    """The dry run, by the queue or at once. Safe to call again: it begins anew."""
    batch = LedgerBatch.objects.select_related("by").get(pk=batch_id)
    if batch.state != BatchState.READING:
        return batch
    report = _reporter(batch, progress)
    try:
        with accounts.acting_for(batch.by, batch.region), transaction.atomic():
            planned = plan(batch, report)
        report("保存差异", 0.95)
        _keep_plan(batch, planned)
    except UserError as error:
        _failed(batch, error)
    return batch


def _keep_plan(batch: LedgerBatch, planned: Planned) -> None:
    store.keep_differences(batch.pk, as_shown(planned))
    before = {one["key"]: one for one in batch.doubts if one.get("confirmed_by")}
    found = [one.as_json() for one in planned.doubts]
    confirmed = ("confirmed_by", "confirmed_at")
    batch.doubts = [one | {k: before[one["key"]][k] for k in confirmed if one["key"] in before} for one in found]
    batch.counts, batch.digest = planned.counts, planned.digest
    batch.state, batch.progress, batch.step, batch.problem = BatchState.READY, 100, "", {}
    batch.save()


def order_apply(*, by: User, batch_id: int, in_background: bool = True) -> LedgerBatch:
    """Have a looked-at batch written. Raises UserError while a doubt is open or nothing would change."""
    with transaction.atomic():
        batch = batch_for(by, batch_id, lock=True)
        accounts.require(by, VERB, batch.region)
        demand_state(batch, BatchState.READY)
        if open_ones := [one for one in batch.doubts if not one["confirmed_by"]]:
            raise _open_doubts(open_ones)
        batch.state, batch.progress, batch.applied_by, batch.applied_at = BatchState.APPLYING, 0, by, timezone.now()
        batch.save()
        if in_background:
            defer(APPLY_TASK, batch)
    return batch


def run_apply(batch_id: int, progress: Any = None) -> LedgerBatch:
    """Everything in one transaction, or nothing. What differs from what was looked at is shown again, not written."""
    batch = LedgerBatch.objects.select_related("applied_by").get(pk=batch_id)
    if batch.state != BatchState.APPLYING or batch.applied_by is None:
        return batch
    report = _reporter(batch, progress)
    by = batch.applied_by
    try:
        with accounts.acting_for(by, batch.region), transaction.atomic():
            _one_at_a_time()
            if LedgerBatch.objects.filter(pk=batch.pk, state=BatchState.APPLYING).first() is None:
                return batch
            planned = plan(batch, lambda step, share: report(step, 0.4 * share), lock=True)
            if planned.digest != batch.digest:
                raise _Moved(planned)
            planned = coded(planned)
            done = registry.apply_differences(
                by=by, batch=batch, found=planned.found, now=planned.now, cells=planned.cells,
                progress=lambda step, share: report(step, 0.4 + 0.6 * share),
            )  # fmt: skip
            batch.counts = {**planned.counts, "applied": asdict(done)}
            batch.state, batch.progress, batch.step = BatchState.APPLIED, 100, ""
            batch.applied_at = timezone.now()
            batch.save()
            accounts.record(
                by=by, verb=VERB, object_kind="ledger_batch", object_id=str(batch.pk), region=batch.region,
                detail=asdict(done),
            )  # fmt: skip
    except _Moved as moved:
        _look_again(batch, moved.planned)
    except UserError as error:
        _back_to_ready(batch, error)
    except OperationalError as error:
        if not registry.met_another(error):
            raise
        _back_to_ready(batch, _met_another())
    return batch


class _Moved(Exception):
    """The registry is no longer what it was at the dry run."""

    def __init__(self, planned: Planned) -> None:
        super().__init__()
        self.planned = planned


def _look_again(batch: LedgerBatch, planned: Planned) -> None:
    batch.applied_at = batch.applied_by = None
    _keep_plan(batch, planned)
    batch.problem = {
        "zh": "试算之后登记库有了改动，差异已重新算过，没有写入",
        "en": "the registry changed after the dry run; the differences were worked out again, nothing was written",
        "hint_zh": "请再看一遍差异后确认", "hint_en": "look at them once more and confirm",
    }  # fmt: skip
    batch.save()


def _back_to_ready(batch: LedgerBatch, error: UserError) -> None:
    batch.applied_at = batch.applied_by = None
    batch.state, batch.problem, batch.step = BatchState.READY, _words(error), ""
    batch.save()


def order_undo(*, by: User, batch_id: int, reason: str, in_background: bool = True) -> LedgerBatch:
    """Take a written batch back, whole. Raises UserError that says what was built on it since."""
    with transaction.atomic():
        batch = batch_for(by, batch_id, lock=True)
        accounts.require(by, VERB, batch.region)
        demand_state(batch, BatchState.APPLIED)
        if len(reason.strip()) < SHORTEST_REASON:
            raise UserError(
                "撤回须写明理由", "taking a batch back needs a reason",
                f"请用至少 {SHORTEST_REASON} 个字写明", f"say it in at least {SHORTEST_REASON} characters",
            )  # fmt: skip
        batch.state, batch.progress, batch.reason = BatchState.UNDOING, 0, reason.strip()[:200]
        batch.undone_by, batch.undone_at, batch.problem = by, timezone.now(), {}
        batch.save()
        if in_background:
            defer(UNDO_TASK, batch)
    return batch


def run_undo(batch_id: int, progress: Any = None) -> LedgerBatch:
    batch = LedgerBatch.objects.select_related("undone_by").get(pk=batch_id)
    if batch.state != BatchState.UNDOING or batch.undone_by is None:
        return batch
    report, by = _reporter(batch, progress), batch.undone_by
    try:
        with accounts.acting_for(by, batch.region), transaction.atomic():
            _one_at_a_time()
            report("撤回", 0.2)
            done = registry.undo(by=by, batch=batch, reason=batch.reason)
            batch.state, batch.progress, batch.step, batch.undone_at = BatchState.UNDONE, 100, "", timezone.now()
            batch.save()
            accounts.record(
                by=by, verb=VERB, object_kind="ledger_batch", object_id=str(batch.pk), region=batch.region,
                reason=batch.reason, detail={"undone": done.log},
            )  # fmt: skip
    except UserError as error:
        _back_to_applied(batch, error)
    except OperationalError as error:
        if not registry.met_another(error):
            raise
        _back_to_applied(batch, _met_another())
    return batch


def _back_to_applied(batch: LedgerBatch, error: UserError) -> None:
    batch.state, batch.problem, batch.step = BatchState.APPLIED, _words(error), ""
    batch.undone_at = batch.undone_by = None
    batch.save()


def _met_another() -> UserError:
    return UserError(
        "同一户正由别人办理变更，这一批没有写入任何数据",
        "a change of one of the households was being written at the same moment; nothing of the batch was written",
        "请过一会儿再试", "try again in a moment",
    )  # fmt: skip


def give_up_ledger(batch_id: str) -> None:
    """The queue will not try again: nothing was written, the batch may be looked at and tried anew."""
    problem = {
        "zh": "处理多次中断，没有写入任何数据", "en": "the work was broken off several times; nothing was written",
        "hint_zh": "请重试；仍然出错，请把批次号告诉管理员",
        "hint_en": "try again, or tell the administrator its number",
    }  # fmt: skip
    batch = LedgerBatch.objects.get(pk=batch_id)
    back = {
        BatchState.READING: BatchState.FAILED, BatchState.APPLYING: BatchState.READY,
        BatchState.UNDOING: BatchState.APPLIED,
    }  # fmt: skip
    if batch.state not in back:
        return
    if batch.state == BatchState.APPLYING:
        batch.applied_at = batch.applied_by = None
    if batch.state == BatchState.UNDOING:
        batch.undone_at = batch.undone_by = None
    batch.state, batch.problem, batch.step = back[BatchState(batch.state)], problem, ""
    batch.save()


def _one_at_a_time() -> None:
    """Until the end of the transaction no other batch is written."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('fupin ledgers', 0))")


def _words(error: UserError) -> dict[str, str]:
    return {"zh": error.zh, "en": error.en, "hint_zh": error.hint_zh, "hint_en": error.hint_en}


def _failed(batch: LedgerBatch, error: UserError) -> None:
    batch.state, batch.problem, batch.step = BatchState.FAILED, _words(error), ""
    batch.save()


def _reporter(batch: LedgerBatch, progress: Any) -> Any:
    """Tells the caller and, once for each percent, whoever asks the database meanwhile."""
    last = -1

    def report(step: str, share: float) -> None:
        nonlocal last
        percent = min(99, int(share * 100))
        if percent > last and not connection.in_atomic_block:
            last = percent
            LedgerBatch.objects.filter(pk=batch.pk).update(step=step[:60], progress=percent)
        if progress is not None:
            progress(step, share)

    return report


def _open_doubts(found: Sequence[Mapping[str, Any]]) -> UserError:
    names = "、".join(one["heading"] for one in found)
    return UserError(
        f"还有代码列没有确认：{names}", f"code columns have to be confirmed first: {names}",
        "在差异页上方确认每一列是哪张代码表", "confirm at the top of the page which code list each of them is",
    )  # fmt: skip
