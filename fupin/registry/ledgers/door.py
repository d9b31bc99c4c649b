"""What the door of the registry lets other apps have of ledgers."""

from fupin.registry.ledgers.applying import Applied, apply_differences, new_household_codes
from fupin.registry.ledgers.differences import Differences as LedgerDifferences
from fupin.registry.ledgers.differences import Incoming as LedgerIncoming
from fupin.registry.ledgers.differences import differences
from fupin.registry.ledgers.exporting import Order as LedgerOrder
from fupin.registry.ledgers.exporting import Receipt as LedgerReceipt
from fupin.registry.ledgers.exporting import ask_export, export_now, export_rows
from fupin.registry.ledgers.known import code_shares
from fupin.registry.ledgers.models import BatchState, LedgerBatch, LedgerCells, LedgerMapping
from fupin.registry.ledgers.numbers import changed_numbers
from fupin.registry.ledgers.standing import Standing, Wanted, hold, standing
from fupin.registry.ledgers.undoing import built_on, undo
from fupin.registry.ledgers.writing import written
from fupin.registry.numbers import hashes as id_hashes

__all__ = [
    "Applied",
    "BatchState",
    "LedgerBatch",
    "LedgerCells",
    "LedgerDifferences",
    "LedgerIncoming",
    "LedgerMapping",
    "LedgerOrder",
    "LedgerReceipt",
    "Standing",
    "Wanted",
    "apply_differences",
    "ask_export",
    "built_on",
    "changed_numbers",
    "code_shares",
    "differences",
    "export_now",
    "export_rows",
    "hold",
    "id_hashes",
    "new_household_codes",
    "standing",
    "undo",
    "written",
]
