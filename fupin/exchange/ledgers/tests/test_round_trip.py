"""Out and in again: nothing differs; in and out again: the same codes, to the byte."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from fupin.accounts.api import Deed, User
from fupin.accounts.tests.fixtures import COUNTY, OTHER_VILLAGE, Cast
from fupin.catalogue.ledgers import layouts
from fupin.exchange.ledgers.mapping import ColumnMap
from fupin.exchange.ledgers.planning import KINDS
from fupin.exchange.ledgers.queries import layout_for, mappings_for
from fupin.exchange.ledgers.services import LedgerFile, receive_ledger, say_columns
from fupin.exchange.ledgers.tests.books import (
    AB01_HEAD,
    AC01_HEAD,
    AS_OF,
    HOME,
    NEXT,
    YEAR,
    applied,
    as_csv,
    as_xlsx,
    confirmed,
    home_row,
    looked_at,
    person_row,
    two_homes,
)
from fupin.exchange.ledgers.work import order_apply, run_apply, run_plan
from fupin.registry import api as registry
from fupin.registry.api import Household, LedgerOrder, Person, Survey

pytestmark = pytest.mark.django_db(transaction=True)
NUMBERS = ("AAB004", "AAR012", "AAC004")


def exported(by: User, layout: str, form: str = "csv", full: bool = True) -> LedgerFile:
    order = LedgerOrder(layouts()[layout], COUNTY, YEAR, {})
    _receipt, rows = registry.export_now(by=by, order=order, full=full, reason="报送上级系统" if full else "")
    table = [rows.columns, *(["" if cell is None else cell for cell in row] for row in rows.iter_rows())]
    return as_csv(f"{layout}.csv", table) if form == "csv" else as_xlsx(f"{layout}.xlsx", {layout: table})


def cells(file: LedgerFile) -> list[dict[str, str]]:
    text = file.stream.read().decode("utf-8-sig")
    file.stream.seek(0)
    return list(csv.DictReader(io.StringIO(text)))


def said(head: list[str], rows: list[list[str]], key: str) -> Iterator[Mapping[str, str]]:
    yield from sorted((dict(zip(head, row, strict=True)) for row in rows), key=lambda row: row[key])


def same_codes(head: list[str], rows: list[list[str]], out: LedgerFile, key: str) -> None:
    """Every column of the file but the numbers and the marked name comes out as it went in."""
    found = sorted(cells(out), key=lambda row: row[key])
    for went_in, came_out in zip(said(head, rows, key), found, strict=True):
        kept = [name for name in head if name not in (*NUMBERS, "AAB002")]
        assert {name: came_out[name] for name in kept} == {name: went_in[name] for name in kept}


def test_codes_come_out_as_they_came_in_translated_or_not(cast: Cast, regions: None) -> None:
    homes = [home_row(AAC007="77", AAC016="2019"), home_row(NEXT, OTHER_VILLAGE, AAC009="是", AAC012="")]
    people = [person_row(1, AAB007="88", AAB017="1"), person_row(2, AAB010="", AAB015="4"), person_row(1, NEXT)]
    people[2][4] = person_row(9)[4]
    batch = applied(cast.county_office, [as_csv("a", [AC01_HEAD, *homes]), as_csv("b", [AB01_HEAD, *people])])
    assert batch.state == "applied", batch.problem
    same_codes(AC01_HEAD, homes, exported(cast.county_office, "ac01"), "AAC001")
    same_codes(AB01_HEAD, people, exported(cast.county_office, "ab01"), "AAB001")


def test_a_kept_code_gives_way_when_the_figure_changes(cast: Cast, regions: None) -> None:
    applied(cast.county_office, [*two_homes(), as_csv("b", [AB01_HEAD, person_row(4, AAB017="1")])])
    assert cells(exported(cast.county_office, "ab01"))[-2]["AAB017"] == "1"
    Person.objects.filter(pk=f"{HOME}04").update(health="02")
    out = {row["AAB001"]: row["AAB017"] for row in cells(exported(cast.county_office, "ab01"))}
    assert out[f"{HOME}04"] == "02"


def test_what_was_written_out_says_nothing_new(cast: Cast, regions: None) -> None:
    applied(cast.county_office, two_homes())
    wanted = dict.fromkeys(KINDS, 0)
    for layout, form in (("ac01", "csv"), ("ab01", "xlsx"), ("ab02", "csv"), ("persons26", "xlsx")):
        batch = looked_at(cast.county_office, [exported(cast.county_office, layout, form)])
        assert batch.state == "ready", batch.problem
        assert {name: batch.counts[name] for name in wanted} == wanted, layout


def test_yearly_tables_go_in_and_out(cast: Cast, regions: None) -> None:
    applied(cast.county_office, two_homes())
    land = [["AAC001", "AAC301", "AAC302", "AAC084", "AAR040"], [HOME, "3.50", "1", "1", "2025"]]
    living = [["AAC001", "AAC312", "AAC316", "AAC318", "AAR040"], [HOME, "0", "03", "1", "2025"]]
    income = [["AAC001", "AAC071", "AAC082", "AAR040"], [HOME, "5000", "12345.6", "2025"]]
    book = as_xlsx("年度.xlsx", {"AC30": land, "AC31": living, "AC07": income})
    batch = applied(cast.county_office, [book])
    assert batch.state == "applied", batch.problem
    survey = Survey.objects.get(household_id=HOME, year=2025)
    assert (survey.cooperative, survey.water_safe, survey.road_type) == (True, False, "03")
    assert survey.farmland_mu == Decimal("3.5")
    assert survey.declared_income_head == 1_234_560
    for layout, rows in (("ac30", land), ("ac31", living), ("ac07", income)):
        order = LedgerOrder(layouts()[layout], COUNTY, 2025, {})
        _receipt, out = registry.export_now(by=cast.county_office, order=order)
        (line,) = out.iter_rows(named=True)
        assert {name: line[name] for name in rows[0]} == dict(zip(rows[0], rows[1], strict=True))


def test_full_numbers_need_a_reason_and_are_recorded(cast: Cast, regions: None) -> None:
    applied(cast.county_office, two_homes())
    order = LedgerOrder(layouts()["ab01"], COUNTY, YEAR, {})
    with pytest.raises(Exception, match="须写明理由"):
        registry.export_now(by=cast.county_office, order=order, full=True)
    masked = cells(exported(cast.county_office, "ab01", full=False))[0]["AAB004"]
    assert masked.count("*") == 8
    assert cells(exported(cast.county_office, "ab01"))[0]["AAB004"] == person_row(1)[4]
    assert Deed.objects.filter(verb="export_ledger_full", reason="报送上级系统").count() == 1


def test_a_deed_that_is_not_committed_opens_no_number(cast: Cast, regions: None) -> None:
    applied(cast.county_office, two_homes())
    order = LedgerOrder(layouts()["ab01"], COUNTY, YEAR, {})
    with transaction.atomic():
        receipt = registry.ask_export(by=cast.county_office, order=order, full=True, reason="报送上级系统")
        assert registry.export_rows(order, receipt)["AAB004"].null_count() == 4


#: an example takes seconds: a failing one is told as it is
UNSHRUNK = [Phase.explicit, Phase.reuse, Phase.generate]
#: no empty cells: one empties nothing, and the examples share their persons
codes = {
    "AAB003": st.sampled_from(["1", "2", "9", "男"]), "AAB006": st.sampled_from(["02", "03", "20", "99", "之子"]),
    "AAB007": st.sampled_from(["01", "06", "54", "57", "苗族"]), "AAB008": st.sampled_from(["01", "1", "本科"]),
    "AAB009": st.sampled_from(["01", "16", "17"]), "AAB010": st.sampled_from(["04", "05", "弱劳动力"]),
    "AAB011": st.sampled_from(["04", "99"]), "AAB012": st.sampled_from(["0", "12", "06"]),
    "AAB017": st.sampled_from(["01", "03,04", "健康"]), "AAB019": st.sampled_from(["0", "1", "是"]),
}  # fmt: skip


@settings(max_examples=3, phases=UNSHRUNK, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.fixed_dictionaries(codes), min_size=1, max_size=8))
def test_any_codes_come_back_to_the_byte(cast: Cast, regions: None, rows: list[dict[str, Any]]) -> None:
    rows = [{**rows[0], "AAB006": "01"}, *rows[1:]]  # one head: a second one is refused
    people = [person_row(place, **values) for place, values in enumerate(rows, 1)]
    batch = applied(cast.county_office, [as_csv("a", [AC01_HEAD, home_row()]), as_csv("b", [AB01_HEAD, *people])])
    assert batch.state in ("applied", "ready"), batch.problem
    same_codes(AB01_HEAD, people, exported_of(cast.county_office, people), "AAB001")
    again = looked_at(cast.county_office, [exported(cast.county_office, "ab01")])
    assert again.counts["changed"] == 0
    assert Household.objects.count() == 1


def exported_of(by: User, people: list[list[str]]) -> LedgerFile:
    """Those persons only: earlier examples left others in the same household."""
    wanted = {row[0] for row in people}
    rows = [row for row in cells(exported(by, "ab01")) if row["AAB001"] in wanted]
    return as_csv("out", [list(rows[0]), *(list(row.values()) for row in rows)])


#: a provincial list: own headings, own order, words, a column that is only kept, one that is not read
LIST = {
    "户主姓名": "group.head", "乡镇意见": "", "联系人": "", "身份证": "persons.id_number", "编码": "persons.person_id",
    "户码": "persons.household_id", "名字": "persons.name", "关系": "persons.relation", "身体": "persons.health",
    "学历": "persons.education", "民族": "persons.ethnicity", "收入": "survey.declared_income_head",
}  # fmt: skip
KEPT, UNREAD = "乡镇意见", "联系人"
words = {
    "关系": st.sampled_from(["之子", "长子", "表叔", "99"]),
    "身体": st.sampled_from(["健康", "良好", "患有大病,残疾"]),
    "学历": st.sampled_from(["小学", "本科", "私塾", "06"]),
    "民族": st.sampled_from(["汉族", "壮族", "壮", "穿青人"]),
    "收入": st.sampled_from(["3500", "3500.00", "0.5", "12,345.60", ""]),
    # a cell that begins like a formula is refused with its row
    KEPT: st.text('同意不=\\"0１', min_size=1, max_size=6).filter(lambda text: not text.startswith("=")),
}


def listed(rows: list[dict[str, str]]) -> list[list[str]]:
    """As the list has them: whole numbers, and what each row says."""
    own = [
        {"户主姓名": "韦二妹", UNREAD: "某某", "身份证": person_row(place)[4], "编码": f"{HOME}{place:02d}",
         "户码": HOME, "名字": person_row(place)[2], **row}
        for place, row in enumerate(rows, 1)
    ]  # fmt: skip
    return [list(LIST), *([row[name] for name in LIST] for row in own)]


@settings(max_examples=3, phases=UNSHRUNK, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.fixed_dictionaries(words), min_size=2, max_size=6))
def test_any_words_come_back_by_a_saved_mapping(cast: Cast, regions: None, rows: list[dict[str, str]]) -> None:
    by, table = (
        cast.county_office,
        listed([{**row, "关系": "户主" if not place else row["关系"]} for place, row in enumerate(rows)]),
    )
    applied(by, [as_csv("a", [AC01_HEAD, home_row()])])
    columns = [ColumnMap(name, field, keep=name == KEPT) for name, field in LIST.items()]
    batch = receive_ledger(
        by=by,
        files=[as_xlsx("名单.xlsx", {"名单": table})],
        region="450124",
        as_of=AS_OF,
        year=YEAR,
        in_background=False,
    )
    if batch.state == "mapping":  # later examples are known by their headings
        say_columns(
            by=by, batch_id=batch.pk, number=0, columns=columns, row="person", save_as="县名单", in_background=False
        )
    confirmed(by, run_plan(batch.pk))
    order_apply(by=by, batch_id=batch.pk, in_background=False)
    done = run_apply(batch.pk)
    assert done.state == "applied", done.problem
    saved = mappings_for(by, "450124")[-1]
    layout, writes = layout_for(by, f"m{saved.pk}")
    order = LedgerOrder(layout, COUNTY, YEAR, writes)
    _receipt, out = registry.export_now(by=by, order=order, full=True, reason="报送上级系统")
    assert out.columns == table[0]
    came_out = {row["编码"]: row for row in out.iter_rows(named=True)}
    for line in table[1:]:
        went_in = dict(zip(table[0], line, strict=True))
        assert {key: cell or "" for key, cell in came_out[went_in["编码"]].items()} == {**went_in, UNREAD: ""}
