"""A value of the data as a person reads it in a message: codes become words, 分 become 元."""

from __future__ import annotations

from typing import Any

from fupin.catalogue.schema import code_lists


def value_in_words(value: Any, column: Any, lang: str, absent: tuple[str, str]) -> str:
    """``column``: what says its codes and type, None when nothing does. ``absent``: of a null, in both languages."""
    if value is None:
        return absent[0] if lang == "zh" else absent[1]
    if column is not None and column.codes:
        return code_lists()[column.codes].label(str(value), lang)
    if column is not None and column.type == "money":
        text = f"{value / 100:,.2f}".removesuffix(".00")
        return f"{text}元" if lang == "zh" else f"{text} yuan"
    if isinstance(value, bool):
        return ("是" if value else "否") if lang == "zh" else ("yes" if value else "no")
    return str(value)
