"""A change in words: what it did to whom, names masked; who recorded it, when, since when it is true."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from fupin.accounts import api as accounts
from fupin.accounts.api import User
from fupin.catalogue.changes import PAPERS, ChangeKind, change_kinds
from fupin.catalogue.schema import code_lists, tables
from fupin.console.changes.fields import CLOSED
from fupin.kernel.errors import NotFound
from fupin.registry import api as registry
from fupin.registry.api import ChangePaper, Household, Membership, RegistryChange
from fupin.ui.facts import value_in_words
from fupin.ui.templatetags.ui import language, spoken, tongue


@dataclass(frozen=True)
class PaperTold:
    name: str
    row: ChangePaper


@dataclass(frozen=True)
class Told:
    """``lines``: what, before, after ("" for a line that is one sentence). ``missing``: id and name of papers."""

    change: RegistryChange
    title: str
    lines: list[tuple[str, str, str]]
    papers: list[PaperTold]
    missing: list[tuple[str, str]]
    may_reverse: bool
    may_open: bool


def tell(user: User, changes: Iterable[RegistryChange], home: Household) -> list[Told]:
    """Those of one household."""
    changes = list(changes)
    names = registry.member_names(user, home)
    for other in {one.other_id for one in changes if one.other_id} | {one.household_id for one in changes}:
        if other and other != home.pk:
            names |= _names_beside(user, other)
    names |= _by_membership(changes, names)
    papers = registry.papers_of(changes)
    return [_told(user, one, names, papers.get(one.pk, [])) for one in changes]


def _by_membership(changes: Iterable[RegistryChange], names: Mapping[str, str]) -> dict[str, str]:
    """membership/12 → whose it is: the image of a changed row does not say so."""
    start = "membership/"
    keys = {key.removeprefix(start) for one in changes for key in one.after.get("rows", {}) if key.startswith(start)}
    rows = Membership.objects.filter(pk__in=keys).values_list("pk", "person_id")
    return {f"{start}{number}": names.get(person, "") for number, person in rows}


def _names_beside(user: User, household_id: str) -> dict[str, str]:
    try:
        return registry.member_names(user, household_id)
    except NotFound:
        return {}


def _told(user: User, one: RegistryChange, names: Mapping[str, str], rows: list[ChangePaper]) -> Told:
    kind = change_kinds().get(one.kind)
    undone = getattr(one, "reversed_by", None)
    may = kind is not None and kind.reversible and undone is None and registry.may_file(user, kind)
    papers = [PaperTold(_paper(row.paper), row) for row in rows]
    missing = [(paper, _paper(paper)) for paper in registry.missing_papers(one, rows)] if undone is None else []
    opens = accounts.may(user, "change_registry")
    return Told(one, title_of(one), lines_of(one, names), papers, missing, may, opens)


def _paper(id_: str) -> str:
    return spoken(PAPERS[id_]) if id_ in PAPERS else id_


def title_of(one: RegistryChange) -> str:
    kind: ChangeKind | None = change_kinds().get(one.kind)
    if kind is not None:
        return tongue(kind)
    if one.kind == "reverse":
        return _("撤销变更 %(n)s") % {"n": one.reverses_id}
    return _("台账导入（第 %(n)s 批）") % {"n": one.batch}


def lines_of(one: RegistryChange, names: Mapping[str, str]) -> list[tuple[str, str, str]]:
    before, after = one.before.get("rows", {}), one.after.get("rows", {})
    lines: list[tuple[str, str, str]] = []
    for key, now in after.items():
        was = before.get(key)
        whole = {**(was or {}), **(now or {})}
        lines += _TELLERS.get(key.partition("/")[0], _nothing)(key, was, now, whole, names)
    if one.other_id:
        lines.append((_("另一户"), "", one.other_id))
    return lines


Row = Mapping[str, Any] | None
Lines = list[tuple[str, str, str]]


def _nothing(_key: str, _was: Row, _now: Row, _whole: Mapping[str, Any], _names: Mapping[str, str]) -> Lines:
    return []


def _membership(key: str, was: Row, now: Row, whole: Mapping[str, Any], names: Mapping[str, str]) -> Lines:
    if was is None and now is not None:
        relation = code_lists()["relation"].label(now.get("relation"), language())
        who = names.get(str(now.get("person_id")), "")
        return [(_("%(who)s 成为成员") % {"who": who}, "", " ".join(filter(None, [relation, str(now["valid_from"])])))]
    if now is None:
        return [(_("成员记录撤去"), "", names.get(str(whole.get("person_id")), ""))]
    if "valid_to" in now:
        until, who = now["valid_to"], names.get(key, "")
        if until is None:
            return [(_("%(who)s 仍是成员") % {"who": who}, str((was or {}).get("valid_to") or ""), "–")]
        return [(_("%(who)s 不再是成员") % {"who": who}, "", _("自 %(day)s") % {"day": until})]
    return _columns("persons", was, now)


def _person(key: str, was: Row, now: Row, _whole: Mapping[str, Any], names: Mapping[str, str]) -> Lines:
    who = names.get(key.partition("/")[2], "")
    if was is None or now is None:
        return []
    return [
        (" ".join(filter(None, [who, name])), before, after) for name, before, after in _columns("persons", was, now)
    ]


def _household(_key: str, was: Row, now: Row, _whole: Mapping[str, Any], _names: Mapping[str, str]) -> Lines:
    return [] if was is None or now is None else _columns("households", was, now)


def _state(_key: str, was: Row, now: Row, whole: Mapping[str, Any], _names: Mapping[str, str]) -> Lines:
    if was is not None and now is not None:
        return []
    word = code_lists()["household_state"].label(str(whole.get("state")), language())
    period = f"{word} {whole.get('valid_from')} – {whole.get('valid_to') or ''}".rstrip(" –")
    return [(_("脱贫属性期间"), "", period)] if now is not None else [(_("撤去脱贫属性期间"), "", period)]


def _sealed(key: str, was: Row, _now: Row, _whole: Mapping[str, Any], _names: Mapping[str, str]) -> Lines:
    """A full number, of which the log says no more than that it was replaced, or given for the first time."""
    known = {"id_number": _("证件号"), "phone": _("电话"), "bank_account": _("银行账号")}
    return [(known.get(key.rpartition("/")[2], key), "", _("已更正") if (was or {}).get("held") else _("已补登"))]


_TELLERS = {"sealed": _sealed, "membership": _membership, "person": _person, "household": _household, "state": _state}


def _columns(table: str, was: Row, now: Row) -> Lines:
    columns = tables()[table].columns
    lines = []
    for name, after in (now or {}).items():
        before = (was or {}).get(name)
        column = columns.get(name)
        if name == "id_mark":
            lines.append((_("证件号"), "", _("已更正") if after is not None else _("撤去")))
        elif name in CLOSED:
            lines.append((tongue(column) if column else name, "", _("已更正")))
        elif column is not None:
            words = [value_in_words(one, column.type, column.codes, column.unit) for one in (before, after)]
            lines.append((tongue(column), words[0] or "–", words[1] or "–"))
        else:
            known = {"ended_on": _("销户日期")}
            lines.append((known.get(name, name), str(before or "–"), str(after or "–")))
    return lines
