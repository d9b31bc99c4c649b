"""Work on several pieces at once, results in order. Polars and Arrow work outside the interpreter lock."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

Piece = TypeVar("Piece")
Done = TypeVar("Done")
AHEAD = 3  # pieces in memory beside the one that the caller holds
WORKERS = 2


@contextmanager
def in_order(pieces: Iterator[Piece], work: Callable[[Piece], Done]) -> Iterator[Iterator[Done]]:
    """``work(piece)`` of every piece. One thread takes the pieces from their iterator, others work on them.

    An error of either is raised in its place of the order.
    """
    with ThreadPoolExecutor(1, "reading") as reading, ThreadPoolExecutor(WORKERS, "working") as working:

        def results() -> Iterator[Done]:
            waiting: deque[Future[Done | None]] = deque()

            def begin() -> None:
                following = reading.submit(next, pieces, None)
                waiting.append(working.submit(_worked, following, work))

            for _ in range(AHEAD):
                begin()
            while (done := waiting.popleft().result()) is not None:
                begin()
                yield done

        yield results()


def _worked(following: Future[Piece | None], work: Callable[[Piece], Done]) -> Done | None:
    piece = following.result()
    return None if piece is None else work(piece)
