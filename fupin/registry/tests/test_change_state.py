"""The state of a household changes with a row of the log, or not at all."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from fupin.accounts.api import acting_as
from fupin.accounts.tests.fixtures import VILLAGE, Cast
from fupin.catalogue.changes import change_kinds
from fupin.kernel.errors import Forbidden, NotFound, UserError
from fupin.registry import api as registry
from fupin.registry.models import Household, HouseholdState, RegistryChange
from fupin.registry.tests.changing import seen
from fupin.registry.tests.fixtures import Homes

pytestmark = pytest.mark.usefixtures("cases_stand_aside")
EXIT = date(2026, 3, 1)
BACK = date(2026, 6, 1)


def refused(sql: str, *params: Any) -> str:
    with pytest.raises(DatabaseError) as caught, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, params)
    return str(caught.value)


def turn(cast: Cast, kind: str, state: str, effective: date, **more: Any) -> RegistryChange:
    known = change_kinds()[kind]
    case = {"case_id": 7} if known.by_case else {"papers": seen(kind)}
    with acting_as(cast.county_office):
        return registry.change_state(
            by=cast.county_office, household_id="H-own", state=state, effective=effective, kind=kind,
            reason="会议决定", **{**case, **more},
        )  # fmt: skip


def periods() -> list[tuple[str, date, date | None]]:
    rows = HouseholdState.objects.filter(household="H-own").order_by("valid_from")
    return list(rows.values_list("state", "valid_from", "valid_to"))


def test_an_exit_closes_the_period_and_says_when(cast: Cast, homes: Homes) -> None:
    change = turn(cast, "exit", "1", EXIT)
    assert periods() == [("0", date(2015, 11, 30), EXIT), ("1", EXIT, None)]
    home = Household.objects.get(pk="H-own")
    assert (home.state, home.exited_on, home.version > 1) == ("1", EXIT, True)
    assert (change.before["state"], change.after["state"], change.case_id) == ("0", "1", 7)
    assert (change.by, change.village_code) == (cast.county_office, VILLAGE)


def test_a_wrong_exit_is_corrected_as_if_it_had_never_been(cast: Cast, homes: Homes) -> None:
    turn(cast, "exit", "1", EXIT)
    turn(cast, "correct_exit", "0", EXIT)
    assert periods() == [("0", date(2015, 11, 30), None)]
    home = Household.objects.get(pk="H-own")
    assert (home.state, home.exited_on) == ("0", None)


def test_who_falls_back_keeps_the_day_of_exit(cast: Cast, homes: Homes) -> None:
    turn(cast, "exit", "1", EXIT)
    turn(cast, "return", "3", BACK)
    assert [state for state, _from, _to in periods()] == ["0", "1", "3"]
    assert Household.objects.get(pk="H-own").exited_on == EXIT


def test_a_wrong_entry_leaves_no_cause_behind(cast: Cast, homes: Homes) -> None:
    Household.objects.filter(pk="H-own").update(cause_main="01")
    turn(cast, "correct_entry", "9", date(2015, 11, 30))
    home = Household.objects.get(pk="H-own")
    assert (home.state, home.registered_on, home.cause_main) == ("9", None, None)
    assert periods() == [("9", date(2015, 11, 30), None)]


def test_a_state_that_does_not_follow_is_refused(cast: Cast, homes: Homes) -> None:
    with pytest.raises(UserError, match="现为“未脱贫”"):
        turn(cast, "return", "3", BACK)
    turn(cast, "exit", "1", EXIT)
    with pytest.raises(UserError, match="早于现有脱贫属性"):
        turn(cast, "return", "3", EXIT)
    with pytest.raises(UserError, match="在将来"):
        turn(cast, "return", "3", date(2099, 1, 1))


def test_it_is_refused_to_those_who_may_not(cast: Cast, homes: Homes) -> None:
    wanted = {"state": "1", "effective": EXIT, "kind": "exit", "reason": "会议决定", "case_id": 7}
    with acting_as(cast.stranger), pytest.raises(NotFound):
        registry.change_state(by=cast.stranger, household_id="H-own", **wanted)  # type: ignore[arg-type]
    with acting_as(cast.decision), pytest.raises(Forbidden):
        registry.change_state(by=cast.decision, household_id="H-own", **wanted)  # type: ignore[arg-type]


def test_a_household_changed_meanwhile_is_not_overwritten(cast: Cast, homes: Homes) -> None:
    turn(cast, "exit", "1", EXIT)
    with pytest.raises(registry.Stale):
        turn(cast, "return", "3", BACK, version=1)


def test_sql_of_the_app_changes_no_state_beside_the_log(transactional_db: None, cast: Cast, homes: Homes) -> None:
    """In another transaction than the load that brought the household in."""
    with acting_as(cast.county_office):
        said = "without a change in the log"
        assert said in refused("UPDATE registry_household SET state = '1' WHERE household_id = 'H-own'")
        columns = "registry_householdstate (household_id, state, valid_from, valid_to)"
        assert said in refused(f"INSERT INTO {columns} VALUES ('H-own', '1', '2000-01-01', '2001-01-01')")
        assert said in refused("DELETE FROM registry_householdstate WHERE household_id = 'H-own'")
        new = "INSERT INTO registry_household (household_id, village_code, head_name, head_pinyin, members, state) "
        assert said in refused(new + "VALUES ('H-new', %s, '', '', 0, '0')", VILLAGE)


CHANGE = (
    "INSERT INTO registry_change (kind, household_id, village_code, effective, by_id, case_id, before, after) "
    "VALUES (%s, 'H-own', %s, '2026-01-01', %s, %s, %s, %s); "
    "UPDATE registry_household SET state = '1' WHERE household_id = 'H-own'"
)


@pytest.mark.parametrize(
    ("kind", "case", "before", "said"),
    [
        ("exit", None, '{"state": "0"}', "change_by_case"),
        ("exit", 7, '{"state": "3"}', "from a state that the household is not in"),
        ("correct_household", None, '{"state": "0"}', "of kind correct_household"),
        ("import", None, '{"state": "0"}', "change_import_in_batch"),
        ("reverse", None, '{"state": "0"}', "that takes back something else"),
    ],
)
def test_a_row_of_the_log_that_claims_too_much_is_refused(
    cast: Cast, homes: Homes, kind: str, case: int | None, before: str, said: str
) -> None:
    with acting_as(cast.county_office):
        answer = refused(CHANGE, kind, VILLAGE, cast.county_office.pk, case, before, '{"state": "1"}')
    assert said in answer


def test_nobody_writes_in_anothers_name_or_for_another_village(cast: Cast, homes: Homes) -> None:
    state = ('{"state": "0"}', '{"state": "1"}')
    with acting_as(cast.county_office):
        assert "somebody else" in refused(CHANGE, "exit", VILLAGE, cast.office.pk, 7, *state)
        other = "450124100202"
        assert "another village" in refused(CHANGE, "exit", other, cast.county_office.pk, 7, *state)


def test_the_log_is_only_added_to(cast: Cast, homes: Homes) -> None:
    turn(cast, "exit", "1", EXIT)
    assert "permission denied" in refused("UPDATE registry_change SET reason = 'x'")
    assert "permission denied" in refused("DELETE FROM registry_change")


def test_the_log_of_another_county_is_not_seen(cast: Cast, homes: Homes) -> None:
    turn(cast, "exit", "1", EXIT)
    with acting_as(cast.stranger):
        assert not RegistryChange.objects.exists()
    with acting_as(cast.cadre):
        assert RegistryChange.objects.get().kind == "exit"
