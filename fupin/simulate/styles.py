"""How each department writes its files: every office has its habits."""

from __future__ import annotations

from dataclasses import dataclass, replace

#: longer data sets come as text
XLSX_ROWS = 20_000


@dataclass(frozen=True)
class Style:
    """``date``: a strftime pattern, "serial" (days of a spreadsheet) or "cell" (a real date cell).

    ``code``: "code", "label" or "spaced" (label with spaces). ``money``: "plain", "thousands" or "short" (no cents when
    whole). ``swapped``: the columns stand in another order than in the catalogue.
    """

    xlsx: bool = False
    encoding: str = "utf-8"
    bom: bool = False
    separator: str = ","
    crlf: bool = False
    title: bool = False
    alias: int = 0
    date: str = "%Y-%m-%d"
    month: str = "%Y%m"
    code: str = "code"
    flag: tuple[str, str] = ("是", "否")
    money: str = "plain"
    total: bool = False
    numbered: bool = False
    swapped: bool = True
    small_x: bool = False


CHINESE_DATE = "%Y年%-m月%-d日"
SLASHES = "%Y/%-m/%-d"

STYLES: dict[str, Style] = {
    "agriculture": Style(
        encoding="gb18030", crlf=True, title=True, alias=1, date=CHINESE_DATE, code="label", total=True, numbered=True
    ),
    "banking": Style(xlsx=True, date="cell", code="label", money="thousands", total=True),
    "civil_affairs": Style(xlsx=True, title=True, alias=1, date="cell", code="label", small_x=True, total=True),
    "disabled_federation": Style(bom=True, date=SLASHES, code="label", alias=2, small_x=True),
    "education": Style(bom=True, crlf=True, date=SLASHES, code="label", flag=("是", "否"), alias=4),
    "finance": Style(
        encoding="gb18030", crlf=True, date="%Y%m%d", code="label", money="thousands", total=True, alias=3
    ),
    "forestry": Style(xlsx=True, title=True, date="serial", money="short", total=True),
    "health": Style(separator=";", date="%Y-%m-%d", code="code", flag=("1", "0"), alias=1),
    "housing": Style(xlsx=True, date="cell", code="label", flag=("是", "否"), alias=1),
    "human_resources": Style(
        encoding="gb18030", separator="\t", date="%Y-%m-%d", month="%Y-%m", code="label", flag=("有", "无")
    ),
    "market_regulation": Style(bom=True, date="serial", code="spaced", small_x=True, money="short"),
    "medical_insurance": Style(date="%Y%m%d", code="code", flag=("1", "0"), money="short"),
    "natural_resources": Style(encoding="gb18030", date=CHINESE_DATE, code="spaced", flag=("是", "否")),
    "public_security": Style(encoding="gb18030", date="%Y%m%d", code="code", crlf=True),
    "relocation": Style(xlsx=True, title=True, date="cell", code="label", numbered=True, total=True),
    "statistics": Style(xlsx=True, title=True, money="thousands", flag=("有", "无")),
    "taxation": Style(encoding="gb18030", crlf=True, code="label", money="thousands", total=True, alias=1),
    "transport": Style(xlsx=True, date=SLASHES, flag=("是", "否"), alias=1),
    "water": Style(bom=True, title=True, code="label", flag=("Y", "N"), alias=1, numbered=True),
}

#: data sets that come otherwise than their department's others
OVERRIDES: dict[str, dict[str, object]] = {
    "ps_vehicles": {"code": "label", "date": SLASHES, "alias": 1},
    "ps_changes": {"code": "label", "date": CHINESE_DATE, "separator": "\t"},
    "ca_marriages": {"xlsx": False, "encoding": "gb18030", "title": False},
    "ca_subsistence": {"xlsx": False, "bom": True, "title": True, "date": CHINESE_DATE, "money": "thousands"},
    "ed_loans": {"xlsx": True, "date": "cell"},
    "fi_payroll": {"xlsx": True, "date": "cell", "encoding": "utf-8"},
    "hr_posts": {"xlsx": True, "date": SLASHES, "encoding": "utf-8", "separator": ","},
    "hr_pension": {"month": "%Y年%-m月", "flag": ("true", "false")},
    "mi_settlements": {"separator": "\t", "money": "plain", "date": "%Y-%m-%d"},
    "tp_roads": {"title": True},
}


def style_of(dataset: str, department: str, rows: int) -> Style:
    """The style of a file of this data set; too long for a spreadsheet → the same as text."""
    style = replace(STYLES[department], **OVERRIDES.get(dataset, {}))  # type: ignore[arg-type]
    if style.xlsx and rows > XLSX_ROWS:
        style = replace(style, xlsx=False, bom=True)
    if not style.xlsx and style.date == "cell":
        style = replace(style, date="%Y-%m-%d")
    return style
