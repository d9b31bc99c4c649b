"""Finding households by number, by ID number, by name or pinyin; always inside the user's scope."""

from __future__ import annotations

from django.conf import settings
from django.db.models import BooleanField, F, Func, Q, QuerySet, Value

from fupin.accounts.api import User
from fupin.kernel.identity import normalise
from fupin.registry.models import Household, Membership, Person
from fupin.registry.queries import households_for
from fupin.registry.spelling import spell

LAST = "\U0010ffff"  # after every text that begins with the same characters (collation "C")


def search_households(user: User, text: str) -> QuerySet[Household]:
    """Household number (or its beginning), a whole ID number, a member's name (or its beginning), a head's pinyin.

    An ID number is looked up by its keyed hash and appears in no query.
    """
    households, text = households_for(user), text.strip()
    if not text:
        return households.none()
    number = normalise(text).number
    if number is not None:
        found = households.filter(
            _with_member(Person.objects.filter(id_lookup=settings.FUPIN_KEYS.lookup_hash(number)))
        )
    elif text.isascii():
        pinyin = "".join(text.lower().split())
        found = households.filter(_range("head_pinyin", pinyin) | _range("household_id", text))
    else:
        found = households.filter(_with_member(_named(text)))
    return found.order_by("village_code", "household_id")


def _named(text: str) -> QuerySet[Person]:
    """By the sound first (it has the index), then by the characters themselves."""
    pinyin = spell(text)
    return Person.objects.filter(_range("pinyin", pinyin)).filter(_begins("name", text))


def _range(column: str, beginning: str) -> Q:
    return Q(**{f"{column}__gte": beginning, f"{column}__lt": beginning + LAST})


def _with_member(persons: QuerySet[Person]) -> Q:
    memberships = Membership.objects.filter(person__in=persons, valid_to__isnull=True)
    return Q(pk__in=memberships.values("household_id"))


def _begins(column: str, text: str) -> Func:
    return Func(F(column), Value(text), function="starts_with", output_field=BooleanField())
