"""Procedures as data: their steps in order, who takes each, with which papers, within how many days.

Source: ``data/procedures``, one file for each edition of a procedure: a case goes on by the edition it began with. Days
and shares are parameters (``data/parameters/procedures.toml``), so that a province has its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from fupin.catalogue.entries import demand_choice, demand_keys, demand_new
from fupin.catalogue.parameters import parameters
from fupin.catalogue.schema import DATA, CatalogueError, code_lists, read_toml

LEVELS = ("village", "town", "county")
#: filing: papers and signatures; comparison: a run has looked; votes: a meeting decides; standards: each is met;
#: notice: so many days without an unanswered objection; decision: an office; announcement: a notice that ends it
KINDS = ("filing", "comparison", "votes", "standards", "notice", "decision", "announcement")
LASTING = ("notice", "announcement")
COUNTS = ("working", "calendar")
#: whom an overdue step is raised to: whose turn it is, the level above
RECEIVERS = ("turn", "above")
SIGNERS: Mapping[str, tuple[str, str]] = {
    "household": ("户主或家人", "the household"),
    "surveyor": ("调查人", "surveyor"),
    "reviewer": ("复核人", "reviewer"),
    "chair": ("会议主持人", "chair of the meeting"),
    "recorder": ("记录人", "recorder"),
    "helper": ("帮扶责任人", "responsible helper"),
    "auditor": ("审核人", "auditor"),
    "leader": ("签发领导", "signing leader"),
}
_STATES = "household_state"
FOLDER = DATA / "procedures"
FIRST = 1


@dataclass(frozen=True)
class Limit:
    """``days``: id of a parameter; ``count``: working or calendar days."""

    days: str
    count: str


@dataclass(frozen=True)
class Whole:
    """The days from the first step's beginning to the end of the step ``until``."""

    limit: Limit
    until: str


@dataclass(frozen=True)
class Overdue:
    """An overdue step is raised to ``to`` when it is over by more than ``after`` times its days."""

    to: str
    after: float


@dataclass(frozen=True)
class Step:
    """``level``: whose turn it is. ``lasts``: parameter with the days of a notice. ``returns_to``: earlier steps that a
    decision may send the case back to, an upheld objection to the first of them."""

    id: str
    zh: str
    en: str
    kind: str
    level: str
    papers: tuple[str, ...] = ()
    signatures: tuple[str, ...] = ()
    returns_to: tuple[str, ...] = ()
    within: Limit | None = None
    lasts: str = ""


@dataclass(frozen=True)
class Procedure:
    """``begins_in``: states of the household in which it may be opened. ``ends_in``: its state when all is passed, ""
    when the state stays. ``kinds``: what it may recognise; ``kind_states``: in which states. ``follows``: the procedure
    that was passed before, by at least the months of the parameter ``not_before``. ``edition``: counted from 1;
    ``since``: the day from which new cases take it, None for the first."""

    id: str
    zh: str
    en: str
    reference: str
    begins_in: tuple[str, ...]
    steps: tuple[Step, ...]
    papers: Mapping[str, tuple[str, str]]
    ends_in: str = ""
    kinds: Mapping[str, tuple[str, str]] | None = None
    whole: Whole | None = None
    follows: str = ""
    not_before: str = ""
    kind_states: Mapping[str, tuple[str, ...]] | None = None
    overdue: tuple[Overdue, ...] = ()
    edition: int = FIRST
    since: date | None = None

    def kinds_for(self, state: str) -> Mapping[str, tuple[str, str]]:
        """The kinds that a household in this state may be; empty for a procedure without kinds."""
        states = self.kind_states or {}
        return {kind: words for kind, words in (self.kinds or {}).items() if state in states.get(kind, self.begins_in)}

    def step(self, id_: str) -> Step:
        """Raises KeyError."""
        return self.steps[self.place(id_)]

    def place(self, id_: str) -> int:
        """Raises KeyError."""
        for number, step in enumerate(self.steps):
            if step.id == id_:
                return number
        raise KeyError(id_)

    def after(self, id_: str) -> str:
        """The step that follows; "" after the last."""
        number = self.place(id_) + 1
        return self.steps[number].id if number < len(self.steps) else ""


def _limit(raw: Mapping[str, Any], where: str) -> Limit:
    demand_keys(raw, ("days", "count"), ("until",), f"{where} within")
    demand_choice(raw["count"], COUNTS, "count", where)
    _demand_parameter(raw["days"], where)
    return Limit(raw["days"], raw["count"])


def _demand_parameter(id_: str, where: str) -> None:
    if id_ not in parameters():
        raise CatalogueError(f"{where}: no parameter {id_!r} in data/parameters; add it, with its reference")


def _step(raw: Mapping[str, Any], earlier: list[str], papers: Mapping[str, Any], where: str) -> Step:
    place = f"{where} [{raw.get('id', '?')}]"
    optional = ("papers", "signatures", "returns_to", "within", "lasts")
    demand_keys(raw, ("id", "zh", "en", "kind", "level"), optional, place)
    demand_new(raw["id"], earlier, place)
    demand_choice(raw["kind"], KINDS, "kind", place)
    demand_choice(raw["level"], LEVELS, "level", place)
    for key, known in (("papers", papers), ("signatures", SIGNERS), ("returns_to", earlier)):
        for one in raw.get(key, ()):
            demand_choice(one, known, key, place)
    if (raw["kind"] in LASTING) != bool(raw.get("lasts")):
        raise CatalogueError(f"{place}: a notice or announcement, and nothing else, says with lasts how long it hangs")
    if raw.get("lasts"):
        _demand_parameter(raw["lasts"], place)
    lists = {key: tuple(raw.get(key, ())) for key in ("papers", "signatures", "returns_to")}
    within = _limit(raw["within"], place) if "within" in raw else None
    return Step(raw["id"], raw["zh"], raw["en"], raw["kind"], raw["level"], **lists, within=within,
                lasts=raw.get("lasts", ""))  # fmt: skip


def _procedure(raw: Mapping[str, Any], where: str, found: Mapping[str, Procedure]) -> Procedure:
    optional = ("ends_in", "kinds", "kind_states", "whole", "follows", "not_before", "steps_of", "papers", "step")
    more = ("overdue", "edition", "since")
    demand_keys(raw, ("id", "zh", "en", "reference", "begins_in"), (*optional, *more), where)
    for state in (*raw["begins_in"], *filter(None, [raw.get("ends_in")])):
        demand_choice(state, code_lists()[_STATES].values, "state", where)
    steps, papers = _steps(raw, where, found)
    not_before = raw.get("not_before", {}).get("months", "")
    if not_before:
        _demand_parameter(not_before, where)
    return Procedure(
        raw["id"], raw["zh"], raw["en"], raw["reference"], tuple(raw["begins_in"]), steps, papers,
        raw.get("ends_in", ""), _pairs(raw.get("kinds", {})) or None, _whole(raw, steps, where),
        raw.get("follows", ""), not_before, _kind_states(raw, where), _overdue(raw, where),
        raw.get("edition", FIRST), raw.get("since"),
    )  # fmt: skip


def _overdue(raw: Mapping[str, Any], where: str) -> tuple[Overdue, ...]:
    found: list[Overdue] = []
    for one in raw.get("overdue", ()):
        demand_keys(one, ("to", "after"), (), f"{where} overdue")
        demand_choice(one["to"], RECEIVERS, "to", f"{where} overdue")
        demand_new(one["to"], [earlier.to for earlier in found], f"{where} overdue")
        if not 0 <= one["after"] <= 100:
            raise CatalogueError(f"{where} overdue: after = {one['after']}; write how many times the step's days")
        found.append(Overdue(one["to"], one["after"]))
    return tuple(found)


def _kind_states(raw: Mapping[str, Any], where: str) -> dict[str, tuple[str, ...]]:
    found = {kind: tuple(states) for kind, states in raw.get("kind_states", {}).items()}
    for kind, states in found.items():
        demand_choice(kind, raw.get("kinds", {}), "kind_states", where)
        for state in states:
            demand_choice(state, raw["begins_in"], "kind_states", where)
    return found


def _steps(
    raw: Mapping[str, Any], where: str, found: Mapping[str, Procedure]
) -> tuple[tuple[Step, ...], Mapping[str, tuple[str, str]]]:
    """Its own steps and papers, or those of another procedure."""
    if "steps_of" in raw:
        demand_choice(raw["steps_of"], found, "steps_of", where)
        return found[raw["steps_of"]].steps, found[raw["steps_of"]].papers
    demand_keys(raw, ("papers", "step"), raw, where)
    steps: list[Step] = []
    for one in raw["step"]:
        steps.append(_step(one, [step.id for step in steps], raw["papers"], where))
    return tuple(steps), _pairs(raw["papers"])


def _whole(raw: Mapping[str, Any], steps: tuple[Step, ...], where: str) -> Whole | None:
    if "whole" not in raw:
        return None
    until = raw["whole"].get("until", steps[-1].id)
    demand_choice(until, [step.id for step in steps], "until", where)
    return Whole(_limit(raw["whole"], where), until)


def _pairs(raw: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    return {key: (zh, en) for key, (zh, en) in raw.items()}


def procedures(folder: Path | None = None) -> Mapping[str, Procedure]:
    """The newest edition of every procedure by id, in force or to come. Raises CatalogueError."""
    return {id_: found[-1] for id_, found in editions(folder).items()}


def procedures_at(on: date) -> Mapping[str, Procedure]:
    """Every procedure by id in the edition that a case takes which begins on this day."""
    return {
        id_: [one for one in found if one.since is None or one.since <= on][-1] for id_, found in editions().items()
    }


def edition_of(id_: str, edition: int) -> Procedure:
    """Raises KeyError."""
    for one in editions()[id_]:
        if one.edition == edition:
            return one
    raise KeyError(f"{id_} {edition}")


def steps_known(id_: str) -> dict[str, Step]:
    """Every step that any edition has, by id, as the newest that has it says it. Raises KeyError."""
    return {step.id: step for one in editions()[id_] for step in one.steps}


def editions(folder: Path | None = None) -> Mapping[str, tuple[Procedure, ...]]:
    """Every procedure by id with its editions, the oldest first. Raises CatalogueError."""
    return _editions(folder or FOLDER)


@cache
def _editions(folder: Path) -> Mapping[str, tuple[Procedure, ...]]:
    """Those that take over another's steps have each of its editions, too."""
    read = {path.name: read_toml(path) for path in sorted(folder.glob("*.toml"))}
    found: dict[str, tuple[Procedure, ...]] = {}
    for name, raw in sorted(read.items(), key=lambda pair: ("steps_of" in pair[1], pair[1].get("edition", FIRST))):
        id_, earlier = raw.get("id", ""), found.get(raw.get("id", ""), ())
        if raw.get("edition", FIRST) == FIRST:
            demand_new(id_, found, name)
        _demand_follows(raw, earlier, name)
        newest = {one: known[-1] for one, known in found.items()}
        made = _procedure(raw, name, newest)
        if "steps_of" in raw:
            found[id_] = tuple(
                replace(made, steps=one.steps, papers=one.papers, edition=one.edition, since=one.since)
                for one in found[raw["steps_of"]]
            )
        else:
            found[id_] = (*earlier, made)
    for several in found.values():
        if several[-1].follows:
            demand_choice(several[-1].follows, found, "follows", several[-1].id)
    return found


def _demand_follows(raw: Mapping[str, Any], earlier: tuple[Procedure, ...], where: str) -> None:
    """An edition is the next one, and in force after the one before."""
    edition, since = raw.get("edition", FIRST), raw.get("since")
    if edition != len(earlier) + 1 or ("steps_of" in raw and edition != FIRST):
        raise CatalogueError(f"{where}: edition = {edition}; write {len(earlier) + 1}, or mend the id")
    if (edition == FIRST) != (since is None):
        raise CatalogueError(f"{where}: since is the first day of a second or later edition; the first has none")
    before = earlier[-1].since if earlier else None
    if since is not None and before is not None and since <= before:
        raise CatalogueError(f"{where}: since = {since}, but the edition before is in force from {before}")
