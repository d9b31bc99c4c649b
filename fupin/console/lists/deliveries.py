"""Deliveries, and the rows of one that did not pass."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from fupin.accounts.api import User
from fupin.exchange import api as exchange
from fupin.exchange.api import Delivery, QuarantinedCells
from fupin.ui import words
from fupin.ui.lists import Column, Kind, Listing, by_key
from fupin.ui.templatetags.ui import dataset_name, department_name, reason, size, work_chip


def _href(one: Delivery) -> str:
    return reverse("console:delivery", args=[one.pk])


def _dataset(one: Delivery) -> SafeString:
    department = department_name(one.department)
    return format_html('<a href="{}">{}</a><div class="table-note">{}</div>', _href(one), dataset_name(one), department)


def _file(one: Delivery) -> SafeString:
    return format_html(
        '<div class="clip" title="{}">{}</div><div class="table-note">{} · {} · {}</div>',
        one.file_name,
        one.file_name,
        size(one.size),
        one.provider,
        one.batch,
    )


DELIVERIES = (
    Column(
        "dataset",
        _("数据集"),
        shows=_dataset,
        sort=("department", "dataset"),
        fixed=True,
        parts=(
            Column("id", _("批次编号"), lambda one: one.pk, width=36),
            Column("department", _("部门"), lambda one: department_name(one.department), width=16),
            Column("dataset_name", _("数据集"), dataset_name, width=24),
        ),
    ),
    Column(
        "file",
        _("文件"),
        shows=_file,
        sort=("file_name",),
        parts=(
            Column("file_name", _("文件名"), lambda one: one.file_name, width=36),
            Column("size", _("字节"), lambda one: one.size, kind=Kind.NUMBER),
            Column("provider", _("提供人"), lambda one: one.provider, width=12),
            Column("batch", _("批次号"), lambda one: one.batch, width=12),
        ),
    ),
    Column("cut_off", _("截止日"), lambda one: one.cut_off, sort=("cut_off",), kind=Kind.DATE, css="text-nowrap"),
    Column(
        "state",
        _("状态"),
        lambda one: words.WORK_STATES[one.state][1],
        lambda one: work_chip(one.state),
        sort=("state",),
    ),
    Column("rows", _("行"), lambda one: one.rows, sort=("rows",), gaps=True, kind=Kind.NUMBER),
    Column("good", _("入湖"), lambda one: one.good_rows, sort=("good_rows",), gaps=True, kind=Kind.NUMBER),
    Column("bad", _("问题行"), lambda one: one.bad_rows, sort=("bad_rows",), gaps=True, kind=Kind.NUMBER),
    Column("twice", _("重复"), lambda one: one.duplicate_rows, sort=("duplicate_rows",), gaps=True, kind=Kind.NUMBER),
    Column(
        "received",
        _("收到"),
        lambda one: one.received_at,
        sort=("received_at",),
        kind=Kind.TIME,
        css="text-nowrap",
        width=18,
    ),
)


def deliveries(rows: QuerySet[Delivery]) -> Listing:
    return Listing(
        name="deliveries",
        title=_("部门数据"),
        columns=DELIVERIES,
        source=rows,
        fetch=by_key(rows),
        order="received",
        href=_href,
        nothing=_("还没有批次"),
        advice=_("提交第一个文件：系统会认出编码、表头和数据集。"),
    )


def _seen(row: QuarantinedCells) -> SafeString:
    return format_html('<div class="clip" title="{}">{}</div>', row.seen, row.seen or "–")


QUARANTINE = (
    Column(
        "row", _("行号"), lambda row: row.row, sort=("row",), kind=Kind.NUMBER, small_first=True, fixed=True, width=8
    ),
    Column("column", _("列"), lambda row: row.column, sort=("column", "row"), css="text-nowrap"),
    Column("seen", _("所见"), lambda row: row.seen, _seen, width=30),
    Column("code", _("原因"), reason, sort=("code", "row"), css="whole", width=60),
)


def quarantine(user: User, delivery: Delivery, column: str, code: str) -> Listing:
    """The refused cells of a delivery, long numbers masked."""
    rows = exchange.quarantine_of(user, delivery)
    rows = rows.filter(column=column) if column else rows
    rows = rows.filter(code=code) if code else rows

    def fetch(keys: Sequence[int]) -> list[QuarantinedCells]:
        return exchange.quarantined_cells(user, delivery, keys)

    return Listing(
        name="quarantine",
        title=_("隔离的行"),
        columns=QUARANTINE,
        source=rows,
        fetch=fetch,
        order="row",
        object_id=delivery.pk,
        nothing=_("没有隔离的行"),
    )
