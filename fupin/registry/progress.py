"""How long work tells how far it is: ``progress(step, share 0..1)``."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str, float], None]


def quiet(_step: str, _share: float) -> None:
    """For callers that do not ask."""
