"""One address sends a few objections and applications an hour: enough for a family, too little for a flood."""

from __future__ import annotations

import time
from collections import defaultdict, deque

from fupin.kernel.errors import UserError

MOST, HOUR = 6, 3600.0
_SENT: dict[str, deque[float]] = defaultdict(deque)


def demand_room(address: str) -> None:
    """In the memory of one process; the database limits each notice and village itself. Raises UserError."""
    now, sent = time.monotonic(), _SENT[address]
    while sent and sent[0] < now - HOUR:
        sent.popleft()
    if len(sent) >= MOST:
        raise UserError(
            "这个网络地址一小时内提交得太多", "too many from this address within an hour",
            "请稍后再提交，或到村委会、乡镇当面办理", "try later, or turn to the village or the town in person",
        )  # fmt: skip


def sent_from(address: str) -> None:
    """Something was taken from there; what was refused does not count."""
    _SENT[address].append(time.monotonic())


def forget() -> None:
    _SENT.clear()
