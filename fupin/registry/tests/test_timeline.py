"""Who may see a household may read its life, and nobody else."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.db import connection, connections, transaction

from fupin.accounts.api import User, acting_as, nobody_acting
from fupin.accounts.tests.fixtures import Cast
from fupin.kernel.errors import NotFound
from fupin.registry import api as registry
from fupin.registry.models import Household, LedgerEntry, Membership, Person, Survey
from fupin.registry.tests.fixtures import Homes
from fupin.registry.tests.folders import plain_rows, write_folder


def raw(user: User | None, household_id: str) -> int:
    """How many entries plain SQL gets to see."""
    acting = nobody_acting() if user is None else acting_as(user)
    with acting, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM fupin_trail_of_household(%s, 100)", [household_id])
        return int(cursor.fetchone()[0])


def changes(acts: list[registry.Act]) -> dict[str, tuple[object, object]]:
    return {c.column: (c.before, c.after) for act in acts for one in act.touched for c in one.changes}


def test_raw_sql_reads_the_trail_of_the_own_scope_only(cast: Cast, homes: Homes) -> None:
    assert raw(cast.cadre, "H-own") > 0
    assert [raw(cast.cadre, one) for one in ("H-next", "H-far", "H-none")] == [0, 0, 0]
    assert raw(None, "H-own") == 0
    assert raw(cast.department, "H-own") == 0
    assert raw(cast.audit, "H-own") == 0


def test_it_tells_what_was_before_and_after_with_names_masked(cast: Cast, homes: Homes) -> None:
    with acting_as(cast.cadre, origin="10.0.0.3"):
        Survey.objects.filter(household=homes.own, year=2026).update(house_area="90", surveyor="李小四")
        Household.objects.filter(pk="H-own").update(head_name="韦大河")
        told = registry.timeline_of(cast.cadre, "H-own")
    found = changes(told)
    assert found["house_area"] == (82.505, 90)
    assert found["surveyor"] == (None, "李*四")
    assert found["head_name"] == ("韦*山", "韦*河")


def test_an_encrypted_number_only_shows_that_it_changed(cast: Cast, homes: Homes) -> None:
    with acting_as(cast.cadre):
        Person.objects.filter(pk="P-own").update(lake_key=b"other", id_lookup=b"other")
        latest = registry.timeline_of(cast.cadre, "H-own")[0]
    assert [(c.column, c.hidden, c.after) for one in latest.touched for c in one.changes] == [("lake_key", True, None)]


def test_another_scope_answers_not_found(cast: Cast, homes: Homes) -> None:
    with acting_as(cast.cadre), pytest.raises(NotFound):
        registry.timeline_of(cast.cadre, "H-far")


def test_a_members_later_life_elsewhere_is_not_told(cast: Cast, homes: Homes) -> None:
    Membership.objects.filter(person_id="P-child").update(valid_to="2020-01-01")
    Membership.objects.create(household=homes.far, person_id="P-child", relation="04", valid_from="2020-01-01")
    Person.objects.filter(pk="P-child").update(health="02")
    with acting_as(cast.cadre):
        assert "health" not in changes(registry.timeline_of(cast.cadre, "H-own"))
    with acting_as(cast.stranger):
        assert changes(registry.timeline_of(cast.stranger, "H-far"))["health"] == ("01", "02")


@pytest.mark.django_db(transaction=True)
def test_a_number_read_in_clear_stands_in_it(transactional_db: None, cast: Cast, homes: Homes) -> None:
    with acting_as(cast.cadre, origin="10.0.0.3"):
        registry.reveal_id(by=cast.cadre, person_id="P-own", reason="入户核对")
        act = registry.timeline_of(cast.cadre, "H-own")[0]
    assert act.deed is not None
    assert (act.deed.verb, act.who, act.origin, act.why) == ("reveal_id", cast.cadre, "10.0.0.3", "入户核对")


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_whose_each_figure_is(transactional_db: None, cast: Cast, regions: None, tmp_path: Path) -> None:
    """Loaded by the city's office through the owner's login, one month mended by the cadre."""
    registry.load_registry(by=cast.office, folder=write_folder(tmp_path / "city", plain_rows()))
    home = Household.objects.get(pk="H1")
    with acting_as(cast.office):
        LedgerEntry.objects.filter(household=home).update(spend_food=7)
        answers = registry.answers_of(registry.timeline_of(cast.office, home), home)
    entered = {(one.group, one.record): (one.act.who, one.act.deed and one.act.deed.verb) for one in answers}
    assert entered["household", ""] == entered["members", ""] == (cast.office, "load_registry")
    assert entered["ledger", "202609"] == (cast.office, None)


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_a_bulk_entry_is_found_by_each_of_its_households(transactional_db: None, cast: Cast, homes: Homes) -> None:
    with connections["owner"].cursor() as cursor:  # no state is written by the app without a change in the log
        cursor.execute(
            "INSERT INTO registry_householdstate (household_id, state, valid_from, valid_to)"
            " SELECT CASE WHEN n = 700 THEN 'H-own' ELSE 'H-far' END, '0', date '2000-01-01' + n,"
            " date '2000-01-02' + n FROM generate_series(1, 1500) n"
        )
    with acting_as(cast.cadre):
        bulk = [one for act in registry.timeline_of(cast.cadre, "H-own") for one in act.touched if one.op == "X"]
    assert [(one.group, one.op) for one in bulk] == [("household", "X")]
