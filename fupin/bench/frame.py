"""What the benchmarks share: the result line, a side measured in a process of its own, sides in turns, made data.

A *side* is a function that prepares (untimed) and returns the work to be timed::

    def ours(source: Path) -> Work:
        catalogue = load_catalogue()          # not timed
        return lambda: write_index(source, …) # timed
"""

from __future__ import annotations

import json
import multiprocessing
import os
import resource
import shutil
import statistics
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

MB = 1_000_000
SAMPLE_SECONDS = 0.05

Work = Callable[[], Any]
Side = Callable[[], Work]


@dataclass(frozen=True)
class Result:
    """One line of a benchmark. Seconds of both sides in the same run, ``peak_mb`` the peak memory of our side
    (resident, children included; 1 MB = 1,000,000 bytes).

    ``reach``: the greatest ratio that is still good; ``extra``: further figures under names of their own.
    """

    name: str
    rows: int
    ours_s: float
    reference_s: float
    peak_mb: float
    reference: str = ""
    reach: float | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def ratio(self) -> float:
        return self.ours_s / self.reference_s

    def as_dict(self) -> dict[str, Any]:
        """Names and rounded figures; ``reached`` only where a reach is given."""
        verdict = {} if self.reach is None else {"reach": self.reach, "reached": self.ratio <= self.reach}
        return {
            "name": self.name,
            "rows": self.rows,
            "ours_s": _short(self.ours_s),
            "reference_s": _short(self.reference_s),
            "ratio": _short(self.ratio),
            "peak_mb": round(self.peak_mb),
            "reference": self.reference,
            **verdict,
            **{name: _short(value) for name, value in self.extra.items()},
        }

    def as_line(self) -> str:
        return json.dumps(self.as_dict(), ensure_ascii=False)


def _short(value: Any) -> Any:
    """Floats with three decimals, those below one with four figures: nobody reads more."""
    if not isinstance(value, float):
        return value
    return round(value, 3) if abs(value) >= 1 else float(f"{value:.4g}")


@dataclass(frozen=True)
class Measured:
    """``seconds`` on the wall, ``cpu`` user + system of the process and its finished children, ``peak_mb`` resident
    memory of the process and its children together; ``value``: what the work returned."""

    seconds: float
    cpu: float
    peak_mb: float
    value: Any = None


def say(text: str) -> None:
    """Progress, on stderr: stdout holds JSON lines only."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def measure(side: Side) -> Measured:
    """Prepare a side in a new process, then time its work there. ``side`` can be pickled (a module's function or a
    partial of one), and so can what its work returns. Raises RuntimeError with the text of its error."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=_run_side, args=(side, there))
    process.start()
    there.close()
    with watched(process.pid or 0) as seen:
        try:
            answer = here.recv()
        except EOFError:
            answer = "the process ended without an answer (killed, out of memory?)"
        process.join()
    if isinstance(answer, str):
        raise RuntimeError(answer)
    seconds, cpu, own, value = answer
    return Measured(seconds, cpu, max(own, seen.mb), value)


def _run_side(side: Side, there: Connection) -> None:
    os.dup2(2, 1)  # what libraries print must not stand among the JSON lines
    try:
        work = side()
        before, started = os.times(), time.perf_counter()
        value = work()
        seconds, after = time.perf_counter() - started, os.times()
        cpu = sum(after[:4]) - sum(before[:4])
        there.send((seconds, cpu, own_peak_mb(), value))
    except BaseException:  # told to the parent, which raises it
        there.send(traceback.format_exc())


def own_peak_mb() -> float:
    """Peak resident memory of this process. Not ``ru_maxrss``: on Linux a new process takes over its parent's."""
    status = Path("/proc/self/status")
    if status.is_file():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024 / MB
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / MB


@dataclass
class Seen:
    mb: float = 0.0


@contextmanager
def watched(pid: int) -> Iterator[Seen]:
    """The greatest private memory of a process and its descendants together, looked at every 50 ms (Linux; else 0)."""
    seen, done = Seen(), threading.Event()

    def look() -> None:
        while not done.wait(SAMPLE_SECONDS):
            seen.mb = max(seen.mb, sum(map(_private, _tree(pid))) / MB)

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield seen
    finally:
        done.set()
        thread.join()


def _tree(pid: int) -> list[int]:
    found = [pid]
    for one in found:  # grows while it is walked
        for tasks in Path(f"/proc/{one}/task").glob("*/children"):
            try:
                found += map(int, tasks.read_text().split())
            except OSError:  # ended meanwhile
                continue
    return found


def _private(pid: int) -> int:
    """Resident bytes that are not shared with files or other processes, such as a database's buffers."""
    try:
        _, resident, shared = Path(f"/proc/{pid}/statm").read_text().split()[:3]
    except (OSError, ValueError):  # ended meanwhile
        return 0
    return (int(resident) - int(shared)) * resource.getpagesize()


def alternate(sides: Mapping[str, Side], repeats: int) -> dict[str, Measured]:
    """Each side ``repeats`` times, in turns, so that a busy minute hits all; the median of the seconds and of the CPU,
    the greatest peak, the last value."""
    runs: dict[str, list[Measured]] = {name: [] for name in sides}
    for turn in range(1, repeats + 1):
        for name, side in sides.items():
            one = measure(side)
            runs[name].append(one)
            say(f"  {name} {turn}/{repeats}: {one.seconds:.2f} s, CPU {one.cpu:.2f} s, {one.peak_mb:,.0f} MB")
    return {name: _middle(measured) for name, measured in runs.items()}


def _middle(runs: list[Measured]) -> Measured:
    return Measured(
        statistics.median(run.seconds for run in runs),
        statistics.median(run.cpu for run in runs),
        max(run.peak_mb for run in runs),
        runs[-1].value,
    )


def made(folder: Path, make: Callable[[Path], None]) -> Path:
    """The folder of made data: made once, under another name until whole. Name it anew when ``make`` changes."""
    if not folder.is_dir():
        say(f"  making {folder.name}")
        started = time.perf_counter()
        partial = folder.with_name(f".{folder.name}.partial")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        make(partial)
        partial.rename(folder)
        say(f"  made in {time.perf_counter() - started:.0f} s")
    return folder
