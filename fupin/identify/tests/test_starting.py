"""What a run may be begun for, and whose results then stand on the pages."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.utils import timezone

from fupin.accounts.tests.fixtures import CITY, COUNTY, VILLAGE, Cast
from fupin.identify import api as identify
from fupin.identify.models import Run, RunState
from fupin.identify.services import give_up
from fupin.kernel.errors import UserError
from fupin.registry.tests.fixtures import Homes

pytestmark = pytest.mark.django_db
DAY = date(2026, 10, 31)


@pytest.mark.parametrize("region", [CITY, COUNTY, VILLAGE[:9], VILLAGE])
def test_a_run_can_be_begun_for_a_region_of_any_level(cast: Cast, homes: Homes, region: str) -> None:
    assert identify.start_run(by=cast.office, region=region, as_of=DAY, in_background=False).region == region


def test_two_runs_begun_at_once_have_names_of_their_own(cast: Cast, homes: Homes) -> None:
    begun = [identify.start_run(by=cast.office, region=VILLAGE, as_of=DAY, in_background=False) for _ in range(3)]
    assert len({run.pk for run in begun}) == 3


def test_a_day_that_has_not_come_is_refused(cast: Cast, regions: None) -> None:
    with pytest.raises(UserError, match="还没有到"):
        identify.start_run(by=cast.office, region=CITY, as_of=timezone.localdate() + timedelta(days=1))


def test_a_day_before_all_parameters_is_refused(cast: Cast, regions: None) -> None:
    with pytest.raises(UserError, match="太早"):
        identify.start_run(by=cast.office, region=CITY, as_of=date(1, 1, 1))


def test_an_unknown_region_is_named(cast: Cast, regions: None) -> None:
    with pytest.raises(UserError, match="450124999999"):
        identify.start_run(by=cast.office, region="450124999999", as_of=DAY)


def test_a_region_where_nobody_lives_is_refused(cast: Cast, regions: None) -> None:
    with pytest.raises(UserError, match="没有 450124 的农户"):
        identify.start_run(by=cast.office, region=COUNTY, as_of=DAY)


def finished(name: str, region: str, as_of: date) -> Run:
    return Run.objects.create(
        id=name, region=region, as_of=as_of, state=RunState.FINISHED, manifest={"x": 1}, finished_at=timezone.now()
    )


def test_a_later_run_over_one_town_does_not_take_the_citys_place(cast: Cast) -> None:
    city = finished("city", CITY, DAY)
    town = finished("town", VILLAGE[:9], DAY + timedelta(days=1))
    assert identify.latest_run(cast.office) == city
    assert identify.latest_run(cast.cadre) == town


def test_where_no_run_covers_the_region_the_newest_inside_it_is_shown(cast: Cast) -> None:
    town = finished("town", VILLAGE[:9], DAY)
    assert identify.latest_run(cast.office) == town


def test_a_run_that_is_given_up_has_failed_and_says_so(cast: Cast) -> None:
    run = Run.objects.create(id="killed", region=CITY, as_of=DAY, state=RunState.RUNNING)
    give_up(run.pk)
    run.refresh_from_db()
    assert run.state == RunState.FAILED
    assert run.problem["en"]
