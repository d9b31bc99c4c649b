"""Writes: take a delivery in at once, or put it into the queue."""

from __future__ import annotations

from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any, BinaryIO, Protocol, cast

from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from fupin.accounts.api import Role, User, acting_as, acting_for_platform, require
from fupin.catalogue.schema import Dataset
from fupin.exchange import ledger
from fupin.exchange.exchanges import demand_agreement, demand_fields
from fupin.exchange.intake import Intake, Progress, take_in
from fupin.exchange.models import Delivery, DeliveryState
from fupin.exchange.parquet import lake_keys
from fupin.exchange.reading.refusals import Refusal
from fupin.exchange.reading.source import PlainFile, Source
from fupin.exchange.rules import check_department, check_region, check_said, dataset_named
from fupin.exchange.sealing import Copied, SealedFile, seal
from fupin.exchange.workplace import Workplace, abandoned, arrival, parquet_name, put, raw_path, workplace
from fupin.kernel.errors import UserError
from fupin.kernel.keys import Key
from fupin.registry.api import lake_key

RECEIVE_TASK = "exchange.receive"
SEEN_ZH = "这个文件以前交付过，没有重复入湖"
BUSY = (DeliveryState.WAITING, DeliveryState.READING)
SEEN_EN = "this file was delivered before and was not counted again"


class Uploaded(Protocol):
    """What Django's and ninja's uploaded files have in common."""

    name: str | None
    file: Any


def receive(
    *,
    by: User | None,
    dataset: str,
    path: Path,
    provider: str,
    batch: str,
    cut_off: date,
    progress: Progress | None = None,
    corrects: Delivery | None = None,
    replaces: bool = False,
) -> Delivery:
    """Take a file in, now. The same file again gives the earlier delivery, with ``seen_before`` set.

    ``replaces``: the file stands for the whole of the delivery that it ``corrects``, not only for the rows in it.
    Raises Refusal, UserError, Forbidden; then nothing was written. ``by`` is None only for the platform itself.
    """
    wanted = _checked(by, dataset, provider, batch, cut_off)
    sweep()
    report = progress or (lambda _step, _share: None)
    with arrival(_root()) as folder, path.open("rb") as stream:
        sealed = folder / "sealed"
        copied = seal(cast(BinaryIO, stream), sealed, settings.FUPIN_KEYS.now)
        report("加密保存原件", 0.05)
        fresh = _entry(by, wanted, path.name, copied, provider, batch, cut_off, corrects, replaces)
        return _take(by, fresh, wanted, PlainFile(path), report, raw=sealed)


def enqueue(
    *,
    by: User,
    dataset: str,
    uploaded_file: Uploaded,
    provider: str,
    batch: str,
    cut_off: date,
    corrects: Delivery | None = None,
    replaces: bool = False,
) -> Delivery:
    """Keep an uploaded file sealed and queue it; the same file again gives the earlier delivery."""
    wanted = _checked(by, dataset, provider, batch, cut_off)
    sweep()
    with arrival(_root()) as folder:
        sealed = folder / "sealed"
        uploaded_file.file.seek(0)
        copied = seal(uploaded_file.file, sealed, settings.FUPIN_KEYS.now)
        name = Path(uploaded_file.name or "upload").name
        with transaction.atomic():
            _one_at_a_time(wanted, copied.sha256)
            if earlier := _earlier(wanted, copied.sha256, cut_off, *BUSY):
                return earlier
            fresh = _entry(by, wanted, name, copied, provider, batch, cut_off, corrects, replaces)
            with workplace(_root(), wanted.id, fresh.pk) as place:
                fresh.save(force_insert=True)
                put(sealed, place.raw)
                _defer(fresh.pk)
    return fresh


def process(delivery_id: str) -> Delivery:
    """Work off a queued delivery; a second call finds it done. A killed worker's job is done again from the start."""
    delivery = Delivery.objects.select_related("received_by").get(pk=delivery_id)
    with acting_for_platform() if delivery.received_by is None else acting_as(delivery.received_by, origin="job"):
        return _process(delivery)


def _process(delivery: Delivery) -> Delivery:
    if delivery.state in (DeliveryState.ACCEPTED, DeliveryState.REFUSED):
        return delivery
    raw = raw_path(_root(), delivery.pk)
    source = SealedFile(raw, delivery.file_name, delivery.size, settings.FUPIN_KEYS)
    Delivery.objects.filter(pk=delivery.pk).update(state=DeliveryState.READING)
    delivery.state = DeliveryState.READING
    try:
        wanted = dataset_named(delivery.dataset)
        done = _take(delivery.received_by, delivery, wanted, source, _percent(delivery.pk))
        if done.pk == delivery.pk:
            return done
        problem = _seen_before(done)
    except Refusal as refusal:
        problem = refusal.as_json()
    except UserError as error:
        problem = {"code": "cannot_process", **_words(error)}
    ledger.refuse(by=delivery.received_by, delivery=delivery, problem=problem)
    raw.unlink(missing_ok=True)
    return delivery


def give_up(delivery_id: str) -> None:
    """The queue will not try again: say so in the ledger, so that nobody waits and the file may come again."""
    delivery = Delivery.objects.select_related("received_by").get(pk=delivery_id)
    if delivery.state not in BUSY:
        return
    problem = {
        "code": "internal",
        "zh": "平台处理这个文件时出错，已多次重试",
        "en": "the platform failed on this file, several times",
        "hint_zh": "文件没有入湖，请重新交付一次；仍然出错，请把批次号告诉管理员",
        "hint_en": "nothing of it was taken: deliver it again; if it fails again, tell the administrator its id",
    }
    ledger.refuse(by=delivery.received_by, delivery=delivery, problem=problem)


def _words(error: UserError) -> dict[str, str]:
    return {"zh": error.zh, "en": error.en, "hint_zh": error.hint_zh, "hint_en": error.hint_en}


def _seen_before(earlier: Delivery) -> dict[str, str]:
    return {
        "code": "seen_before",
        "zh": f"{SEEN_ZH}：见 {earlier.pk}",
        "en": f"{SEEN_EN}: see {earlier.pk}",
        "hint_zh": "不必再交付；如有更正请交付更正后的文件",
        "hint_en": "nothing to do; deliver a corrected file when something was wrong",
    }


def sweep() -> None:
    """Remove what killed processes left: files of deliveries that the ledger does not know."""
    data = _root()
    for dataset_id, delivery_id in abandoned(data):
        state = Delivery.objects.filter(pk=delivery_id).values_list("state", flat=True).first()
        if state != DeliveryState.ACCEPTED:
            (data / parquet_name(dataset_id, delivery_id)).unlink(missing_ok=True)
        if state is None:
            raw_path(data, delivery_id).unlink(missing_ok=True)


def _take(
    by: User | None, fresh: Delivery, wanted: Dataset, source: Source, report: Progress, raw: Path | None = None
) -> Delivery:
    """Under the delivery's lock: read, name the files, write the ledger. ``raw``: the sealed copy without a name.

    Read again when the platform turned to another version of the lake key meanwhile.
    """
    with workplace(_root(), wanted.id, fresh.pk) as place:
        if earlier := _earlier(wanted, fresh.sha256, fresh.cut_off):
            return earlier
        while True:
            key = lake_key()
            ready = place.folder / "ready.parquet"
            taken = take_in(source, wanted, fresh.cut_off, lake_keys(key), place.folder, ready, report)
            demand_fields(wanted, fresh.region, taken.recognised)
            if raw is not None and raw.exists():
                put(raw, place.raw)
            put(ready, place.parquet)
            report("登记台账", 0.97)
            with suppress(ledger.AnotherLakeKey):
                return _accept(by, fresh, wanted, taken, place, key)


def _accept(by: User | None, fresh: Delivery, wanted: Dataset, taken: Intake, place: Workplace, key: Key) -> Delivery:
    try:
        ledger.accept(by=by, delivery=fresh, taken=taken, key=key)
    except IntegrityError:
        earlier = _earlier(wanted, fresh.sha256, fresh.cut_off)
        if earlier is None:
            raise
        if earlier.pk != fresh.pk:
            place.parquet.unlink(missing_ok=True)
            place.raw.unlink(missing_ok=True)
        return earlier
    return fresh


def _checked(by: User | None, dataset: str, provider: str, batch: str, cut_off: date) -> Dataset:
    wanted = dataset_named(dataset)
    if by is not None:
        require(by, "deliver")
        check_department(by.department if by.role == Role.DEPARTMENT else "", wanted)
        check_region(by.region)
        demand_agreement(wanted, by.region)
    check_said(provider, batch, cut_off, timezone.localdate())
    return wanted


def _entry(
    by: User | None, wanted: Dataset, name: str, copied: Copied, provider: str, batch: str, cut_off: date,
    corrects: Delivery | None, replaces: bool,
) -> Delivery:  # fmt: skip
    """A ledger row that is not saved yet. Its id tells data set, cut-off date and content."""
    return Delivery(
        id=_free_id(f"{wanted.id}-{cut_off:%Y%m%d}-{copied.sha256[:8]}"),
        dataset=wanted.id,
        department=wanted.department,
        region=by.region if by else "",
        provider=provider.strip(),
        batch=batch.strip(),
        cut_off=cut_off,
        file_name=name[-255:],
        size=copied.size,
        sha256=copied.sha256,
        corrects=corrects,
        replaces=replaces and corrects is not None,
        received_by=by,
    )


def _one_at_a_time(wanted: Dataset, sha256: str) -> None:
    """Until the end of the transaction nobody else takes this very file in: of a double click one is queued."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"{wanted.id} {sha256}"])


def _free_id(wanted: str) -> str:
    """The id itself, or with a number when a refused or waiting delivery has it."""
    taken = set(Delivery.objects.filter(pk__startswith=wanted).values_list("pk", flat=True))
    candidates = [wanted, *(f"{wanted}-{number}" for number in range(2, len(taken) + 3))]
    return next(candidate for candidate in candidates if candidate not in taken)


def _earlier(wanted: Dataset, sha256: str, cut_off: date, *states: str) -> Delivery | None:
    """The accepted delivery of the same file up to the same day (or one in the other states named)."""
    chosen = [DeliveryState.ACCEPTED, *states]
    found = Delivery.objects.filter(dataset=wanted.id, sha256=sha256, cut_off=cut_off, state__in=chosen).first()
    if found is not None:
        found.seen_before = True
    return found


def _percent(delivery_id: str) -> Progress:
    """Writes whole percents into the ledger, for the page that asks."""
    last = 0

    def report(_step: str, share: float) -> None:
        nonlocal last
        if (percent := min(99, int(share * 100))) > last:
            last = percent
            Delivery.objects.filter(pk=delivery_id).update(progress=percent)

    return report


def _defer(delivery_id: str) -> None:
    from procrastinate.contrib.django import app as queue

    queue.configure_task(RECEIVE_TASK, queueing_lock=delivery_id, lock=delivery_id).defer(delivery_id=delivery_id)


def _root() -> Path:
    return Path(settings.FUPIN_DATA_DIR)
