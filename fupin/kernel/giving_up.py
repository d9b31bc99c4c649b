"""What is said of work that the queue will not try again, so that no page waits for it for ever."""

from __future__ import annotations

from collections.abc import Callable

#: the queue of rounds: what is done there is thrown away after an hour
HOUSEKEEPING = "housekeeping"

#: name of a task → what to do with its arguments when it is given up
_SAY: dict[str, Callable[..., None]] = {}


def when_given_up(task: str, say: Callable[..., None]) -> None:
    """``say`` gets the job's arguments by name. Each app registers its own tasks."""
    _SAY[task] = say


def given_up(task: str, arguments: dict[str, str]) -> None:
    """Tell the app of the task; a task that nobody waits for says nothing."""
    if task in _SAY:
        _SAY[task](**arguments)
