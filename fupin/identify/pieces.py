"""A run cut into pieces of a few hundred households, so that the explanation of one of them reads little.

A run's files are made for reading all of it at once; one household in them costs a tenth of a second of decoding. A
piece is a folder with the same files for ``PIECE`` neighbouring households. Pieces are cut when somebody first looks at
one of their households, or all at once behind a run that has no more than ``KEPT`` of them; they lie beside the runs,
and the longest unread ones go when there are more.

A piece is named by its run and by when and how the run's files were written: a run that was made anew has other pieces.
Whoever reads a piece has asked the database before whether the household may be seen; a piece knows no users.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from bisect import bisect_right
from functools import lru_cache
from pathlib import Path
from threading import Lock

import polars as pl
from django.conf import settings

from fupin.engine.explain import RESULTS

PIECE = 512  # households
DRAWER = 8  # pieces that are cut together: reading for one decodes as much as reading for eight
WIDE = 64  # pieces that are cut together when all are: a sixth of the decoding of eight at a time
KEPT = 600  # pieces, each about half a megabyte
RUNS = 16  # of which the borders of the pieces are remembered

_cutting = Lock()


def home() -> Path:
    """Where the pieces of all runs lie."""
    return Path(settings.FUPIN_DATA_DIR) / "pieces"


def folder_for(run: Path, household_id: str) -> Path:
    """A folder with all that the run's files say of the household; ``run`` itself where no piece can be had."""
    try:
        stamp = _stamp(run)
        borders = _borders(run, stamp)
        number = bisect_right(borders, household_id) - 1
        piece = _place(run, stamp, number)
        if number < 0:
            return run
        if not piece.is_dir():
            _cut(run, stamp, number)
        os.utime(piece)
    except (OSError, pl.exceptions.PolarsError):  # a full or closed disk, a damaged file: the run itself will say so
        return run
    return piece


def _place(run: Path, stamp: str, number: int) -> Path:
    return home() / f"{run.name}-{stamp}-{number}"


def _stamp(run: Path) -> str:
    """Another one when any of the run's files was written again."""
    told = [(run / f"{result}.parquet").stat() for result in RESULTS]
    parts = [(one.st_mtime_ns, one.st_size, one.st_ino) for one in told]
    return hashlib.blake2b(repr(parts).encode(), digest_size=8).hexdigest()


@lru_cache(maxsize=RUNS)
def _borders(run: Path, stamp: str) -> tuple[str, ...]:  # noqa: ARG001  # the stamp tells one run from the next
    """The first household of every piece, in order."""
    ids = pl.read_parquet(run / "index.parquet", columns=["household_id"]).get_column("household_id")
    return tuple(ids.sort().gather_every(PIECE))


def prepare(run: Path) -> int:
    """Cuts every piece of a run, so that nobody waits for one; how many there are. Of a run with too many, none."""
    stamp = _stamp(run)
    borders = _borders(run, stamp)
    if len(borders) > KEPT:
        return 0
    for first in range(0, len(borders), WIDE):
        past = min(first + WIDE, len(borders))
        with _cutting:
            if not all(_place(run, stamp, one).is_dir() for one in range(first, past)):
                _cut_from(run, stamp, first, past)
    return len(borders)


def _cut(run: Path, stamp: str, number: int) -> None:
    """The piece and its neighbours. Two who cut the same one write the same; the first to finish is kept."""
    with _cutting:
        if not _place(run, stamp, number).is_dir():
            first = number - number % DRAWER
            _cut_from(run, stamp, first, min(first + DRAWER, len(_borders(run, stamp))))


def _cut_from(run: Path, stamp: str, first: int, past: int) -> None:
    home().mkdir(mode=0o700, exist_ok=True)
    borders = _borders(run, stamp)
    scans = [pl.scan_parquet(run / f"{result}.parquet") for result in RESULTS]
    frames = pl.collect_all([scan.filter(_between(borders, first, past)) for scan in scans])
    for one in range(first, past):
        rows = [frame.filter(_between(borders, one, one + 1)) for frame in frames]
        _write(dict(zip(RESULTS, rows, strict=True)), _place(run, stamp, one))
    _clear()


def _between(borders: tuple[str, ...], first: int, past: int) -> pl.Expr:
    name = pl.col("household_id")
    return name >= borders[first] if past >= len(borders) else (name >= borders[first]) & (name < borders[past])


def _write(frames: dict[str, pl.DataFrame], place: Path) -> None:
    """All files of a piece or none."""
    aside = Path(tempfile.mkdtemp(prefix=".cut-", dir=home()))
    try:
        for result, frame in frames.items():
            frame.write_parquet(aside / f"{result}.parquet", compression="zstd", compression_level=1)
        aside.rename(place)
    except OSError:
        shutil.rmtree(aside, ignore_errors=True)
        if not place.is_dir():
            raise


def _clear() -> None:
    """Without the pieces that were not read for longest, and what a killed process left half written."""
    found = sorted(home().iterdir(), key=_last_read, reverse=True)
    for old in found[KEPT:]:
        shutil.rmtree(old, ignore_errors=True)


def _last_read(piece: Path) -> float:
    try:
        return piece.stat().st_mtime
    except FileNotFoundError:  # another process was quicker
        return 0.0
