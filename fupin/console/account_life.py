"""The life of an account in words: who changed what, from where, before and after."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.utils.translation import gettext as _

from fupin.accounts.api import AccountChange, User
from fupin.ui.templatetags.ui import role_name


@dataclass(frozen=True)
class Told:
    """``changes``: name, before, after ("" and "" for a secret)."""

    at: datetime
    who: str
    origin: str
    began: bool
    changes: list[tuple[str, str, str]]


def life_told(one: AccountChange) -> Told:
    who = str(one.by) if one.by else (_("平台") if one.origin else _("数据库登录 %(login)s") % {"login": one.login})
    origins = {"command": _("命令行"), "job": _("后台任务"), "platform": ""}
    changes = [(_name(name), *_pair(name, *pair)) for name, pair in one.what.items()]
    return Told(one.at, who, origins.get(one.origin, one.origin), one.began, changes)


def _name(field: str) -> str:
    known = {
        "password": _("密码"),
        "username": _("用户名"),
        "is_active": _("启用"),
        "must_change_password": _("须改密码"),
        "opened_by_id": _("开设人"),
    }
    if field in known:
        return known[field]
    try:
        return str(getattr(User._meta.get_field(field), "verbose_name", field))
    except FieldDoesNotExist:
        return field


def _pair(field: str, before: Any, after: Any) -> tuple[str, str]:
    if before is None and after is None:
        return "", ""
    return _word(field, before), _word(field, after)


def _word(field: str, value: Any) -> str:
    if isinstance(value, bool):
        return _("是") if value else _("否")
    if value in (None, ""):
        return "–"
    return role_name(value) if field == "role" else str(value)
