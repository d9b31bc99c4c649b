"""What the office gives out: which sets there are and their fields. Pure.

The household always goes as a pseudonym of the agreement and with its county, so that rows can be told apart and
sorted; everything else only where the agreement names it. No set has a name, an ID number, a phone or an address.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fupin.catalogue.schema import Column, datasets, departments

OFFICE = "office"
OFFICE_NAMES = ("扶贫办", "poverty office")
COUNTY_DIGITS = 6
HASHES = ("finding",)  # fields whose values could be traced back by whoever tries all household numbers


@dataclass(frozen=True)
class OutgoingSet:
    """``event``: its type in a message. ``own``: only what the taker's own data raised."""

    id: str
    zh: str
    en: str
    event: str
    columns: Mapping[str, Column]
    own: bool = False


def _columns(*said: tuple[str, str, str, str]) -> dict[str, Column]:
    return {name: Column(name, zh, "text", en, pii=pii) for name, zh, en, pii in said}


_VILLAGE = ("village", "村代码", "village code", "none")
_NUMBER = ("household_number", "户编号", "household number", "personal")
_FINDING = _columns(
    ("finding", "疑点编号", "finding", "none"),
    ("rule", "规则", "rule", "none"),
    ("title", "疑点名称", "title of the rule", "none"),
    ("severity", "严重程度", "severity", "none"),
    ("direction", "方向", "direction", "none"),
    ("topic", "主题", "topic", "none"),
    ("rows", "涉及行数", "rows concerned", "none"),
    _VILLAGE,
    _NUMBER,
)
_CHANGE = _columns(
    ("state", "脱贫属性", "state", "personal"),
    ("state_before", "原脱贫属性", "state before", "personal"),
    ("band", "指数分档", "band", "personal"),
    ("band_before", "原指数分档", "band before", "personal"),
    ("low", "指数下限", "index, lower bound", "personal"),
    ("high", "指数上限", "index, upper bound", "personal"),
    _VILLAGE,
    _NUMBER,
)
OUTGOING: Mapping[str, OutgoingSet] = {
    one.id: one
    for one in (
        OutgoingSet("own_findings", "本部门数据引出的疑点", "findings raised from the taker's own data",
                    "findings.raised", _FINDING, own=True),
        OutgoingSet("findings", "全部疑点", "all findings", "findings.raised", _FINDING),
        OutgoingSet("household_changes", "农户状态变化", "changes of households", "households.changed", _CHANGE),
    )
}  # fmt: skip


def set_names(dataset: str) -> tuple[str, str]:
    """Name of a data set of the catalogue or of an outgoing one (zh, en); the id when neither knows it."""
    known = OUTGOING.get(dataset) or datasets().get(dataset)
    return (known.zh, known.en) if known else (dataset, dataset)


def side_names(side: str) -> tuple[str, str]:
    """Name of a side of an agreement (zh, en)."""
    return OFFICE_NAMES if side == OFFICE else departments().get(side, (side, side))


def columns_of(dataset: str) -> Mapping[str, Column]:
    """The fields an agreement over this set may name; none for an unknown one."""
    known = OUTGOING.get(dataset) or datasets().get(dataset)
    return known.columns if known else {}


def let_out(row: Mapping[str, Any], allowed: list[str], key: bytes) -> dict[str, Any]:
    """Of a row what may leave: the pseudonym, the county, and the fields that were agreed.

    ``row`` holds ``household_number`` and ``village`` beside the set's fields. A finding's own id is a plain hash over
    the household's number, which can be found by trying all numbers: it goes as a pseudonym, too.
    """
    shown = {name: pseudonym(row[name], key) if name in HASHES else row[name] for name in allowed}
    return {"household": pseudonym(row["household_number"], key), "county": row["village"][:COUNTY_DIGITS], **shown}


def pseudonym(what: str, key: bytes) -> str:
    """The same household is the same under one agreement and another under every other."""
    return hmac.digest(key, what.encode(), hashlib.sha256).hex()[:24]
