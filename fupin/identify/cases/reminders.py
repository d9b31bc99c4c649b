"""What is overdue reaches the persons who have to act, and later the level above: written once, by the database."""

from __future__ import annotations

from django.db import connection
from django.db.models import F, QuerySet

from fupin.accounts.api import User, may
from fupin.identify.cases.models import Case, Reminder
from fupin.identify.cases.services import VERB


def raise_overdue() -> int:
    """What is overdue by now and was not raised for its step yet; how many were written. Safe to call often."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT fupin_raise_overdue()")
        (made,) = cursor.fetchone()
    return int(made)


def reminders_for(user: User) -> QuerySet[Reminder]:
    """Those to the account's own region whose case has not moved since; the oldest first."""
    if not user.region or not may(user, VERB):
        return Reminder.objects.none()
    standing = Reminder.objects.filter(region=user.region, case__ended="", case__entered_at=F("entered_at"))
    return standing.select_related("case").order_by("due_on", "pk")


def raised(user: User, rows: QuerySet[Case]) -> QuerySet[Case]:
    """Of these cases those that were raised to the account."""
    return rows.filter(pk__in=reminders_for(user).order_by().values("case"))
