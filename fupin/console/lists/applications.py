"""Residents' applications: where, since when, until when, and what came of each. Names stand on the page of one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from fupin.accounts.api import User
from fupin.identify import api as identify
from fupin.identify.api import Application
from fupin.ui.lists import Column, Kind, Listing
from fupin.ui.markup import address, filled
from fupin.ui.places import village_names


def _href(one: Application) -> str:
    return address("console:application", str(one.pk))


def _link(one: Application) -> SafeString:
    return filled('<a href="{}">{}</a><div class="table-note">{}</div>', _href(one), one.receipt, one.pk)


def _answer(one: Application) -> Any:
    return getattr(one, "answer", None)


def _standing(one: Application) -> Any:
    answer = _answer(one)
    if answer is None:
        return _("待受理")
    return _("已立案") if answer.case_id else _("不予受理")


def _chip(one: Application) -> SafeString:
    answer = _answer(one)
    if answer is None:
        late = one.due_on < timezone.localdate()
        return filled(
            '<span class="chip {}">{}</span>', "sev-1" if late else "busy", _("超期") if late else _("待受理")
        )
    if answer.case_id is None:
        return filled('<span class="chip returned">{}</span>', _("不予受理"))
    return filled('<a href="{}">{} {}</a>', address("console:case", str(answer.case_id)), _("办件"), answer.case_id)


COLUMNS = (
    Column(
        "receipt", _("回执号"), shows=_link, sort=("pk",), fixed=True, css="whole",
        parts=(
            Column("number", _("序号"), lambda one: one.pk, kind=Kind.NUMBER),
            Column("code", _("回执号"), lambda one: one.receipt, width=16),
        ),
    ),
    Column("place", _("行政村"), lambda one: one.place, sort=("village_code",), css="text-nowrap", width=22),
    Column("members", _("人口"), lambda one: one.members, sort=("members",), kind=Kind.NUMBER, width=8),
    Column("at", _("提交"), lambda one: timezone.localdate(one.at), sort=("at",), kind=Kind.DATE, css="text-nowrap"),
    Column("due", _("期限"), lambda one: one.due_on, sort=("due_on",), kind=Kind.DATE, css="text-nowrap"),
    Column("standing", _("处理"), lambda one: str(_standing(one)), _chip, css="text-nowrap", width=12),
)  # fmt: skip


def dressed(found: Sequence[Application]) -> list[Application]:
    """Each with its village's name as ``place``."""
    names = village_names(one.village_code for one in found)
    for one in found:
        one.place = names.get(one.village_code, one.village_code)  # type: ignore[attr-defined]
    return list(found)


def applications(user: User, rows: QuerySet[Application], region: str) -> Listing:
    def fetch(keys: Sequence[Any]) -> list[Application]:
        found = identify.applications_for(user).in_bulk(list(keys))
        return dressed([found[key] for key in keys if key in found])

    return Listing(
        name="applications",
        title=_("网上申请"),
        columns=COLUMNS,
        source=rows,
        fetch=fetch,
        dress=dressed,
        order="-at",
        href=_href,
        region=region or user.region,
        nothing=_("没有网上申请"),
        advice=_("群众在登录页点“我要申请”提交，不需要账号。"),
    )
