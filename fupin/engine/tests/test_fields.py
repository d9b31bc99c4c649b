from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from fupin.catalogue.fields import Field
from fupin.catalogue.load import Catalogue
from fupin.catalogue.parameters import parameters
from fupin.catalogue.schema import CatalogueError
from fupin.engine.fields import compute_fields, levels, plan_field
from fupin.engine.inputs import DeliveryFile
from fupin.engine.link import link_persons
from fupin.engine.rollup import month_window
from fupin.engine.staging import Stage
from fupin.engine.tests.city import deliver, home, inputs, key, member, write_snapshot


def _field(id_: str, type_: str = "int", **values: Any) -> Field:
    return Field(id_, id_, id_, type_, values.pop("source", "registry"), "unknown", **values)


def _catalogue(*fields: Field) -> Catalogue:
    return Catalogue({field.id: field for field in fields}, (), {}, parameters())


def _values(snapshot: Path, fields: list[Field], *deliveries: DeliveryFile) -> dict[str, Any]:
    """The fields of household H1."""
    catalogue = _catalogue(*fields)
    plain = Stage(inputs(snapshot, *deliveries))
    links, _ = link_persons(plain, catalogue)
    frame = compute_fields(Stage(plain.inputs, links), catalogue)
    return frame.filter(pl.col("household_id") == "H1").row(0, named=True)


def test_an_unknown_member_makes_a_count_unknown_but_not_a_decided_any(tmp_path: Path) -> None:
    people = [member("P1", "H1", labour="01"), member("P2", "H1", labour=None)]
    snapshot = write_snapshot(tmp_path, households=[home("H1")], persons=people)
    fields = [
        _field("workers", table="persons", take="count", where="labour = '01'"),
        _field("a_worker", "flag", table="persons", take="any", where="labour = '01'"),
        _field("a_trainee", "flag", table="persons", take="any", where="labour = '02'"),
        _field("members", table="persons", take="count"),
    ]
    values = _values(snapshot, fields)
    assert values == {"household_id": "H1", "workers": None, "a_worker": True, "a_trainee": None, "members": 2}


def test_no_matching_member_is_zero_for_sums_and_absent_for_means(tmp_path: Path) -> None:
    snapshot = write_snapshot(tmp_path, households=[home("H1")], persons=[member("P1", "H1", work_months=7)])
    fields = [
        _field("elders", table="persons", take="count", where="age >= 60"),
        _field("elder_months", table="persons", take="sum", of="work_months", where="age >= 60"),
        _field("elder_mean", "decimal", table="persons", take="mean", of="age", where="age >= 60"),
        _field("oldest", table="persons", take="max", of="age", where="age >= 60", absent=0),
        _field("age", table="persons", take="max", of="age"),
    ]
    values = _values(snapshot, fields)
    assert values == {"household_id": "H1", "elders": 0, "elder_months": 0, "elder_mean": None, "oldest": 0, "age": 40}


LEDGER = [_field("wage", "money", source="ledger", table="ledger", take="sum", of="wage_work")]


@pytest.mark.parametrize(("months", "expected"), [(12, 1200), (11, 1200), (10, 1200), (9, None)])
def test_a_ledger_with_gaps_is_raised_to_twelve_months_or_unknown(
    tmp_path: Path, months: int, expected: int | None
) -> None:
    rows = [{"household_id": "H1", "month": 202001 + i, "period_months": 1, "wage_work": 100} for i in range(months)]
    old = {"household_id": "H1", "month": 201912, "period_months": 1, "wage_work": 99999}
    snapshot = write_snapshot(tmp_path, households=[home("H1")], ledger=[*rows, old])
    assert _values(snapshot, LEDGER)["wage"] == expected


def test_a_yearly_recall_stands_for_twelve_months_and_an_unknown_item_stays_unknown(tmp_path: Path) -> None:
    recall = {"household_id": "H1", "month": 202011, "period_months": 12, "wage_work": 777}
    snapshot = write_snapshot(tmp_path, households=[home("H1")], ledger=[recall])
    fields = [*LEDGER, _field("food", "money", source="ledger", table="ledger", take="sum", of="spend_food")]
    assert _values(snapshot, fields) == {"household_id": "H1", "wage": 777, "food": None}


def test_the_ledger_year_ends_in_the_month_of_the_cut_off() -> None:
    assert month_window(date(2020, 12, 31)) == (202001, 202012)
    assert month_window(date(2021, 3, 5)) == (202004, 202103)


def test_absent_differs_from_not_delivered(tmp_path: Path) -> None:
    source = "department:df_certificates"
    fields = [
        _field("certified", source=source, table="df_certificates", take="count", absent=0),
        _field(
            "grade", "code", source=source, table="df_certificates", take="value", of="grade", codes="disability_grade"
        ),
    ]
    snapshot = write_snapshot(tmp_path, households=[home("H1"), home("H2")], persons=[member("P1", "H1", key=key(1))])
    assert _values(snapshot, fields) == {"household_id": "H1", "certified": None, "grade": None}
    empty = deliver(tmp_path, "df_certificates", [{"id_number_key": key(9), "grade": "1", "certificate_no": "x"}])
    assert _values(snapshot, fields, empty) == {"household_id": "H1", "certified": 0, "grade": None}
    full = deliver(tmp_path, "df_certificates", [{"id_number_key": key(1), "grade": "2", "certificate_no": "y"}], "D2")
    assert _values(snapshot, fields, full) == {"household_id": "H1", "certified": 1, "grade": "2"}


def test_of_rows_with_the_same_key_the_newest_delivery_wins(tmp_path: Path) -> None:
    source = "department:ps_vehicles"
    field = _field("cars", source=source, table="ps_vehicles", take="count", where="state = 'A'", absent=0)
    car = {"plate": "A1", "state": "A", "name": "张小三"}
    snapshot = write_snapshot(tmp_path, households=[home("H1")], persons=[member("P1", "H1", key=key(1))])
    old = deliver(tmp_path, "ps_vehicles", [{**car, "id_number_key": key(1)}], "old", date(2020, 6, 30))
    sold = deliver(tmp_path, "ps_vehicles", [{**car, "id_number_key": key(7)}], "new", date(2020, 12, 1))
    assert _values(snapshot, [field], old)["cars"] == 1
    assert _values(snapshot, [field], sold, old)["cars"] == 0


def test_presence_and_number_of_registrations_are_staged(tmp_path: Path) -> None:
    people = [member("P1", "H1", key=key(1)), member("P2", "H2", key=key(1))]
    snapshot = write_snapshot(tmp_path, households=[home("H1"), home("H2")], persons=people)
    roll = deliver(tmp_path, "mi_insured", [{"id_number_key": key(1)}])
    fields = [
        _field("insured", table="persons", take="count", where="has_mi_insured"),
        _field("paid", table="persons", take="count", where="has_fi_payroll"),
        _field("twice", table="persons", take="count", where="key_count > 1"),
    ]
    assert _values(snapshot, fields, roll) == {"household_id": "H1", "insured": 1, "paid": None, "twice": 1}


def test_computed_fields_follow_their_dependencies_and_a_circle_is_refused(tmp_path: Path) -> None:
    base = _field("area", "decimal", source="survey", table="survey", take="value", of="house_area")
    members = _field("members", table="persons", take="count")
    half = _field("half", "decimal", source="computed", expression="per_head / 2")
    per_head = _field("per_head", "decimal", source="computed", expression="area / NULLIF(members, 0)")
    survey = [
        {"household_id": "H1", "year": 2018, "house_area": 1.0},
        {"household_id": "H1", "year": 2020, "house_area": 50.0},
    ]
    people = [member(f"P{i}", "H1") for i in range(3)]
    snapshot = write_snapshot(tmp_path, households=[home("H1")], survey=survey, persons=people)
    values = _values(snapshot, [half, per_head, base, members])
    assert (values["per_head"], values["half"]) == (16.667, 8.334)
    ring = {
        f.id: f
        for f in (_field("a", source="computed", expression="b"), _field("b", source="computed", expression="a"))
    }
    with pytest.raises(CatalogueError, match="circle"):
        levels({id_: plan_field(field, ring) for id_, field in ring.items()})


def test_a_region_takes_only_its_own_households(tmp_path: Path) -> None:
    homes = [home("H1"), home("H2", village_code="520101001201")]
    stage = Stage(inputs(write_snapshot(tmp_path, households=homes), region="52"))
    assert stage.households.get_column("household_id").to_list() == ["H2"]
