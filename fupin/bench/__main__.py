"""``python -m fupin.bench [--quick] [--data DIR] [NAME …]``: how far each part is from its reference (docs/bench.md).

JSON lines on stdout, progress on stderr. Each benchmark is a module here with
``run(data: Path, quick: bool) -> Iterable[Result]`` and runs in a process of its own; one that fails says why and the
others go on.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from fupin.bench.frame import Result, say

BENCHMARKS = (
    "index", "compare", "receive", "load_back", "snapshot", "pages", "rows", "search", "trail", "screen", "ledgers",
    "cases", "drill", "link",
)  # fmt: skip


def default_folder() -> Path:
    """Where made data are kept: ``bench`` in the data folder."""
    return Path(os.environ.get("FUPIN_DATA_DIR") or "var") / "bench"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m fupin.bench", description="Benchmarks; JSON lines on stdout.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which (default: all): {', '.join(BENCHMARKS)}")
    parser.add_argument("--quick", action="store_true", help="small sizes, two minutes in all")
    parser.add_argument("--data", type=Path, default=default_folder(), help="where made data are kept (%(default)s)")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="only turn stored JSON lines into a table")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)  # one benchmark, in this process
    return parser


def results_of(name: str, data: Path, quick: bool) -> Iterable[Result]:
    """Run one benchmark in this process."""
    module = importlib.import_module(f"fupin.bench.{name}")
    found: Iterable[Result] = module.run(data, quick)
    return found


def _in_own_process(name: str, data: Path, quick: bool) -> bool:
    """Whether it went well; its lines pass through to stdout as they come."""
    command = [sys.executable, "-m", "fupin.bench", "--here", "--data", str(data), name]
    say(f"{name} …")
    started = time.perf_counter()
    done = subprocess.run([*command, "--quick"] if quick else command, check=False)
    say(f"{name}: {time.perf_counter() - started:.0f} s" + (f", FAILED ({done.returncode})" if done.returncode else ""))
    return done.returncode == 0


def _here(names: Sequence[str], data: Path, quick: bool) -> None:
    for name in names:
        for result in results_of(name, data, quick):
            sys.stdout.write(f"{result.as_line()}\n")
            sys.stdout.flush()


def _figure(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int | float) else str(value)


def markdown(lines: Iterable[str]) -> str:
    """Stored JSON lines → a table of docs/bench.md."""
    shown = ("name", "rows", "ours_s", "reference_s", "ratio", "reach", "reached", "peak_mb", "reference")
    table = ["| benchmark | rows | ours s | reference s | ratio | reach | reached | peak MB | reference | more |"]
    table.append("|---" * (len(shown) + 1) + "|")
    for line in lines:
        found = json.loads(line)
        more = [f"{name} {_figure(value)}" for name, value in found.items() if name not in shown]
        cells = [_figure(found.get(name, "–")) for name in shown]
        table.append(f"| {' | '.join([*cells, '; '.join(more)])} |")
    return "\n".join(table)


def main(arguments: Sequence[str] | None = None) -> int:
    given = _parser().parse_args(arguments)
    if given.markdown:
        sys.stdout.write(f"{markdown(given.markdown.read_text(encoding='utf-8').splitlines())}\n")
        return 0
    if stray := sorted(set(given.names) - set(BENCHMARKS)):
        say(f"no benchmark {', '.join(stray)}; there are: {', '.join(BENCHMARKS)}")
        return 2
    data = given.data.resolve()
    if given.here:
        _here(given.names, data, given.quick)
        return 0
    wanted = [name for name in BENCHMARKS if not given.names or name in given.names]
    failed = [name for name in wanted if not _in_own_process(name, data, given.quick)]
    if failed:
        say(f"failed: {', '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
