"""The door to exchange: all outside data come in here."""

from fupin.exchange.agreement_models import ENDING_DAYS, Agreement, AgreementState, ExchangeEntry, Way
from fupin.exchange.agreement_queries import (
    DepartmentRow,
    agreement_for,
    agreements_for,
    department_rows,
    departments_of,
    entry_of,
    exchanges_for,
    push_for,
    pushes_for,
)
from fupin.exchange.agreement_rules import Terms
from fupin.exchange.agreements import SIGN, agree, agreement_mark, covering, end, propose, pseudonym_key, side_of
from fupin.exchange.bad_rows import write_bad_rows
from fupin.exchange.exchanges import holds_now, note_outgoing
from fupin.exchange.generated import sign_generated_agreements
from fupin.exchange.kept import KeptFile, files_kept
from fupin.exchange.kept_secret import opened_mark, sealed_mark
from fupin.exchange.key_rotation import drop_key, keys_used, rotate_key
from fupin.exchange.ledgers.codes import list_name, lists_for
from fupin.exchange.ledgers.mapping import ColumnMap, TableMap, closed, from_json
from fupin.exchange.ledgers.planning import KINDS as LEDGER_KINDS
from fupin.exchange.ledgers.queries import (
    Shown,
    batch_for,
    batches_for,
    columns_shown,
    differences_for,
    layout_for,
    mapping_for,
    mappings_for,
)
from fupin.exchange.ledgers.services import (
    MOST_FILES,
    LedgerFile,
    confirm_doubt,
    drop_batch,
    receive_ledger,
    retire_mapping,
    say_columns,
    skip_table,
)
from fupin.exchange.ledgers.work import order_apply, order_undo, run_apply, run_plan, run_undo
from fupin.exchange.models import Delivery, DeliveryState
from fupin.exchange.outgoing import OFFICE, OUTGOING, columns_of, let_out, set_names, side_names
from fupin.exchange.push_models import Push, PushState, PushTry, Subscription
from fupin.exchange.pushing import (
    MOST_TRIES,
    open_subscriptions,
    push_rows,
    renew_secret,
    replay,
    subscribe,
    unsubscribe,
)
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
from fupin.exchange.turning_back import may_turn_back, turn_back
from fupin.kernel.giving_up import when_given_up

__all__ = [
    "ENDING_DAYS",
    "LEDGER_KINDS",
    "MOST_FILES",
    "MOST_TRIES",
    "OFFICE",
    "OUTGOING",
    "SEEN_EN",
    "SEEN_ZH",
    "SIGN",
    "Agreement",
    "AgreementState",
    "ColumnMap",
    "Delivery",
    "DeliveryState",
    "DepartmentRow",
    "ExchangeEntry",
    "KeptFile",
    "LedgerFile",
    "Push",
    "PushState",
    "PushTry",
    "QuarantinedCells",
    "Refusal",
    "Shown",
    "Subscription",
    "TableMap",
    "Terms",
    "Way",
    "agree",
    "agreement_for",
    "agreement_mark",
    "agreements_for",
    "batch_for",
    "batches_for",
    "closed",
    "columns_of",
    "columns_shown",
    "confirm_doubt",
    "covering",
    "dataset_named",
    "datasets_for",
    "deliveries_for",
    "delivery_for",
    "department_rows",
    "departments_of",
    "differences_for",
    "drop_batch",
    "drop_key",
    "end",
    "enqueue",
    "entry_of",
    "exchanges_for",
    "files_kept",
    "from_json",
    "guess_dataset",
    "holds_now",
    "keys_used",
    "layout_for",
    "let_out",
    "list_name",
    "lists_for",
    "mapping_for",
    "mappings_for",
    "may_turn_back",
    "note_outgoing",
    "open_subscriptions",
    "opened_mark",
    "order_apply",
    "order_undo",
    "process",
    "propose",
    "pseudonym_key",
    "push_for",
    "push_rows",
    "pushes_for",
    "quarantine_of",
    "quarantined_cells",
    "reason_title",
    "receive",
    "receive_ledger",
    "renew_secret",
    "replay",
    "retire_mapping",
    "rotate_key",
    "run_apply",
    "run_plan",
    "run_undo",
    "say_columns",
    "sealed_mark",
    "set_names",
    "side_names",
    "side_of",
    "sign_generated_agreements",
    "skip_table",
    "subscribe",
    "sweep",
    "turn_back",
    "unsubscribe",
    "usable_deliveries",
    "when_given_up",
    "write_bad_rows",
]
