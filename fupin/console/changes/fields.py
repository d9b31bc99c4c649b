"""The fields of the form of each kind of change; what stands in the registry now, as a form writes it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from fupin.accounts.api import User
from fupin.catalogue.changes import ChangeKind
from fupin.catalogue.schema import Column, code_lists, tables
from fupin.registry import api as registry
from fupin.registry.api import Household, MemberView, Person
from fupin.ui.templatetags.ui import language, tongue

HEAD = "01"
#: never put into a form: with the masked number they would be the whole one; left empty they stay as they are
CLOSED = frozenset({"name", "birth_date"})
#: acts about one member, who is chosen first
OF_MEMBER = ("person_facts", "number")
JOINING = ("name", "number", "sex", "birth_date", "relation", "ethnicity", "health", "labour", "schooling")


@dataclass(frozen=True)
class Field:
    """``shape``: text, date, number, choice, many. ``now``: what the registry holds, as a form writes it."""

    name: str
    label: str
    shape: str
    choices: tuple[tuple[str, str], ...] = ()
    value: str = ""
    now: str = ""
    needed: bool = False
    note: str = ""

    @property
    def chosen(self) -> list[str]:
        return self.value.split(",") if self.value else []

    def said(self, value: str) -> str:
        """A value in words."""
        return dict(self.choices).get(value, value) or "–"


def fields_of(user: User, kind: ChangeKind, home: Household, given: Mapping[str, str]) -> list[Field]:
    """Those of the kind, filled with what was given or typed before."""
    made = _made(user, kind, home, given.get("person", ""))
    return [replace(one, value=given.get(one.name, one.now)) for one in made]


def _made(user: User, kind: ChangeKind, home: Household, person: str) -> list[Field]:
    members = registry.members_of(user, home, lang=language())
    if kind.act in ("add", "new"):
        return [_joining(name, kind) for name in JOINING if kind.act == "add" or name != "relation"]
    if kind.act == "end":
        return [_who(members, _("成员")), _head(members, _("新户主（户主离开时填）"), "new_head", needed=False)]
    if kind.act in OF_MEMBER:
        facts = _facts(kind, registry.person_for(user, person))
        return [_number(kind), *facts] if kind.act == "number" else facts
    if kind.act == "household_facts":
        return _facts(kind, home)
    if kind.act == "head":
        return [_head(members, _("新户主"), "head"), *_relations(members)]
    if kind.act == "split":
        return _parting(members)
    if kind.act == "merge":
        return [Field("into", _("并入的户编号"), "text", needed=True), *_relations(members)]
    return [_state(kind)] if kind.act == "state" else []


def now_of(row: Household | Person, name: str) -> str:
    """ "" for what is not known and for what is not shown."""
    value = None if name in CLOSED else getattr(row, name)
    if isinstance(value, bool):
        return "1" if value else "0"
    return value.isoformat() if isinstance(value, date) else "" if value is None else str(value)


def _facts(kind: ChangeKind, row: Household | Person) -> list[Field]:
    columns = tables()["persons" if isinstance(row, Person) else "households"].columns
    unchanged = _("不填则不变")
    return [
        replace(_column(columns[name]), now=now_of(row, name), note=unchanged if name in CLOSED else "")
        for name in kind.fields
    ]


def _column(column: Column, needed: bool = False) -> Field:
    shapes = {"code": "choice", "flag": "choice", "date": "date", "int": "number"}
    return Field(
        column.name, tongue(column), shapes.get(column.type, "text"), _choices(column), needed=needed
    )  # fmt: skip


def _choices(column: Column) -> tuple[tuple[str, str], ...]:
    if column.type == "flag":
        return (("1", _("是")), ("0", _("否")))
    if column.type != "code":
        return ()
    return _codes(column.codes)


def _codes(name: str, but: Iterable[str] = ()) -> tuple[tuple[str, str], ...]:
    known = code_lists()[name]
    return tuple((code, known.label(code, language())) for code in known.values if code not in but)


def _joining(name: str, kind: ChangeKind) -> Field:
    if name == "number":
        return _number(kind)
    if name == "relation":
        return Field("relation", _("与户主关系"), "choice", _codes("relation", but=(HEAD,)), needed=True)
    note = _("填了证件号可以不填") if name == "birth_date" else ""
    return replace(_column(tables()["persons"].columns[name], needed=name == "name"), note=note)


def _number(kind: ChangeKind) -> Field:
    needed = kind.number == "required"
    return Field("number", _("证件号"), "text", needed=needed, note="" if needed else _("没有可以后补"))


def _named(members: Iterable[MemberView]) -> tuple[tuple[str, str], ...]:
    return tuple((one.person_id, " ".join(filter(None, [one.name, one.relation, _age(one)]))) for one in members)


def _age(one: MemberView) -> str:
    return "" if one.age is None else f"{one.age}{_('岁')}"


def _who(members: Iterable[MemberView], label: str) -> Field:
    return Field("person", label, "choice", _named(members), needed=True)


def _head(members: Iterable[MemberView], label: str, name: str, *, needed: bool = True) -> Field:
    return Field(name, label, "choice", _named(members), needed=needed)


def _relations(members: Iterable[MemberView]) -> list[Field]:
    """Of everybody to the (new) head; left empty it stays."""
    codes = _codes("relation", but=(HEAD,))
    said = _("%(name)s 与户主关系")
    return [
        Field(f"relation_{one.person_id}", said % {"name": one.name}, "choice", codes, note=_("不填则不变"))
        for one in members
    ]


def _parting(members: list[MemberView]) -> list[Field]:
    return [
        Field("members", _("分出去的成员"), "many", _named(members), needed=True),
        _head(members, _("新户的户主"), "head"),
        _head(members, _("原户的新户主（户主分出时填）"), "next_head", needed=False),
        *_relations(members),
    ]


def _state(kind: ChangeKind) -> Field:
    known = dict(_codes("household_state"))
    choices = tuple((code, known[code]) for code in kind.ends_in)
    return Field("state", _("更正后的脱贫属性"), "choice", choices, needed=True, now=kind.ends_in[0])


def facts_changed(kind: ChangeKind, typed: Mapping[str, Any]) -> dict[str, str]:
    """Fields of a correction that were typed otherwise than they had been read."""
    return {
        name: str(typed.get(name, "")).strip()
        for name in kind.fields
        if name in typed and str(typed.get(name, "")).strip() != str(typed.get(f"was_{name}", "")).strip()
    }
