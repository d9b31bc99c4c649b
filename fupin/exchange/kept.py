"""Which files of the data folder the ledger's rows need: for whoever copies both.

A file of an accepted delivery has its name before its row is committed and never changes: whoever reads the rows first
and the files then finds all of them. The sealed copy of a delivery that is still being worked on goes when the file is
refused: it is ``fleeting``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from fupin.exchange.models import Delivery, DeliveryState, LakeFile
from fupin.exchange.workplace import raw_path


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
    return kept + [KeptFile(parquet, sha256) for parquet, sha256 in later]
