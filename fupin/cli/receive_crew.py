"""Several processes that receive the files of one folder: each with its own database connection and memory.

A process takes the next file when it is ready for one; the largest come first, so that none is left over at the end.
"""

from __future__ import annotations

import multiprocessing as mp
import os
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from multiprocessing.connection import wait
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fupin.cli.django_setup import django_ready
from fupin.cli.parent import PARENT, end_with_parent
from fupin.cli.progress import Report
from fupin.kernel.errors import UserError

if TYPE_CHECKING:
    from fupin.accounts.api import User
    from fupin.exchange.api import Delivery

MOST_WORKERS = 2  # a third waits for the disk and the database
WORTH_BYTES = 32 << 20  # below, starting processes takes longer than it saves
TICK_SECONDS = 0.3


@dataclass(frozen=True)
class Announced:
    """One line of a folder's manifest."""

    path: Path
    dataset: str
    provider: str
    batch: str
    cut_off: date

    @property
    def size(self) -> int:
        return self.path.stat().st_size


Outcome = tuple[str, ...]  # (delivery id, "seen" or "") or the four texts of a UserError
Told = Callable[[str, float], None]


def workers_for(announced: Sequence[Announced]) -> int:
    """1 means: in this very process."""
    if sum(one.size for one in announced) < WORTH_BYTES:
        return 1
    return min(MOST_WORKERS, os.cpu_count() or 1, len(announced))


def receive_one(by: User, one: Announced, progress: Told) -> Delivery:
    """Raises UserError."""
    from fupin.exchange import api as exchange

    return exchange.receive(
        by=by,
        dataset=one.dataset,
        path=one.path,
        provider=one.provider,
        batch=one.batch,
        cut_off=one.cut_off,
        progress=progress,
    )


def receive_together(by: User, announced: Sequence[Announced], workers: int, progress: Report) -> list[Outcome]:
    """The outcome of each file, in the order given. Ctrl-C ends all processes; what they had begun is swept."""
    context = mp.get_context("spawn")  # no inherited connections, no threads cut off
    order = sorted(range(len(announced)), key=lambda index: -announced[index].size)
    following, shares = context.Value("q", 0), context.Array("d", len(announced), lock=False)
    crew, ends = [], []
    try:
        for _ in range(workers):
            end, other = context.Pipe(duplex=False)
            arguments = (os.getpid(), by.pk, list(announced), order, following, shares, other)
            process = context.Process(target=_work, args=arguments, daemon=True)
            process.start()
            other.close()
            crew.append(process)
            ends.append(end)
        outcomes = _gather(announced, ends, shares, progress)
        for process in crew:
            process.join()
    except BaseException:
        _dismiss(crew)
        raise
    if len(outcomes) < len(announced):
        raise _lost([announced[index].path.name for index in range(len(announced)) if index not in outcomes])
    return [outcomes[index] for index in range(len(announced))]


def _gather(
    announced: Sequence[Announced], ends: Sequence[Any], shares: Sequence[float], progress: Report
) -> dict[int, Outcome]:
    sizes = [one.size for one in announced]
    total = max(1, sum(sizes))
    outcomes: dict[int, Outcome] = {}
    open_ends: list[Any] = list(ends)
    name = announced[0].path.name
    while open_ends:
        ready: list[Any] = wait(open_ends, TICK_SECONDS)
        for end in ready:
            try:
                index, outcome = end.recv()
                outcomes[index] = outcome
                name = announced[index].path.name
            except EOFError:
                open_ends.remove(end)
        progress(name, sum(size * share for size, share in zip(sizes, shares, strict=True)) / total)
    return outcomes


def _dismiss(crew: Sequence[Any]) -> None:
    from fupin.exchange import api as exchange

    for process in crew:
        process.terminate()
    for process in crew:
        process.join()
    exchange.sweep()


def _lost(names: Sequence[str]) -> UserError:
    return UserError(
        f"接收进程意外中止，{len(names)} 个文件没有收完：{'、'.join(names[:5])}",
        f"a receiving process died; {len(names)} files were not received: {', '.join(names[:5])}",
        "请再运行一次：已收的不会重复入湖；若再次中止，请检查内存和磁盘",
        "run the command again: what was received is not counted twice; if it happens again look at memory and disk",
    )


def _work(
    parent: int, user_id: int, announced: list[Announced], order: list[int], following: Any, shares: Any, end: Any
) -> None:
    """The life of one process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which ends us
    os.environ[PARENT] = str(parent)
    os.environ.setdefault("POLARS_MAX_THREADS", "1")  # the cores are shared out among the processes already
    end_with_parent()
    django_ready()
    from fupin.accounts.api import User, act_from_now_on

    by = User.objects.get(pk=user_id)
    act_from_now_on(by, origin="fupin receive")
    while True:
        with following.get_lock():
            place, following.value = following.value, following.value + 1
        if place >= len(order):
            return
        index = order[place]
        end.send((index, _outcome(by, announced[index], index, shares)))


def _outcome(by: User, one: Announced, index: int, shares: Any) -> Outcome:
    def told(_step: str, share: float) -> None:
        shares[index] = share

    try:
        delivery = receive_one(by, one, told)
    except UserError as error:
        return error.zh, error.en, error.hint_zh, error.hint_en
    finally:
        shares[index] = 1.0
    return delivery.pk, "seen" if delivery.seen_before else ""
