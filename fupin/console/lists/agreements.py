"""Sharing agreements, and the ledger of exchanges."""

from __future__ import annotations

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from fupin.exchange.api import Agreement, ExchangeEntry
from fupin.ui.lists import Column, Kind, Listing, by_key
from fupin.ui.templatetags.ui import (
    agreement_word,
    cover_word,
    covered_chip,
    dataset_name,
    department_name,
    side_name,
    standing_chip,
    way_word,
)


def _href(one: Agreement) -> str:
    return reverse("console:agreement", args=[one.pk])


def _number(one: Agreement) -> SafeString:
    return format_html('<a href="{}">{}</a><div class="table-note">{}</div>', _href(one), one.number, dataset_name(one))


def _sides(one: Agreement) -> SafeString:
    return format_html('{} <span class="text-secondary">→</span> {}', side_name(one.giver), side_name(one.taker))


AGREEMENTS = (
    Column(
        "number",
        _("协议"),
        shows=_number,
        sort=("pk",),
        fixed=True,
        parts=(
            Column("id", _("协议编号"), lambda one: one.number, width=18),
            Column("dataset", _("数据集"), dataset_name, width=28),
        ),
    ),
    Column(
        "sides",
        _("提供方 → 使用方"),
        shows=_sides,
        sort=("giver", "taker"),
        parts=(
            Column("giver", _("提供方"), lambda one: side_name(one.giver), width=20),
            Column("taker", _("使用方"), lambda one: side_name(one.taker), width=20),
        ),
    ),
    Column("purpose", _("用途"), lambda one: one.purpose, css="whole", width=40),
    Column("fields", _("字段"), lambda one: len(one.fields), kind=Kind.NUMBER),
    Column("from", _("生效日"), lambda one: one.valid_from, sort=("valid_from",), kind=Kind.DATE, css="text-nowrap"),
    Column("until", _("截止日"), lambda one: one.valid_until, sort=("valid_until",), kind=Kind.DATE, css="text-nowrap"),
    Column("state", _("状态"), agreement_word, standing_chip, sort=("state",)),
)


def agreements(rows: QuerySet[Agreement]) -> Listing:
    return Listing(
        name="agreements",
        title=_("共享协议"),
        columns=AGREEMENTS,
        source=rows,
        fetch=by_key(rows),
        order="-number",
        href=_href,
        nothing=_("还没有共享协议"),
        advice=_("一方提出、双方签字后生效；没有协议的交付会在台账里标明。"),
    )


def _of_agreement(one: ExchangeEntry) -> SafeString:
    if one.agreement is None:
        return covered_chip(one)
    link = format_html('<a href="{}">{}</a>', _href(one.agreement), one.agreement.number)
    return format_html("{} {}", link, covered_chip(one)) if one.outside else link


EXCHANGES = (
    Column("at", _("时间"), lambda one: one.at, sort=("at",), kind=Kind.TIME, css="text-nowrap", width=18, fixed=True),
    Column("department", _("部门"), lambda one: department_name(one.department), sort=("department",), width=18),
    Column("dataset", _("数据集"), dataset_name, sort=("dataset",), width=24),
    Column("way", _("方式"), way_word, sort=("direction", "way")),
    Column("rows", _("行"), lambda one: one.rows, sort=("rows",), kind=Kind.NUMBER),
    Column(
        "agreement",
        _("协议"),
        shows=_of_agreement,
        sort=("agreement",),
        gaps=True,
        parts=(
            Column("number", _("协议编号"), lambda one: one.agreement.number if one.agreement else "", width=18),
            Column("covered", _("核对"), cover_word, width=16),
            Column("outside", _("协议外字段"), lambda one: " ".join(one.outside), width=30),
        ),
    ),
    Column("object", _("批次或消息"), lambda one: one.object_id, css="table-note", width=40),
)


def exchanges(rows: QuerySet[ExchangeEntry]) -> Listing:
    return Listing(
        name="exchanges",
        title=_("交换台账"),
        columns=EXCHANGES,
        source=rows,
        fetch=by_key(rows),
        order="at",
        nothing=_("台账里还没有交换"),
    )
