"""The registry in the layout of a ledger: the same columns, codes to the byte.

A cell that was kept as it was written is written so again as long as the figure is still what it was then. Full numbers
come out against a committed deed alone (``fupin_open_ledger``); without one they are masked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl
from django.conf import settings
from django.db import connection, transaction

from fupin.accounts import api as accounts
from fupin.accounts.api import User
from fupin.catalogue.ledgers import Layout, LedgerColumn, ledger_fields
from fupin.kernel.errors import UserError
from fupin.registry.borders import region_names
from fupin.registry.ledgers.standing import HOUSEHOLD_COLUMNS, PERSONS_VIEW, person_columns, read_frame
from fupin.registry.ledgers.writing import written
from fupin.registry.queries import has_households
from fupin.registry.sealing import bound_to, hint_of, unseal

EXPORT, FULL = "export_ledgers", "export_ledger_full"
SHORTEST_REASON = 4
SEALED = {"persons.id_number": "id_number", "households.phone": "phone", "households.bank_account": "bank_account"}
LABELS = {"code": ("code", ("1", "0")), "label": ("label", ("是", "否"))}


@dataclass(frozen=True)
class Order:
    """What is to be written out. ``writes``: heading → (code or label, foreign list, translation by hand) of a saved
    mapping; the layout's own way where nothing is said."""

    layout: Layout
    region: str
    year: int
    writes: Mapping[str, tuple[str, str, Mapping[str, str]]]


@dataclass(frozen=True)
class Receipt:
    """The committed deed of an export. ``full``: numbers are written whole."""

    deed: int
    full: bool


def ask_export(*, by: User, order: Order, full: bool, reason: str) -> Receipt:
    """Write down who takes what; commit before :func:`export_rows`. Raises Forbidden, UserError."""
    accounts.require(by, EXPORT, order.region)
    if full and len(reason.strip()) < SHORTEST_REASON:
        raise UserError(
            "导出完整号码须写明理由", "writing full numbers out needs a reason",
            f"请用至少 {SHORTEST_REASON} 个字写明用途，例如“报送省级系统”",
            f"say in at least {SHORTEST_REASON} characters what it is for",
        )  # fmt: skip
    if not has_households():
        raise UserError("登记库是空的", "the registry is empty", "先载入或导入", "load or import first")
    deed = accounts.record(
        by=by, verb=FULL if full else "export", object_kind="ledger", object_id=order.layout.id[:40],
        region=order.region, reason=reason.strip()[:200], detail={"layout": order.layout.id, "year": order.year},
    )  # fmt: skip
    return Receipt(deed.pk, full)


def export_rows(order: Order, receipt: Receipt) -> pl.DataFrame:
    """Headings and cells, households in the order of villages. Under the scope of the same user."""
    rows = _people(order) if order.layout.row == "person" else _homes(order)
    kept = _kept(order)
    rows = rows.join(kept, on="record", how="left", maintain_order="left") if kept is not None else rows
    numbers = _numbers(rows, order, receipt)
    columns = []
    for column in order.layout.columns.values():
        cells = numbers.get(column.field)
        if cells is None:
            cells = _cells(rows, column, order, None if kept is None else column.key)
        columns.append(cells.alias(order.layout.heading(column)))
    return pl.DataFrame(columns)


def _people(order: Order) -> pl.DataFrame:
    """Members with the facts of their household, and of the year where the layout has them; heads first."""
    names = [f"v.{name}" for name in person_columns()]
    facts = [f"h.{name} AS household_{name}" for name in _household_facts()]
    surveys = [f"s.{name} AS survey_{name}" for name in _survey_facts(order.layout)]
    join = "LEFT JOIN registry_survey s ON s.household_id = v.household_id AND s.year = %s" if surveys else ""
    query = (
        f"SELECT v.person_id AS record, {', '.join([*names, *facts, *surveys])}, h.members AS household_members "  # noqa: S608
        f"FROM {PERSONS_VIEW} v JOIN registry_household h ON h.household_id = v.household_id {join} "
        "WHERE v.village_code >= %s AND v.village_code < %s "
        "ORDER BY v.village_code, v.household_id, v.relation IS DISTINCT FROM '01', v.person_id"
    )
    return read_frame(query, [*([order.year] if surveys else []), order.region, order.region + ":"])


def _homes(order: Order) -> pl.DataFrame:
    facts = [f"h.{name} AS household_{name}" for name in _household_facts()]
    surveys = [f"s.{name} AS survey_{name}" for name in _survey_facts(order.layout)]
    kind = "JOIN" if order.layout.yearly else "LEFT JOIN"
    join = f"{kind} registry_survey s ON s.household_id = h.household_id AND s.year = %s" if surveys else ""
    names = ", ".join(
        ["h.household_id AS record", "h.village_code", "h.members AS household_members", *facts, *surveys]
    )
    query = (
        f"SELECT {names} FROM registry_household h {join} "  # noqa: S608
        "WHERE h.village_code >= %s AND h.village_code < %s AND h.ended_on IS NULL "
        "ORDER BY h.village_code, h.household_id"
    )
    return read_frame(query, [*([order.year] if surveys else []), order.region, order.region + ":"])


def _household_facts() -> list[str]:
    return [name for name in HOUSEHOLD_COLUMNS if name not in ("ended_on", "version")]


def _survey_facts(layout: Layout) -> list[str]:
    fields = [one.field for one in layout.columns.values() if one.field.startswith("survey.")]
    return [field.removeprefix("survey.") for field in fields if field != "survey.year"]


def _kept(order: Order) -> pl.DataFrame | None:
    """record → key → [cell, what we would have written then]."""
    layout = order.layout
    years = [order.year if layout.yearly else 0]
    query = (
        "SELECT c.record AS record, c.cells::text AS cells FROM registry_ledgercells c "
        "JOIN registry_household h ON h.household_id = c.household_id "
        "WHERE c.layout = %s AND c.year = ANY (%s) AND h.village_code >= %s AND h.village_code < %s"
    )
    found = read_frame(query, [layout.id, years, order.region, order.region + ":"])
    if not found.height:
        return None
    shape = pl.Struct({key: pl.List(pl.String) for key in layout.columns})
    return found.select("record", kept=pl.col("cells").str.json_decode(shape))


def _cells(rows: pl.DataFrame, column: LedgerColumn, order: Order, key: str | None) -> pl.Series:
    ours = _ours(rows, column, order)
    if key is None:
        return ours
    kept = pl.col("kept").struct.field(key)
    cell, then = kept.list.get(0, null_on_oob=True), kept.list.get(1, null_on_oob=True)
    same = pl.lit(column.field == "" or column.field.startswith(("valid.", "group."))) | then.eq_missing(pl.col("ours"))
    frame = rows.select("kept").with_columns(ours=ours)
    return frame.select(pl.when(cell.is_not_null() & same).then(cell).otherwise("ours")).to_series()


def _ours(rows: pl.DataFrame, column: LedgerColumn, order: Order) -> pl.Series:
    """What we write for a figure; null for one that we do not hold."""
    name = _source(column.field)
    if column.field in ("households.county", "households.town", "households.village"):
        return _place(rows["village_code"], {"county": 6, "town": 9, "village": 12}[column.field.partition(".")[2]])
    if column.field == "survey.year":
        return pl.Series([str(order.year)], dtype=pl.String).new_from_index(0, rows.height)
    if not column.field or name not in rows.columns:
        return pl.Series([column.constant or None], dtype=pl.String).new_from_index(0, rows.height)
    writes, foreign, own = order.writes.get(column.key, (order.layout.writes, "", {}))
    flags = order.layout.flags if column.key not in order.writes else LABELS[writes][1]
    return written(rows[name], ledger_fields()[column.field], writes, flags, foreign, own or None)


def _source(field: str) -> str:
    table, _, name = field.partition(".")
    if field == "persons.household_id":
        return "household_id"
    return name if table == "persons" else f"{'household' if table == 'households' else table}_{name}"


def _place(villages: pl.Series, digits: int) -> pl.Series:
    names = region_names(str(villages[0])[:4]) if len(villages) else {}
    return villages.str.slice(0, digits).replace_strict(names, default=None, return_dtype=pl.String)


def _numbers(rows: pl.DataFrame, order: Order, receipt: Receipt) -> dict[str, pl.Series]:
    """Numbers in clear against the deed, else masked."""
    wanted = [field for field in SEALED if order.layout.of(field) is not None]
    found: dict[str, pl.Series] = {}
    for field in wanted:
        record = "record" if field == "persons.id_number" else "household_id"
        key = rows[record] if record in rows.columns else rows["record"]
        table = _opened(receipt.deed, SEALED[field]) if receipt.full else _masked(field, order.region)
        found[field] = key.replace_strict(table, default=None, return_dtype=pl.String)
    return found


def _opened(deed: int, field: str) -> dict[str, str]:
    keys = settings.FUPIN_KEYS.now
    with connection.cursor() as cursor:
        cursor.execute("SELECT record, cipher FROM fupin_open_ledger(%s, %s)", [deed, field])
        return {record: unseal(keys, bytes(cipher), bound_to(record, field)) for record, cipher in cursor.fetchall()}


def _masked(field: str, region: str) -> dict[str, str]:
    if field == "households.bank_account":
        return {}
    keys = settings.FUPIN_KEYS.now
    table, key, column = (
        ("registry_person p JOIN registry_membership m ON m.person_id = p.person_id AND m.valid_to IS NULL "
         "JOIN registry_household h ON h.household_id = m.household_id", "p.person_id", "p.id_hint")
        if field == "persons.id_number" else ("registry_household h", "h.household_id", "h.phone_hint")
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {key}, {column} FROM {table} WHERE {column} IS NOT NULL "  # noqa: S608
            "AND h.village_code >= %s AND h.village_code < %s",
            [region, region + ":"],
        )
        return {record: unseal(keys, bytes(hint), hint_of(record)) for record, hint in cursor.fetchall()}


def export_now(*, by: User, order: Order, full: bool = False, reason: str = "") -> tuple[Receipt, pl.DataFrame]:
    """Both steps, for callers that are in no transaction (a command)."""
    with transaction.atomic(durable=True), accounts.acting_as(by):
        receipt = ask_export(by=by, order=order, full=full, reason=reason)
    with transaction.atomic(durable=True), accounts.acting_as(by):
        return receipt, export_rows(order, receipt)
