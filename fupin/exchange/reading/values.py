"""One cell as text → a value, or the code of a problem (see ``reasons``). Pure; the meaning of every cell is said here.

The quick column-wise readers in ``columns`` must agree with these functions (a test holds them to it).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from fractions import Fraction
from functools import cache
from typing import Any

from fupin.catalogue.schema import Column, code_lists
from fupin.exchange.reading.units import MULTIPLES, UNITS, factor_to
from fupin.kernel import identity

NULL_WORDS = frozenset(
    [
        "",
        *[
            "-",
            "--",
            "---",
            "—",
            "——",
            "/",
            "\\",
            "NULL",
            "null",
            "Null",
            "N/A",
            "#N/A",
            "n/a",
            "NaN",
            "nan",
            "None",
            "空",
        ],
    ]
)
_EXCEL_TEXT = re.compile(r'="([^"]*)"')
_EDGES = " \t\r\n\u3000\xa0\u200b\u200c\u200d\u200e\ufeff"  # among them the marks of our own exports
_SPACE = re.compile(r"[\s\u3000\u200b-\u200f\u2060\ufeff]+")
_EPOCH = date(1899, 12, 30)  # day 0 of a spreadsheet's serial dates
_SERIAL = re.compile(r"([2-5]\d{4})(\.\d+)?")
_DAY = re.compile(r"(\d{4})(?:[-/.年](\d{1,2})[-/.月](\d{1,2})日?|(\d{2})(\d{2}))(?:[T ]*\d{1,2}[:时点]\d{1,2}.*)?")
_MONTH = re.compile(r"(\d{4})(?:[-/.年](\d{1,2})月?|(\d{2}))(?:(?:[-/.]?\d{1,2}日?)(?:[T ]*\d{1,2}:\d{1,2}.*)?)?")
#: a spreadsheet shows 2020.10 as 2020.1: October and January cannot be told apart
_CUT_OFF_MONTH = re.compile(r"\d{4}\.1")
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d*)?")
_COUNTERS = frozenset("人户个头只羽年月天次块处")
_UNIT_WORDS = "|".join(sorted(map(re.escape, UNITS | _COUNTERS | MULTIPLES.keys()), key=len, reverse=True))
_AMOUNT = re.compile(rf"([+-]?)(\d*\.?\d*(?:[eE][+-]?\d{{1,2}})?)({_UNIT_WORDS})?", re.IGNORECASE)
_FEN = {
    "分": 1,
    "角": 10,
    "元": 100,
    "百元": 10_000,
    "千元": 100_000,
    "万": 10**6,
    "万元": 10**6,
    "亿": 10**10,
    "亿元": 10**10,
}
_TRUE = frozenset({"是", "有", "1", "y", "yes", "t", "true", "√", "✓", "对", "已", "通"})
_FALSE = frozenset({"否", "无", "0", "n", "no", "f", "false", "×", "✗", "没有", "不是", "未", "不", "错"})
_CODE_NOISE = re.compile(r"[\s()\[\]【】:、,.\-_/|]+")
_BRACKET = re.compile(r"\(([^()]*)\)")
LIMIT = 10**15


@dataclass(frozen=True)
class Outcome:
    """``value`` or ``problem``; neither for an empty cell."""

    value: Any = None
    problem: str | None = None


EMPTY = Outcome()
One = Callable[[str], Outcome]


def tidy(text: str) -> str | None:
    """The cell without blanks at its ends and the marks by which spreadsheets keep text as text; None when empty."""
    found = _EXCEL_TEXT.fullmatch(text.strip())
    plain = (found[1] if found else text).strip(_EDGES).removeprefix("'").strip()
    return None if plain in NULL_WORDS else plain


def ascii_form(text: str) -> str:
    """Full-width digits, letters and signs → ASCII, without any blank."""
    return _SPACE.sub("", unicodedata.normalize("NFKC", text))


def read_id(text: str) -> Outcome:
    plain = ascii_form(text)
    if re.fullmatch(r"\d(\.\d+)?[eE]\+?\d{2}", plain):
        return Outcome(problem="id_scientific")
    found = identity.normalise(plain)
    if found.problem == "missing":
        return EMPTY
    return Outcome(found.number, f"id_{found.problem}" if found.problem else None)


def read_date(text: str) -> Outcome:
    plain = unicodedata.normalize("NFKC", text).strip()
    if serial := _SERIAL.fullmatch(plain):
        return Outcome(_EPOCH + timedelta(days=int(serial[1])))
    found = _DAY.fullmatch(plain) or _DAY.fullmatch(_SPACE.sub("", plain))
    if found is None:
        return Outcome(problem="bad_date")
    year, month, day = int(found[1]), int(found[2] or found[4]), int(found[3] or found[5])
    try:
        return Outcome(date(year, month, day)) if 1850 <= year <= 2200 else Outcome(problem="impossible_date")
    except ValueError:
        return Outcome(problem="impossible_date")


def read_month(text: str) -> Outcome:
    plain = ascii_form(text)
    if serial := _SERIAL.fullmatch(plain):
        day = _EPOCH + timedelta(days=int(serial[1]))
        return Outcome(day.year * 100 + day.month)
    found = _MONTH.fullmatch(plain)
    if found is None or _CUT_OFF_MONTH.fullmatch(plain):
        return Outcome(problem="bad_month")
    year, month = int(found[1]), int(found[2] or found[3])
    good = 1850 <= year <= 2200 and 1 <= month <= 12
    return Outcome(year * 100 + month) if good else Outcome(problem="bad_month")


def _number(text: str) -> tuple[Decimal, str] | None:
    """(exact number, unit word) of a cell; None when it is no number."""
    plain = ascii_form(text).lstrip("¥￥$").removeprefix("人民币").removeprefix("RMB")
    unit = ""
    if (found := _AMOUNT.fullmatch(plain.replace(",", ""))) is None or ("," in plain and not _THOUSANDS.match(plain)):
        return None
    sign, digits, unit = found[1], found[2], (found[3] or "").lower()
    try:
        return Decimal(sign + digits), unit
    except InvalidOperation:
        return None


def money_reader(unit: str, factor: Fraction = Fraction(1)) -> One:
    """分 in a cell; ``unit`` of the column and ``factor`` of the header hold when the cell names no unit itself."""
    per_unit = Fraction(_FEN[unit]) * factor

    def read_money(text: str) -> Outcome:
        number = _number(text)
        if number is None or (number[1] and number[1] not in _FEN):
            return Outcome(problem="bad_number")
        fen = Fraction(number[0]) * (Fraction(_FEN[number[1]]) if number[1] else per_unit)
        if fen.denominator != 1:
            return Outcome(problem="part_of_fen")
        return Outcome(int(fen)) if abs(fen) < LIMIT else Outcome(problem="too_large")

    return read_money


def decimal_reader(unit: str = "", factor: Fraction = Fraction(1)) -> One:
    """At most three decimals, rounded half up; a float only at the very end. A unit in the cell beats the header's."""

    def read_decimal(text: str) -> Outcome:
        number = _number(text)
        own = _own_factor(number[1], unit, factor) if number else None
        if number is None or own is None:
            return Outcome(problem="bad_number")
        if abs(number[0]) >= LIMIT:
            return Outcome(problem="too_large")
        exact = number[0] * own.numerator / own.denominator
        return Outcome(float(exact.quantize(Decimal("0.001"), ROUND_HALF_UP)))

    return read_decimal


def _own_factor(named: str, unit: str, factor: Fraction) -> Fraction | None:
    """From the unit that the cell names (the header's ``factor`` when it names none) to the column's; None = no way."""
    if not named or named in _COUNTERS:
        return factor
    if named in MULTIPLES:
        return MULTIPLES[named] * factor
    return factor_to(named, unit)


def int_reader(unit: str = "") -> One:
    """Whole numbers; words that count things (人, 户, 头 …) may follow, another unit must fit the column's."""

    def read_int(text: str) -> Outcome:
        number = _number(text)
        own = _own_factor(number[1], unit, Fraction(1)) if number else None
        if number is None or own is None:
            return Outcome(problem="bad_number")
        if abs(number[0]) >= LIMIT:
            return Outcome(problem="too_large")
        exact = Fraction(number[0]) * own
        return Outcome(int(exact)) if exact.denominator == 1 else Outcome(problem="not_whole")

    return read_int


def flag_reader(label: str) -> One:
    """是/否 in many forms; also the column's own words (在岗 in a column 在岗) and their opposite (未拆除, 不达标)."""

    def read_flag(text: str) -> Outcome:
        plain = ascii_form(text).casefold().removesuffix(".0")
        if plain in _TRUE or plain in _FALSE:
            return Outcome(plain in _TRUE)
        rest = re.sub(r"^(不|未|无|非|没有|没|否)", "", plain)
        if rest and (rest.removeprefix("已") in label or label in rest):
            return Outcome(rest == plain)
        return Outcome(problem="bad_flag")

    return read_flag


def read_region(text: str) -> Outcome:
    plain = ascii_form(text).removesuffix(".0").replace("-", "")
    if not (plain.isascii() and plain.isdigit() and len(plain) in (2, 4, 6, 9, 12, 15)):
        return Outcome(problem="bad_region")
    return Outcome(plain)


def read_name(text: str) -> Outcome:
    """Names of people: no blanks between Chinese characters, one kind of dot between the parts of a minority name."""
    plain = unicodedata.normalize("NFKC", text)
    plain = re.sub(r"[·•・‧∙⋅●.．]", "·", plain) if not plain.isascii() else plain
    plain = _SPACE.sub(" " if plain.isascii() else "", plain).strip()
    return Outcome(plain) if plain else EMPTY


def read_text(text: str) -> Outcome:
    """Full-width digits and letters become ASCII, Chinese punctuation stays."""
    plain = re.sub(r"[０-９Ａ-Ｚａ-ｚ－]", lambda hit: chr(ord(hit[0]) - 0xFEE0), text)
    plain = _SPACE.sub(" ", plain).strip()
    return Outcome(plain) if plain else EMPTY


def _code_form(text: str) -> str:
    return _CODE_NOISE.sub("", unicodedata.normalize("NFKC", text)).casefold()


@cache
def code_words(list_id: str) -> dict[str, str]:
    """Every accepted spelling → code. A spelling that two codes share is not accepted."""
    values = code_lists()[list_id].values
    sure: dict[str, str] = {}
    maybe: dict[str, set[str]] = {}
    for code, labels in values.items():
        for word in (code, *labels):
            sure.setdefault(_code_form(word), code)
    width = max(map(len, values))
    for code, (zh, en) in values.items():
        inner = _BRACKET.findall(unicodedata.normalize("NFKC", zh))
        outer = _BRACKET.sub("", unicodedata.normalize("NFKC", zh))
        words = [code.lstrip("0") or "0", code.zfill(width), code.zfill(2), code + ".0", outer, *inner]
        words += [code + zh, zh + code, code + en, code + outer]
        words += [zh[:-1]] if zh.endswith("族") else [f"{code}级"] if zh.endswith("级") else []
        for word in words:
            maybe.setdefault(_code_form(word), set()).add(code)
    return {**{word: next(iter(codes)) for word, codes in maybe.items() if len(codes) == 1}, **sure}


def code_reader(list_id: str) -> One:
    words = code_words(list_id)

    def read_code(text: str) -> Outcome:
        code = words.get(_code_form(text))
        return Outcome(code) if code is not None else Outcome(problem="unknown_code")

    return read_code


def reader(column: Column, factor: Fraction = Fraction(1)) -> One:
    """The function that reads one non-empty, tidied cell of this column; what is still a formula is a problem."""
    one = _reader(column, factor)
    return lambda text: Outcome(problem="formula") if text[:1] == "=" and len(text) > 1 else one(text)


def _reader(column: Column, factor: Fraction) -> One:
    if column.type == "money":
        return money_reader(column.unit or "元", factor)
    if column.type == "decimal":
        return decimal_reader(column.unit or "", factor)
    if column.type == "int":
        return int_reader(column.unit or "")
    if column.type == "flag":
        return flag_reader(ascii_form(column.zh))
    if column.type == "code" and column.codes:
        return code_reader(column.codes)
    plain: dict[str, One] = {
        "idcard": read_id, "date": read_date, "month": read_month, "region": read_region,
        "name": read_name,
    }  # fmt: skip
    return plain.get(column.type, read_text)
