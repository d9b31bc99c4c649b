"""Locks that the kernel releases when their holder dies, however it dies (``flock``)."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fupin.cli.postgres.places import belong_to_folder

START = "database.start.lock"  # exclusive: one process at a time starts or stops the server
CLIENTS = "database.clients.lock"  # shared by every process that needs the server
SUPERVISOR = "database.supervisor.lock"  # exclusive: the supervisor, as long as it lives


class Lock:
    """A lock file in the data folder; closing it, or dying, releases it."""

    def __init__(self, data: Path, name: str) -> None:
        path = data / name
        try:
            self.descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            belong_to_folder(path)
        except FileExistsError:
            self.descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)

    def share(self) -> None:
        """Wait for a shared hold."""
        fcntl.flock(self.descriptor, fcntl.LOCK_SH)

    def take(self) -> None:
        """Wait for the exclusive hold."""
        fcntl.flock(self.descriptor, fcntl.LOCK_EX)

    def try_take(self) -> bool:
        """Take the exclusive hold if nobody holds the lock."""
        try:
            fcntl.flock(self.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def release(self) -> None:
        """Let go and stay open."""
        fcntl.flock(self.descriptor, fcntl.LOCK_UN)

    def close(self) -> None:
        """Let go for good."""
        os.close(self.descriptor)


def is_held(data: Path, name: str) -> bool:
    """Does anybody hold this lock?"""
    lock = Lock(data, name)
    try:
        return not lock.try_take()
    finally:
        lock.close()


@contextmanager
def holding(data: Path, name: str) -> Iterator[None]:
    """Hold a lock exclusively for the length of a block."""
    lock = Lock(data, name)
    try:
        lock.take()
        yield
    finally:
        lock.close()
