"""Of two people at one record the later one is told: what a form had seen travels in it, and is compared."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from fupin.kernel.errors import UserError


class Stale(UserError):
    """Somebody else changed the record in the meantime; nothing was written. ``version``: of the record as it is now,
    0 where it counts none."""

    def __init__(self, record: str, version: int = 0, en: str = "") -> None:
        super().__init__(
            f"{record} 在您打开之后已被别人改动，您的填写没有写入",
            f"{en or record} was changed by somebody else since you opened it; yours was not written",
            "请对照现在的内容逐项确认后再提交",
            "compare with what is there now, item by item, and hand it in again",
        )
        self.record = record
        self.version = version


def state_mark(*values: Any) -> str:
    """Of a record as it is: another one as soon as any of the values is. Give no secrets but their keyed hashes."""
    return hashlib.sha256(json.dumps(values, default=str).encode()).hexdigest()[:16]


def demand_seen(seen: str | None, now: str, record: str, en: str) -> None:
    """``seen``: the mark of what a form had shown, None: whatever it is now. Raises Stale."""
    if seen is not None and seen != now:
        raise Stale(record, en=en)
