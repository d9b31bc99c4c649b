"""What the registry knows of a household that an exit is held to: the facts of the lists of standards."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from fupin.accounts.api import User
from fupin.catalogue.parameters import parameters
from fupin.catalogue.standards import FACTS, Item, Standards, Test
from fupin.kernel.periods import full_years
from fupin.registry import api as registry
from fupin.registry.api import LedgerEntry, Membership, Person

SCHOOL_AGE = range(6, 16)
NOT_AT_SCHOOL = "01"
YEAR = 12
_EARNED = ("wage_", "business_")
_INCOME = (*_EARNED, "property_", "transfer_")


@dataclass(frozen=True)
class Line:
    """One item of a list for one household: ``met`` None = not known; ``facts``: (test, value)."""

    item: Item
    met: bool | None
    facts: tuple[tuple[Test, Any], ...]


def lines_of(listed: Standards, facts: Mapping[str, Any], on: date, region: str) -> list[Line]:
    """Item by item, what the registry says of it."""
    return [
        Line(item, item.met(facts, on, region), tuple((test, facts.get(test.fact)) for test in item.tests))
        for item in listed.items
    ]


def facts_of(user: User, household_id: str, on: date) -> dict[str, Any]:
    """Every fact of ``FACTS``; None where nobody has told us. Raises NotFound."""
    home = registry.household_for(user, household_id)
    members = [row.person for row in Membership.objects.filter(household=home, valid_to__isnull=True)
               .select_related("person")]  # fmt: skip
    found: dict[str, Any] = {
        "out_of_school": _out_of_school(members, on),
        "uninsured": _counted([one.medical_insured for one in members], False),
        **_of_ledger(_last_year(registry.ledger_of(user, home), on), len(members), on, home.village_code),
    }
    survey = registry.survey_of(user, home)
    return {name: found[name] if name in found else getattr(survey, name, None) for name in FACTS}


def _out_of_school(members: Iterable[Person], on: date) -> int | None:
    children = [one for one in members if one.birth_date and full_years(one.birth_date, on) in SCHOOL_AGE]
    return _counted([None if one.schooling is None else one.schooling == NOT_AT_SCHOOL for one in children], True)


def _counted(values: Sequence[bool | None], what: bool) -> int | None:
    """How many are ``what``; None where that is not known of all."""
    return None if None in values else sum(1 for one in values if one is what)


def _last_year(entries: Iterable[LedgerEntry], on: date) -> list[LedgerEntry]:
    """The months of the year before the day's month."""
    last = on.year * YEAR + on.month - 2
    return [one for one in entries if 0 <= last - (one.month // 100 * YEAR + one.month % 100 - 1) < YEAR]


def _of_ledger(entries: Sequence[LedgerEntry], members: int, on: date, region: str) -> dict[str, Any]:
    """A year's figures from the months that were kept; None from too few of them."""
    months = sum(one.period_months for one in entries)
    if not members or months < parameters()["ledger_months_minimum"].at(on, region):
        return {"income_head": None, "earning_months": None, "subsistence_months": None}
    net = sum(_sum(one, _INCOME) - _sum(one, ("cost_",)) for one in entries)
    return {
        "income_head": net * YEAR // (months * members),
        "earning_months": sum(one.period_months for one in entries if _sum(one, _EARNED) > 0),
        "subsistence_months": sum(
            one.period_months for one in entries if one.transfer_subsistence + one.transfer_extreme > 0
        ),
    }


def _sum(entry: LedgerEntry, heads: tuple[str, ...]) -> int:
    return sum(getattr(entry, field.name) for field in entry._meta.concrete_fields if field.name.startswith(heads))
