"""No day without a head: who follows a head begins on the day after him, or the form says why not."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from fupin.accounts.tests.fixtures import Cast
from fupin.kernel.errors import UserError
from fupin.registry import api as registry
from fupin.registry.models import Membership, RegistryChange
from fupin.registry.tests.changing import birth, do, end, filing, marry, part, present
from fupin.registry.tests.fixtures import Homes

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("cases_stand_aside")]
DIED = date(2026, 1, 10)
AFTER = DIED + timedelta(days=1)


def heads() -> list[tuple[str, date, date | None]]:
    rows = Membership.objects.filter(household="H-own", relation="01").order_by("valid_from")
    return list(rows.values_list("person_id", "valid_from", "valid_to"))


def rows_of(person: str) -> list[tuple[str | None, date, date | None]]:
    rows = Membership.objects.filter(household="H-own", person=person).order_by("valid_from")
    return list(rows.values_list("relation", "valid_from", "valid_to"))


def test_a_member_follows_on_the_day_after(cast: Cast, homes: Homes) -> None:
    end(cast, "death", person="P-own", on=DIED, new_head="P-child")
    (first, _from, until), follows = heads()
    assert (first, until, follows) == ("P-own", AFTER, ("P-child", AFTER, None))


def test_so_does_one_whose_relation_changed_since(cast: Cast, homes: Homes) -> None:
    """He was a member all the time: his new relation gives way, and comes back when the death is taken back."""
    marry(cast)
    wife = present("H-own")[1][0]
    do(
        cast.cadre, registry.change_head, household_id="H-own", filing=filing("new_head", date(2026, 4, 1)), head=wife,
        relations={"P-child": "05"},
    )  # fmt: skip
    do(
        cast.cadre,
        registry.change_head,
        household_id="H-own",
        filing=filing("new_head", date(2026, 5, 1)),
        head="P-own",
    )
    before = rows_of("P-child")
    died = end(cast, "death", person="P-own", on=DIED, new_head="P-child")
    assert [row[1:] for row in rows_of("P-child") if row[0] == "01"] == [(AFTER, None)]
    assert rows_of("P-child")[0][1:] == (before[0][1], AFTER)
    do(cast.cadre, registry.reverse, change_id=died.pk, reason="死亡系误登")
    assert rows_of("P-child") == before


def test_who_joined_later_does_not_follow(cast: Cast, homes: Homes) -> None:
    marry(cast)  # on 2026-03-01
    wife = present("H-own")[1][0]
    before = (heads(), RegistryChange.objects.count())
    with pytest.raises(UserError) as caught:
        end(cast, "death", person="P-own", on=DIED, new_head=wife)
    assert "农秀英 于 2026-03-01 才成为该户成员，不能自 2026-01-11 起任户主" in caught.value.zh
    assert "joined the household on 2026-03-01" in caught.value.en
    assert "自 2026-03-02 起办理变更户主" in caught.value.hint_zh
    assert (heads(), RegistryChange.objects.count()) == before
    end(cast, "death", person="P-own", on=DIED, new_head="P-child")  # as the hint says
    do(cast.cadre, registry.change_head, household_id="H-own", filing=filing("new_head", date(2026, 3, 2)), head=wife)
    assert [(who, until) for who, _from, until in heads()] == [
        ("P-own", AFTER), ("P-child", date(2026, 3, 2)), (wife, None),
    ]  # fmt: skip


def test_nor_after_a_head_who_splits_off(cast: Cast, homes: Homes) -> None:
    child = birth(cast).person_id  # on 2026-02-20
    with pytest.raises(UserError, match="才成为该户成员"):
        part(cast, form=filing("split", DIED), members=["P-own", "P-child"], head="P-own", next_head=child)
