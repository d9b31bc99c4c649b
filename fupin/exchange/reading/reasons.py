"""Why a row was quarantined, in words. A cell is quoted only when no ID number can be in it."""

from __future__ import annotations

import re
import unicodedata

from fupin.catalogue.schema import Column, code_lists
from fupin.kernel import identity

#: code → (zh, en); {zh} and {name} are the column, {cell} the quoted cell or nothing, {limit} a limit or list
_WORDS: dict[str, tuple[str, str]] = {
    "missing": ("“{zh}”必填，但是空的", "{name} is required but empty"),
    "bad_date": ("“{zh}”不是日期{cell}，请写成 2019-02-28", "{name} is not a date{cell}; write it like 2019-02-28"),
    "impossible_date": ("“{zh}”没有这一天{cell}", "{name} is a day that does not exist{cell}"),
    "future_date": ("“{zh}”晚于数据截止日{cell}", "{name} lies after the cut-off date{cell}"),
    "bad_month": ("“{zh}”不是月份{cell}，请写成 2019-02", "{name} is not a month{cell}; write it like 2019-02"),
    "bad_number": ("“{zh}”不是数字{cell}", "{name} is not a number{cell}"),
    "not_whole": ("“{zh}”应为整数{cell}", "{name} should be a whole number{cell}"),
    "part_of_fen": ("“{zh}”不足一分的部分无法入账{cell}", "{name} holds a part of a 分{cell}"),
    "too_large": ("“{zh}”数值过大{cell}", "{name} is too large{cell}"),
    "below_min": ("“{zh}”小于下限 {limit}{cell}", "{name} is below {limit}{cell}"),
    "above_max": ("“{zh}”大于上限 {limit}{cell}", "{name} is above {limit}{cell}"),
    "bad_flag": ("“{zh}”应填“是”或“否”{cell}", "{name} should be 是 or 否{cell}"),
    "bad_region": ("“{zh}”不是区划代码{cell}", "{name} is not a region code{cell}"),
    "unknown_code": (
        "“{zh}”不在代码表中{cell}，可填：{limit}",
        "{name} is not in the code list{cell}; one of: {limit}",
    ),
    "formula": ("“{zh}”是公式，请改填数值", "{name} is a formula; fill in its value"),
    "id_scientific": (
        "“{zh}”被表格软件变成了科学计数法，后几位已丢失，请设为文本格式后重填",
        "{name} was turned into scientific notation and lost its last digits; format it as text",
    ),
    "too_many_cells": (
        "这一行比表头多出几格，可能少了引号",
        "the row has more cells than the header; a quote may be missing",
    ),
    "merged": ("这一行有合并单元格，请取消合并并填好", "the row has merged cells; unmerge and fill them in"),
    "totals_row": ("合计行，不是数据", "a totals row, not data"),
    "repeated_header": ("重复的表头，不是数据", "the header repeated, not data"),
    "superseded": (
        "与第 {limit} 行的主键相同而内容不同，已采用后面一行",
        "same key as row {limit} with other content; the later row was taken",
    ),
}
_QUOTABLE = frozenset({"date", "month", "int", "decimal", "money", "flag", "region", "code"})
_LONG_DIGITS = re.compile(r"\d{11,}")


def reason_title(code: str) -> tuple[str, str]:
    """The reason without its column and cell, as a heading (zh, en); the code itself when it has no words here."""
    if code.startswith("id_") and code not in _WORDS:
        return identity.PROBLEMS.get(code.removeprefix("id_"), (code, code))
    zh, en = _WORDS.get(code, (code, code))
    return zh.format(zh="该列", cell="", limit="…").replace("“该列”", "该列"), en.format(
        name="the column", cell="", limit="…"
    )


def reason(code: str, column: Column | None, cell: str | None = None, limit: str = "") -> tuple[str, str]:
    """(zh, en), at most 300 characters each."""
    if code.startswith("id_") and code not in _WORDS:
        zh, en = identity.PROBLEMS[code.removeprefix("id_")]
        words = (f"“{{zh}}”{zh}", f"{{name}}: {en}")
    else:
        words = _WORDS[code]
    shown = _quotable(cell, column)
    limit_zh, limit_en = (limit, limit) if code != "unknown_code" or column is None else _labels(column)
    zh_name, en_name = (column.zh, column.en or column.name) if column else ("", "")
    told_zh = words[0].format(zh=zh_name, cell=f"（{shown}）" if shown else "", limit=limit_zh)
    told_en = words[1].format(name=en_name, cell=f" ({shown})" if shown else "", limit=limit_en)
    return told_zh[:300], told_en[:300]


def _quotable(cell: str | None, column: Column | None) -> str:
    if not cell or column is None or column.type not in _QUOTABLE or column.pii == "sensitive":
        return ""
    plain = re.sub(r"[\s\-_.]+", "", unicodedata.normalize("NFKC", cell))
    return "" if _LONG_DIGITS.search(plain) else cell.strip()[:20]


def _labels(column: Column) -> tuple[str, str]:
    values = code_lists()[column.codes].values
    zh = "、".join(f"{code} {labels[0]}" for code, labels in list(values.items())[:8])
    en = ", ".join(f"{code} {labels[1]}" for code, labels in list(values.items())[:8])
    more = "…" if len(values) > 8 else ""
    return zh + more, en + more
