"""Births, deaths, moves, corrections, splits, merges: what each does, and what is refused."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from fupin.accounts.tests.fixtures import FAR_VILLAGE, VILLAGE, Cast
from fupin.kernel.errors import Forbidden, NotFound, UserError
from fupin.registry import api as registry
from fupin.registry.models import Household, HouseholdState, Membership, Person, RegistryChange, SealedField
from fupin.registry.tests.changing import DAY, WIFE, birth, do, end, filing, marry, part, present, told
from fupin.registry.tests.fixtures import HEAD_ID, Homes

pytestmark = pytest.mark.usefixtures("cases_stand_aside")


def test_a_child_is_born_and_has_no_number_yet(cast: Cast, homes: Homes) -> None:
    change = birth(cast)
    assert [relation for _who, relation in present("H-own")] == ["01", "04", "04"]
    assert told("H-own") == (3, "韦大山", "weidashan")
    child = Person.objects.get(pk=change.person_id)
    assert (child.name, child.initials, child.id_lookup, child.lake_key) == ("韦小星", "wxx", None, None)
    assert (change.kind, change.by, change.proofs) == ("birth", cast.cadre, ["birth_certificate"])


def test_who_marries_in_is_found_by_his_number_and_joins_with_the_departments_data(cast: Cast, homes: Homes) -> None:
    person = Person.objects.get(pk=marry(cast).person_id)
    assert person.birth_date == date(1965, 7, 8)
    assert person.lake_key is not None
    assert registry.search_households(cast.cadre, WIFE).get().pk == "H-own"


def test_the_number_given_with_a_change_is_sealed(transactional_db: None, cast: Cast, homes: Homes) -> None:
    change = marry(cast)
    shown = registry.reveal(
        by=cast.cadre, kind="person", record=str(change.person_id), field=SealedField.ID_NUMBER, reason="入户核对"
    )
    assert shown == WIFE
    assert WIFE not in str(change.before) + str(change.after)


def test_nobody_is_born_after_joining(cast: Cast, homes: Homes) -> None:
    with pytest.raises(UserError, match="不能早于出生日期"):
        birth(cast, form=filing("birth", date(2026, 2, 19)))
    with pytest.raises(UserError, match="“出生日期”填写不对"):
        birth(cast, facts={"birth_date": "2099-01-01"})


@pytest.mark.parametrize(
    ("number", "facts", "said"),
    [
        (WIFE[:-1] + ("0" if WIFE[-1] != "0" else "1"), {}, "校验码错误"),
        (WIFE, {"birth_date": "1960-01-01"}, "出生日期与填写的不一致"),
        (WIFE, {"sex": "1"}, "性别与填写的不一致"),
        ("", {}, "没有证件号"),
    ],
)
def test_a_number_that_cannot_be_is_refused(
    cast: Cast, homes: Homes, number: str, facts: dict[str, str], said: str
) -> None:
    with pytest.raises(UserError, match=said):
        do(
            cast.cadre, registry.add_member, household_id="H-own", filing=filing("marriage_in"), relation="02",
            facts={"name": "农秀英", "sex": "2"} | facts, number=number,
        )  # fmt: skip


def test_the_same_person_is_not_in_two_households(cast: Cast, homes: Homes) -> None:
    with pytest.raises(UserError, match="户 H-own 的成员"):
        do(
            cast.county_office, registry.add_member, household_id="H-next", filing=filing("move_in"), relation="99",
            facts={"name": "韦大山"}, number=HEAD_ID,
        )  # fmt: skip


def test_of_a_member_elsewhere_no_more_is_said_than_that(cast: Cast, homes: Homes) -> None:
    with pytest.raises(UserError, match="别处一户的成员") as caught:
        do(
            cast.stranger, registry.add_member, household_id="H-far", filing=filing("move_in"), relation="99",
            facts={"name": "韦大山"}, number=HEAD_ID,
        )  # fmt: skip
    assert "H-own" not in str(caught.value)


def test_who_left_and_comes_back_is_the_same_person(cast: Cast, homes: Homes) -> None:
    first = marry(cast)
    end(cast, "move_out", person=str(first.person_id), on=date(2026, 5, 1))
    with pytest.raises(UserError, match="才离开原来的户"):
        marry(cast)
    again = do(
        cast.county_office, registry.add_member, household_id="H-next", filing=filing("marriage_in", date(2026, 6, 1)),
        relation="02", facts={"name": "农秀英"}, number=WIFE,
    )  # fmt: skip
    assert again.person_id == first.person_id


def test_who_lived_in_another_county_is_taken_by_the_office_above(cast: Cast, homes: Homes) -> None:
    first = marry(cast)
    end(cast, "move_out", person=str(first.person_id), on=date(2026, 5, 1))
    move = {
        "household_id": "H-far", "filing": filing("move_in", date(2026, 6, 1)), "relation": "99",
        "facts": {"name": "农秀英"}, "number": WIFE,
    }  # fmt: skip
    with pytest.raises(UserError, match="共同的上级"):
        do(cast.stranger, registry.add_member, **move)
    assert do(cast.office, registry.add_member, **move).person_id == first.person_id


def test_a_death_counts_the_day_itself(cast: Cast, homes: Homes) -> None:
    end(cast, "death")
    assert Membership.objects.get(person_id="P-child").valid_to == DAY + timedelta(days=1)
    assert told("H-own")[0] == 1


def test_nobody_dies_before_birth(cast: Cast, homes: Homes) -> None:
    with pytest.raises(UserError, match="死亡的日期 2012-05-31 不能早于出生日期（2012-06-01）"):
        end(cast, "death", on=date(2012, 5, 31))


def test_nobody_leaves_before_joining_or_tomorrow(cast: Cast, homes: Homes) -> None:
    with pytest.raises(UserError, match="不能早于成为该户成员的日期"):
        end(cast, "move_out", on=date(2015, 11, 30))
    with pytest.raises(UserError, match="在将来"):
        end(cast, "move_out", on=timezone.localdate() + timedelta(days=1))


def test_a_head_who_leaves_is_followed_by_another(cast: Cast, homes: Homes) -> None:
    with pytest.raises(UserError, match="须另定户主"):
        end(cast, "death", person="P-own")
    end(cast, "death", person="P-own", new_head="P-child")
    assert present("H-own") == [("P-child", "01")]
    assert told("H-own") == (1, "韦小月", "weixiaoyue")


def test_papers_and_a_reason_are_asked_for(cast: Cast, homes: Homes) -> None:
    bare = registry.Filing("death", DAY, "入户核实")
    with pytest.raises(UserError, match="缺少证明材料：死亡证明"):
        do(cast.cadre, registry.end_membership, household_id="H-own", person_id="P-child", filing=bare)
    wordless = registry.Filing("death", DAY, " x ", registry.on_paper(["death_certificate"], "村委会"))
    with pytest.raises(UserError, match="须写明事由"):
        do(cast.cadre, registry.end_membership, household_id="H-own", person_id="P-child", filing=wordless)


def test_what_the_town_does_a_village_may_not(cast: Cast, homes: Homes) -> None:
    with pytest.raises(Forbidden, match="乡镇级及以上"):
        do(cast.cadre, registry.end_household, household_id="H-own", filing=filing("end_household"))


def test_a_stranger_finds_no_household(cast: Cast, homes: Homes) -> None:
    with pytest.raises(NotFound):
        do(cast.stranger, registry.end_membership, household_id="H-own", person_id="P-child", filing=filing("death"))
    with pytest.raises(NotFound):  # a member of another household
        end(cast, "death", person="P-next")


def test_a_persons_facts_are_put_right(cast: Cast, homes: Homes) -> None:
    change = do(
        cast.cadre, registry.correct_person, household_id="H-own", person_id="P-own", filing=filing("correct_person"),
        facts={"name": "韦大川", "health": "01", "work_months": "7"},
    )  # fmt: skip
    assert told("H-own")[1:] == ("韦大川", "weidachuan")
    assert Person.objects.get(pk="P-own").initials == "wdc"
    assert change.before["rows"] == {"person/P-own": {"name": "韦大山", "work_months": None}}


def test_a_correction_of_nothing_is_no_change(cast: Cast, homes: Homes) -> None:
    with pytest.raises(UserError, match="没有任何改动"):
        do(
            cast.cadre, registry.correct_person, household_id="H-own", person_id="P-own",
            filing=filing("correct_person"), facts={"health": "01"},
        )  # fmt: skip


@pytest.mark.parametrize("facts", [{"state": "1"}, {"members": "9"}, {"village_code": FAR_VILLAGE}])
def test_a_correction_touches_what_its_kind_names(cast: Cast, homes: Homes, facts: dict[str, str]) -> None:
    with pytest.raises(UserError, match="不能更正"):
        do(
            cast.cadre, registry.correct_household, household_id="H-own", filing=filing("correct_household"),
            facts=facts,
        )  # fmt: skip


def test_two_officers_lose_nothing(cast: Cast, homes: Homes) -> None:
    seen = Person.objects.get(pk="P-own").version
    facts: dict[str, Any] = {"household_id": "H-own", "person_id": "P-own"}
    do(
        cast.county_office, registry.correct_person, **facts, filing=filing("correct_person", version=seen),
        facts={"health": "02"},
    )  # fmt: skip
    with pytest.raises(registry.Stale) as caught:
        do(
            cast.cadre, registry.correct_person, **facts, filing=filing("correct_person", version=seen),
            facts={"work_months": "3"},
        )  # fmt: skip
    form = filing("correct_person", version=caught.value.version)
    do(cast.cadre, registry.correct_person, **facts, filing=form, facts={"work_months": "3"})
    person = Person.objects.get(pk="P-own")
    assert (person.health, person.work_months) == ("02", 3)


def test_the_head_changes_from_a_day_on(cast: Cast, homes: Homes) -> None:
    do(
        cast.cadre, registry.change_head, household_id="H-own", filing=filing("new_head"), head="P-child",
        relations={"P-own": "11"},
    )  # fmt: skip
    assert present("H-own") == [("P-child", "01"), ("P-own", "11")]
    before = Membership.objects.filter(household="H-own", valid_to=DAY).values_list("person_id", "relation")
    assert sorted(before) == [("P-child", "04"), ("P-own", "01")]


def test_a_split_makes_a_household_of_the_same_state(cast: Cast, homes: Homes) -> None:
    other = str(part(cast).other_id)
    assert (present("H-own"), present(other)) == ([("P-own", "01")], [("P-child", "01")])
    home = Household.objects.get(pk=other)
    assert (home.state, home.village_code, home.head_name, home.members) == ("0", VILLAGE, "韦小月", 1)
    assert list(HouseholdState.objects.filter(household=home).values_list("state", "valid_from")) == [("0", DAY)]


def test_a_split_leaves_somebody_behind_with_a_head(cast: Cast, homes: Homes) -> None:
    with pytest.raises(UserError, match="分户后原户没有成员"):
        part(cast, members=["P-own", "P-child"], head="P-own")
    with pytest.raises(UserError, match="须另定户主"):
        part(cast, members=["P-own"], head="P-own")
    part(cast, members=["P-own"], head="P-own", next_head="P-child")
    assert told("H-own") == (1, "韦小月", "weixiaoyue")


def join(cast: Cast, gone: str, into: str, on: date = date(2026, 4, 1)) -> RegistryChange:
    return do(cast.county_office, registry.merge, household_id=gone, into=into, filing=filing("merge", on))


def test_a_merge_ends_one_household(cast: Cast, homes: Homes) -> None:
    other = str(part(cast).other_id)
    join(cast, other, "H-own")
    assert present("H-own") == [("P-own", "01"), ("P-child", "99")]
    assert told("H-own")[0] == 2
    assert Household.objects.get(pk=other).ended_on == date(2026, 4, 1)
    assert not HouseholdState.objects.filter(household=other, valid_to__isnull=True).exists()


def test_households_do_not_merge_in_a_circle(cast: Cast, homes: Homes) -> None:
    other = str(part(cast).other_id)
    with pytest.raises(UserError, match="不能并入自己"):
        join(cast, "H-own", "H-own")
    merged = join(cast, other, "H-own")
    with pytest.raises(UserError, match=f"变更 {merged.pk}.*不能循环并户"):
        join(cast, "H-own", other, date(2026, 5, 1))
    do(cast.county_office, registry.reverse, change_id=merged.pk, reason="反向并户")
    join(cast, "H-own", other, date(2026, 5, 1))
    assert present(other) == [("P-child", "01"), ("P-own", "99")]


def test_households_of_two_villages_do_not_merge(cast: Cast, homes: Homes) -> None:
    with pytest.raises(UserError, match="不在同一行政村"):
        join(cast, "H-own", "H-next")


def test_a_new_household_is_not_registered_as_poor(cast: Cast, homes: Homes) -> None:
    change = do(
        cast.county_office, registry.new_household, village=VILLAGE, filing=filing("new_household"),
        facts={"name": "农秀英"}, number=WIFE,
    )  # fmt: skip
    home = Household.objects.get(pk=change.household_id)
    assert (home.state, home.head_name, home.members) == ("9", "农秀英", 1)
    with pytest.raises(NotFound):
        do(
            cast.county_office, registry.new_household, village=FAR_VILLAGE, filing=filing("new_household"),
            facts={"name": "农秀英"}, number=WIFE,
        )  # fmt: skip


def test_an_ended_household_takes_no_more_changes(cast: Cast, homes: Homes) -> None:
    do(cast.county_office, registry.end_household, household_id="H-own", filing=filing("end_household"))
    assert (present("H-own"), told("H-own")[0]) == ([], 0)
    with pytest.raises(UserError, match="已于 2026-03-01 销户"):
        birth(cast)


def test_an_ended_household_does_not_go_to_the_engine(
    transactional_db: None, cast: Cast, homes: Homes, tmp_path: Path
) -> None:
    before = registry.snapshot(tmp_path / "before").counts
    do(cast.county_office, registry.end_household, household_id="H-own", filing=filing("end_household"))
    after = registry.snapshot(tmp_path / "after").counts
    assert before["households"] - after["households"] == 1
    assert before["survey"] - after["survey"] == 2
    assert before["persons"] - after["persons"] == 2
