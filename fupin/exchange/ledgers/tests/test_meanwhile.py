"""Work of others in the same households: what came later is not overwritten, nor what comes at the same time."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
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
                    by=by, household_id=HOME, person_id=f"{HOME}01", filing=form, facts={"health": "03"}
                )
            return "written"
        except OperationalError as error:
            return "has to wait" if "lock timeout" in str(error) else str(error)
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
