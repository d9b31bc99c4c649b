"""What an entry of the trail says of a row: which columns it had before and has after."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

HIDDEN = "sha256:"  # of a sealed or secret column the trail keeps a hash alone


@dataclass(frozen=True)
class Difference:
    """One column; ``hidden``: of which only is known that it changed, both values are None then."""

    column: str
    before: Any
    after: Any
    hidden: bool = False


def differences(before: Any, after: Any, leave_out: Collection[str] = ()) -> list[Difference]:
    """``before`` and ``after``: images as the database gives them, as text, as mappings or None."""
    old, new = _read(before), _read(after)
    names = [name for name in {**old, **new} if name not in leave_out and old.get(name) != new.get(name)]
    return [_difference(name, old.get(name), new.get(name)) for name in names]


def _read(given: Any) -> dict[str, Any]:
    return json.loads(given) if isinstance(given, str) else given or {}


def _difference(name: str, before: Any, after: Any) -> Difference:
    if any(isinstance(one, str) and one.startswith(HIDDEN) for one in (before, after)):
        return Difference(name, None, None, hidden=True)
    return Difference(name, before, after)
