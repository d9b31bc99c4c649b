"""What ledgers bring along: other code lists, changed keys, the same person twice, formulas, files too large."""

from __future__ import annotations

import io
from typing import Any

import polars as pl
import pytest
from django.conf import settings

from fupin.accounts.api import acting_for_platform
from fupin.accounts.tests.fixtures import FAR_VILLAGE, Cast
from fupin.exchange.ledgers import store
from fupin.exchange.ledgers.opening import MOST_BYTES
from fupin.exchange.ledgers.services import LedgerFile, confirm_doubt, receive_ledger
from fupin.exchange.ledgers.tests.books import (
    AB01_HEAD,
    AC01_HEAD,
    AS_OF,
    HOME,
    YEAR,
    applied,
    as_csv,
    as_xlsx,
    confirmed,
    home_row,
    looked_at,
    number,
    person_row,
    two_homes,
)
from fupin.exchange.ledgers.work import order_apply, run_plan
from fupin.exchange.reading.refusals import Refusal
from fupin.kernel.errors import UserError
from fupin.kernel.keys import keyed_hash
from fupin.registry.api import LedgerBatch, Membership, Person
from fupin.registry.tests.fixtures import Homes

pytestmark = pytest.mark.django_db(transaction=True)


def refused(batch: LedgerBatch) -> list[tuple[int, str, str]]:
    """(row, column, why) of what was refused."""
    found = store.differences_of(batch.pk)
    assert found is not None
    rows = found.filter(pl.col("kind") == "refused").sort("table", "row")
    return list(rows.select("row", "column", "zh").iter_rows())


def people(*rows: list[str]) -> list[LedgerFile]:
    return [as_csv("AC01.csv", [AC01_HEAD, home_row()]), as_csv("AB01.csv", [AB01_HEAD, *rows])]


def test_codes_of_another_order_are_noticed_and_confirmed(cast: Cast, regions: None) -> None:
    """民族: 02 is 蒙古族 nationally, 满族 on one platform; the same persons tell."""
    many = [person_row(one, AAB007="02" if one % 2 else "01") for one in range(1, 31)]
    applied(cast.county_office, people(*many))
    Person.objects.filter(ethnicity="02").update(ethnicity="11")
    batch = looked_at(cast.county_office, people(*many))
    (doubt,) = batch.doubts
    assert (doubt["field"], doubt["why"], doubt["compared"]) == ("persons.ethnicity", "disagrees", 30)
    assert doubt["suggested"] == "ethnicity_nm"
    with pytest.raises(UserError, match="没有确认"):
        order_apply(by=cast.county_office, batch_id=batch.pk)
    confirm_doubt(
        by=cast.county_office, batch_id=batch.pk, key=doubt["key"], chosen="ethnicity_nm", in_background=False
    )
    again = run_plan(batch.pk)
    assert again.doubts == []
    assert again.counts["changed"] == 0


def test_codes_without_anybody_to_compare_with_are_asked_for(cast: Cast, regions: None) -> None:
    batch = looked_at(cast.county_office, two_homes())
    assert [doubt["why"] for doubt in batch.doubts] == ["nothing"]
    assert all(doubt["confirmed_by"] for doubt in confirmed(cast.county_office, batch).doubts)


def test_changed_keys_are_refused(cast: Cast, regions: None) -> None:
    applied(cast.county_office, two_homes())
    other = person_row(2, AAB004=number("19800101", 77), AAB002="覃大山")
    known = person_row(3, AAB001=f"{HOME}09")
    found = refused(looked_at(cast.county_office, people(person_row(1), other, known)))
    assert [(row, column) for row, column, _why in found] == [(3, "证件号码"), (4, "人编号")]
    assert "像是另一个人" in found[0][2]


def test_the_same_person_twice_counts_once(cast: Cast, regions: None) -> None:
    twin = person_row(3, AAB001=f"{HOME}07", AAB004=person_row(2)[4])
    batch = looked_at(cast.county_office, people(person_row(1), person_row(2), person_row(2), twin))
    assert batch.counts["new_person"] == 2
    assert [(row, why) for row, _column, why in refused(batch)] == [
        (4, "与第 3 行是同一记录，只取前一行"),
        (5, "与第 3 行是同一记录，只取前一行"),
    ]


def test_a_wrong_checksum_is_refused_and_not_quoted(cast: Cast, regions: None) -> None:
    good = person_row(1)[4]
    wrong = good[:-1] + ("1" if good[-1] != "1" else "2")
    batch = looked_at(cast.county_office, people(person_row(1, AAB004=wrong), person_row(2)))
    ((row, column, why),) = refused(batch)
    assert (row, column) == (2, "AAB004")
    assert "校验码" in why
    assert wrong not in str(batch.__dict__) + why
    assert wrong.encode() not in b"".join(path.read_bytes() for path in store.sealed_files())


def test_unknown_and_foreign_villages_are_refused(cast: Cast, regions: None) -> None:
    homes = [AC01_HEAD, home_row(), home_row("45012499", "450124199999"), home_row("45012598", FAR_VILLAGE)]
    members = [AB01_HEAD, person_row(1), person_row(1, "45012499", "19700101"), person_row(1, "45012598", "19710101")]
    batch = looked_at(cast.county_office, [as_csv("a.csv", homes), as_csv("b.csv", members)])
    assert (batch.counts["new_household"], batch.counts["new_person"]) == (1, 1)
    assert [why for _row, _column, why in refused(batch)][:2] == [
        "区划表里没有这个行政村：450124199999",
        f"行政村 {FAR_VILLAGE} 不在这一批的辖区内",
    ]


def test_who_lives_elsewhere_is_not_moved(cast: Cast, regions: None) -> None:
    applied(cast.county_office, two_homes())
    other = "45012410020199999"
    moved = person_row(2, AAC001=other)
    homes = [AC01_HEAD, home_row(other)]
    batch = looked_at(cast.county_office, [as_csv("a.csv", homes), as_csv("b.csv", [AB01_HEAD, moved])])
    assert "这个人登记在户" in refused(batch)[0][2]


def test_who_left_or_lives_elsewhere_is_not_entered(cast: Cast, homes: Homes) -> None:
    applied(cast.county_office, two_homes())
    Membership.objects.filter(person_id=f"{HOME}03").update(valid_to="2026-11-01")
    with acting_for_platform():
        far = Person.objects.get(pk=homes.far.memberships.get().person_id)
        there = person_row(5)
        key = settings.FUPIN_KEYS.now.lookup
        Person.objects.filter(pk=far.pk).update(id_lookup=keyed_hash(key, there[4]), lookup_key=key.id)
    batch = looked_at(cast.county_office, [as_csv("b.csv", [AB01_HEAD, person_row(3), there])])
    assert [column for _row, column, _why in refused(batch)] == ["人编号", "证件号码"]
    assert "别的辖区" in refused(batch)[1][2]


def test_rows_that_are_not_in_force_are_refused(cast: Cast, regions: None) -> None:
    batch = looked_at(cast.county_office, people(person_row(1, AAR100="0"), person_row(2, AAB015="2"), person_row(3)))
    assert batch.counts["new_person"] == 1
    assert [column for _row, column, _why in refused(batch)] == ["有效标志", "人员状态"]


def test_a_code_that_no_list_knows_is_named_and_kept(cast: Cast, regions: None) -> None:
    batch = looked_at(cast.county_office, people(person_row(1, AAB017="77")))
    assert ["persons.health", "77", 1] in batch.counts["untranslated"]
    assert batch.counts["new_person"] == 1


@pytest.mark.parametrize(
    ("file", "code"),
    [
        (as_csv("twice.csv", [[*AB01_HEAD, "AAB002"], [*person_row(1), "韦一"]]), "column_twice"),
        (as_csv("empty.csv", []), "empty"),
        (as_csv("prose.csv", [["各位领导"], ["附件是今年的名单，请查收。"]]), "no_header"),
        (LedgerFile("huge.csv", 200 << 20, io.BytesIO(b"")), "too_large"),
        (LedgerFile("photo.xls", 8, io.BytesIO(b"\x89PNG\r\n\x1a\n")), "not_a_table"),
        (as_xlsx("formula.xlsx", {"人": [AB01_HEAD, person_row(1)]}), ""),
    ],
)
def test_files_that_are_no_ledger_leave_nothing_behind(cast: Cast, regions: None, file: LedgerFile, code: str) -> None:
    file.stream.seek(0)
    if not code:
        assert looked_at(cast.county_office, [with_formula()]).state == "failed"
        return
    with pytest.raises(Refusal) as refusal:
        receive_ledger(by=cast.county_office, files=[file], region="450124", as_of=AS_OF, year=YEAR)
    assert refusal.value.code == code
    assert not LedgerBatch.objects.exists()
    assert not [path for path in store.sealed_files() if path.stat().st_size > MOST_BYTES]


def with_formula() -> LedgerFile:
    """One cell is a formula whose result was never saved."""
    import xlsxwriter

    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream, {"in_memory": True}) as book:
        page: Any = book.add_worksheet()
        page.write_row(0, 0, AB01_HEAD)
        page.write_row(1, 0, person_row(1))
        page.write_formula(1, 2, '=CONCATENATE("韦","一")', None, "")
    return LedgerFile("formula.xlsx", stream.tell(), io.BytesIO(stream.getvalue()))


def test_only_a_header_is_told(cast: Cast, regions: None) -> None:
    batch = looked_at(cast.county_office, [as_csv("AB01.csv", [AB01_HEAD])])
    assert (batch.state, "没有数据行" in batch.problem["zh"]) == ("failed", True)


def test_a_household_that_nobody_knows_needs_its_own_row(cast: Cast, regions: None) -> None:
    batch = looked_at(cast.county_office, [as_csv("AB01.csv", [AB01_HEAD, person_row(1), person_row(2)])])
    assert batch.counts["new_person"] == 0
    assert f"登记库和这批台账里都没有户 {HOME}" in refused(batch)[0][2]
