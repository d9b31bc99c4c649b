"""One pseudonym of a sharing back to its household: with the right, a reason and a trace, inside the own region."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from fupin.accounts.api import acting_as
from fupin.accounts.models import Deed
from fupin.accounts.tests.fixtures import CITY, Cast
from fupin.exchange import api as exchange
from fupin.exchange.api import Agreement, Terms
from fupin.exchange.outgoing import pseudonym
from fupin.kernel.errors import Forbidden, UserError
from fupin.registry.tests.fixtures import Homes

pytestmark = pytest.mark.django_db


@pytest.fixture
def agreement(cast: Cast) -> Agreement:
    today = timezone.localdate()
    terms = Terms(
        "office", "civil_affairs", "findings", ("rule",), "核实疑点", "国发〔2016〕51号", CITY, today,
        today + timedelta(30),
    )  # fmt: skip
    return exchange.agree(by=cast.department, agreement=exchange.propose(by=cast.office, terms=terms))


def test_an_office_turns_one_back_and_the_trail_says_who_and_why(
    cast: Cast, homes: Homes, agreement: Agreement
) -> None:
    said = pseudonym(homes.own.pk, exchange.pseudonym_key(agreement))
    with acting_as(cast.office):
        assert exchange.turn_back(
            by=cast.office, agreement=agreement, wanted=f" {said.upper()} ", reason="民政来函询问"
        )
    deed = Deed.objects.get(verb="turn_back")
    assert (deed.by, deed.object_id, deed.reason) == (cast.office, str(agreement.pk), "民政来函询问")
    assert deed.detail == {"pseudonym": said, "household": homes.own.pk}


def test_a_household_of_another_region_is_not_found_and_the_attempt_recorded(
    cast: Cast, homes: Homes, agreement: Agreement
) -> None:
    said = pseudonym(homes.far.pk, exchange.pseudonym_key(agreement))
    with acting_as(cast.town):
        assert exchange.turn_back(by=cast.town, agreement=agreement, wanted=said, reason="民政来函询问") is None
    assert Deed.objects.get(verb="turn_back").detail["household"] == ""


def test_neither_a_department_nor_a_cadre_turns_anything_back(cast: Cast, homes: Homes, agreement: Agreement) -> None:
    said = pseudonym(homes.own.pk, exchange.pseudonym_key(agreement))
    for user in (cast.department, cast.cadre, cast.decision):
        assert not exchange.may_turn_back(user, agreement)
        with acting_as(user), pytest.raises(Forbidden):
            exchange.turn_back(by=user, agreement=agreement, wanted=said, reason="想知道是谁家")


@pytest.mark.parametrize(("wanted", "reason", "told"), [("x", "民政来函询问", "24 位"), ("a" * 24, " ", "为什么")])
def test_without_a_pseudonym_or_a_reason_nothing_is_turned_back(
    cast: Cast, agreement: Agreement, wanted: str, reason: str, told: str
) -> None:
    with acting_as(cast.office), pytest.raises(UserError, match=told):
        exchange.turn_back(by=cast.office, agreement=agreement, wanted=wanted, reason=reason)
    assert not Deed.objects.filter(verb="turn_back").exists()
