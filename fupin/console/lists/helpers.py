"""Helpers of a region."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from fupin.registry.api import Helper
from fupin.ui.lists import Column, Kind, Listing, by_key
from fupin.ui.markup import address, filled


def _name(one: Any) -> SafeString:
    return filled('<a href="{}">{}</a>', address("console:helper", one.pk), one.name)


COLUMNS = (
    Column("name", _("姓名"), lambda one: one.name, _name, sort=("name",), fixed=True, width=12),
    Column("unit", _("单位"), lambda one: one.unit, sort=("unit",), width=28),
    Column("post", _("职务"), lambda one: one.post or None, width=14),
    Column("homes", _("现帮扶户数"), lambda one: one.homes, sort=("homes",), kind=Kind.NUMBER, css="num", width=12),
    Column("since", _("最近结对"), lambda one: one.since, sort=("since",), kind=Kind.DATE, width=12),
    Column("helper_id", _("帮扶人编号"), lambda one: one.pk, sort=("helper_id",), css="table-note", width=22),
)


def helpers(rows: QuerySet[Helper], region: str) -> Listing:
    return Listing(
        name="helpers",
        title=_("帮扶责任人"),
        columns=COLUMNS,
        source=rows,
        fetch=by_key(rows),
        order="helper_id",
        nothing=_("还没有帮扶责任人"),
        region=region,
    )
