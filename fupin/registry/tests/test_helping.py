"""Who helps which household: paired, ended, never twice at a time; seen by who sees the household."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from fupin.accounts.api import acting_as
from fupin.accounts.models import Deed
from fupin.accounts.tests.fixtures import Cast
from fupin.kernel.errors import Forbidden, NotFound, UserError
from fupin.kernel.seen import Stale
from fupin.registry import api as registry
from fupin.registry.models import Helper, Helping
from fupin.registry.tests.fixtures import Homes
from fupin.registry.tests.folders import plain_rows, write_folder, write_helpers

SINCE = date(2025, 3, 1)
HELPER_PHONE = "13907710001"
ZHOU = {"name": "周明", "unit": "县财政局", "post": "科员", "phone": HELPER_PHONE}


def pair(cast: Cast, household: str = "H-own", **who: str) -> Helping:
    return registry.assign_helper(by=cast.county_office, household_id=household, since=SINCE, **(who or ZHOU))


def test_a_household_shows_its_helper_with_a_masked_phone(cast: Cast, homes: Homes) -> None:
    pair(cast)
    with acting_as(cast.cadre):
        (shown,) = registry.helpers_of(cast.cadre, "H-own")
    assert (shown.name, shown.unit, shown.phone, shown.until) == ("周明", "县财政局", "139****0001", None)
    assert Deed.objects.get(verb="assign_helper").object_id == "H-own"


def test_from_a_helper_to_all_his_households_of_the_scope(cast: Cast, homes: Homes) -> None:
    one = pair(cast)
    pair(cast, "H-next", helper_id=one.helper_id)
    helped = registry.helped_by(cast.county_office, registry.helper_for(cast.county_office, one.helper_id))
    assert [line.household.pk for line in helped] == ["H-next", "H-own"]
    with acting_as(cast.cadre):
        seen = registry.helped_by(cast.cadre, registry.helper_for(cast.cadre, one.helper_id))
    assert [line.household.pk for line in seen] == ["H-own"]


def test_a_helper_of_nobody_in_the_scope_is_absent(cast: Cast, homes: Homes) -> None:
    one = pair(cast)
    with acting_as(cast.stranger), pytest.raises(NotFound):
        registry.helper_for(cast.stranger, one.helper_id)
    with acting_as(cast.stranger), connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM registry_helper")
        assert cursor.fetchone() == (0,)


def test_the_same_helper_is_not_paired_twice_at_a_time(cast: Cast, homes: Homes) -> None:
    one = pair(cast)
    with pytest.raises(UserError, match="已经帮扶"):
        pair(cast, helper_id=one.helper_id)
    assert Helping.objects.count() == 1


def test_raw_sql_cannot_make_pairings_overlap(cast: Cast, homes: Homes) -> None:
    one = pair(cast)
    again: dict[str, Any] = {
        "household_id": "H-own",
        "helper_id": one.helper_id,
        "since": SINCE - timedelta(400),
        "until": SINCE,
    }
    with pytest.raises(IntegrityError, match="helping_not_twice"), transaction.atomic():
        Helping.objects.create(**again, ended_why="以前帮扶过")
    Helping.objects.create(**{**again, "until": SINCE - timedelta(1)}, ended_why="以前帮扶过")


def test_a_pairing_ends_with_a_reason_and_may_begin_again(cast: Cast, homes: Homes) -> None:
    one = pair(cast)
    registry.end_helping(by=cast.county_office, number=one.pk, until=date(2025, 6, 30), why="调离本单位")
    again = registry.assign_helper(
        by=cast.county_office, household_id="H-own", since=date(2025, 7, 1), helper_id=one.helper_id
    )
    lines = registry.helpers_of(cast.county_office, "H-own")
    assert [(line.number, line.ended_why) for line in lines] == [(again.pk, ""), (one.pk, "调离本单位")]
    assert Deed.objects.get(verb="end_helping").reason == "调离本单位"


@pytest.mark.parametrize(
    ("until", "why", "told"),
    [
        (date(2025, 6, 30), "走", "写明"),
        (date(2024, 6, 30), "调离本单位", "终止日期"),
        (date(2999, 1, 1), "调离本单位", "终止日期"),
    ],
)
def test_an_end_without_reason_or_out_of_order_is_refused(
    cast: Cast, homes: Homes, until: date, why: str, told: str
) -> None:
    one = pair(cast)
    with pytest.raises(UserError, match=told):
        registry.end_helping(by=cast.county_office, number=one.pk, until=until, why=why)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"name": "", "unit": "县财政局"}, "姓名和单位"),
        ({"name": "周明", "unit": "县财政局", "phone": "12345"}, "11 位"),
    ],
)
def test_a_helper_without_name_or_with_a_wrong_phone_is_refused(
    cast: Cast, homes: Homes, given: dict[str, str], told: str
) -> None:
    with pytest.raises(UserError, match=told):
        pair(cast, **given)
    assert not Helper.objects.exists()


def test_a_day_to_come_is_refused(cast: Cast, homes: Homes) -> None:
    later = timezone.localdate() + timedelta(1)
    with pytest.raises(UserError, match="晚于今天"):
        registry.assign_helper(by=cast.county_office, household_id="H-own", since=later, **ZHOU)


def test_who_may_not_assign_is_refused_and_a_far_household_is_absent(cast: Cast, homes: Homes) -> None:
    with pytest.raises(Forbidden):
        registry.assign_helper(by=cast.cadre, household_id="H-own", since=SINCE, **ZHOU)
    with pytest.raises(NotFound):
        registry.assign_helper(by=cast.county_office, household_id="H-far", since=SINCE, **ZHOU)
    one = pair(cast)
    with pytest.raises(NotFound):
        registry.end_helping(by=cast.stranger, number=one.pk, until=SINCE, why="调离本单位")


def test_the_pairing_stands_in_the_households_trail(cast: Cast, homes: Homes) -> None:
    pair(cast)
    acts = registry.timeline_of(cast.county_office, "H-own")
    assert "helping" in {one.group for act in acts for one in act.touched}
    assert "helping" in {one.group for one in registry.answers_of(acts, homes.own)}


def test_no_table_but_the_closed_one_holds_the_phone(cast: Cast, homes: Homes) -> None:
    one = pair(cast)
    with connection.cursor() as cursor:
        cursor.execute("SELECT r::text FROM registry_helper r")
        assert HELPER_PHONE not in str(cursor.fetchall())
    assert registry.masked_helper_phone(one.helper) == "139****0001"


@pytest.mark.django_db(transaction=True)
def test_the_full_phone_comes_out_against_a_deed_to_who_sees_the_helper(cast: Cast, homes: Homes) -> None:
    one = pair(cast)
    ask: dict[str, Any] = {"kind": registry.Kind.HELPER, "record": one.helper_id, "field": registry.SealedField.PHONE}
    assert registry.reveal(by=cast.cadre, reason="联系帮扶人", **ask) == HELPER_PHONE
    with pytest.raises(NotFound), acting_as(cast.stranger):
        registry.reveal(by=cast.stranger, reason="联系帮扶人", **ask)


HELPED = {"household_id": "H1", "helper_id": "B1", "name": "周明", "unit": "县财政局", "since": SINCE}


def test_a_folder_may_bring_helpers(cast: Cast, regions: None, tmp_path: Path) -> None:
    folder = write_helpers(write_folder(tmp_path, plain_rows()), {**HELPED, "phone": HELPER_PHONE})
    registry.load_registry(by=cast.office, folder=folder)
    (shown,) = registry.helpers_of(cast.office, "H1")
    assert (shown.helper_id, shown.phone, shown.since) == ("B1", "139****0001", SINCE)


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([{**HELPED, "household_id": "H9"}], "helpers 第 1 行「household_id」"),
        ([HELPED, {**HELPED, "since": date(2025, 4, 1)}], "helpers 第 2 行「since」"),
        ([{**HELPED, "until": date(2024, 1, 1)}], "helpers 第 1 行「until」"),
        ([{**HELPED, "name": None}], "helpers 第 1 行「name」"),
    ],
)
def test_wrong_helpers_stop_the_whole_load(
    cast: Cast, regions: None, tmp_path: Path, rows: list[dict[str, object]], told: str
) -> None:
    folder = write_helpers(write_folder(tmp_path, plain_rows()), *rows)
    with pytest.raises(UserError, match=told):
        registry.load_registry(by=cast.office, folder=folder)
    assert not registry.has_households()


def test_of_two_who_pair_one_household_the_later_one_is_told(cast: Cast, homes: Homes) -> None:
    seen = registry.helping_mark("H-own")
    one = pair(cast)
    wu = {"name": "吴静", "unit": "县农业局"}
    with pytest.raises(Stale, match="H-own 的结对"):
        registry.assign_helper(by=cast.office, household_id="H-own", since=SINCE, mark=seen, **wu)
    assert Helping.objects.filter(household="H-own").count() == 1
    assert not Helper.objects.filter(name="吴静").exists()
    there = registry.helping_mark("H-own")
    registry.assign_helper(by=cast.office, household_id="H-own", since=SINCE, mark=there, **wu)
    with pytest.raises(Stale):
        registry.end_helping(by=cast.county_office, number=one.pk, until=SINCE, why="工作调整", mark=there)
    one.refresh_from_db()
    assert one.until is None
    now = registry.helping_mark("H-own")
    assert (
        registry.end_helping(by=cast.county_office, number=one.pk, until=SINCE, why="工作调整", mark=now).until == SINCE
    )
    assert registry.helping_mark("H-next") == registry.helping_mark("H-absent")  # of another household nothing changed
