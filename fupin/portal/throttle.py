"""One address sends a few objections an hour: enough for a family, too little for a flood."""

from __future__ import annotations

import time
from collections import defaultdict, deque

MOST, HOUR = 6, 3600.0
_SENT: dict[str, deque[float]] = defaultdict(deque)


def may_send(address: str) -> bool:
    """Counts this one when it may. In the memory of one process; the database limits each notice itself."""
    now, sent = time.monotonic(), _SENT[address]
    while sent and sent[0] < now - HOUR:
        sent.popleft()
    if len(sent) >= MOST:
        return False
    sent.append(now)
    return True


def forget() -> None:
    _SENT.clear()
