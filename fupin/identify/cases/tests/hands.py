"""Two people at the same instant: each in a thread, on a connection and in a transaction of their own."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import Any

from django.db import connection, connections, transaction

from fupin.accounts.api import User, acting_as, nobody_acting

PATIENCE = 60  # seconds; a machine that is busy takes some of them


class Hand:
    """One request: what it does is seen by nobody before :meth:`let_go`, and others wait for what it holds."""

    def __init__(self, user: User | None) -> None:
        self.pool, self.stack = ThreadPoolExecutor(1), ExitStack()
        self.pid: int = self.pool.submit(self._begin, user).result(PATIENCE)

    def _begin(self, user: User | None) -> int:
        self.stack.enter_context(nobody_acting() if user is None else acting_as(user))
        self.stack.enter_context(transaction.atomic())
        connection.ensure_connection()
        return int(connection.connection.info.backend_pid)

    def do(self, work: Callable[..., Any], **given: Any) -> Future[Any]:
        """Begun, and done unless it has to wait for somebody else."""
        begun = self.pool.submit(lambda: work(**given))
        until = time.monotonic() + PATIENCE
        while not begun.done() and not self.waits():
            assert time.monotonic() < until, "neither done nor waiting"
            time.sleep(0.01)
        return begun

    def waits(self) -> bool:
        with connection.cursor() as cursor:
            cursor.execute("SELECT cardinality(pg_blocking_pids(%s)) > 0", [self.pid])
            return bool(cursor.fetchone()[0])

    def let_go(self) -> None:
        """The request ends: what stands is committed."""
        self.pool.submit(self.stack.close).result(PATIENCE)

    def close(self) -> None:
        """Also when a test has failed meanwhile."""
        self.pool.submit(self.stack.close).result(PATIENCE)
        self.pool.submit(connections.close_all).result(PATIENCE)
        self.pool.shutdown()


@contextmanager
def hands(*users: User | None) -> Iterator[list[Hand]]:
    made = [Hand(user) for user in users]
    try:
        yield made
    finally:
        for one in made:
            one.close()


def came_of(begun: Future[Any]) -> Any:
    """What it gave, or the error that it met."""
    error = begun.exception(PATIENCE)
    return begun.result() if error is None else error


def at_once(
    first: tuple[User | None, Callable[..., Any], dict[str, Any]],
    second: tuple[User | None, Callable[..., Any], dict[str, Any]],
) -> tuple[Any, Any]:
    """The first has done it and not ended yet, when the second begins."""
    with hands(first[0], second[0]) as (one, other):
        done = one.do(first[1], **first[2])
        begun = other.do(second[1], **second[2])
        one.let_go()
        results = came_of(done), came_of(begun)
        other.let_go()
        return results
