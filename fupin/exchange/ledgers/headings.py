"""Which field a heading means: by its official code or name, by another name that ledgers use, by a similar sound."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cache

from fupin.catalogue.ledgers import Layout, LedgerColumn, layouts, ledger_fields, other_names
from fupin.exchange.reading.header import canonical, without_brackets
from fupin.registry.api import spell

CODE = re.compile(r"[A-Z]{3}\d{3}", re.IGNORECASE)
ALIKE = 0.75  # of two spellings in pinyin: 户编码 and 户编号 are 0.76, 姓名 and 性别 0.62


@dataclass(frozen=True)
class Proposal:
    """``sure``: the very name; otherwise it only sounds alike."""

    field: str
    sure: bool


def known_headings(cells: Sequence[str]) -> int:
    """Cells that are a code of a layout, a title or another name of a field."""
    return sum(bool(forms(cell) & _every_name()) for cell in cells if cell.strip())


def forms(text: str) -> frozenset[str]:
    """A heading in comparable form, with and without what stands in brackets."""
    return frozenset(filter(None, (canonical(text), canonical(without_brackets(text)[0]))))


def column_of(layout: Layout, heading: str) -> LedgerColumn | None:
    """The column of a layout that a heading names: by code, by title, or by both written together."""
    codes, titles = _names_of(layout.id)
    for form in (canonical(heading), canonical(without_brackets(heading)[0])):
        if key := codes.get(form) or titles.get(form):
            return layout.columns[key]
    found = CODE.match(heading.strip())
    return layout.columns.get(found[0].upper()) if found else None


def propose(heading: str, row: str) -> Proposal | None:
    """What a provincial ledger's heading may mean, for a table whose rows are households or persons."""
    wanted = forms(heading)
    names = _fields(row)
    for field, known in names.items():
        if wanted & known:
            return Proposal(field, sure=True)
    best = max(((_alike(wanted, known), field) for field, known in names.items()), default=(0.0, ""))
    return Proposal(best[1], sure=False) if best[0] >= ALIKE else None


def _alike(wanted: frozenset[str], known: frozenset[str]) -> float:
    heard = [spell(one) for one in wanted]
    return max((_ratio(one, other) for one in heard for other in _heard(known)), default=0.0)


def _ratio(one: str, other: str) -> float:
    """0 for what cannot be alike: the bounds are asked in a hundredth of the time."""
    if 2 * min(len(one), len(other)) < ALIKE * (len(one) + len(other)):
        return 0.0
    pair = SequenceMatcher(None, one, other)
    return pair.ratio() if pair.quick_ratio() >= ALIKE else 0.0


@cache
def _heard(known: frozenset[str]) -> tuple[str, ...]:
    return tuple(spell(one) for one in known)


@cache
def _names_of(layout: str) -> tuple[Mapping[str, str], Mapping[str, str]]:
    columns = layouts()[layout].columns
    titles = {canonical(name): key for key, one in columns.items() for name in (one.zh, *one.aliases)}
    plain = {canonical(without_brackets(one.zh)[0]): key for key, one in columns.items()}
    codes = {canonical(key): key for key in columns if CODE.fullmatch(key)}
    return codes, {**plain, **titles}


@cache
def _fields(row: str) -> Mapping[str, frozenset[str]]:
    """Field → its names; the household's number is one field among persons, another one among households."""
    found: dict[str, set[str]] = {}
    for id_, field in ledger_fields().items():
        if id_ == "households.household_id" if row == "person" else field.table in ("persons", "group"):
            continue
        names = {field.column.zh, *other_names().get(id_, ())}
        found[id_] = {form for name in names for form in forms(name)}
    return {id_: frozenset(names) for id_, names in found.items()}


@cache
def _every_name() -> frozenset[str]:
    names = {form for row in ("household", "person") for known in _fields(row).values() for form in known}
    return frozenset(names | {form for id_ in layouts() for table in _names_of(id_) for form in table})
