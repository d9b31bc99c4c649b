"""Units as headings and cells name them, and how one becomes another. Factors are exact."""

from __future__ import annotations

from fractions import Fraction

UNITS = frozenset([
    "元", "万元", "百元", "千元", "亿元", "分", "角", "亩", "公顷", "平方米", "㎡",
    "m2", "m²", "平方公里", "公里", "千米", "km", "米", "m", "里", "千瓦", "kw",
    "马力", "吨", "千克", "公斤", "升", "毫升", "%", "百分比", "‰",
])  # fmt: skip
SAME_UNIT = {
    "㎡": "平方米", "m2": "平方米", "m²": "平方米", "千米": "公里", "km": "公里", "m": "米",
    "kw": "千瓦", "百分比": "%",
}  # fmt: skip
#: (unit in the file, unit of the column) → factor
CONVERSIONS = {
    ("分", "元"): Fraction(1, 100),
    ("角", "元"): Fraction(1, 10),
    ("百元", "元"): Fraction(100),
    ("千元", "元"): Fraction(1000),
    ("万元", "元"): Fraction(10_000),
    ("亿元", "元"): Fraction(10**8),
    ("元", "万元"): Fraction(1, 10_000),
    ("百元", "万元"): Fraction(1, 100),
    ("千元", "万元"): Fraction(1, 10),
    ("亿元", "万元"): Fraction(10_000),
    ("公顷", "亩"): Fraction(15),
    ("平方米", "亩"): Fraction(3, 2000),
    ("亩", "平方米"): Fraction(2000, 3),
    ("米", "公里"): Fraction(1, 1000),
    ("里", "公里"): Fraction(1, 2),
    ("公里", "米"): Fraction(1000),
    ("千克", "吨"): Fraction(1, 1000),
    ("公斤", "吨"): Fraction(1, 1000),
    ("毫升", "升"): Fraction(1, 1000),
    ("‰", "%"): Fraction(1, 10),
}


#: alone behind a number they multiply whatever the column counts in
MULTIPLES = {"万": Fraction(10_000), "亿": Fraction(10**8)}


def factor_to(unit: str, wanted: str) -> Fraction | None:
    """What a number in ``unit`` is multiplied by to be in the unit ``wanted``; None when that makes no sense."""
    unit, wanted = SAME_UNIT.get(unit, unit), SAME_UNIT.get(wanted, wanted)
    if unit == wanted:
        return Fraction(1)
    return CONVERSIONS.get((unit, wanted))
