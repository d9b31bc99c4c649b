"""What the people of the cast do with a case, as short verbs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection as app
from django.utils import timezone

from fupin.accounts.api import Role, User, acting_as, nobody_acting
from fupin.accounts.tests.fixtures import PASSWORD, VILLAGE, Cast
from fupin.accounts.trail.entries import owners_connection
from fupin.catalogue.standards import standards
from fupin.identify.cases.course import PASS, Votes
from fupin.identify.cases.models import Case, Notice
from fupin.identify.cases.notices import hang_notice, object_to, public_notice
from fupin.identify.cases.queries import case_for, papers_there, present_step
from fupin.identify.cases.services import Form, attach_paper, open_case, take_step
from fupin.identify.models import HouseholdIndex, Run
from fupin.registry.models import Household
from fupin.registry.tests.fixtures import add_member

DAY = """
CREATE OR REPLACE FUNCTION public.fupin_today() RETURNS date
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
RETURN (clock_timestamp() AT TIME ZONE 'Asia/Shanghai')::date + {}
"""
VOTES = Votes(eligible=30, present=24, yes=20, no=2)


def turned_calendar(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int], None]]:
    """A calendar that can be turned on, for the services and for the database, whose clock the app cannot turn."""
    today, passed = timezone.localdate, 0

    def turn(days: int) -> None:
        nonlocal passed
        passed += days
        with owners_connection() as connection:
            connection.execute(DAY.format(passed))
        with app.cursor() as cursor:  # inside its transaction it hears of the new function with its next new lock
            cursor.execute("CREATE TEMP TABLE turned (); DROP TABLE turned")
        monkeypatch.setattr(timezone, "localdate", lambda *given: today(*given) + timedelta(passed))

    yield turn
    with owners_connection() as connection:
        connection.execute(DAY.format(0))


def ordinary_household(household_id: str, village: str, head: str) -> Household:
    home = Household.objects.create(
        household_id=household_id, village_code=village, state="9", head_name=head, members=2
    )
    add_member(home, household_id.replace("H-", "P-"), head, None, "01")
    return home


def compared(*households: str) -> Run:
    """A finished run that has an index of these households."""
    run = Run.objects.create(
        id="R-test", region="4501", as_of=date(2026, 10, 31), state="finished", manifest={"made": "for a test"},
        finished_at=datetime.now(UTC),
    )  # fmt: skip
    none = [0] * 7
    for home in Household.objects.filter(pk__in=households):
        HouseholdIndex.objects.create(
            run=run, household_id=home.pk, village_code=home.village_code, state=home.state, low=1, high=2, band="poor",
            unknown=0, dim_low=none, dim_high=none, dim_weight=none,
        )  # fmt: skip
    return run


def colleague(user: User) -> User:
    """A second account of the same office."""
    from fupin.accounts.cast import CastAccount, create_cast

    name = f"{user.username}2"
    account = CastAccount(name, name, Role(user.role), user.region, "", "黄二妹", "同事")
    return create_cast(password=PASSWORD, accounts=[account])[name]


@contextmanager
def as_user(user: User) -> Iterator[None]:
    with acting_as(user):
        yield


def apply_for(by: User, household: Household, procedure: str = "identification", kind: str = "") -> Case:
    with acting_as(by):
        return open_case(by=by, household_id=household.pk, procedure=procedure, kind=kind)


def papers(by: User, case: Case) -> None:
    """Every paper of the present step that is not there yet, by where it is kept."""
    with acting_as(by):
        for paper in set(present_step(case).papers) - set(papers_there(case)):
            attach_paper(by=by, case=case, paper=paper, kept_at="档案柜 7")


def ready_form(case: Case, changes: Mapping[str, object] | None = None) -> Form:
    step = present_step(case)
    form = Form(
        PASS,
        signatures=dict.fromkeys(step.signatures, "韦大山"),
        votes=VOTES if step.kind == "votes" else None,
        standards={item.id: (True, "入户看过") for item in standards()[case.standards].items}
        if step.kind == "standards"
        else {},
    )
    return replace(form, **(changes or {}))  # type: ignore[arg-type]


def take(by: User, case: Case, **changes: object) -> Case:
    """The present step with everything it wants; the case as it stands then."""
    if changes.get("outcome", PASS) == PASS:
        papers(by, case)
    with acting_as(by):
        take_step(by=by, case=case, form=ready_form(case, changes))
        return case_for(by, case.pk)


def hang(by: User, case: Case, last_day: date | None = None) -> Notice:
    with acting_as(by):
        return hang_notice(
            by=by, village=case.village_code, procedure=case.procedure, edition=case.edition, step=case.step,
            place="村委会公告栏", last_day=last_day,
        )  # fmt: skip


def taker(cast: Cast, case: Case) -> User:
    """Whose turn it is."""
    return {"village": cast.cadre, "town": cast.town, "county": cast.county_office}[present_step(case).level]


def to_step(cast: Cast, case: Case, step: str, wait: object) -> Case:
    """Through everything before a step, notices hung and waited for."""
    while case.step != step and not case.ended:
        who = taker(cast, case)
        if present_step(case).kind in ("notice", "announcement"):
            hang(who, case)
            wait(8)  # type: ignore[operator]
            case = case_for(who, case.pk)
        case = take(who, case)
    return case


def object_as_anybody(case: Case, notice: Notice, **more: object) -> str:
    """The receipt."""
    with nobody_acting():
        told = {"body": "这家在县城有两套房", **more}
        return object_to(notice=public_notice(notice.code), case=case.pk, **told)  # type: ignore[arg-type]


def at_the_town(cast: Cast, wait: Callable[[int], None], number: int) -> list[Case]:
    """So many applications that wait for the town."""
    names = [f"H-{letter}" for letter in "abcdefgh"[:number]]
    households = [ordinary_household(name, VILLAGE, "农秀英") for name in names]
    compared(*names)
    cases = [to_step(cast, apply_for(cast.cadre, one), "first_notice", wait) for one in households]
    hang(cast.cadre, cases[0])
    wait(8)
    return [take(cast.cadre, Case.objects.get(pk=one.pk)) for one in cases]
