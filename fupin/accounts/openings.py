"""Accounts opened from an uploaded file, in the queue: progress, errors row by row, passwords handed out once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from fupin.accounts.acting import acting_as
from fupin.accounts.bulk import Outcome, keep_many, prepare_many
from fupin.accounts.models import BulkOpening, OpeningState, User
from fupin.accounts.opening_file import answer_book, rows_of
from fupin.accounts.sealing import key_id_of, seal_bytes, unseal_bytes
from fupin.accounts.services import record, require
from fupin.kernel.errors import UserError

OPENING_TASK = "accounts.open_from_file"
BUSY = (OpeningState.WAITING, OpeningState.RUNNING)
MOST_BYTES = 20 << 20
MOST_ROWS = 100_000
MOST_ERRORS = 1000  # kept for the page; the file has all
KEPT = timedelta(days=1)  # passwords that nobody took are forgotten then
EVERY = 500  # rows between two reports of progress


@transaction.atomic
def open_from_file(*, by: User, name: str, content: bytes) -> BulkOpening:
    """Puts the file into the queue. Raises UserError for one that is no such workbook, and Forbidden."""
    require(by, "manage_users")
    if len(content) > MOST_BYTES:
        raise UserError(
            f"文件超过 {MOST_BYTES >> 20} MB",
            f"the file is larger than {MOST_BYTES >> 20} MB",
            "请分成几个文件",
            "split it into several files",
        )
    rows = sum(1 for _row in rows_of(content, name))
    if not 0 < rows <= MOST_ROWS:
        raise UserError(
            f"文件里有 {rows} 行账号，应在 1 到 {MOST_ROWS} 行之间",
            f"the file has {rows} rows of accounts; 1 to {MOST_ROWS} are taken",
            "填好数据行，或分成几个文件",
            "fill in rows, or split it into several files",
        )
    opening = BulkOpening.objects.create(by=by, file_name=name[:120], rows=rows)
    opening.sheet = _sealed(opening, content)
    opening.save()
    _defer(opening.pk)
    return opening


def run_opening(number: int) -> None:
    """The queue's work. Run again after a broken attempt it opens all once: accounts and outcome are one write."""
    opening = BulkOpening.objects.select_related("by").filter(pk=number, state__in=BUSY).first()
    if opening is None or opening.sheet is None:
        return
    BulkOpening.objects.filter(pk=number).update(state=OpeningState.RUNNING)
    content = _opened(opening, opening.sheet)
    with acting_as(opening.by, origin="job"):
        rows = _reported(opening, rows_of(content, opening.file_name))
        outcomes, users = prepare_many(by=opening.by, rows=rows)
        with transaction.atomic():
            keep_many(by=opening.by, users=users)
            _finish(opening, outcomes)


def _reported(opening: BulkOpening, rows: Iterator[tuple[int, dict[str, str]]]) -> Iterator[tuple[int, dict[str, str]]]:
    """The rows, with whole percents written down for the page that asks; the write at the end is the last tenth."""
    for done, row in enumerate(rows):
        if done % EVERY == 0:
            BulkOpening.objects.filter(pk=opening.pk).update(progress=done * 90 // max(1, opening.rows))
        yield row


def _finish(opening: BulkOpening, outcomes: list[Outcome]) -> None:
    wrong = [
        {"row": one.number, "username": one.username[:40], "zh": one.error.zh, "en": one.error.en,
         "hint_zh": one.error.hint_zh, "hint_en": one.error.hint_en}
        for one in outcomes if one.error
    ]  # fmt: skip
    opening.state, opening.progress = OpeningState.FINISHED, 100
    opening.opened, opening.wrong, opening.errors = len(outcomes) - len(wrong), len(wrong), wrong[:MOST_ERRORS]
    opening.answer, opening.sheet = _sealed(opening, answer_book(outcomes)), None
    opening.finished_at = timezone.now()
    opening.save()


def give_up_opening(number: int | str) -> None:
    """The queue will not try again: nothing was opened."""
    BulkOpening.objects.filter(pk=number, state__in=BUSY).update(state=OpeningState.FAILED, sheet=None)


@transaction.atomic
def take_answer(*, by: User, opening: BulkOpening) -> bytes:
    """The workbook with the one-time passwords, this once; written down. Raises UserError when it is gone."""
    locked = BulkOpening.objects.select_for_update().get(pk=opening.pk, by=by)
    if locked.answer is None:
        raise UserError(
            "这个文件已经取走，或放了一天已经删除",
            "this file was taken already, or was deleted after a day",
            "没有密码的账号，逐个重设密码",
            "renew the password of each account that lacks it",
        )
    content = _opened(locked, locked.answer)
    locked.answer, locked.taken_at = None, timezone.now()
    locked.save()
    record(
        by=by, verb="take_passwords", object_kind="opening", object_id=str(locked.pk), detail={"opened": locked.opened}
    )
    return content


def openings_of(user: User) -> QuerySet[BulkOpening]:
    """The own ones, the latest first; what nobody took in a day is forgotten now."""
    late = BulkOpening.objects.filter(finished_at__lt=timezone.now() - KEPT, answer__isnull=False)
    late.update(answer=None)
    return BulkOpening.objects.filter(by=user).order_by("-pk").defer("sheet", "answer")


def reseal_openings() -> int:
    """After the encryption key has changed: sheets that wait and answers that nobody took, under the new one."""
    now, count = settings.FUPIN_KEYS.now.encryption.id, 0
    for number in BulkOpening.objects.values_list("pk", flat=True):
        with transaction.atomic():
            one = BulkOpening.objects.select_for_update().filter(pk=number).first()
            for name in ("sheet", "answer"):
                kept = getattr(one, name, None)
                if one is None or kept is None or key_id_of(kept) == now:
                    continue
                setattr(one, name, _sealed(one, _opened(one, kept)))
                one.save(update_fields=[name])
                count += 1
    return count


def _sealed(opening: BulkOpening, content: bytes) -> bytes:
    return seal_bytes(settings.FUPIN_KEYS.now, content, f"opening {opening.pk}")


def _opened(opening: BulkOpening, sealed: bytes | memoryview) -> bytes:
    return unseal_bytes(settings.FUPIN_KEYS.now, sealed, f"opening {opening.pk}")


def _defer(number: int) -> None:
    from procrastinate.contrib.django import app as queue

    queue.configure_task(OPENING_TASK, queueing_lock=f"opening {number}").defer(number=number)
