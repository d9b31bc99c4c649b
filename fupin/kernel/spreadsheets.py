"""Cells that a spreadsheet must take as they are: it would run formulas and round long numbers."""

from __future__ import annotations

import re

BOM = b"\xef\xbb\xbf"  # tells Excel that a CSV is UTF-8
_LONG_NUMBER = re.compile(r"\d{12,}[\dXx]*")
_NUMBER = re.compile(r"[+-]?\d[\d,]*(\.\d+)?%?")
_FORMULA = "=+-@\t\r\n＝＋－＠"  # full-width signs begin a formula, too, in Chinese and Japanese editions


def safe_cell(text: str) -> str:
    """Kept as text by a spreadsheet: long numbers keep their digits (a tab behind), formulas do not run.

    The door takes tab and apostrophe off again.
    """
    if _LONG_NUMBER.fullmatch(text):
        return text + "\t"
    risky = text.lstrip(" \u3000").startswith(tuple(_FORMULA)) or text.startswith(("\t", "\r", "\n"))
    return f"'{text}" if risky and not _NUMBER.fullmatch(text) else text
