"""What a run reads: the snapshot folder and the deliveries chosen for it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path


@dataclass(frozen=True)
class DeliveryFile:
    """One delivery: a Parquet file whose ID numbers are keyed hashes (format: ``docs/catalogue-format.md``).

    ``correction``: 0 for a first delivery, 1 for what corrects it, 2 for what corrects that: of equal rows with the
    same cut-off date the last correction holds.
    """

    dataset: str
    delivery: str
    path: Path
    sha256: str
    cut_off: date
    provider: str
    rows: int
    lake_key_id: str
    correction: int = 0

    @property
    def age(self) -> tuple[date, int, str]:
        """Sorts deliveries of one data set, the one that holds last."""
        return self.cut_off, self.correction, self.delivery


@dataclass(frozen=True)
class RunInputs:
    """``region``: prefix of village codes; ``as_of``: the cut-off date of ages, days and ledger months."""

    region: str
    as_of: date
    snapshot: Path
    deliveries: tuple[DeliveryFile, ...]

    def of_dataset(self, dataset: str) -> tuple[DeliveryFile, ...]:
        """The deliveries of a data set, the one whose rows hold last."""
        found = [delivery for delivery in self.deliveries if delivery.dataset == dataset]
        return tuple(sorted(found, key=lambda d: d.age))
