"""Kinds of change of households and persons as data: who records them, with which papers, since when they may hold.

Source: ``data/changes``. What a kind *does* (``act``) is a program's; everything else a policy officer may change.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from fupin.catalogue.entries import demand_choice, demand_keys, demand_new, entry_place
from fupin.catalogue.procedures import LEVELS
from fupin.catalogue.schema import DATA, CatalogueError, code_lists, read_toml, tables

#: what a kind does, and whether it is about a person or a household
ACTS: Mapping[str, str] = {
    "add": "person", "end": "person", "person_facts": "person", "number": "person",
    "household_facts": "household", "head": "household",
    "split": "household", "merge": "household", "new": "household", "end_household": "household",
    "state": "household",
}  # fmt: skip
#: group of the lists and the menu, by act
GROUPS: Mapping[str, tuple[str, str]] = {
    "add": ("自然增加", "natural increase"),
    "end": ("自然减少", "natural decrease"),
    "facts": ("信息更正", "corrections of facts"),
    "household": ("户的变更", "changes of households"),
    "state": ("脱贫属性", "poverty state"),
}
_GROUP_OF = {
    "add": "add", "end": "end", "person_facts": "facts", "number": "facts", "household_facts": "facts",
    "state": "state",
}  # fmt: skip
PAPERS: Mapping[str, tuple[str, str]] = {
    "birth_certificate": ("出生医学证明", "birth certificate"),
    "marriage_certificate": ("结婚证", "marriage certificate"),
    "adoption_certificate": ("收养登记证", "adoption certificate"),
    "residence_page": ("户口簿页", "page of the residence booklet"),
    "release_certificate": ("释放证明书", "certificate of release"),
    "discharge_certificate": ("退役证", "certificate of discharge"),
    "death_certificate": ("死亡证明或户籍注销证明", "death certificate"),
    "judgement": ("判决书或执行通知", "judgement"),
    "enlistment_notice": ("入伍通知书", "notice of enlistment"),
    "identity_card": ("居民身份证或户口簿页", "identity card or page of the residence booklet"),
    "number_certificate": ("公安机关证件号变更证明", "certificate of the police that the number changed"),
    "correction_form": ("信息更正表（本人签字）", "signed form of correction"),
    "split_application": ("分户、并户申请", "application for a split or merge"),
    "cancel_proof": ("销户证明", "proof that the household ended"),
    "decision_list": ("县级审定名单", "list decided by the county"),
    "inquiry_report": ("核查报告", "report of the inquiry"),
}
NUMBERS = ("required", "optional", "none")
FORMER = ("", "none", "some")
BOUNDS = ("born", "joined")
ANSWERS = ("passes", "future", *BOUNDS)


@dataclass(frozen=True)
class Example:
    """A day and what must come of it: passes, or what it is too early (or too late) for."""

    on: date
    expect: str
    today: date | None = None
    born: date | None = None
    joined: date | None = None


@dataclass(frozen=True)
class ChangeKind:
    """``level``: the lowest office that may record it. ``code``: of 自然增加/减少. ``last_day``: the day itself still
    counts. ``proposed_by``: rule of comparison whose confirmed finding proposes it → what of the finding tells the day.
    ``former``: whether who is given a number has one already (none, some).
    ``begins_in``/``ends_in``: states; ``overwrites``: it may reach back behind the present state."""

    id: str
    zh: str
    en: str
    act: str
    level: str
    reference: str
    papers: tuple[str, ...]
    examples: tuple[Example, ...]
    code: str = ""
    number: str = "none"
    former: str = ""
    not_before: tuple[str, ...] = ()
    last_day: bool = False
    fields: tuple[str, ...] = ()
    begins_in: tuple[str, ...] = ()
    ends_in: tuple[str, ...] = ()
    overwrites: bool = False
    by_case: bool = False
    reversible: bool = True
    proposed_by: Mapping[str, str] = field(default_factory=dict)

    @property
    def about(self) -> str:
        """person or household"""
        return ACTS[self.act]

    @property
    def group(self) -> str:
        """Key of GROUPS."""
        return _GROUP_OF.get(self.act, "household")

    def day_problem(self, on: date, *, today: date, born: date | None = None, joined: date | None = None) -> str:
        """ "" when the change may hold from ``on``; else future, born or joined: what the day does not agree with."""
        if on > today:
            return "future"
        if "born" in self.not_before and born is not None and on < born:
            return "born"
        if "joined" in self.not_before and joined is not None:
            too_early = on < joined if self.last_day or self.fields else on <= joined
            return "joined" if too_early else ""
        return ""


_NEEDED = ("id", "zh", "en", "act", "level", "papers", "reference", "examples")
_OPTIONAL = (
    "code", "number", "former", "not_before", "last_day", "fields", "begins_in", "ends_in", "overwrites",
    "by_case", "reversible", "proposed_by",
)  # fmt: skip
_LISTS = ("papers", "not_before", "fields", "begins_in", "ends_in")


def _kind(raw: Mapping[str, Any], path: Path, seen: Mapping[str, ChangeKind]) -> ChangeKind:
    where = entry_place(path, raw)
    demand_keys(raw, _NEEDED, _OPTIONAL, where)
    demand_new(raw["id"], seen, where)
    demand_choice(raw["act"], ACTS, "act", where)
    demand_choice(raw["level"], LEVELS, "level", where)
    demand_choice(raw.get("number", "none"), NUMBERS, "number", where)
    demand_choice(raw.get("former", ""), FORMER, "former", where)
    if (raw["act"] == "number") != bool(raw.get("former")):
        raise CatalogueError(f"{where}: former (none, some) belongs to the act number, and to nothing else")
    states = code_lists()["household_state"].values
    known = {"papers": PAPERS, "not_before": BOUNDS, "begins_in": states, "ends_in": states}
    for key, choices in known.items():
        for one in raw.get(key, ()):
            demand_choice(one, choices, key, where)
    _demand_fields(raw, where)
    if (raw["act"] == "state") != bool(raw.get("begins_in") and raw.get("ends_in")):
        raise CatalogueError(f"{where}: begins_in and ends_in belong to the act state, and to nothing else")
    rest: dict[str, Any] = {
        key: tuple(value) if key in _LISTS else value for key, value in raw.items() if key != "examples"
    }
    kind = ChangeKind(**rest, examples=tuple(_example(one, where) for one in raw["examples"]))
    _demand_examples(kind, where)
    return kind


def _demand_fields(raw: Mapping[str, Any], where: str) -> None:
    table = {"person_facts": "persons", "number": "persons", "household_facts": "households"}.get(raw["act"])
    if (table is not None) != bool(raw.get("fields")):
        raise CatalogueError(f"{where}: fields belong to the acts person_facts, number and household_facts")
    for one in raw.get("fields", ()):
        demand_choice(one, tables()[table or ""].columns, "fields", where)


def _example(raw: Mapping[str, Any], where: str) -> Example:
    demand_keys(raw, ("on", "expect"), ("today", "born", "joined"), f"{where} example")
    demand_choice(raw["expect"], ANSWERS, "expect", where)
    return Example(**raw)


def _demand_examples(kind: ChangeKind, where: str) -> None:
    """One that passes, one that is refused, and each as it says."""
    for one in kind.examples:
        today = one.today or max(one.on, one.born or one.on)
        found = kind.day_problem(one.on, today=today, born=one.born, joined=one.joined) or "passes"
        if found != one.expect:
            raise CatalogueError(f"{where}: the example of {one.on} is {found}, not {one.expect}")
    if {one.expect == "passes" for one in kind.examples} != {True, False}:
        raise CatalogueError(f"{where}: write an example that passes and one that is refused")


@cache
def change_kinds(folder: Path = DATA / "changes") -> Mapping[str, ChangeKind]:
    """Every kind by id, in the order of the groups. Raises CatalogueError."""
    found: dict[str, ChangeKind] = {}
    for path in sorted(folder.glob("*.toml")):
        raw = read_toml(path)
        demand_keys(raw, ("change",), (), path.name)
        for one in raw["change"]:
            found[one.get("id", "")] = _kind(one, path, found)
    order = list(GROUPS)
    return dict(sorted(found.items(), key=lambda pair: order.index(pair[1].group)))
