"""Progress of long work on the terminal; plain lines when it is not a terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn

Report = Callable[[str, float], None]


@contextmanager
def step_progress(*, quiet: bool = False) -> Iterator[Report]:
    """Gives ``report(step, share 0..1)``. With ``quiet`` nothing is written."""
    if quiet:
        yield lambda step, share: None
    elif sys.stderr.isatty():
        with _bar() as bar:
            task = bar.add_task("…", total=1.0)
            yield lambda step, share: bar.update(task, description=step, completed=share)
    else:
        yield _line_writer()


def _bar() -> Progress:
    columns = (TextColumn("{task.description:<24}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    return Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True))


def _line_writer() -> Report:
    """A line whenever the step changes: logs of a build machine stay short."""
    began, last = time.monotonic(), ""

    def report(step: str, share: float) -> None:
        nonlocal last
        if step != last:
            last = step
            print(f"[{time.monotonic() - began:6.1f}s] {share:4.0%} {step}", file=sys.stderr, flush=True)

    return report
