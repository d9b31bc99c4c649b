"""Laws of the readers of single cells, and that the quick column-wise ones agree with them."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fupin.catalogue.schema import code_lists, datasets
from fupin.exchange.reading import columns, values
from fupin.exchange.reading.values import Outcome
from fupin.exchange.tests.files import person
from fupin.kernel import identity
from fupin.kernel.money import plain_yuan

DAYS = st.dates(date(1900, 1, 1), date(2100, 12, 31))
WIDE = str.maketrans("0123456789Xx-/.", "０１２３４５６７８９Ｘｘ－／．")


@given(DAYS, st.sampled_from(["%Y-%m-%d", "%Y/%m/%d", "%Y%m%d", "%Y.%m.%d", "%Y年%m月%d日", "%Y-%m-%d 08:30:00"]))
def test_every_style_of_a_day_reads_as_the_same_day(day: date, style: str) -> None:
    text = day.strftime(style)
    assert values.read_date(text) == Outcome(day)
    assert values.read_date(text.translate(WIDE)) == Outcome(day)


@given(st.integers(20_000, 59_999))
def test_serial_dates_count_from_the_spreadsheets_epoch(serial: int) -> None:
    assert values.read_date(str(serial)).value == date(1899, 12, 30) + timedelta(days=serial)


@pytest.mark.parametrize("text", ["2019/2/30", "2019-13-01", "20190431", "2019年0月1日", "1700-01-01"])
def test_days_that_do_not_exist_are_impossible(text: str) -> None:
    assert values.read_date(text).problem == "impossible_date"


@given(st.integers(-(10**13), 10**13))
def test_money_comes_back_to_the_last_fen(fen: int) -> None:
    text = plain_yuan(fen)
    assert values.money_reader("元")(text).value == fen
    assert values.money_reader("元")(f"￥{text}元".replace("￥-", "-")).value == fen
    assert values.money_reader("万元")(f"{fen // 10**6}.{fen % 10**6:06d}").value == fen if fen >= 0 else True


@pytest.mark.parametrize(
    ("text", "fen"),
    [
        ("1,234.50", 123_450),
        ("1.2万元", 1_200_000),
        ("12万", 12_000_000),
        ("１２．５", 1250),
        ("1.50E+3", 150_000),
        (".5", 50),
    ],
)
def test_amounts_as_people_write_them(text: str, fen: int) -> None:
    assert values.money_reader("元")(text) == Outcome(fen)


@pytest.mark.parametrize("text", ["1,23", "12亩", "1.2.3", "-", "一百", "1e99"])
def test_what_is_no_amount_is_a_problem(text: str) -> None:
    assert values.money_reader("元")(text).problem is not None


@given(st.integers(0, 10_000), st.booleans(), st.sampled_from(["{}", " {} ", "'{}", '="{}"', "{}\t", "\u3000{}"]))
def test_an_id_reads_the_same_however_it_is_dressed(number: int, wide: bool, dress: str) -> None:
    clean = person(number)
    text = dress.format(clean.lower().translate(WIDE) if wide else clean.lower())
    read = values.read_id(values.tidy(text) or "")
    assert read == Outcome(clean)
    assert values.read_id(str(read.value)) == read


@settings(deadline=None)
@given(st.text("0123456789Xx９Ｘ ", min_size=14, max_size=19) | st.integers(0, 9999).map(person))
def test_the_quick_reader_of_ids_agrees_with_the_kernel(text: str) -> None:
    column = datasets()["fi_card"].columns["id_number"]
    read, problem = columns.ColumnReader(column).read(pl.Series("id", [text]))
    told = identity.normalise(text)
    assert read[0] == told.number
    assert (problem[0] is None) == (told.number is not None or told.problem == "missing")


@settings(deadline=None)
@pytest.mark.parametrize("name", ["date", "int", "decimal", "money", "text", "name", "region"])
@given(
    texts=st.lists(
        st.text("0123456789-./:年月日元,张 Ａ１·", max_size=12)
        | DAYS.map(str)
        | DAYS.map(lambda d: d.strftime("%Y%m%d"))
        | DAYS.map(lambda d: f"{d.year}年{d.month}月{d.day}日")
        | st.integers().map(str)
        | st.sampled_from(
            [*sorted(values.NULL_WORDS), "'1.5", "'韦", '="2019-01-01"', "\u3000韦 ", "\ufeff1", "1\u200b", "=1"]
        ),
        max_size=9,
    )
)
def test_quick_readers_agree_with_the_cell_by_cell_ones(name: str, texts: list[str]) -> None:
    column = next(c for d in datasets().values() for c in d.columns.values() if c.type == name and c.unit != "万元")
    read, problems = columns.ColumnReader(column).read(pl.Series("c", texts, dtype=pl.String))
    one = values.reader(column)
    for text, value, problem in zip(texts, read, problems, strict=True):
        tidied = values.tidy(text)
        assert Outcome(value, problem) == (one(tidied) if tidied is not None else values.EMPTY)


@pytest.mark.parametrize("list_id", sorted(code_lists()))
def test_every_code_reads_by_number_and_by_its_chinese_word(list_id: str) -> None:
    read = values.code_reader(list_id)
    for code, (zh, _) in code_lists()[list_id].values.items():
        assert read(code).value == code
        assert read(zh).value == code
        assert read(f"{code}-{zh}").value == code
        assert read(f"{zh}（{code}）").value == code


@pytest.mark.parametrize(
    ("label", "text", "value"),
    [("在岗", "在岗", True), ("旧房拆除", "已拆除", True), ("旧房拆除", "未拆除", False), ("水质达标", "不达标", False),
     ("已改造", "是", True), ("已改造", "N", False), ("已改造", "1.0", True), ("已改造", "也许", None)],
)  # fmt: skip
def test_flags_read_by_yes_and_no_and_by_the_columns_own_words(label: str, text: str, value: bool | None) -> None:
    assert values.flag_reader(label)(text).value is value


@pytest.mark.parametrize("text", ["201902", "2019-02", "2019年2月", "2019/2", "2019-02-28", "43524"])
def test_months_read_as_yyyymm(text: str) -> None:
    assert values.read_month(text) == Outcome(201902)


@pytest.mark.parametrize(
    ("unit", "text", "value"),
    [("亩", "500平方米", 0.75), ("亩", "2.5亩", 2.5), ("亩", "1公顷", 15.0), ("公里", "500米", 0.5),
     ("亩", "500米", None), ("升", "1.5万", 15_000.0), ("公里", "1.5", 1.5), ("", "6.5月", 6.5)],
)  # fmt: skip
def test_the_unit_in_a_cell_is_converted_or_refused(unit: str, text: str, value: float | None) -> None:
    assert values.decimal_reader(unit)(text).value == value


@pytest.mark.parametrize(
    ("unit", "text", "value"),
    [
        ("", "3人", 3),
        ("", "3万", 30_000),
        ("", "3万元", None),
        ("万元", "3万元", 3),
        ("", "3%", None),
        ("", "5千元", None),
    ],
)
def test_the_unit_behind_a_whole_number_is_converted_or_refused(unit: str, text: str, value: int | None) -> None:
    assert values.int_reader(unit)(text).value == value


def test_a_month_cut_off_by_a_spreadsheet_is_refused() -> None:
    assert values.read_month("2020.1").problem == "bad_month"
    assert values.read_month("2020.2").value == 202002
