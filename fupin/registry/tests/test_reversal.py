"""Taking a change back: what was there is there again, unless something else was built on it."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from fupin.accounts.tests.fixtures import Cast
from fupin.kernel.errors import Forbidden, UserError
from fupin.registry import api as registry
from fupin.registry.models import Household, HouseholdState, Membership, RegistryChange
from fupin.registry.tests.changing import DAY, WIFE, birth, do, end, filing, marry, part, present
from fupin.registry.tests.fixtures import Homes, add_member

pytestmark = pytest.mark.usefixtures("cases_stand_aside")


def undo(cast: Cast, change: RegistryChange, by: str = "county_office") -> RegistryChange:
    return do(getattr(cast, by), registry.reverse, change_id=change.pk, reason="办理有误")


def snapshot(*homes: str) -> Any:
    rows = Household.objects.filter(pk__in=homes).order_by("pk").values()
    kept = [{k: v for k, v in row.items() if k != "version"} for row in rows]
    states = HouseholdState.objects.filter(household__in=homes).order_by("valid_from").values()
    return kept, list(states), [present(one) for one in homes], list(Membership.objects.order_by("id").values())


@pytest.mark.parametrize("kind", ["birth", "death", "head", "split", "end", "facts"])
def test_what_is_taken_back_is_as_before(cast: Cast, homes: Homes, kind: str) -> None:
    Household.objects.filter(pk="H-own").update(members=2)
    before = snapshot("H-own")
    change = {
        "birth": lambda: birth(cast),
        "death": lambda: end(cast, "death", person="P-own", new_head="P-child"),
        "head": lambda: do(
            cast.cadre, registry.change_head, household_id="H-own", filing=filing("new_head"), head="P-child"
        ),
        "split": lambda: part(cast),
        "end": lambda: do(
            cast.county_office, registry.end_household, household_id="H-own", filing=filing("end_household")
        ),
        "facts": lambda: do(
            cast.cadre, registry.correct_household, household_id="H-own", filing=filing("correct_household"),
            facts={"cause_main": "01"},
        ),
    }[kind]()  # fmt: skip
    assert snapshot("H-own") != before
    undone = undo(cast, change)
    assert snapshot("H-own") == before
    assert (undone.reverses_id, undone.effective) == (change.pk, change.effective)


def test_a_split_taken_back_leaves_an_ended_household(cast: Cast, homes: Homes) -> None:
    change = part(cast)
    undo(cast, change)
    assert Household.objects.get(pk=change.other_id).ended_on == DAY
    assert present("H-own") == [("P-own", "01"), ("P-child", "04")]


def test_a_change_that_others_build_on_is_not_taken_back(cast: Cast, homes: Homes) -> None:
    born = birth(cast)
    later = end(cast, "death", person=str(born.person_id))
    with pytest.raises(UserError, match=f"变更 {later.pk}（死亡，2026-03-01）以它为基础"):
        undo(cast, born)
    undo(cast, later)
    undo(cast, born)
    assert [who for who, _relation in present("H-own")] == ["P-own", "P-child"]


def test_what_does_not_touch_it_is_not_in_the_way(cast: Cast, homes: Homes) -> None:
    first = end(cast, "death")
    marry(cast)
    undo(cast, first)
    assert len(present("H-own")) == 3


def test_a_change_is_taken_back_once_and_by_its_own_level(cast: Cast, homes: Homes) -> None:
    change = part(cast)
    with pytest.raises(Forbidden):
        undo(cast, change, by="cadre")
    undo(cast, change)
    with pytest.raises(UserError, match="已撤销过"):
        undo(cast, change)


def test_a_wrong_exit_is_reversed(cast: Cast, homes: Homes) -> None:
    change = do(
        cast.county_office, registry.change_state, household_id="H-own", state="1", effective=DAY, kind="exit",
        reason="会议决定", case_id=5,
    )  # fmt: skip
    undo(cast, change)
    home = Household.objects.get(pk="H-own")
    assert (home.state, home.exited_on) == ("0", None)
    assert list(HouseholdState.objects.filter(household=home).values_list("state", "valid_to")) == [("0", None)]


def test_a_leaving_is_not_taken_back_when_the_person_lives_elsewhere_by_now(cast: Cast, homes: Homes) -> None:
    first = marry(cast)
    left = end(cast, "move_out", person=str(first.person_id), on=date(2026, 5, 1))
    do(
        cast.office, registry.add_member, household_id="H-far", filing=filing("move_in", date(2026, 6, 1)),
        relation="99", facts={"name": "农秀英"}, number=WIFE,
    )  # fmt: skip
    with pytest.raises(UserError, match="同时在两户"):
        undo(cast, left)


def test_a_record_changed_beside_the_log_is_not_overwritten_by_a_reversal(cast: Cast, homes: Homes) -> None:
    add_member(homes.own, "P-third", "韦三", None, "05")
    change = end(cast, "death", person="P-third")
    Membership.objects.filter(person_id="P-third").update(valid_to=date(2026, 3, 9))
    with pytest.raises(UserError, match="变更记录之外"):
        undo(cast, change)
