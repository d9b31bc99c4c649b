"""For the tests of changes: forms filled in, and who files them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

from django.db import transaction

from fupin.accounts.api import User, acting_as
from fupin.accounts.tests.fixtures import Cast
from fupin.catalogue.changes import change_kinds
from fupin.kernel.identity import check_digit
from fupin.registry import api as registry
from fupin.registry.api import Filing, Paper
from fupin.registry.models import Household, Membership, RegistryChange

DAY = date(2026, 3, 1)


def filing(kind: str, effective: date = DAY, **more: Any) -> Filing:
    """With all papers and a reason."""
    return Filing(kind, effective, "入户核实", seen(kind), **more)


def seen(kind: str) -> tuple[Paper, ...]:
    """All papers of a kind, seen on paper."""
    return registry.on_paper(change_kinds()[kind].papers, "村委会档案柜")


def number_of(first17: str) -> str:
    return first17 + check_digit(first17)


def do(by: User, verb: Any, **what: Any) -> RegistryChange:
    """As a request does it: in a transaction of its own, in the officer's name."""
    with acting_as(by), transaction.atomic():
        change: RegistryChange = verb(by=by, **what)
    return change


def present(household_id: str) -> list[tuple[str, str | None]]:
    rows = Membership.objects.filter(household_id=household_id, valid_to__isnull=True).order_by("relation", "person_id")
    return [(row.person_id, row.relation) for row in rows]


def told(household_id: str) -> tuple[int, str, str]:
    home = Household.objects.get(pk=household_id)
    return home.members, home.head_name, home.head_pinyin


@contextmanager
def as_user(by: User) -> Iterator[None]:
    with acting_as(by):
        yield


WIFE = number_of("45012419650708002")


def birth(cast: Cast, **more: Any) -> RegistryChange:
    facts = {"name": "韦小星", "sex": "2", "birth_date": "2026-02-20", **more.pop("facts", {})}
    form = more.pop("form", filing("birth", date(2026, 2, 20)))
    return do(
        cast.cadre, registry.add_member, household_id="H-own", filing=form, relation="04", facts=facts, **more
    )  # fmt: skip


def marry(cast: Cast, number: str = WIFE, by: str = "cadre", home: str = "H-own") -> RegistryChange:
    return do(
        getattr(cast, by), registry.add_member, household_id=home, filing=filing("marriage_in"), relation="02",
        facts={"name": "农秀英", "sex": "2"}, number=number,
    )  # fmt: skip


def end(cast: Cast, kind: str, person: str = "P-child", on: date = DAY, **more: Any) -> RegistryChange:
    return do(
        cast.cadre, registry.end_membership, household_id="H-own", person_id=person, filing=filing(kind, on), **more
    )  # fmt: skip


def part(cast: Cast, **more: Any) -> RegistryChange:
    wanted = {"members": ["P-child"], "head": "P-child", **more}
    return do(cast.county_office, registry.split, household_id="H-own", filing=filing("split"), **wanted)
