"""The numbers of cases by region, step and date, against a count by hand of what the acts say."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

from django.utils import timezone

from fupin.accounts.api import User, acting_as
from fupin.accounts.tests.fixtures import COUNTY, VILLAGE, Cast
from fupin.identify.cases.course import Act, Standing, standing
from fupin.identify.cases.models import Case
from fupin.identify.cases.queries import Numbers, numbers_by_region, numbers_by_step, procedure_of
from fupin.identify.cases.tests.play import apply_for, compared, ordinary_household, take, to_step
from fupin.registry.tests.fixtures import Homes

Wait = Callable[[int], None]
TOWN = VILLAGE[:9]
#: household, its village, procedure, kind, the step it is brought to, what is done there
PLANNED = (
    ("H-1", VILLAGE, "identification", "", "application", ""),
    ("H-2", VILLAGE, "identification", "", "survey", ""),
    ("H-3", VILLAGE, "identification", "", "appraisal", "refuse"),
    ("H-4", VILLAGE, "identification", "", "survey", "withdraw"),
    ("H-5", VILLAGE, "identification", "", "", ""),
    ("H-6", VILLAGE, "monitoring", "marginal", "", ""),
    ("H-7", VILLAGE, "monitoring", "sudden", "warning", ""),
    ("H-8", TOWN + "999", "monitoring", "sudden", "check", ""),
)


def by_hand(case: Case) -> Standing:
    """Where the acts lead, replayed one by one."""
    acts = [Act(act.step, act.outcome, act.taken_on, act.returned_to) for act in case.acts.order_by("pk")]
    return standing(procedure_of(case), case.opened_on, acts)


def counted(cases: list[Case], since: date, until: date) -> tuple[int, int, int, int, int]:
    """open, overdue, passed, refused or withdrawn, opened."""
    stood = [(case, by_hand(case)) for case in cases]
    in_time = [now.ended for _case, now in stood if now.ended and since <= now.since <= until]
    return (
        sum(not now.ended for _case, now in stood),
        sum(not now.ended and case.due_on is not None and case.due_on < timezone.localdate() for case, now in stood),
        in_time.count("passed"),
        len(in_time) - in_time.count("passed"),
        sum(since <= case.opened_on <= until for case, _now in stood),
    )


def figures(one: Numbers) -> tuple[int, int, int, int, int]:
    return one.open, one.overdue, one.passed, one.refused, one.opened


def begin(cast: Cast, wait: Wait) -> None:
    for number, (name, village, procedure, kind, step, outcome) in enumerate(PLANNED):
        home = ordinary_household(name, village, "农秀英")
        compared(name) if number == 0 else add_to_run(name)
        who: User = cast.cadre if village == VILLAGE else cast.town
        case = apply_for(who, home, procedure, kind)
        if village == VILLAGE:
            case = to_step(cast, case, step, wait)
        if outcome:
            take(cast.cadre, case, outcome=outcome, note="不再办理")
        wait(3)


def add_to_run(household: str) -> None:
    from fupin.identify.models import HouseholdIndex

    row = HouseholdIndex.objects.filter(run="R-test")[0]
    row.household_id = household
    row.save(force_insert=True)


def test_every_figure_is_what_the_acts_say(cast: Cast, homes: Homes, wait: Wait) -> None:
    today = timezone.localdate()
    begin(cast, wait)
    cases = list(Case.objects.prefetch_related("acts"))
    assert len(cases) == len(PLANNED)
    assert all(by_hand(case).step == case.step and by_hand(case).ended == case.ended for case in cases)
    some = counted(cases, today, timezone.localdate())
    assert some[1] > 0
    assert some[2] == 2
    assert some[3] == 2
    for since, until in ((today, timezone.localdate()), (today, today), (today + timedelta(20), today + timedelta(45))):
        with acting_as(cast.county_office):
            regions = numbers_by_region(cast.county_office, COUNTY, [TOWN], since, until)
            villages = numbers_by_region(cast.county_office, TOWN, [VILLAGE, TOWN + "999"], since, until)
            steps = numbers_by_step(cast.county_office, COUNTY, since, until)
        assert figures(regions[TOWN]) == counted(cases, since, until)
        for village, told in villages.items():
            assert figures(told) == counted([one for one in cases if one.village_code == village], since, until)
        for (procedure, step), told in steps.items():
            here = [one for one in cases if (one.procedure, by_hand(one).step) == (procedure, step)]
            assert figures(told) == counted(here, since, until)


def test_a_village_counts_its_own_alone(cast: Cast, homes: Homes, wait: Wait) -> None:
    begin(cast, wait)
    far = date(2099, 1, 1)
    with acting_as(cast.cadre):
        own = numbers_by_region(cast.cadre, VILLAGE, [VILLAGE], date(2000, 1, 1), far)
    assert figures(own[VILLAGE])[4] == len([one for one in PLANNED if one[1] == VILLAGE])
    with acting_as(cast.stranger):
        assert numbers_by_region(cast.stranger, COUNTY, [TOWN], date(2000, 1, 1), far) == {}
