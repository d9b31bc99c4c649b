"""Where a delivery is worked on: a folder of its own under a lock, swept when its process was killed.

Files get their names in the lake by a rename just before the ledger's transaction commits; what a killed process
leaves is therefore known by its missing ledger row, and removed with the next delivery.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Workplace:
    """``folder`` is for files in between; the rest are the places of the finished ones."""

    folder: Path
    raw: Path
    parquet: Path


def raw_path(data: Path, delivery_id: str) -> Path:
    return data / "raw" / f"{delivery_id}.sealed"


def parquet_name(dataset_id: str, delivery_id: str, version: str = "") -> str:
    """Relative to the data folder, as the ledger keeps it; ``version``: of the lake key, for what was derived later."""
    return f"lake/{dataset_id}/{delivery_id}{'.' if version else ''}{version}.parquet"


@contextmanager
def workplace(data: Path, dataset_id: str, delivery_id: str) -> Iterator[Workplace]:
    """Only one process at a time works on a delivery; a second one waits. The folder is gone afterwards."""
    folder = data / "work" / dataset_id / delivery_id
    parquet = data / parquet_name(dataset_id, delivery_id)
    raw = raw_path(data, delivery_id)
    for path in (folder.parent, parquet.parent, raw.parent):
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _locked(folder.with_suffix(".lock")):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700)
        try:
            yield Workplace(folder, raw, parquet)
        finally:
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _locked(path: Path, *, left: bool = False) -> Iterator[None]:
    """The file goes with the lock. ``left``: take the one that a killed process left, and only that: raises
    BlockingIOError when somebody holds it, FileNotFoundError when its holder has just ended.
    """
    while True:
        handle = os.open(path, os.O_RDWR | (0 if left else os.O_CREAT), 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | (fcntl.LOCK_NB if left else 0))
            if _is_still(path, handle):
                try:
                    yield
                finally:
                    path.unlink(missing_ok=True)
                return
        finally:
            os.close(handle)


def _is_still(path: Path, handle: int) -> bool:
    """False when the lock's file was removed by its former holder while we waited."""
    try:
        return path.stat().st_ino == os.fstat(handle).st_ino
    except FileNotFoundError:
        return False


@contextmanager
def arrival(data: Path) -> Iterator[Path]:
    """A folder for a file whose content, and so whose id, is not known yet; swept like a workplace."""
    folder = data / "work" / "incoming" / secrets.token_hex(8)
    folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _locked(folder.with_suffix(".lock")):
        folder.mkdir(mode=0o700)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def abandoned(data: Path) -> Iterator[tuple[str, str]]:
    """(data set, delivery) of every workplace that no process holds; its folder is removed after it was given out.

    A workplace whose process ends while we look is none of them: its files have their names, but its transaction may
    still be on its way into the ledger.
    """
    for lock in sorted((data / "work").glob("*/*.lock")):
        with suppress(BlockingIOError, FileNotFoundError), _locked(lock, left=True):
            yield lock.parent.name, lock.stem
            shutil.rmtree(lock.with_suffix(""), ignore_errors=True)


def put(path: Path, target: Path) -> None:
    """Rename and make the name durable."""
    path.replace(target)
    handle = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
