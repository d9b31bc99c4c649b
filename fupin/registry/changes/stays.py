"""How long somebody has belonged to a household: a new relation begins a new row, not a new stay."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from fupin.registry.changes.steps import Step
from fupin.registry.household_models import Membership


def stay_of(row: Membership) -> list[Membership]:
    """The rows that lead up to this one without a gap, and this one; the latest first."""
    earlier = Membership.objects.filter(
        household_id=row.household_id, person_id=row.person_id, valid_from__lt=row.valid_from
    )
    found = [row]
    for one in earlier.order_by("-valid_from"):
        if one.valid_to != found[-1].valid_from:
            break
        found.append(one)
    return found


def joined_on(row: Membership) -> date:
    return stay_of(row)[-1].valid_from


def last_joined(rows: Iterable[Membership]) -> date | None:
    """When the last of them joined."""
    return max((joined_on(row) for row in rows), default=None)


def leave(step: Step, row: Membership, until: date) -> None:
    """A member up to that day, whatever relation he was given after it."""
    for one in stay_of(row):
        if one.valid_from >= until:
            step.remove(one)
        elif one.valid_to is None or one.valid_to > until:
            step.change(one, valid_to=until)
