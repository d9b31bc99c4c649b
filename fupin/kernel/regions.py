"""Administrative divisions: the code of an ancestor is a prefix of the code of its descendants.

Source: GB/T 2260 (province, city, county) and the 12-digit statistical codes (town, village); a group (村民小组) has
no national code and gets three local digits.
"""

from __future__ import annotations

#: digits of a code by level: 1 province … 6 group
DIGITS = {1: 2, 2: 4, 3: 6, 4: 9, 5: 12, 6: 15}
LEVELS = {digits: level for level, digits in DIGITS.items()}
LEVEL_NAMES = {
    1: ("省", "province"),
    2: ("市", "city"),
    3: ("县（区）", "county"),
    4: ("乡镇", "town"),
    5: ("行政村", "village"),
    6: ("村民小组", "group"),
}
PROVINCE, CITY, COUNTY, TOWN, VILLAGE, GROUP = LEVEL_NAMES


def is_code(code: str) -> bool:
    """True for 2, 4, 6, 9, 12 or 15 ASCII digits."""
    return len(code) in LEVELS and code.isascii() and code.isdigit()


def level_of(code: str) -> int:
    """1 province … 6 group. Raises ValueError for anything that is not a region code."""
    if not is_code(code):
        raise ValueError(f"{code!r} is not a region code: it must have 2, 4, 6, 9, 12 or 15 digits")
    return LEVELS[len(code)]


def parent(code: str) -> str | None:
    """The code one level up; None for a province."""
    level = level_of(code)
    return None if level == PROVINCE else code[: DIGITS[level - 1]]


def ancestors(code: str) -> list[str]:
    """Codes from the province down to the parent; empty for a province."""
    return [code[: DIGITS[level]] for level in range(1, level_of(code))]


def at_level(code: str, level: int) -> str:
    """The ancestor (or the code itself) at a level. Raises ValueError when the code lies above that level."""
    if level > level_of(code):
        raise ValueError(f"{code!r} lies above level {level}")
    return code[: DIGITS[level]]


def level_name(level: int, lang: str = "zh") -> str:
    """The name of a level, ``lang`` zh or en."""
    return LEVEL_NAMES[level][0 if lang == "zh" else 1]
