from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from fupin.accounts.api import acting_as
from fupin.accounts.tests.fixtures import CITY, VILLAGE, Cast
from fupin.registry import api as registry
from fupin.registry import searching
from fupin.registry.tests.fixtures import HEAD_ID, PHONE, Homes

REASON = "入户核对"


@pytest.mark.parametrize(
    ("who", "seen"),
    [
        ("decision", ["H-far", "H-next", "H-own"]),
        ("office", ["H-far", "H-next", "H-own"]),
        ("county_office", ["H-next", "H-own"]),
        ("cadre", ["H-own"]),
        ("stranger", ["H-far"]),
        ("department", []),
        ("administrator", []),
    ],
)
def test_everybody_sees_the_households_of_the_own_region(cast: Cast, homes: Homes, who: str, seen: list[str]) -> None:
    found = registry.households_for(getattr(cast, who)).values_list("household_id", flat=True)
    assert sorted(found) == seen


@pytest.mark.parametrize("household_id", ["H-own", "H-absent"])
def test_a_cadre_of_another_village_gets_not_found_as_for_what_does_not_exist(
    cast: Cast, homes: Homes, household_id: str
) -> None:
    for door in (registry.household_for, registry.members_of, registry.survey_of, registry.ledger_of):
        with pytest.raises(registry.NotFound) as caught:
            door(cast.stranger, household_id)
        assert str(caught.value) == f"'{household_id}'" or caught.value.args == (household_id,)


def test_a_scope_becomes_a_range_not_a_pattern(cast: Cast, homes: Homes) -> None:
    sql = str(registry.households_for(cast.county_office).query)
    assert "LIKE" not in sql
    assert "450124:" in sql


def test_members_are_masked_and_the_head_comes_first(cast: Cast, homes: Homes) -> None:
    head, child = registry.members_of(cast.cadre, "H-own")
    assert (head.name, head.relation, head.sex, head.health) == ("韦*山", "户主", "男", "健康")
    assert head.id_masked == f"450124********{HEAD_ID[-4:]}"
    assert (child.name, child.relation, child.id_masked, child.education) == ("韦*月", "之女", "", "")


def test_a_former_member_is_not_shown(cast: Cast, homes: Homes) -> None:
    homes.own.memberships.filter(person_id="P-child").update(valid_to="2026-01-01")
    assert [member.person_id for member in registry.members_of(cast.cadre, "H-own")] == ["P-own"]


def test_the_latest_survey_and_the_ledger_in_order(cast: Cast, homes: Homes) -> None:
    survey = registry.survey_of(cast.cadre, "H-own")
    assert survey is not None
    assert survey.year == 2026
    assert [entry.month for entry in registry.ledger_of(cast.cadre, "H-own")] == [202608, 202609]
    assert registry.survey_of(cast.office, "H-next") is None


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("H-own", ["H-own"]),
        ("韦", ["H-own", "H-next"]),
        ("韦小月", ["H-own"]),
        ("未大山", []),  # sounds the same, is written otherwise
        ("weida", ["H-own", "H-next"]),
        ("Wei Da Shan", ["H-own"]),
        (HEAD_ID, ["H-own"]),
        (HEAD_ID.lower() + " ", ["H-own"]),
        ("450124196203040028", []),
        ("%", []),
        ("", []),
    ],
)
def test_search_by_number_name_sound_or_id(cast: Cast, homes: Homes, text: str, found: list[str]) -> None:
    households = registry.search_households(cast.office, text)
    assert [household.household_id for household in households] == found


def test_search_stays_inside_the_scope(cast: Cast, homes: Homes) -> None:
    assert not registry.search_households(cast.stranger, "韦大山").exists()
    assert not registry.search_households(cast.stranger, HEAD_ID).exists()


def test_an_id_number_never_appears_in_a_query(cast: Cast, homes: Homes) -> None:
    with CaptureQueriesContext(connection) as queries:
        list(registry.search_households(cast.office, HEAD_ID))
        registry.members_of(cast.cadre, "H-own")
    assert len(queries) > 2
    assert HEAD_ID not in str(queries.captured_queries)


def test_breadcrumb_and_children_follow_the_scope(cast: Cast, homes: Homes) -> None:
    assert [place.name for place in registry.breadcrumb(VILLAGE)] == [
        "广西壮族自治区",
        "南宁市",
        "马山县",
        "白山镇",
        "新汉村委会",
    ]
    assert [place.code for place in registry.children(cast.office, CITY)] == ["450124", "450125"]
    assert [place.code for place in registry.children(cast.cadre, CITY)] == ["450124"]
    assert registry.children(cast.department, CITY) == []
    with pytest.raises(registry.NotFound):
        registry.breadcrumb("99")


@pytest.mark.parametrize("who", ["stranger", "department", "administrator"])
def test_a_household_in_hand_is_no_key_to_what_belongs_to_it(cast: Cast, homes: Homes, who: str) -> None:
    household = registry.household_for(cast.cadre, "H-own")
    for read in (registry.members_of, registry.survey_of, registry.ledger_of):
        read(cast.cadre, household)
        with pytest.raises(registry.NotFound):
            read(getattr(cast, who), household)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (HEAD_ID[-4:], ["H-own"]),
        (HEAD_ID[-6:], ["H-own"]),
        ("0001", ["H-own", "H-next", "H-far"]),  # the last of everybody's phone
        (PHONE, ["H-own", "H-next", "H-far"]),
        ("+", []),
        ("wds", ["H-own"]),
        ("WD", ["H-own", "H-next"]),
        ("weids", ["H-own"]),
        ("wdashan", ["H-own"]),
        ("w d shan", ["H-own"]),
        ("韦ds", ["H-own"]),
        ("韦大h", ["H-next"]),
        ("w大s", ["H-own"]),
        ("w未s", []),
        ("tany", ["H-far"]),
        ("xzs", []),
    ],
)
def test_search_by_last_digits_phone_initials_and_mixtures(
    cast: Cast, homes: Homes, text: str, found: list[str]
) -> None:
    with acting_as(cast.office):
        assert [household.household_id for household in registry.search_households(cast.office, text)] == found


@pytest.mark.parametrize("text", [HEAD_ID[-4:], HEAD_ID[-6:], PHONE, "wds", "韦ds", "w大s"])
def test_no_kind_of_search_leaves_the_scope(cast: Cast, homes: Homes, text: str) -> None:
    with acting_as(cast.stranger):
        found = registry.search_households(cast.stranger, text)
        assert "H-own" not in {household.household_id for household in found}
        with connection.cursor() as cursor:
            cursor.execute("SELECT fupin_find_named('wei', 'w', '', NULL, NULL, 10)")
            assert cursor.fetchall() == []  # raw SQL finds no more than the page


def test_a_broad_name_gives_some_and_says_that_there_are_more(
    cast: Cast, homes: Homes, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not registry.is_broad("韦")
    monkeypatch.setattr(searching, "MOST_NAMED", 1)
    assert registry.is_broad("韦")
    assert registry.search_households(cast.office, "韦").count() in (1, 2)
    assert not registry.is_broad("覃")
    assert not registry.is_broad(HEAD_ID)
    assert not registry.is_broad(HEAD_ID[-4:])
