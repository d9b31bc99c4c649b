"""Rotating keys, whole: the registry, and what was delivered. Broken off anywhere, it goes on when it is run again.

* encryption: quarantined cells in batches, secrets of agreements and messages, sealed files one by one.
* lake: every file that counts is derived anew from its sealed copy, beside the one in use, which stays for the runs
  that pinned it. Runs and deliveries go on with the version in use; when nothing is missing the platform turns.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from fupin.accounts.api import User, record
from fupin.exchange.kept_rotation import reseal_kept
from fupin.exchange.ledger import place_of
from fupin.exchange.ledgers.store import reseal as reseal_ledgers
from fupin.exchange.models import Delivery, DeliveryState, LakeFile, QuarantinedRow
from fupin.exchange.parquet import lake_keys
from fupin.exchange.queries import encryption_keys_in_use, raw_files
from fupin.exchange.rehashing import Versions, rehash
from fupin.exchange.rules import dataset_named
from fupin.exchange.sealing import SealedFile, key_id_of_cells, key_id_of_file, open_cells, seal, seal_cells
from fupin.exchange.services import sweep
from fupin.exchange.workplace import parquet_name, put, raw_path, workplace
from fupin.kernel.errors import UserError
from fupin.registry import api as registry
from fupin.registry.api import Rotated

BATCH = 2_000
TURNS, PAUSE = 600, 0.5  # so often is the turn tried, with so many seconds between

Progress = Callable[[str, float], None]


def rotate_key(*, by: User | None, purpose: str, progress: Progress | None = None) -> Rotated:
    """A new key and everything under it, or the rest of an unfinished rotation.

    Raises UserError when something cannot be written anew; everything else is done then.
    """
    report = progress or (lambda _step, _share: None)
    registry.demand_purpose(purpose)
    sweep()
    with registry.one_rotation():
        done = registry.rotate(by=by, purpose=purpose, progress=report, elsewhere=keys_used(purpose))
        if rows := _renew(by, purpose, report):
            told = {"to": done.key, "opened_and_written_anew": rows}
            record(by=by, verb="key_rotated", object_kind="keys", object_id=purpose, detail=told)
        return replace(done, rows={**done.rows, **rows})


def keys_used(purpose: str) -> Counter[str]:
    """Key id → how many quarantined rows and sealed files, or files in the lake, are under it at last."""
    if purpose == "encryption":
        return encryption_keys_in_use()
    if purpose == "lake":
        now = settings.FUPIN_KEYS.now.lake.id
        left = Counter(_newest(delivery)[0] for delivery in _left())
        there = Delivery.objects.filter(state=DeliveryState.ACCEPTED).count() - left.total()
        return left + Counter({now: there})
    return Counter()


def drop_key(*, by: User | None, purpose: str, id_: str) -> None:
    """Take a retired key out of the key file. Raises UserError, saying what still needs it."""
    registry.demand_purpose(purpose)
    with registry.one_rotation():
        settings.FUPIN_KEYS.now.without(purpose, id_)  # raises UserError for one that is present or unknown
        if count := keys_used(purpose)[id_]:
            raise _needed(purpose, id_, count)
        registry.drop_key(by=by, purpose=purpose, id_=id_)


def _needed(purpose: str, id_: str, count: int) -> UserError:
    zh, en = ("入湖文件", "files in the lake") if purpose == "lake" else ("交付原件或隔离行", "sealed files or rows")
    return UserError(
        f"还有 {count:,} 个{zh}在用密钥 {id_}，不能删除",
        f"{count:,} {en} are still under the key {id_}; it stays",
        f"先运行 fupin keys rotate {purpose}",
        f"run `fupin keys rotate {purpose}` first",
    )


def _renew(by: User | None, purpose: str, report: Progress) -> dict[str, int]:
    if purpose == "encryption":
        kept = {"quarantine": _reseal_cells(report), "kept": reseal_kept(), "raw": _reseal_files(report)}
        return kept | {"ledgers": reseal_ledgers()}
    return {"lake": _derive_and_turn(by, report)} if purpose == "lake" else {}


def _left() -> QuerySet[Delivery]:
    """Deliveries that count and do not lie in the lake under the newest version."""
    now = settings.FUPIN_KEYS.now.lake.id
    counting = Delivery.objects.filter(state=DeliveryState.ACCEPTED).exclude(lake_key=now)
    return counting.exclude(pk__in=LakeFile.objects.filter(lake_key=now).values("delivery")).order_by("pk")


def _newest(delivery: Delivery) -> tuple[str, str]:
    """Id of the lake key and name of the file that was derived last."""
    later = delivery.lake_files.order_by("pk").last()
    return (delivery.lake_key, delivery.parquet) if later is None else (later.lake_key, later.parquet)


def _derive_and_turn(by: User | None, report: Progress) -> int:
    made = _derive_left(report)
    for _ in range(TURNS):
        if registry.turn_lake_key(by=by, everything_is_there=_everything_is_there):
            return made
        time.sleep(PAUSE)
        registry.renew(purpose="lake")
        made += _derive_left(report)
    raise UserError(
        "有数据一直没有换成新的数据湖密钥，平台继续使用原来的密钥",
        "some hashes are still missing under the new lake key; the platform goes on with the old one",
        "等正在进行的载入结束，再运行一次 fupin keys rotate lake",
        "wait until the load that is going on has ended, then run `fupin keys rotate lake` again",
    )


def _everything_is_there() -> bool:
    return set(registry.keys_used("lake")) <= {settings.FUPIN_KEYS.now.lake.id} and not _left().exists()


def _derive_left(report: Progress) -> int:
    return _each("lake", list(_left()), _derive, report)


def _each(name: str, deliveries: Sequence[Delivery], doing: Callable[[Delivery], None], report: Progress) -> int:
    """One after the other; those with which it cannot be done are named at the end. Raises UserError."""
    failed: list[tuple[str, Exception]] = []
    for number, delivery in enumerate(deliveries):
        report(name, number / len(deliveries))
        try:
            doing(delivery)
        except (UserError, OSError) as error:
            failed.append((delivery.pk, error))
    if failed:
        raise _cannot(failed)
    return len(deliveries)


def _derive(delivery: Delivery) -> None:
    """The file has its name before its row is written, as every file of the lake."""
    keys, data = settings.FUPIN_KEYS.now, Path(settings.FUPIN_DATA_DIR)
    wanted = dataset_named(delivery.dataset)
    source = SealedFile(raw_path(data, delivery.pk), delivery.file_name, delivery.size, settings.FUPIN_KEYS)
    held, old = _newest(delivery)
    versions = Versions(lake_keys(keys.lake_key(held)), lake_keys(keys.lake))
    name = parquet_name(delivery.dataset, delivery.pk, keys.lake.id)
    with workplace(data, delivery.dataset, delivery.pk) as place:
        ready = place.folder / "ready.parquet"
        sha256 = rehash(source, wanted, data / old, ready, versions)
        put(ready, data / name)
        LakeFile.objects.create(delivery=delivery, lake_key=keys.lake.id, parquet=name, parquet_sha256=sha256)


def _cannot(failed: Sequence[tuple[str, Exception]]) -> UserError:
    names = "、".join(pk for pk, _error in failed[:5])
    first = failed[0][1]
    zh, en = (first.zh, first.en) if isinstance(first, UserError) else (type(first).__name__,) * 2
    return UserError(
        f"{len(failed)} 个交付文件不能换成新密钥：{names}（{zh}）",
        f"{len(failed)} deliveries cannot be brought under the new key: {names} ({en})",
        "从备份恢复这些文件（数据湖的，也可请部门重新交付一份替代原来的），再运行一次；在此之前原来的密钥不能删除",
        "restore these files from a backup (of the lake's, a correction that replaces them will do, too), then run "
        "again; until then the old key stays",
    )


def _reseal_cells(report: Progress) -> int:
    """Quarantined rows in the order of their keys, each batch in a transaction of its own."""
    rows, last = 0, 0
    while found := list(QuarantinedRow.objects.filter(pk__gt=last).order_by("pk")[:BATCH]):
        keys, last = settings.FUPIN_KEYS.now, found[-1].pk
        stale = [row for row in found if key_id_of_cells(bytes(row.cells)) != keys.encryption.id]
        for row in stale:
            place = place_of(row.delivery_id, row.row)
            row.cells = seal_cells(open_cells(bytes(row.cells), keys, place), keys, place)
        with transaction.atomic():
            QuarantinedRow.objects.bulk_update(stale, ["cells"])
        rows += len(stale)
        report("quarantine", 0.0)
    return rows


def _reseal_files(report: Progress) -> int:
    """A delivery that is being read is waited for; one that was refused meanwhile has none any more."""
    now = settings.FUPIN_KEYS.now.encryption.id
    stale = [path for path in raw_files() if key_id_of_file(path) != now]
    return _each("raw", list(Delivery.objects.in_bulk([path.stem for path in stale]).values()), _reseal_file, report)


def _reseal_file(delivery: Delivery) -> None:
    data, live = Path(settings.FUPIN_DATA_DIR), settings.FUPIN_KEYS
    with workplace(data, delivery.dataset, delivery.pk) as place:
        if not place.raw.exists():
            return
        fresh = place.folder / "sealed"
        with SealedFile(place.raw, delivery.file_name, delivery.size, live).open() as clear:
            copied = seal(clear, fresh, live.now)
        if copied.sha256 != delivery.sha256:
            raise UserError(
                f"交付文件 {delivery.pk} 的加密原件与台账不符，没有改动",
                f"the sealed copy of {delivery.pk} is not what the ledger says; it was left as it is",
                "请从备份恢复原件",
                "restore it from a backup",
            )
        put(fresh, place.raw)
