"""The form of a village's year: its fields as they are typed, and what met where two people stated it at once."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from fupin.catalogue.village_form import Item, village_form
from fupin.console.changes.fields import Field
from fupin.console.changes.handing_in import Meeting
from fupin.kernel.errors import UserError
from fupin.ui.templatetags.ui import tongue


def fields(typed: QueryDict | None, known: dict[str, Any], counted: dict[str, Any]) -> list[dict[str, Any]]:
    """Groups of inputs: what was typed, else what is known; beside it what the registry counts."""
    form = village_form()
    return [
        {"name": name, "items_": [_input(item, typed, known, counted) for item in form.of_group(group)]}
        for group, name in form.groups.items()
    ]


def _input(item: Item, typed: QueryDict | None, known: dict[str, Any], counted: dict[str, Any]) -> dict[str, Any]:
    """``was``: as it stood when the form was opened, which it stays through every refusal."""
    now = shown(item, known[item.name])
    return {
        "item": item,
        "value": typed.get(item.name, "") if typed is not None else now,
        "was": typed.get(f"was_{item.name}", "") if typed is not None else now,
        "counted": counted.get(item.counted) if item.counted else None,
    }


def meetings(typed: QueryDict, known: Mapping[str, Any]) -> list[Meeting]:
    """Items that are not any more as they were read, on either side."""
    found = []
    for item in village_form().items.values():
        was, mine = typed.get(f"was_{item.name}", ""), typed.get(item.name, "").strip()
        theirs = shown(item, known[item.name])
        if mine != was or theirs != was:
            choices = (("1", _("是")), ("0", _("否"))) if item.column.type == "flag" else ()
            found.append(Meeting(Field(item.name, tongue(item.column), "text", choices), was, mine, theirs))
    return found


def shown(item: Item, value: Any) -> str:
    """As it is typed: money in 元, a flag as 1 or 0."""
    if value is None or isinstance(value, str):
        return value or ""
    if item.column.type == "flag":
        return "1" if value else "0"
    if item.column.type == "money":
        return f"{value / 100:.2f}".rstrip("0").rstrip(".")
    return (
        f"{value:f}".rstrip("0").rstrip(".") if isinstance(value, Decimal) and value % 1 else f"{value}".split(".")[0]
    )


def read(item: Item, typed: str) -> Any:
    """What was typed; "" = not known. Raises UserError."""
    text, column = typed.strip().replace(",", ""), item.column
    if not text:
        return None
    if column.type == "text":
        return text[:60]
    if column.type == "flag":
        return text == "1"
    try:
        number = Decimal(text)
        if not number.is_finite():
            raise InvalidOperation
        whole = number * 100 if column.type == "money" else number
        if column.type == "decimal":
            return round(number, 3)
        if whole != whole.to_integral_value() or abs(whole) > 10**15:
            raise InvalidOperation
        return int(whole)
    except InvalidOperation as error:
        raise UserError(
            f"“{column.zh}”的“{typed[:20]}”不是合适的数",
            f'"{column.en}": "{typed[:20]}" is no fitting number',
            "写阿拉伯数字；人数、户数、个数写整数，不知道就留空",
            "write digits; counts are whole numbers; leave empty what is not known",
        ) from error
