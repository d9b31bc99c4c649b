"""Money as whole 分 (1/100 yuan): text is read and written without rounding."""

from __future__ import annotations

import unicodedata
from decimal import Decimal, InvalidOperation

#: 分 in one unit, by the words that may follow an amount
UNITS = {"分": 1, "元": 100, "万元": 1_000_000, "亿元": 10_000_000_000}


def parse_yuan(text: str, unit: str = "元") -> int:
    """分 in an amount such as "1,234.56", "￥12", "1.5万元", "１２３"; ``unit`` holds when the text names none.

    Raises ValueError for what is not a number and for parts of a 分 (nothing is rounded away in silence).
    """
    plain = unicodedata.normalize("NFKC", text).strip().lstrip("¥").replace(",", "").replace(" ", "")
    for word in ("亿元", "万元", "元", "分"):
        if plain.endswith(word):
            plain, unit = plain[: -len(word)], word
            break
    try:
        amount = Decimal(plain) * UNITS[unit]
    except InvalidOperation as error:
        raise ValueError(f"{text!r} is not an amount of money") from error
    if not amount.is_finite() or amount != amount.to_integral_value():
        raise ValueError(f"{text!r} is not a whole number of 分")
    return int(amount)


def plain_yuan(fen: int) -> str:
    """123456 → "1234.56": for files and machines."""
    return f"{'-' if fen < 0 else ''}{abs(fen) // 100}.{abs(fen) % 100:02d}"


def format_yuan(fen: int) -> str:
    """123456 → "1,234.56"; exact for any size."""
    return f"{'-' if fen < 0 else ''}{abs(fen) // 100:,}.{abs(fen) % 100:02d}"
