"""Days of effect are held against the household's own past: how it is counted on a former day stays right."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from fupin.accounts.api import acting_as
from fupin.accounts.tests.fixtures import VILLAGE, Cast
from fupin.kernel.errors import UserError
from fupin.registry import api as registry
from fupin.registry.models import Household, HouseholdState, Membership, RegistryChange
from fupin.registry.tests.changing import WIFE, birth, do, end, filing, part, present, seen
from fupin.registry.tests.fixtures import Homes
from fupin.registry.tests.test_known import now

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("cases_stand_aside")]
#: the household was registered on 2015-11-30; since then it was poor until this day
CLEARED = date(2023, 1, 1)
BETWEEN = date(2020, 6, 1)


def clear(cast: Cast) -> None:
    """Registered by mistake until 2023, as it turned out: 一般农户 since."""
    do(
        cast.county_office, registry.change_state, household_id="H-own", state="9", effective=CLEARED,
        kind="correct_entry", reason="入户核实", papers=seen("correct_entry"),
    )  # fmt: skip


def counts(cast: Cast, on: date) -> dict[str, tuple[int, int]]:
    with acting_as(cast.county_office):
        found = registry.summed(registry.counts_at(cast.county_office, VILLAGE, true_on=on, known_at=now()))
    return {state: (one.households, one.persons) for state, one in found.items()}


def close(cast: Cast, on: date) -> RegistryChange:
    return do(
        cast.county_office, registry.end_household, household_id="H-own", filing=filing("end_household", on)
    )  # fmt: skip


def join(cast: Cast, gone: str, into: str, on: date) -> RegistryChange:
    return do(cast.county_office, registry.merge, household_id=gone, into=into, filing=filing("merge", on))


def test_what_takes_the_present_state_along_does_not_reach_behind_it(cast: Cast, homes: Homes) -> None:
    clear(cast)
    said = "早于户 H-own 现有脱贫属性起始日（2023-01-01）"
    with pytest.raises(UserError, match=said):
        close(cast, BETWEEN)
    with pytest.raises(UserError, match=said):
        part(cast, form=filing("split", BETWEEN))
    close(cast, CLEARED)
    periods = HouseholdState.objects.filter(household="H-own").values_list("state", "valid_from", "valid_to")
    assert list(periods) == [("0", date(2015, 11, 30), CLEARED)]
    assert (counts(cast, BETWEEN), counts(cast, CLEARED)) == ({"0": (1, 2)}, {})


def test_nobody_is_merged_into_a_household_before_it_began(cast: Cast, homes: Homes) -> None:
    began = date(2026, 6, 1)
    other = str(part(cast, form=filing("split", began)).other_id)
    with pytest.raises(UserError, match=f"早于户 {other} 现有脱贫属性起始日（2026-06-01）"):
        join(cast, "H-own", other, date(2017, 1, 1))
    join(cast, "H-own", other, date(2026, 7, 1))
    assert counts(cast, BETWEEN) == {"0": (1, 2)}
    assert counts(cast, date(2026, 7, 1)) == {"0": (1, 2)}


def test_nobody_joins_before_the_household_was_registered(cast: Cast, homes: Homes) -> None:
    married: Any = {
        "household_id": "H-own", "relation": "02", "facts": {"name": "农秀英", "sex": "2"}, "number": WIFE,
    }  # fmt: skip
    with pytest.raises(UserError, match="早于户 H-own 进入登记库之日（2015-11-30）"):
        do(cast.cadre, registry.add_member, filing=filing("marriage_in", date(1990, 1, 1)), **married)
    clear(cast)  # joining before the present state is no mistake: he was poor with the others until then
    do(cast.cadre, registry.add_member, filing=filing("marriage_in", BETWEEN), **married)
    assert (counts(cast, BETWEEN), counts(cast, CLEARED)) == ({"0": (1, 3)}, {"9": (1, 3)})


def lead(cast: Cast, on: date = date(2026, 5, 1)) -> RegistryChange:
    return do(
        cast.cadre, registry.change_head, household_id="H-own", filing=filing("new_head", on), head="P-child",
        relations={"P-own": "11"},
    )  # fmt: skip


def stays(person: str) -> list[tuple[str, str | None, date, date | None]]:
    rows = Membership.objects.filter(person_id=person).order_by("valid_from", "pk")
    return list(rows.values_list("household_id", "relation", "valid_from", "valid_to"))


def test_a_new_relation_is_no_new_joining(cast: Cast, homes: Homes) -> None:
    lead(cast)
    died = end(cast, "death", "P-own", date(2026, 4, 1))
    assert stays("P-own") == [("H-own", "01", date(2015, 11, 30), date(2026, 4, 2))]
    assert present("H-own") == [("P-child", "01")]
    assert counts(cast, date(2026, 4, 2)) == {"0": (1, 1)}
    do(cast.county_office, registry.reverse, change_id=died.pk, reason="办理有误")
    assert stays("P-own") == [
        ("H-own", "01", date(2015, 11, 30), date(2026, 5, 1)), ("H-own", "11", date(2026, 5, 1), None),
    ]  # fmt: skip


def test_the_first_day_of_the_stay_still_counts(cast: Cast, homes: Homes) -> None:
    lead(cast)
    with pytest.raises(UserError, match=r"早于成为该户成员的日期（2015-11-30）"):
        end(cast, "move_out", "P-own", date(2015, 11, 30))


def test_who_changes_the_household_takes_no_later_relation_along(cast: Cast, homes: Homes) -> None:
    lead(cast)
    on = date(2026, 4, 1)
    other = str(part(cast, members=["P-own"], head="P-own", form=filing("split", on)).other_id)
    assert stays("P-own") == [("H-own", "01", date(2015, 11, 30), on), (other, "01", on, None)]
    assert counts(cast, on) == {"0": (2, 2)}


def test_an_end_before_a_change_of_head_ends_everybody(cast: Cast, homes: Homes) -> None:
    lead(cast)
    close(cast, date(2026, 4, 1))
    assert not Membership.objects.filter(household="H-own", valid_to__isnull=True).exists()
    assert [until for _home, _relation, _since, until in stays("P-own") + stays("P-child")] == [date(2026, 4, 1)] * 2
    assert Household.objects.get(pk="H-own").ended_on == date(2026, 4, 1)


def test_a_birth_date_is_held_against_the_joining(cast: Cast, homes: Homes) -> None:
    born = str(birth(cast).person_id)
    do(
        cast.cadre, registry.change_head, household_id="H-own", filing=filing("new_head", date(2026, 5, 1)), head=born
    )  # fmt: skip
    with pytest.raises(UserError, match="晚于成为成员的日期（2026-02-20）"):
        do(
            cast.cadre, registry.correct_person, household_id="H-own", person_id=born,
            filing=filing("correct_person", date(2026, 5, 2)), facts={"birth_date": "2026-03-01"},
        )  # fmt: skip
