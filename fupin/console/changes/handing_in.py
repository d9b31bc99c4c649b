"""A filled-in form of a change → the registry's verb for it; and what to show when the record moved on meanwhile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.http import QueryDict
from django.utils import timezone
from django.utils.datastructures import MultiValueDict
from django.utils.dateparse import parse_datetime

from fupin.accounts.api import User
from fupin.catalogue.changes import ChangeKind
from fupin.console.changes.fields import JOINING, OF_MEMBER, Field, facts_changed, fields_of, now_of
from fupin.kernel.errors import UserError
from fupin.registry import api as registry
from fupin.registry.api import Filing, Household, Paper, RegistryChange

Files = MultiValueDict[str, Any]
FACTS = (*OF_MEMBER, "household_facts")


@dataclass(frozen=True)
class Meeting:
    """One field that was changed on both sides or on one: ``mine``, ``theirs``, ``was`` as a form writes them.

    ``pick``: what is proposed; "" where both changed it and somebody has to choose.
    """

    field: Field
    was: str
    mine: str
    theirs: str

    @property
    def both(self) -> bool:
        return self.mine != self.was and self.theirs not in (self.was, self.mine)

    @property
    def pick(self) -> str:
        return "" if self.both else "mine" if self.mine != self.was else "theirs"

    @property
    def words(self) -> tuple[str, str, str]:
        """was, mine, theirs"""
        return self.field.said(self.was), self.field.said(self.mine), self.field.said(self.theirs)


def hand_in(user: User, kind: ChangeKind, home: Household, typed: QueryDict, files: Files) -> RegistryChange:
    """Raises UserError, Forbidden, NotFound, Stale."""
    filing = filing_of(kind, typed, files)
    common: dict[str, Any] = {"by": user, "household_id": home.pk, "filing": filing}
    relations = relations_of(typed)
    who = typed.get("person", "")
    if kind.act == "add":
        return registry.add_member(**common, relation=typed.get("relation", ""), **_joining(typed))
    if kind.act == "new":
        return registry.new_household(by=user, village=home.village_code, filing=filing, **_joining(typed))
    if kind.act == "end":
        new_head = typed.get("new_head", "")
        return registry.end_membership(**common, person_id=who, new_head=new_head, relations=relations)
    if kind.act == "person_facts":
        return registry.correct_person(**common, person_id=who, facts=facts_changed(kind, typed))
    if kind.act == "number":
        number, facts = typed.get("number", ""), facts_changed(kind, typed)
        return registry.correct_number(**common, person_id=who, number=number, facts=facts)
    if kind.act == "household_facts":
        return registry.correct_household(**common, facts=facts_changed(kind, typed))
    return _of_household(kind, typed, common, relations)


def _of_household(
    kind: ChangeKind, typed: QueryDict, common: dict[str, Any], relations: Mapping[str, str]
) -> RegistryChange:
    if kind.act == "head":
        return registry.change_head(**common, head=typed.get("head", ""), relations=relations)
    if kind.act == "split":
        return registry.split(
            **common, members=typed.getlist("members"), head=typed.get("head", ""), relations=relations,
            next_head=typed.get("next_head", ""),
        )  # fmt: skip
    if kind.act == "merge":
        return registry.merge(**common, into=typed.get("into", "").strip(), relations=relations)
    if kind.act == "end_household":
        return registry.end_household(**common)
    filing: Filing = common["filing"]
    return registry.change_state(
        by=common["by"], household_id=common["household_id"], state=typed.get("state", ""), kind=kind.id,
        effective=filing.effective, reason=filing.reason, papers=filing.papers, version=filing.version,
        finding=filing.finding,
    )  # fmt: skip


def filing_of(kind: ChangeKind, typed: QueryDict, files: Files) -> Filing:
    """Raises UserError for a day that is none and a file that is none."""
    try:
        effective = date.fromisoformat(typed.get("effective", ""))
    except ValueError as error:
        raise UserError(
            "请填写生效日期", "give the day of effect", "日期写成 2026-10-31 这样", "write it like 2026-10-31"
        ) from error
    version = typed.get("version", "")
    return Filing(
        kind.id, effective, typed.get("reason", ""),
        tuple(paper_handed_in(paper, typed, files) for paper in kind.papers),
        int(version) if version.isdecimal() else None, typed.get("finding", "")[:80],
    )  # fmt: skip


def paper_handed_in(paper: str, typed: QueryDict, files: Files) -> Paper:
    """A file, or where the sheet is kept; empty where neither is given. Raises UserError."""
    file = files.get(f"file_{paper}")
    return registry.paper_of(
        paper, kept_at=typed.get(f"kept_{paper}", ""), name="" if file is None else file.name or "",
        content=None if file is None else file.read(),
    )  # fmt: skip


def relations_of(typed: QueryDict) -> dict[str, str]:
    start = "relation_"
    return {name.removeprefix(start): typed.get(name, "") for name in typed if name.startswith(start)}


def _joining(typed: QueryDict) -> dict[str, Any]:
    facts = {name: typed.get(name, "").strip() for name in JOINING if name not in ("number", "relation")}
    return {"facts": facts, "number": typed.get("number", "")}


def version_of(user: User, kind: ChangeKind, home: Household, person: str) -> int:
    """Of the record that the form is about."""
    return registry.person_for(user, person).version if kind.act in OF_MEMBER else home.version


def meetings(user: User, kind: ChangeKind, home: Household, typed: QueryDict) -> list[Meeting]:
    """Fields of a correction that differ from what was read, on either side; [] for other kinds."""
    if kind.act not in FACTS:
        return []
    row = registry.person_for(user, typed.get("person", "")) if kind.act in OF_MEMBER else home
    found = []
    shown = fields_of(user, kind, home, {"person": typed.get("person", "")})
    for one in (field for field in shown if field.name in kind.fields):
        was, mine, theirs = typed.get(f"was_{one.name}", ""), typed.get(one.name, "").strip(), now_of(row, one.name)
        if mine != was or theirs != was:
            found.append(Meeting(one, was, mine, theirs))
    return found


def changed_since(user: User, home: Household, typed: QueryDict) -> list[RegistryChange]:
    """What others recorded since the form was opened."""
    since: datetime | None = parse_datetime(typed.get("read_at", ""))
    if since is None or timezone.is_naive(since):
        return list(registry.changes_of(user, home)[:1])
    return list(registry.changes_of(user, home).filter(recorded_at__gte=since)[:10])
