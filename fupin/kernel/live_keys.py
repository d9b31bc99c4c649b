"""The key file as it stands now: a rotation reaches every process that runs, without a restart."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from fupin.kernel.keys import Keys


class LiveKeys:
    """``now``: the keys, read again whenever the file was written anew. Work on many rows takes them once.

    Without a file the keys are those given (commands that only read the code).
    """

    def __init__(
        self, path: Path | None, read: Callable[[], Keys], remember: Callable[[Keys], None] | None = None
    ) -> None:
        """``remember`` is told of keys that were put."""
        self.path = path
        self._read = read
        self._remember = remember
        self._held = (_mark(path), read())

    @property
    def now(self) -> Keys:
        mark = _mark(self.path)
        if mark is not None and mark != self._held[0]:
            self._held = (mark, self._read())  # one assignment: other threads see the old pair or the new one
        return self._held[1]

    def put(self, keys: Keys) -> None:
        """Replace the file in one step: whoever reads sees the old keys or the new ones, never half of them."""
        if self.path is None:
            raise ValueError("keys without a file cannot be changed")
        fresh = self.path.with_name(f"{self.path.name}.{os.getpid()}.new")
        fresh.unlink(missing_ok=True)
        keys.save(fresh)
        owner = self.path.stat()
        if os.geteuid() == 0:
            os.chown(fresh, owner.st_uid, owner.st_gid)
        fresh.replace(self.path)
        _sync_folder(self.path.parent)
        if self._remember is not None:
            self._remember(keys)


def _mark(path: Path | None) -> tuple[int, int, int] | None:
    """Another one when the file was replaced; None when there is none to be seen (the held keys then go on)."""
    try:
        found = path.stat() if path is not None else None
    except OSError:
        return None
    return None if found is None else (found.st_mtime_ns, found.st_ino, found.st_size)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
