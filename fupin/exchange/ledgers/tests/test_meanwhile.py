"""Work of others in the same households: what came later is not overwritten, nor what comes at the same time."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import date
from typing import Any

import pytest
from django.db import OperationalError, connections, transaction

from fupin.accounts.api import User, acting_as
from fupin.accounts.tests.fixtures import Cast
from fupin.exchange.ledgers import work
from fupin.exchange.ledgers.tests.books import (
    AB01_HEAD,
    AC01_HEAD,
    HOME,
    applied,
    as_csv,
    confirmed,
    home_row,
    looked_at,
    person_row,
    undone,
    without,
)
from fupin.registry import api as registry
from fupin.registry.api import Household, Person
from fupin.registry.ledgers import undoing
from fupin.registry.tests.changing import do, filing

pytestmark = pytest.mark.django_db(transaction=True)
OTHER = "45012410020100008"
FIRST, LATER = date(2026, 3, 1), date(2026, 4, 1)


def begun(cast: Cast) -> None:
    files = [as_csv("a.csv", [AC01_HEAD, home_row()]), as_csv("b.csv", [AB01_HEAD, person_row(1)])]
    assert applied(cast.county_office, files, as_of=FIRST).state == "applied"


def corrected_by(by: User) -> str:
    """An officer corrects the member at the same time, and has little patience."""

    def correct() -> str:
        try:
            with acting_as(by), transaction.atomic(), connections["default"].cursor() as cursor:
                cursor.execute("SET LOCAL lock_timeout = '300ms'")
                form = filing("correct_person", date(2026, 6, 1))
                registry.correct_person(
                    by=by, filing=form, household_id=HOME, person_id=f"{HOME}01", facts={"health": "03"}
                )
            return "written"
        except registry.Busy as error:
            return "has to wait" if HOME in error.zh and HOME in error.en else str(error)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(correct).result(60)


def interrupted(by: User, told: list[str], real: Callable[..., Any]) -> Callable[..., Any]:
    def work_on(*args: Any, **more: Any) -> Any:
        told.append(corrected_by(by))
        return real(*args, **more)

    return work_on


def test_a_household_of_the_batch_that_took_in_another_one_is_not_taken_back(cast: Cast, regions: None) -> None:
    begun(cast)
    files = [
        as_csv("a.csv", [AC01_HEAD, home_row(OTHER)]),
        as_csv("b.csv", [AB01_HEAD, person_row(1, OTHER, "19700202")]),
    ]
    second = applied(cast.county_office, files, as_of=LATER)
    do(cast.county_office, registry.merge, household_id=HOME, into=OTHER, filing=filing("merge", date(2026, 5, 1)))
    stopped = undone(cast.county_office, second)
    assert (stopped.state, OTHER in stopped.problem["zh"]) == ("applied", True)
    assert (Household.objects.get(pk=OTHER).ended_on, Household.objects.get(pk=OTHER).members) == (None, 2)


def test_nobody_changes_a_household_while_its_batch_is_taken_back(
    cast: Cast, regions: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun(cast)
    batch = applied(cast.county_office, [as_csv("b.csv", [AB01_HEAD, person_row(1, AAB017="04")])], as_of=LATER)
    told: list[str] = []
    monkeypatch.setattr(undoing, "_rows", interrupted(cast.cadre, told, undoing._rows))
    assert undone(cast.county_office, batch).state == "undone"
    assert told == ["has to wait"]
    assert corrected_by(cast.cadre) == "written"


def test_nobody_changes_a_household_while_persons_known_by_number_are_written(
    cast: Cast, regions: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun(cast)
    row = without(person_row(1, AAB017="04"), "AAC001")
    batch = confirmed(cast.county_office, looked_at(cast.county_office, [as_csv("b.csv", [AB01_HEAD, row])]))
    work.order_apply(by=cast.county_office, batch_id=batch.pk, in_background=False)
    told: list[str] = []
    monkeypatch.setattr(registry, "apply_differences", interrupted(cast.cadre, told, registry.apply_differences))
    assert work.run_apply(batch.pk).state == "applied"
    assert (told, Person.objects.get(pk=f"{HOME}01").health) == (["has to wait"], "04")


def both_homes() -> list[Any]:
    """HOME and OTHER, of the same village and state."""
    people = [AB01_HEAD, person_row(1), person_row(1, OTHER, "19700202")]
    return [as_csv("a.csv", [AC01_HEAD, home_row(), home_row(OTHER)]), as_csv("b.csv", people)]


def waits_for_a_lock() -> bool:
    """Whether another session of this database waits."""
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute(
            "SELECT EXISTS (SELECT FROM pg_stat_activity "
            "WHERE datname = current_database() AND wait_event_type = 'Lock')"
        )
        return bool(cursor.fetchone()[0])


def test_a_batch_and_a_merge_of_the_same_households_do_not_wait_for_each_other(
    cast: Cast, regions: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The batch names OTHER by number and HOME by a member's ID number alone; the form locks HOME, then OTHER."""
    assert applied(cast.county_office, both_homes(), as_of=FIRST).state == "applied"
    rows = [without(person_row(1, AAB017="04"), "AAB001", "AAC001"), person_row(1, OTHER, "19700202", AAB017="04")]
    files = [as_csv("b.csv", [AB01_HEAD, *rows])]
    batch = confirmed(cast.county_office, looked_at(cast.county_office, files, as_of=LATER))
    work.order_apply(by=cast.county_office, batch_id=batch.pk, in_background=False)
    held: list[Future[str]] = []
    real = registry.hold

    def merged() -> str:
        try:
            do(cast.county_office, registry.merge, household_id=HOME, into=OTHER, filing=filing("merge", LATER))
            return "written"
        except (OperationalError, registry.Busy) as error:
            return str(error)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:

        def hold(households: Any) -> None:
            real(households)
            if not held:
                held.append(pool.submit(merged))
                while not waits_for_a_lock() and not held[0].done():
                    pass

        monkeypatch.setattr(registry, "hold", hold)
        done = work.run_apply(batch.pk)
        assert held[0].result(60) == "written"
    assert (done.state, "没有写入" in done.problem["zh"]) == ("ready", True)
    assert Household.objects.get(pk=HOME).ended_on == LATER


@pytest.mark.parametrize("verb", ["apply_differences", "undo"])
def test_a_batch_that_met_another_writes_nothing_and_says_so(
    cast: Cast, regions: None, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    begun(cast)
    files = [as_csv("b.csv", [AB01_HEAD, person_row(1, AAB017="04")])]
    batch = confirmed(cast.county_office, looked_at(cast.county_office, files, as_of=LATER))
    work.order_apply(by=cast.county_office, batch_id=batch.pk, in_background=False)
    if verb == "undo":
        batch = work.run_apply(batch.pk)
        work.order_undo(by=cast.county_office, batch_id=batch.pk, reason="传错了文件", in_background=False)
    real = getattr(registry, verb)

    def stopped(**what: Any) -> None:
        real(**what)
        with connections["default"].cursor() as cursor:
            cursor.execute("DO $$ BEGIN RAISE 'deadlock detected' USING ERRCODE = 'deadlock_detected'; END $$")

    before = Person.objects.get(pk=f"{HOME}01").health
    with monkeypatch.context() as patch:
        patch.setattr(registry, verb, stopped)
        done = (work.run_undo if verb == "undo" else work.run_apply)(batch.pk)
    assert (done.state, done.problem["hint_en"]) == ("applied" if verb == "undo" else "ready", "try again in a moment")
    assert Person.objects.get(pk=f"{HOME}01").health == before
    if verb == "undo":
        assert undone(cast.county_office, batch).state == "undone"
    else:
        work.order_apply(by=cast.county_office, batch_id=batch.pk, in_background=False)
        assert work.run_apply(batch.pk).state == "applied"
