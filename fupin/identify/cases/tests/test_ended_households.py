"""A household that has ended is in no procedure; one that is in a procedure does not end."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from django.db import Error, connection, transaction
from django.test import Client
from django.urls import reverse

from fupin.accounts.api import acting_as
from fupin.accounts.tests.fixtures import VILLAGE, Cast
from fupin.identify.cases.queries import case_for, demand_nothing_under_way
from fupin.identify.cases.tests.play import (
    apply_for,
    compared,
    hang,
    ordinary_household,
    take,
    taker,
    to_step,
)
from fupin.kernel.errors import UserError
from fupin.registry import api as registry
from fupin.registry.models import Household
from fupin.registry.tests.changing import do, filing
from fupin.registry.tests.fixtures import Homes

Wait = Callable[[int], None]


def end(cast: Cast, home: Household) -> None:
    ended = filing("end_household", date(2026, 5, 1))
    do(cast.town, registry.end_household, household_id=home.pk, filing=ended)
    home.refresh_from_db()


@pytest.fixture
def gone(cast: Cast, homes: Homes) -> Household:
    home = ordinary_household("H-gone", VILLAGE, "农秀英")
    end(cast, home)
    return home


def test_no_case_is_opened_for_a_household_that_has_ended(cast: Cast, gone: Household) -> None:
    with pytest.raises(UserError, match="已经销户或并户"):
        apply_for(cast.cadre, gone)


def test_raw_statements_open_none_either(cast: Cast, gone: Household) -> None:
    refused = pytest.raises(Error, match="has ended")
    opened = (
        "INSERT INTO identify_case (procedure, kind, household_id, village_code, standards, channel, opened_on, note, "
        "opened_by_id, step, entered_on, entered_at, ended) VALUES ('identification', '', %s, %s, '', '', now(), '', "
        "%s, 'survey', now(), now(), '')"
    )
    with acting_as(cast.cadre), refused, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(opened, [gone.pk, VILLAGE, cast.cadre.pk])


def test_a_household_under_way_or_under_monitoring_does_not_end(cast: Cast, homes: Homes, wait: Wait) -> None:
    home = ordinary_household("H-stays", VILLAGE, "农秀英")
    compared(home.pk)
    case = apply_for(cast.cadre, home, "monitoring", "marginal")
    with pytest.raises(UserError, match="在办的办件"):
        demand_nothing_under_way(home.pk)
    with pytest.raises(Error, match="case under way"), transaction.atomic():
        end(cast, home)
    to_step(cast, case, "", wait)
    with pytest.raises(UserError, match="监测对象"):
        demand_nothing_under_way(home.pk)
    with pytest.raises(Error, match="under monitoring"), transaction.atomic():
        end(cast, home)


def test_the_page_says_what_is_under_way(client: Client, cast: Cast, homes: Homes) -> None:
    home = ordinary_household("H-stays", VILLAGE, "农秀英")
    apply_for(cast.cadre, home)
    client.force_login(cast.town)
    typed = {"effective": "2026-05-01", "reason": "全家迁往外省定居", "proofs": ["cancel_proof"]}
    answer = client.post(reverse("console:change", args=[home.pk, "end_household"]), typed)
    assert answer.status_code == 400
    assert "在办的办件" in answer.content.decode()


def test_a_household_that_has_ended_is_counted_nowhere(cast: Cast, gone: Household) -> None:
    with acting_as(cast.county_office):
        tally = registry.village_tallies(cast.county_office, VILLAGE)[VILLAGE]
        counts = registry.village_counts(cast.county_office, VILLAGE)
    assert tally.households == counts["households"] == 1  # H-own alone


def test_a_short_note_at_the_last_step_is_no_reason_to_refuse(cast: Cast, homes: Homes, wait: Wait) -> None:
    home = ordinary_household("H-applies", VILLAGE, "农秀英")
    compared(home.pk)
    case = to_step(cast, apply_for(cast.cadre, home), "announcement", wait)
    who = taker(cast, case)
    hang(who, case)
    wait(8)
    assert take(who, case_for(who, case.pk), note="同意").ended == "passed"
