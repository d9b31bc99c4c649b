"""A data folder of the benchmark's own, with its own embedded PostgreSQL: never the user's data.

The server is started as in production (with fsync).
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fupin.bench.frame import Seen, watched

FOREIGN = ("DATABASE_URL", "DATABASE_OWNER_URL", "FUPIN_KEYS_FILE", "FUPIN_NO_DATABASE", "FUPIN_PG_FAST")


def environment(folder: Path) -> dict[str, str]:
    """The environment of a process that works in this data folder."""
    own = {name: value for name, value in os.environ.items() if name not in FOREIGN}
    return own | {"FUPIN_DATA_DIR": str(folder), "DJANGO_SETTINGS_MODULE": "fupin.config.settings"}


def enter(folder: Path) -> None:
    """Make this process, and those it starts, one of this data folder; its server runs."""
    for name in FOREIGN:
        os.environ.pop(name, None)
    os.environ |= environment(folder)
    import django

    django.setup()


def run_fupin(folder: Path, *arguments: str) -> None:
    """One command of the product in this data folder; raises CalledProcessError."""
    command = [sys.executable, "-m", "fupin.cli.main", *arguments]
    subprocess.run(command, env=environment(folder), check=True, stdout=subprocess.DEVNULL)


def stop(folder: Path) -> None:
    """Stop the server: the folder can then be renamed."""
    run_fupin(folder, "db", "stop")


@contextmanager
def running(folder: Path) -> Iterator[Seen]:
    """The folder's server up, its tables up to date; ``mb``: the greatest private memory of all its processes together
    (its shared buffers, an eighth of the machine's memory but at most 512 MB, are not in it)."""
    run_fupin(folder, "migrate")
    run_fupin(folder, "db", "start")
    try:
        with watched_server(folder) as seen:
            yield seen
    finally:
        stop(folder)


@contextmanager
def watched_server(folder: Path) -> Iterator[Seen]:
    """As ``running``, over a server that somebody else keeps up."""
    found = next(folder.rglob("postmaster.pid"))
    with watched(int(found.read_text().splitlines()[0])) as seen:
        yield seen


def execute_as_owner(*statements: str) -> list[Any]:
    """Rows of the last statement; one transaction, as the owner of the tables."""
    from django.db import connections, transaction

    with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
        return cursor.fetchall() if cursor.description else []
