"""A provincial list without 户编号: rows made into households, known ones found by ID number, new ones given codes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl
import pytest

from fupin.accounts.api import User
from fupin.accounts.tests.fixtures import OTHER_VILLAGE, VILLAGE, Cast
from fupin.exchange.ledgers import store
from fupin.exchange.ledgers.mapping import ColumnMap
from fupin.exchange.ledgers.services import receive_ledger, say_columns
from fupin.exchange.ledgers.tests.books import (
    AS_OF,
    HOME,
    YEAR,
    applied,
    as_xlsx,
    confirmed,
    number,
    person_row,
    two_homes,
)
from fupin.exchange.ledgers.work import order_apply, order_undo, run_apply, run_plan, run_undo
from fupin.registry.api import Household, LedgerBatch, Membership, Person, RegistryChange

pytestmark = pytest.mark.django_db(transaction=True)
FIELDS = {
    "村代码": "households.village_code", "序号": "group.number", "户主姓名": "group.head", "姓名": "persons.name",
    "身份证号": "persons.id_number", "与户主关系": "persons.relation", "健康状况": "persons.health",
}  # fmt: skip
ALL = tuple(FIELDS)


def row(name: str, id_: str, relation: str, serial: str = "", village: str = VILLAGE, head: str = "") -> dict[str, str]:
    values = (village, serial, head, name, id_, relation, "健康")
    return dict(zip(ALL, values, strict=True))


def born(serial: int) -> str:
    return number("19850505", serial)


def looked(by: User, rows: Sequence[dict[str, str]], names: Sequence[str], state: str = "0") -> LedgerBatch:
    """A dry run of an Excel sheet with these columns."""
    sheet = as_xlsx("脱贫户.xlsx", {"名单": [list(names), *([one[name] for name in names] for one in rows)]})
    batch = receive_ledger(by=by, files=[sheet], region="450124", as_of=AS_OF, year=YEAR, in_background=False)
    columns = [ColumnMap(name, FIELDS[name]) for name in names]
    say_columns(
        by=by, batch_id=batch.pk, number=0, columns=columns, row="person", state=state, in_background=False
    )  # fmt: skip
    return run_plan(batch.pk)


def write(by: User, batch: LedgerBatch) -> LedgerBatch:
    confirmed(by, batch)
    order_apply(by=by, batch_id=batch.pk, in_background=False)
    done = run_apply(batch.pk)
    assert done.state == "applied", done.problem
    return done


def told(batch: LedgerBatch, kind: str) -> list[dict[str, Any]]:
    found = store.differences_of(batch.pk)
    assert found is not None
    return found.filter(pl.col("kind") == kind).sort("row").to_dicts()


TWO = [
    row("莫大山", born(1), "户主", "1", head="莫大山"), row("莫小花", born(2), "之女", "", head="莫大山"),
    row("罗家明", born(3), "户主", "2", OTHER_VILLAGE, "罗家明"),
    row("罗小弟", "", "之子", "", OTHER_VILLAGE, "罗家明"),
]  # fmt: skip
ROWS = tuple(name for name in ALL if name not in ("序号", "户主姓名"))
SERIAL = tuple(name for name in ALL if name != "户主姓名")
HEADS = tuple(name for name in ALL if name not in ("序号", "与户主关系"))


@pytest.mark.parametrize(("names", "means"), [(ROWS, "按户主行"), (SERIAL, "按本表的户序号"), (HEADS, "按户主姓名")])
def test_new_households_are_made_out_of_rows(cast: Cast, regions: None, names: Sequence[str], means: str) -> None:
    batch = looked(cast.county_office, TWO, names)
    assert batch.state == "ready", batch.problem
    figures = [batch.counts[name] for name in ("grouped", "new_household", "new_person", "refused")]
    assert figures == [2, 2, 4, 0], told(batch, "refused")
    assert [one["zh"].startswith(means) for one in told(batch, "grouped")] == [True, True]
    assert not Household.objects.exists()
    write(cast.county_office, batch)
    homes = list(
        Household.objects.order_by("household_id").values_list("head_name", "members", "village_code", "state")
    )
    assert homes == [("莫大山", 2, VILLAGE, "0"), ("罗家明", 2, OTHER_VILLAGE, "0")]
    assert all(len(code) == 10 and code.startswith("N") for code in Household.objects.values_list("pk", flat=True))
    assert Membership.objects.filter(relation="01", person__name="莫大山").count() == 1
    assert not any("+" in str(image) for image in RegistryChange.objects.values_list("after", flat=True))


def test_the_same_list_again_finds_its_households(cast: Cast, regions: None) -> None:
    first = write(cast.county_office, looked(cast.county_office, TWO[:3], ROWS))
    again = looked(cast.county_office, TWO[:3], ROWS)
    assert [again.counts[name] for name in ("grouped", "new_household", "new_person", "changed")] == [2, 0, 0, 0]
    assert "已登记在户 N" in told(again, "grouped")[0]["zh"]
    order_undo(by=cast.county_office, batch_id=first.pk, reason="传错了文件", in_background=False)
    assert run_undo(first.pk).state == "undone"
    assert not Membership.objects.exists()
    write(cast.county_office, looked(cast.county_office, TWO[:3], ROWS))
    assert Person.objects.filter(name="莫大山").count() == 1
    assert Membership.objects.count() == 3


def test_a_known_head_leads_to_his_household(cast: Cast, regions: None) -> None:
    applied(cast.county_office, two_homes())
    rows = [
        row("韦二妹", person_row(1)[4], "户主"), row("韦三妹", person_row(2)[4], "之女"),
        row("韦新生", born(9), "之子"),
    ]  # fmt: skip
    batch = looked(cast.county_office, rows, ROWS)
    assert [batch.counts[name] for name in ("grouped", "new_household", "new_person")] == [1, 0, 1], told(
        batch, "refused"
    )
    write(cast.county_office, batch)
    assert Person.objects.get(name="韦新生").pk == f"{HOME}04"
    assert Household.objects.get(pk=HOME).members == 4


def reasons(batch: LedgerBatch) -> list[tuple[int, str]]:
    return [(one["row"], one["zh"]) for one in told(batch, "refused")]


def test_what_is_ambiguous_is_listed_and_not_applied(cast: Cast, regions: None) -> None:
    applied(cast.county_office, two_homes())
    rows = [
        row("无名氏", born(1), "之子"),
        row("甲户主", born(11), "户主"), row("乙妻", born(12), "配偶"), row("丙妻", born(13), "配偶"),
        row("丁户主", born(14), "户主"), row("韦三妹", person_row(2)[4], "配偶"),
        row("戊户主", "", "户主"), row("己子", born(15), "之子"),
        row("庚户主", born(16), "户主"), row("辛子", born(17), "之子", village=OTHER_VILLAGE),
        row("壬户主", born(18), "户主"),
    ]  # fmt: skip
    batch = looked(cast.county_office, rows, ROWS)
    assert (batch.counts["grouped"], batch.counts["ungrouped"]) == (1, 10)
    said = dict(reasons(batch))
    assert "不知道属于哪一户" in said[2]
    assert "配偶不止一个" in said[3]
    assert said[4] == said[5] == said[3]
    assert f"成员却已登记在户 {HOME}" in said[6]
    assert "没有证件号" in said[8]
    assert "2 个行政村" in said[10]
    write(cast.county_office, batch)
    assert Household.objects.filter(ended_on__isnull=True).count() == 3


def test_members_below_a_refused_head_are_nobodys(cast: Cast, regions: None) -> None:
    wrong = born(2)[:-1] + ("1" if born(2)[-1] != "1" else "2")
    rows = [*TWO[:2], row("错号户主", wrong, "户主"), row("他的儿子", born(21), "之子")]
    batch = looked(cast.county_office, rows, ROWS)
    assert (batch.counts["grouped"], batch.counts["new_person"]) == (1, 2)
    assert "上面的行没有被接受" in dict(reasons(batch))[5]


def test_a_namesake_without_a_number_is_not_entered_twice(cast: Cast, regions: None) -> None:
    write(cast.county_office, looked(cast.county_office, TWO, SERIAL))
    again = looked(cast.county_office, TWO, SERIAL)
    assert again.counts["new_person"] == 0
    assert "已有同名的成员" in dict(reasons(again))[5]


def test_without_a_state_new_households_are_refused(cast: Cast, regions: None) -> None:
    batch = looked(cast.county_office, TWO[:2], ROWS, state="")
    assert batch.counts["new_household"] == 0
    assert (2, "新户没有脱贫属性") in reasons(batch)
    assert batch.counts["grouped"] == 0


def test_a_running_number_of_rows_tells_no_household(cast: Cast, regions: None) -> None:
    rows = [{**one, "序号": str(place)} for place, one in enumerate(TWO, 1)]
    batch = looked(cast.county_office, rows, SERIAL)
    assert told(batch, "grouped")[0]["zh"].startswith("按户主行")
    every = [{**one, "序号": serial} for one, serial in zip(TWO, "1122", strict=True)]
    assert looked(cast.county_office, every[::-1], SERIAL).counts["grouped"] == 2
