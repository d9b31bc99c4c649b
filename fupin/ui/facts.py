"""A value of the registry in words: label, value and unit; unknown stays visibly unknown."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from fupin.catalogue.schema import Column, code_lists
from fupin.ui.templatetags.ui import language

YEARS = ("year", "house_built_year")


@dataclass(frozen=True)
class Fact:
    name: str
    value: str
    known: bool


def fact(column: Column, value: Any) -> Fact:
    name = column.zh if language() == "zh" else (column.en or column.zh)
    if column.name in YEARS and value is not None:
        return Fact(name, str(value), True)
    known = value is not None and value != ""
    return Fact(name, value_in_words(value, column.type, column.codes, column.unit), known)


def value_in_words(value: Any, type_: str, codes: str = "", unit: str = "") -> str:
    """Codes by their words, flags as yes and no, money (分) in 元, numbers with their unit."""
    if value is None or value == "":
        return _("未知")
    if codes:
        return code_lists()[codes].label(str(value), language())
    if type_ == "flag":
        return _("是") if value else _("否")
    if type_ == "money":
        return f"{round(value) // 100:,} " + _("元")
    if isinstance(value, date):
        return value.isoformat()
    return f"{_plain(value)} {unit}".strip()


def _plain(value: Any) -> str:
    if isinstance(value, str):
        return value
    text = f"{value:,}" if isinstance(value, int) else f"{value:,.2f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
