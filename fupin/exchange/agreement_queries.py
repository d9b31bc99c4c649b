"""Reads of agreements, exchanges and pushes, always for a user.

A department's clerk sees what concerns the own department, of the own region and of the regions above that cover it;
offices see every department of their region.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, F, Max, Q, QuerySet, Sum

from fupin.accounts.api import Role, Scope, User, may
from fupin.catalogue.schema import departments
from fupin.exchange.agreement_models import Agreement, Direction, ExchangeEntry
from fupin.exchange.models import Delivery
from fupin.exchange.push_models import Push
from fupin.kernel.errors import NotFound

SEE = "see_agreements"


def agreements_for(user: User) -> QuerySet[Agreement]:
    """The newest first."""
    found = Agreement.objects.order_by("-pk")
    if not may(user, SEE):
        return found.none()
    if user.role == Role.DEPARTMENT:
        own = Q(giver=user.department) | Q(taker=user.department)
        return found.filter(own, _inside(Scope.of(user.region)) | Q(region__in=_above(user.region)))
    return found.filter(_inside(user.scope))


def _inside(scope: Scope) -> Q:
    condition = Q(pk__in=[])
    for low, high in scope.ranges():
        condition |= Q(region__gte=low, region__lt=high)
    return condition


def _above(region: str) -> list[str]:
    return [region[:length] for length in (2, 4, 6, 9, 12) if length < len(region)]


def agreement_for(user: User, number: int) -> Agreement:
    """Raises NotFound for an absent and for a forbidden one alike."""
    found = agreements_for(user).filter(pk=number).first()
    if found is None:
        raise NotFound(f"no agreement {number}")
    return found


def exchanges_for(user: User) -> QuerySet[ExchangeEntry]:
    """The newest first."""
    found = ExchangeEntry.objects.select_related("agreement").order_by("-at", "-pk")
    if not may(user, SEE):
        return found.none()
    if user.role == Role.DEPARTMENT:
        return found.filter(
            _inside(Scope.of(user.region)) | Q(region__in=_above(user.region)), department=user.department
        )
    return found.filter(_inside(user.scope))


def entry_of(delivery: Delivery) -> ExchangeEntry | None:
    """The ledger's entry of a delivery that the caller may see."""
    found = ExchangeEntry.objects.select_related("agreement").filter(object_id=delivery.pk, way="delivery")
    return found.order_by("-pk").first()


def departments_of(user: User) -> list[str]:
    """Whose pages the user may open."""
    if not may(user, SEE):
        return []
    return [user.department] if user.role == Role.DEPARTMENT else list(departments())


@dataclass(frozen=True)
class DepartmentRow:
    """A department in figures: what it gave and got, of that without or outside an agreement; agreements that hold."""

    department: str
    agreements: int
    given: int
    given_rows: int
    got: int
    got_rows: int
    uncovered: int
    last: datetime | None


def department_rows(user: User) -> list[DepartmentRow]:
    """One for each department that the user may see, in the catalogue's order."""
    seen = exchanges_for(user).order_by()
    incoming, outgoing = Q(direction=Direction.IN), Q(direction=Direction.OUT)
    counted: dict[str, Any] = {
        row["department"]: row
        for row in seen.values("department").annotate(
            given=Count("pk", filter=incoming),
            given_rows=Sum("rows", filter=incoming, default=0),
            got=Count("pk", filter=outgoing),
            got_rows=Sum("rows", filter=outgoing, default=0),
            uncovered=Count("pk", filter=Q(agreement=None) | ~Q(outside=[])),
            last=Max("at"),
        )
    }
    held = _held(agreements_for(user).filter(state="in_force"))
    names = ("given", "given_rows", "got", "got_rows", "uncovered")
    return [
        DepartmentRow(
            department=one,
            agreements=held.get(one, 0),
            last=counted.get(one, {}).get("last"),
            **{name: counted.get(one, {}).get(name, 0) for name in names},
        )
        for one in departments_of(user)
    ]


def _held(agreements: Iterable[Agreement]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for one in agreements:
        if one.standing in ("holds", "ending"):
            for side in (one.giver, one.taker):
                counts[side] = counts.get(side, 0) + 1
    return counts


def pushes_for(user: User) -> QuerySet[Push]:
    """Of the agreements that the user may see, the newest first; without their bodies."""
    seen = Push.objects.filter(subscription__agreement__in=agreements_for(user))
    return seen.select_related("subscription__agreement").defer("body").order_by("-made_at", F("part"))


def push_for(user: User, push_id: str) -> Push:
    """Raises NotFound."""
    found = pushes_for(user).filter(pk=push_id).first()
    if found is None:
        raise NotFound(f"no push {push_id!r}")
    return found
