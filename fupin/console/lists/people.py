"""Accounts and deeds."""

from __future__ import annotations

from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from fupin.accounts.api import Deed, User
from fupin.ui.lists import Column, Kind, Listing, by_key
from fupin.ui.templatetags.ui import department_name, object_name, role_name, verb_name

USERS = (
    Column(
        "username",
        _("用户名"),
        lambda one: one.username,
        lambda one: format_html('<a href="{}">{}</a>', reverse("console:account", args=[one.username]), one.username),
        sort=("username",),
        fixed=True,
        width=16,
    ),
    Column("name", _("姓名"), lambda one: one.display_name, sort=("display_name",), width=12),
    Column("role", _("角色"), lambda one: role_name(one.role), sort=("role",), width=12),
    Column("region", _("辖区代码"), lambda one: one.region, sort=("region",)),
    Column(
        "department",
        _("部门"),
        lambda one: department_name(one.department) if one.department else None,
        sort=("department",),
    ),
    Column(
        "seen",
        _("最近登录"),
        lambda one: one.last_login,
        sort=("last_login",),
        gaps=True,
        kind=Kind.TIME,
        css="text-nowrap",
        width=18,
    ),
    Column("ends", _("到期日"), lambda one: one.ends_on, sort=("ends_on",), gaps=True, kind=Kind.DATE, width=12),
    Column("active", _("状态"), lambda one: gettext("启用") if one.is_open else gettext("停用"), sort=("is_active",)),
)


def users(rows: QuerySet[User]) -> Listing:
    return Listing(
        name="users",
        title=_("账号"),
        columns=USERS,
        source=rows,
        fetch=by_key(rows),
        order="role",
        nothing=_("没有账号"),
    )


DEEDS = (
    Column(
        "at",
        _("时间"),
        lambda one: one.at,
        lambda one: f"{timezone.localtime(one.at):%Y-%m-%d %H:%M:%S}",
        sort=("at",),
        kind=Kind.TIME,
        css="text-nowrap num-left",
        fixed=True,
        width=18,
    ),
    Column("by", _("谁"), lambda one: str(one.by) if one.by else None, sort=("by__username",), gaps=True, width=12),
    Column("verb", _("做了什么"), lambda one: verb_name(one.verb), sort=("verb",), width=18),
    Column(
        "object",
        _("对象"),
        object_name,
        css="table-note",
        parts=(
            Column("kind", _("对象类型"), lambda one: one.object_kind, width=14),
            Column("object_id", _("对象编号"), lambda one: one.object_id, width=36),
        ),
    ),
    Column("region", _("辖区代码"), lambda one: one.region, sort=("region",)),
    Column("reason", _("理由"), lambda one: one.reason, width=30),
)


def deeds(rows: QuerySet[Deed]) -> Listing:
    return Listing(
        name="deeds",
        title=_("操作记录"),
        columns=DEEDS,
        source=rows,
        fetch=by_key(rows),
        order="at",
        nothing=_("没有记录"),
    )
