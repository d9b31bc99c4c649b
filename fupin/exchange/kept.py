"""Which files of the data folder the ledger's rows need: for whoever copies both.

A file of an accepted delivery has its name before its row is committed and never changes: whoever reads the rows first
and the files then finds all of them. The sealed copy of a delivery that is still being worked on goes when the file is
refused: it is ``fleeting``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from fupin.exchange.ledgers.store import PLAN, folder_of
from fupin.exchange.models import Delivery, DeliveryState, LakeFile
from fupin.exchange.workplace import raw_path
from fupin.registry.api import BatchState, LedgerBatch


@dataclass(frozen=True)
class KeptFile:
    """``path`` is relative to the data folder; ``sha256`` is "" where the ledger does not know it."""

    path: str
    sha256: str = ""
    fleeting: bool = False


def files_kept(using: str = "default") -> list[KeptFile]:
    """As the rows say that the connection ``using`` sees."""
    data = Path(settings.FUPIN_DATA_DIR)
    busy = (DeliveryState.WAITING, DeliveryState.READING)
    rows = Delivery.objects.using(using).exclude(state=DeliveryState.REFUSED).order_by("pk")
    kept: list[KeptFile] = []
    for pk, state, parquet, sha256 in rows.values_list("pk", "state", "parquet", "parquet_sha256"):
        raw = raw_path(data, pk).relative_to(data).as_posix()
        kept.append(KeptFile(raw, fleeting=state in busy))
        if state not in busy:
            kept.append(KeptFile(parquet, sha256))
    later = LakeFile.objects.using(using).order_by("pk").values_list("parquet", "parquet_sha256")
    kept += [KeptFile(parquet, sha256) for parquet, sha256 in later]
    return kept + _ledgers(using)


def _ledgers(using: str) -> list[KeptFile]:
    """Sealed files and differences of ledgers: those of a batch that may still be given up are fleeting."""
    data = Path(settings.FUPIN_DATA_DIR)
    over = (BatchState.APPLIED, BatchState.UNDONE)
    kept = []
    for pk, state, files in LedgerBatch.objects.using(using).order_by("pk").values_list("pk", "state", "files"):
        if state == BatchState.DROPPED:
            continue
        names = [folder_of(pk) / f"{number}.sealed" for number in range(len(files))]
        names += [folder_of(pk) / PLAN] if (folder_of(pk) / PLAN).exists() else []
        kept += [KeptFile(path.relative_to(data).as_posix(), fleeting=state not in over) for path in names]
    return kept
