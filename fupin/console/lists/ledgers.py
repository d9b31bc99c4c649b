"""Batches of ledgers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from fupin.accounts.api import User
from fupin.console.ledger_words import TONES
from fupin.registry.api import BatchState, LedgerBatch
from fupin.ui.lists import Column, Kind, Listing, by_key
from fupin.ui.markup import filled
from fupin.ui.places import with_region_names


def _link(one: LedgerBatch) -> SafeString:
    return filled('<a href="{}">{}</a>', reverse("console:ledger", args=[one.pk]), f"{one.pk} · {one.title}")


def state_chip(one: LedgerBatch) -> SafeString:
    return filled('<span class="chip {}">{}</span>', TONES[one.state], BatchState(one.state).label)


def _count(key: str) -> Callable[[Any], Any]:
    return lambda one: one.counts.get(key)


BATCHES = (
    Column("id", _("批次"), lambda one: one.pk, _link, sort=("pk",), fixed=True, width=34),
    Column("region", _("辖区"), lambda one: one.region_name, sort=("region",), width=18),
    Column("as_of", _("台账日期"), lambda one: one.as_of, sort=("as_of",), kind=Kind.DATE, css="text-nowrap"),
    Column("state", _("状态"), lambda one: str(BatchState(one.state).label), state_chip, sort=("state",)),
    Column("homes", _("新户"), _count("new_household"), kind=Kind.NUMBER),
    Column("people", _("新人"), _count("new_person"), kind=Kind.NUMBER),
    Column("changed", _("改动"), _count("changed"), kind=Kind.NUMBER),
    Column("refused", _("未接受的行"), _count("refused"), kind=Kind.NUMBER),
    Column("created", _("上传"), lambda one: one.created_at, sort=("created_at",), kind=Kind.TIME, css="text-nowrap",
           width=18),
    Column("by", _("上传人"), lambda one: str(one.by), width=12),
)  # fmt: skip


def batches(user: User, rows: QuerySet[LedgerBatch]) -> Listing:
    return Listing(
        name="ledgers",
        title=_("台账"),
        columns=BATCHES,
        source=rows,
        fetch=with_region_names(by_key(rows)),
        order="created",
        href=lambda one: reverse("console:ledger", args=[one.pk]),
        region=user.region,
        nothing=_("还没有导入过台账"),
        advice=_("上传国办建档立卡表或省、县的名单，先看差异，再写入。"),
    )
