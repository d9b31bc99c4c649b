"""The door to exchange: all outside data come in here."""

from fupin.exchange.bad_rows import write_bad_rows
from fupin.exchange.kept import KeptFile, files_kept
from fupin.exchange.key_rotation import drop_key, keys_used, rotate_key
from fupin.exchange.models import Delivery, DeliveryState
from fupin.exchange.queries import (
    QuarantinedCells,
    datasets_for,
    deliveries_for,
    delivery_for,
    guess_dataset,
    quarantine_of,
    quarantined_cells,
    usable_deliveries,
)
from fupin.exchange.reading.reasons import reason_title
from fupin.exchange.reading.refusals import Refusal
from fupin.exchange.rules import dataset_named
from fupin.exchange.services import SEEN_EN, SEEN_ZH, enqueue, process, receive, sweep
from fupin.kernel.giving_up import when_given_up

__all__ = [
    "SEEN_EN",
    "SEEN_ZH",
    "Delivery",
    "DeliveryState",
    "KeptFile",
    "QuarantinedCells",
    "Refusal",
    "dataset_named",
    "datasets_for",
    "deliveries_for",
    "delivery_for",
    "drop_key",
    "enqueue",
    "files_kept",
    "guess_dataset",
    "keys_used",
    "process",
    "quarantine_of",
    "quarantined_cells",
    "reason_title",
    "receive",
    "rotate_key",
    "sweep",
    "usable_deliveries",
    "when_given_up",
    "write_bad_rows",
]
