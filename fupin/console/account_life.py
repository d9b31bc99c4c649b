"""The life of an account in words: who changed what, from where, before and after."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.utils.translation import gettext as _

from fupin.accounts.api import AccountChange, User
from fupin.console.changes.fields import Field
from fupin.console.changes.handing_in import Meeting
from fupin.ui.templatetags.ui import role_name

#: what an account's form changes, as the deed of the change keeps it
PLACE = ("role", "region", "department", "display_name", "ends_on")


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
    changes = [(name_of(name), *_pair(name, *pair)) for name, pair in one.what.items()]
    return Told(one.at, who, origins.get(one.origin, one.origin), one.began, changes)


def name_of(field: str) -> str:
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


def meetings(
    typed: Mapping[str, str], now: Mapping[str, str], choices: Mapping[str, list[tuple[str, str]]]
) -> list[Meeting]:
    """Fields of the form that are not any more as they were read, on either side."""
    known = {"role": tuple(choices["given_roles"]), "department": tuple(choices["departments"])}
    fields = [Field(name, name_of(name), "text", known.get(name, ())) for name in PLACE]
    read = [(one, typed.get(f"was_{one.name}", ""), typed.get(one.name, "").strip()) for one in fields]
    return [Meeting(one, was, mine, now[one.name]) for one, was, mine in read if not was == mine == now[one.name]]


def _pair(field: str, before: Any, after: Any) -> tuple[str, str]:
    if before is None and after is None:
        return "", ""
    return word_of(field, before), word_of(field, after)


def word_of(field: str, value: Any) -> str:
    """A value of an account's row as it is read."""
    if isinstance(value, bool):
        return _("是") if value else _("否")
    if value in (None, ""):
        return "–"
    return role_name(value) if field == "role" else str(value)
