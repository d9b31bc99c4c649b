"""A difference of a ledger in words: which figure, before and after, names masked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from fupin.catalogue.ledgers import Field, ledger_fields
from fupin.kernel.masks import mask_name
from fupin.registry import api as registry
from fupin.ui.templatetags.ui import language, tongue

#: kind → name, as figures and filters show it
KINDS: Mapping[str, Any] = {
    "new_household": gettext_lazy("新户"),
    "new_person": gettext_lazy("新人"),
    "new_year": gettext_lazy("新年度"),
    "changed": gettext_lazy("改动"),
    "missing": gettext_lazy("台账里没有的成员"),
    "grouped": gettext_lazy("分出的户"),
    "refused": gettext_lazy("未接受的行"),
}
TONES = {
    "mapping": "possibly", "reading": "busy", "ready": "possibly", "applying": "busy", "applied": "stable",
    "undoing": "busy", "undone": "unknown", "dropped": "unknown", "failed": "poor",
}  # fmt: skip
_TABLES = {"household": "households", "person": "persons", "membership": "persons", "survey": "survey"}


@dataclass(frozen=True)
class Line:
    """One row of the list of differences, ready to be shown or written."""

    kind: str
    place: str
    household_id: str
    person_id: str
    name: str
    village: str
    figure: str
    before: str
    after: str
    why: str
    hint: str


def lines(rows: list[dict[str, Any]], villages: Mapping[str, str]) -> list[Line]:
    return [_line(row, villages) for row in rows]


def _line(row: Mapping[str, Any], villages: Mapping[str, str]) -> Line:
    refused = row["kind"] == "refused"
    field = field_of(row["entity"] or "", row["column"] or "")
    zh = language() == "zh"
    return Line(
        row["kind"],
        _place(row),
        number_shown(row["household_id"] or ""),
        number_shown(row["person_id"] or ""),
        mask_name(row["name"]) if row["name"] else "",
        villages.get(row["village_code"] or "", row["village_code"] or ""),
        (row["column"] or "") if refused or field is None else tongue(field.column),
        shown(field, row["before"]),
        _after(row, field),
        str((row["zh"] if zh else row["en"]) or ""),
        str((row["hint_zh"] if zh else row["hint_en"]) or ""),
    )


def number_shown(number: str) -> str:
    """A household that has no code yet, and its members, by their place in the list."""
    if not number.startswith("+"):
        return number
    if len(number) > 6:
        return _("新户 %(home)s 第 %(n)s 人") % {"home": int(number[1:-2]), "n": int(number[-2:])}
    return _("新户 %(home)s") % {"home": int(number[1:])}


def _place(row: Mapping[str, Any]) -> str:
    if row["row"] is None:
        return ""
    return _("表 %(table)s 第 %(row)s 行") % {"table": int(row["table"] or 0) + 1, "row": row["row"]}


def _after(row: Mapping[str, Any], field: Field | None) -> str:
    if row["kind"] == "grouped":
        return _("%(n)s 人") % {"n": row["after"]}
    if row["kind"] == "new_household":
        return registry.label("household_state", row["after"], language())
    return shown(field, row["after"]) if field is not None else str(row["after"] or "")


def field_of(entity: str, column: str) -> Field | None:
    return ledger_fields().get(f"{_TABLES.get(entity, '')}.{column}")


def shown(field: Field | None, value: str | None) -> str:
    """A JSON figure in words; "" for none."""
    if not value or field is None:
        return ""
    plain = json.loads(value)
    column = field.column
    if column.name == "name":
        return mask_name(str(plain))
    if column.codes:
        return f"{plain} {registry.label(column.codes, str(plain), language())}"
    if column.type == "flag":
        return _("是") if plain else _("否")
    if column.type == "money":
        return f"{int(plain) / 100:,.2f} {_('元')}"
    return f"{plain}{column.unit}" if column.unit and column.type in ("decimal", "int") else str(plain)
