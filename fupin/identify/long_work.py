"""What runs and screenings share as long work of the queue: progress and failure told on their own row."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.utils import timezone

from fupin.kernel.errors import UserError

Progress = Callable[[str, float], None]


def reporter(row: Any, progress: Progress | None) -> Progress:
    """Tells the caller and, at most once for each percent, the database."""
    last = -1

    def report(step: str, share: float) -> None:
        nonlocal last
        percent = min(100, int(share * 100))
        if percent != last:
            last = percent
            type(row).objects.filter(pk=row.pk).update(step=step[:60], progress=percent)
        if progress is not None:
            progress(step, share)

    return report


def mark_failed(row: Any, error: Exception) -> None:
    """Our own words are told, another error only by its name."""
    name = type(error).__name__
    problem = {"zh": f"内部错误：{name}", "en": f"internal error: {name}"}
    if isinstance(error, UserError):
        problem = {"zh": error.zh, "en": error.en}
    type(row).objects.filter(pk=row.pk).update(state="failed", problem=problem, finished_at=timezone.now())
