"""Nobody sees a run, an index or a finding outside the own region."""

from __future__ import annotations

from datetime import date

import pytest
from django.utils import timezone

from fupin.accounts.models import User
from fupin.accounts.tests.fixtures import CITY, COUNTY, FAR_VILLAGE, OTHER_VILLAGE, VILLAGE, Cast
from fupin.identify import api as identify
from fupin.identify.models import Finding, HouseholdIndex, RegionAggregate, RegionResult, Run, RunState

pytestmark = pytest.mark.django_db


def index_row(run: Run, village: str, number: int, low: int, high: int, band: str) -> HouseholdIndex:
    lists = {"dim_low": [low // 7] * 7, "dim_high": [high // 7] * 7, "dim_weight": [10] * 7}
    return HouseholdIndex(
        run=run,
        household_id=f"{village}{number:04d}",
        village_code=village,
        state="0",
        low=low,
        high=high,
        band=band,
        unknown=3,
        **lists,
    )


def region_row(run: Run, code: str, level: int, households: int) -> RegionResult:
    figures = dict.fromkeys(
        ("persons", "registered_households", "registered_persons", "unexited_households", "unexited_persons", "poor",
         "possibly", "stable", "undecided", "findings", "severe_findings", "low_sum", "high_sum"), households
    )  # fmt: skip
    sums = {"dim_low_sum": [30_000 * households] * 7, "dim_high_sum": [50_000 * households] * 7}
    weights = [10 * households] * 7
    return RegionResult(
        run=run, region=code, level=level, households=households, dim_weight_sum=weights, **figures, **sums
    )


@pytest.fixture
def run(cast: Cast) -> Run:
    run = Run.objects.create(
        id="r1",
        region=CITY,
        as_of=date(2026, 10, 31),
        state=RunState.FINISHED,
        manifest={"digests": {"index": "aa"}},
        finished_at=timezone.now(),
        started_by=cast.office,
    )
    HouseholdIndex.objects.bulk_create(
        [
            index_row(run, VILLAGE, 1, 500_000, 520_000, "poor"),
            index_row(run, OTHER_VILLAGE, 1, 590_000, 610_000, "undecided"),
            index_row(run, FAR_VILLAGE, 1, 1_000_000, 1_000_000, "stable"),
        ]
    )
    places = [
        (CITY, 2, 3),
        (COUNTY, 3, 2),
        ("450125", 3, 1),
        (VILLAGE, 5, 1),
        (OTHER_VILLAGE, 5, 1),
        (FAR_VILLAGE, 5, 1),
    ]
    RegionResult.objects.bulk_create([region_row(run, *place) for place in places])
    bins = {CITY: [[25, 1], [30, 1], [49, 1]], COUNTY: [[25, 1], [30, 1]], VILLAGE: [[25, 1]]}
    found = {CITY: 2, COUNTY: 1, VILLAGE: 1}
    RegionAggregate.objects.bulk_create(
        RegionAggregate(
            run=run,
            region=code,
            histogram=rows,
            rules=[["gone", 1, "misplaced", "car", found[code]]],
            income_unknown=0,
            income_households=0,
        )
        for code, rows in bins.items()
    )
    finding = {"rule": "gone", "rule_version": 1, "topic": "car", "severity": 1, "direction": "misplaced", "n": 1}
    for number, village in enumerate((VILLAGE, FAR_VILLAGE)):
        Finding.objects.create(
            run=run,
            finding_id=f"{number:032x}",
            household_id=f"{village}0001",
            village_code=village,
            exempted=0,
            **finding,
        )
    return run


def test_a_cadre_sees_the_citys_run_cut_down_to_the_village(run: Run, cast: Cast) -> None:
    assert identify.latest_run(cast.cadre) == run
    assert [row.village_code for row in identify.index_for(cast.cadre, run)] == [VILLAGE]
    assert [row.village_code for row in identify.findings_for(cast.cadre, run)] == [VILLAGE]


def test_a_county_office_sees_the_county_and_no_other(run: Run, cast: Cast) -> None:
    seen = {row.village_code for row in identify.index_for(cast.county_office, run)}
    assert seen == {VILLAGE, OTHER_VILLAGE}


@pytest.mark.parametrize("who", ["department", "administrator"])
def test_who_has_no_region_sees_no_run(run: Run, cast: Cast, who: str) -> None:
    assert not identify.runs_for(getattr(cast, who)).exists()
    assert not identify.index_for(getattr(cast, who), run).exists()


def test_absent_and_forbidden_answer_the_same(run: Run, cast: Cast) -> None:
    for user, run_id in ((cast.department, "r1"), (cast.office, "no-such-run")):
        with pytest.raises(identify.NotFound):
            identify.run_for(user, run_id)


def test_a_region_wider_than_the_scope_is_not_shown(run: Run, cast: Cast) -> None:
    with pytest.raises(identify.NotFound):
        identify.region_result(cast.cadre, run, CITY)
    assert identify.region_result(cast.office, run, CITY).households == 3


def test_children_are_the_next_level_that_has_figures(run: Run, cast: Cast) -> None:
    assert [row.region for row in identify.region_results(cast.office, run, CITY)] == [COUNTY, "450125"]
    assert [row.region for row in identify.region_results(cast.office, run, COUNTY)] == [VILLAGE, OTHER_VILLAGE]
    assert identify.region_results(cast.office, run, VILLAGE) == []


def test_the_histogram_is_the_one_kept_with_the_run_cut_to_the_scope(run: Run, cast: Cast) -> None:
    bins = dict(identify.histogram(cast.office, run))
    assert len(bins) == 50
    assert (bins[50], bins[60], bins[98], sum(bins.values())) == (1, 1, 1, 3)
    assert sum(n for _, n in identify.histogram(cast.office, run, COUNTY)) == 2
    assert sum(n for _, n in identify.histogram(cast.cadre, run, CITY)) == 1
    assert sum(n for _, n in identify.histogram(cast.stranger, run, COUNTY)) == 0


def test_a_scope_wider_than_the_run_sees_the_whole_run(run: Run, cast: Cast) -> None:
    cast.office.region = "45"
    assert sum(n for _, n in identify.histogram(cast.office, run)) == 3


def test_aggregates_of_a_region_wider_than_the_scope_are_not_shown(run: Run, cast: Cast) -> None:
    with pytest.raises(identify.NotFound):
        identify.region_aggregate(cast.cadre, run, CITY)
    kept = identify.region_aggregate(cast.cadre, run, VILLAGE)
    assert kept is not None
    assert kept.histogram == [[25, 1]]


def test_rows_for_the_map_are_cut_to_the_scope_and_include_the_place_itself(run: Run, cast: Cast) -> None:
    assert [row.region for row in identify.region_rows(cast.office, run, CITY, 5)] == [
        VILLAGE,
        OTHER_VILLAGE,
        FAR_VILLAGE,
    ]
    assert [row.region for row in identify.region_rows(cast.cadre, run, CITY, 5)] == [VILLAGE]
    assert [row.region for row in identify.region_rows(cast.cadre, run, VILLAGE, 5)] == [VILLAGE]


def test_a_rule_that_left_the_catalogue_still_has_a_name(run: Run, cast: Cast) -> None:
    counts = identify.rule_counts(cast.office, run)
    assert [(count.rule, count.zh, count.n) for count in counts] == [("gone", "gone", 2)]


def test_rules_are_counted_in_the_own_region_whether_the_run_keeps_their_counts_or_not(run: Run, cast: Cast) -> None:
    for _ in range(2):
        counted = {user: [count.n for count in identify.rule_counts(user, run)] for user in (cast.office, cast.cadre)}
        assert counted == {cast.office: [2], cast.cadre: [1]}
        assert identify.rule_counts(cast.department, run) == []
        RegionAggregate.objects.filter(run=run).delete()


def test_what_a_run_counted_is_told_for_the_own_part_of_a_region_only(run: Run, cast: Cast) -> None:
    def households(user: User, region: str = "") -> int | None:
        counts = identify.counts_known(user, run, region)
        return counts.households if counts else None

    assert [households(cast.office, code) for code in ("", CITY, COUNTY, VILLAGE)] == [3, 3, 2, 1]
    assert [households(cast.cadre, code) for code in ("", CITY, COUNTY, VILLAGE)] == [1, 1, 1, 1]
    assert households(cast.cadre, FAR_VILLAGE) is None
    assert households(cast.department) is None
    assert households(cast.office, CITY + "1") is None  # the beginning of a code is no region: it is counted anew


def test_only_an_office_may_start_a_run_and_only_in_its_region(run: Run, cast: Cast) -> None:
    from fupin.accounts.api import Forbidden

    for user, region in ((cast.cadre, VILLAGE), (cast.decision, CITY), (cast.county_office, CITY)):
        with pytest.raises(Forbidden):
            identify.start_run(by=user, region=region, as_of=date(2026, 10, 31))
    assert Run.objects.count() == 1
