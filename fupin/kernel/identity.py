"""Citizen identity numbers (公民身份号码, GB 11643-1999): check digit, reading what people type, birth date, sex.

No function here puts a number into an error message.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CHECK_DIGITS = "10X98765432"
OLDEST_BIRTH_YEAR = 1850

#: what ``normalise`` can find wrong: code → (zh, en)
PROBLEMS = {
    "missing": ("没有证件号", "no ID number"),
    "placeholder": (
        "占位号码（如前六位为 999999）",
        "a placeholder such as six leading nines",
    ),
    "length": ("位数不是 18 或 15", "not 18 or 15 characters long"),
    "characters": (
        "含有数字和末位 X 以外的字符",
        "holds something other than digits and a final X",
    ),
    "birth_date": ("出生日期不存在", "the birth date in it does not exist"),
    "check_digit": ("校验码错误", "the check digit is wrong"),
}

_BLANKS = re.compile(r"[\s\u200b-\u200f\u2060\ufeff'`‘’\"“”]+")
_NOTHING = frozenset(
    {
        "",
        "无",
        "暂无",
        "无证",
        "无证件",
        "不详",
        "未知",
        "-",
        "--",
        "—",
        "/",
        "NULL",
        "NONE",
        "NAN",
        "N/A",
    }
)
_SHAPE = re.compile(r"[0-9]{17}[0-9X]")
#: GB/T 2260: what the first two digits can be; 82 and 83 stand on residence permits
PROVINCES = frozenset(re.findall("..", "1112131415212223313233343536374142434445465051525354616263646571818283"))
WITH_CARD = (18, 20, 22)  # a disability card is an ID number with two or four digits behind it


@dataclass(frozen=True)
class Identity:
    """Either a valid 18-character number or the code of a problem (a key of PROBLEMS); never both, never neither."""

    number: str | None
    problem: str | None

    def __repr__(self) -> str:
        shown = "None" if self.number is None else "<hidden>"
        return f"Identity(number={shown}, problem={self.problem!r})"


@dataclass(frozen=True)
class NumberFacts:
    """What somebody wrote as his number says, right or wrong; None = it does not say. The number is not in it."""

    length: int | None = None
    check_ok: bool | None = None
    born: date | None = None
    sex: str | None = None
    province_ok: bool | None = None


def number_facts(text: str | None) -> NumberFacts:
    """Of a whole number (or disability card) also when it is wrong; of anything else its length alone."""
    number = "" if text is None else _cleaned(text)
    if number in _NOTHING:
        return NumberFacts()
    length, digits = len(number), number.isascii() and number.isdigit()
    checked: bool | None = None
    if length in WITH_CARD:
        checked = problem_of(number[:18]) is None
    if length == 15 and digits:
        number = from_15_digits(number)
    if len(number) < 18 or not _SHAPE.fullmatch(number[:18]):
        return NumberFacts(length, checked)
    return NumberFacts(length, checked, _date(number[6:14]), sex(number), number[:2] in PROVINCES)


def check_digit(first17: str) -> str:
    """The 18th character for 17 digits (ISO 7064 MOD 11-2). Raises ValueError unless 17 ASCII digits are given."""
    if len(first17) != 17 or not (first17.isascii() and first17.isdigit()):
        raise ValueError("17 digits are needed")
    total = sum(weight * int(digit) for weight, digit in zip(WEIGHTS, first17, strict=True))
    return CHECK_DIGITS[total % 11]


def problem_of(number: str) -> str | None:
    """What is wrong with a number already in canonical writing (18 characters, upper X); None when nothing is."""
    if len(number) != 18:
        return "length"
    if not _SHAPE.fullmatch(number):
        return "characters"
    if number.startswith("999999") or len(set(number[:17])) == 1 or number[0] == "0":
        return "placeholder"
    if _date(number[6:14]) is None:
        return "birth_date"
    return None if check_digit(number[:17]) == number[17] else "check_digit"


def is_valid(number: str) -> bool:
    """True for a canonical 18-character number with a real birth date and the right check digit."""
    return problem_of(number) is None


def normalise(text: str | None) -> Identity:
    """Read what somebody wrote: full-width digits, lower-case x, blanks and quotes, 15-digit numbers (born 19xx)."""
    if text is None:
        return Identity(None, "missing")
    number = _cleaned(text)
    if number in _NOTHING:
        return Identity(None, "missing")
    if number.startswith("999999") or (len(number) >= 15 and len(set(number)) == 1):
        return Identity(None, "placeholder")
    if len(number) == 15:
        if not (number.isascii() and number.isdigit()):
            return Identity(None, "characters")
        number = from_15_digits(number)
    problem = problem_of(number)
    return Identity(None, problem) if problem else Identity(number, None)


def _cleaned(text: str) -> str:
    return _BLANKS.sub("", unicodedata.normalize("NFKC", text)).upper()


def from_15_digits(old: str) -> str:
    """The 18-character form of a first-generation number: the century 19 is put in and the check digit added."""
    first17 = old[:6] + "19" + old[6:]
    return first17 + check_digit(first17)


def birth_date(number: str) -> date:
    """Birth date in a valid number. Raises ValueError when the digits are no date."""
    found = _date(number[6:14])
    if found is None:
        raise ValueError("the ID number holds no valid birth date")
    return found


def sex(number: str) -> str:
    """GB/T 2261.1: "1" male (odd sequence number), "2" female."""
    return "1" if int(number[16]) % 2 else "2"


def _date(digits: str) -> date | None:
    try:
        found = date(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))
    except ValueError:
        return None
    return found if found.year >= OLDEST_BIRTH_YEAR else None


_PHONE = re.compile(r"(\+?86)?1[3-9]\d{9}")


def names_a_person(text: str) -> bool:
    """Whether this is a whole ID number or a mobile number: neither may stand in an address or a log."""
    if normalise(text).number is not None:
        return True
    return _PHONE.fullmatch(re.sub(r"[\s-]", "", unicodedata.normalize("NFKC", text))) is not None
