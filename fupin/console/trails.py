"""The trail of a household in words: who, when, from where, why, what before and after."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from fupin.accounts.api import Difference, User
from fupin.catalogue.schema import Column, tables
from fupin.registry.api import (
    Act,
    Answer,
    Helping,
    Household,
    LedgerEntry,
    Person,
    SealedValue,
    Survey,
    Touched,
)
from fupin.ui.facts import value_in_words
from fupin.ui.templatetags.ui import language, role_name, verb_name

MODELS = {
    "registry_household": ("households", Household),
    "registry_householdstate": ("households", Household),
    "registry_person": ("persons", Person),
    "registry_membership": ("persons", Person),
    "registry_sealedvalue": ("persons", SealedValue),
    "registry_survey": ("survey", Survey),
    "registry_ledgerentry": ("ledger", LedgerEntry),
    "registry_helping": ("households", Helping),
}
LOADED = ("I", "X")
MONTHS_SHOWN = 6


@dataclass(frozen=True)
class Line:
    """What happened to one record; ``changes``: name, before, after (both "" for what is not shown)."""

    what: str
    changes: list[tuple[str, str, str]]


@dataclass(frozen=True)
class Told:
    at: datetime
    who: str
    role: str
    origin: str
    what: str
    why: str
    lines: list[Line]


@dataclass(frozen=True)
class Responsible:
    """``collected``, ``entered``: names or ""; ``source``: the load or act that the figures came with."""

    group: str
    collected: str
    entered: str
    at: datetime
    source: str


def told(act: Act) -> Told:
    role = role_name(act.who.role) if act.who else ""
    return Told(act.at, who_of(act.who, act.origin), role, origin_of(act), what_of(act), act.why, lines_of(act.touched))


def who_of(user: User | None, origin: str) -> str:
    return str(user) if user else (_("平台") if origin else "–")


def origin_of(act: Act) -> str:
    known = {"command": _("命令行"), "job": _("后台任务"), "platform": _("平台"), "export": _("导出")}
    return known.get(act.origin, act.origin) or ("" if act.deed is None else str(act.deed.detail.get("from", "")))


def what_of(act: Act) -> str:
    """The deed in words; for a load with how many others; without a deed by what was done to the rows."""
    deed = act.deed
    if deed is None:
        kinds = {one.op for one in act.touched}
        return _("删除") if "D" in kinds else _("登记") if kinds <= set(LOADED) else _("修改")
    others = int(deed.detail.get("households", 0)) - 1
    said = str(verb_name(deed.verb))
    if deed.verb == "load_registry" and others > 0:
        return said + _("（与另外 %(n)s 户一起）") % {"n": f"{others:,}"}
    return said


def lines_of(touched: Sequence[Touched]) -> list[Line]:
    """Changed records one by one; new ones counted by kind."""
    new = Counter(group_name(one.group) for one in touched if one.op in LOADED)
    lines = [Line(_("新增 %(what)s %(n)s 条") % {"what": name, "n": count}, []) for name, count in new.items()]
    return lines + [_line(one) for one in touched if one.op not in LOADED]


def _line(one: Touched) -> Line:
    name = " ".join(filter(None, [group_name(one.group), _record(one.group, one.record), one.member]))
    if one.op in ("D", "T"):
        return Line(_("删除 %(what)s") % {"what": name}, [])
    return Line(name, [_change(one.source, change) for change in one.changes])


def _record(group: str, record: str) -> str:
    if group == "numbers":
        known = {"id_number": _("证件号"), "phone": _("电话"), "bank_account": _("银行账号"), "address": _("住址")}
        return known.get(record, _("诊断"))
    return f"{record[:4]}-{record[4:]}" if group == "ledger" and len(record) == 6 else record


def _change(source: str, change: Difference) -> tuple[str, str, str]:
    column = _column(source, change.column)
    name = (column.zh if language() == "zh" else column.en or column.zh) if column else _verbose(source, change.column)
    if change.hidden:
        return name, "", ""
    type_, codes, unit = (column.type, column.codes, column.unit) if column else ("text", "", "")
    before, after = (value_in_words(one, type_, codes, unit) for one in (change.before, change.after))
    return name, before, after


def _column(source: str, name: str) -> Column | None:
    return tables()[MODELS[source][0]].columns.get(name)


def _verbose(source: str, name: str) -> str:
    """Of a column that the engine does not know."""
    known = {
        "cipher": _("密文"),
        "lake_key": _("证件号"),
        "valid_from": _("起"),
        "valid_to": _("止"),
        "relation": _("与户主关系"),
        "since": _("起"),
        "until": _("止"),
        "ended_why": _("终止原因"),
    }
    if name in known:
        return known[name]
    names = {field.attname: field.verbose_name for field in MODELS[source][1]._meta.concrete_fields}
    return str(names.get(name, name))


def group_name(group: str) -> str:
    names = {"household": _("户情"), "members": _("成员"), "survey": _("入户调查"), "ledger": _("收支台账")}
    names["helping"] = _("结对帮扶")
    return names.get(group, _("加密项"))


def responsible(answers: Iterable[Answer]) -> list[Responsible]:
    """One line a group of figures; of the ledger the newest months."""
    found: list[Responsible] = []
    months = 0
    for one in answers:
        months += one.group == "ledger"
        if months > MONTHS_SHOWN and one.group == "ledger":
            continue
        name = " ".join(filter(None, [group_name(one.group), _record(one.group, one.record)]))
        entered = who_of(one.act.who, one.act.origin)
        found.append(Responsible(name, one.collected, entered, one.act.at, what_of(one.act)))
    return found
