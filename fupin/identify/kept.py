"""Which files of the data folder the rows of runs need: for whoever copies both.

A finished run is all of its folder. Of one that is waiting, going on or failed it is what was pinned before the rows
were read, inputs and snapshot: with those it is taken up again, and gives what it would have given.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

from fupin.identify.models import Run, RunState

PINNED = "inputs.json"


def pinned_runs() -> frozenset[str]:
    """Runs that have pinned their inputs by now: their snapshot is whole."""
    return frozenset(path.parent.name for path in _runs().glob(f"*/{PINNED}"))


def run_files_kept(pinned: frozenset[str], using: str = "default") -> list[str]:
    """Relative to the data folder; ``pinned`` was asked before the moment that the connection ``using`` sees."""
    states = dict(Run.objects.using(using).order_by("pk").values_list("pk", "state"))
    kept: list[str] = []
    for pk, state in states.items():
        folder = _runs() / pk
        if state == RunState.FINISHED:
            kept += _whole_files(folder)
        elif pk in pinned:
            kept += [*_whole_files(folder / "snapshot"), _name(folder / PINNED)]
    return kept


def _whole_files(folder: Path) -> Iterator[str]:
    """Without what is being written."""
    for path in sorted(folder.rglob("*")):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if path.is_file() and not hidden and path.suffix != ".partial":
            yield _name(path)


def _name(path: Path) -> str:
    return path.relative_to(settings.FUPIN_DATA_DIR).as_posix()


def _runs() -> Path:
    return Path(settings.FUPIN_DATA_DIR) / "runs"
