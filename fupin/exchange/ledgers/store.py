"""Where a batch's files lie: sealed as raw deliveries are, and beside them the differences, sealed as well."""

from __future__ import annotations

import io
import shutil
from pathlib import Path
from typing import BinaryIO

import polars as pl
from django.conf import settings

from fupin.exchange.sealing import Copied, SealedFile, key_id_of_file, seal
from fupin.exchange.workplace import put

FOLDER = "ledgers"
PLAN = "differences.sealed"


def folder_of(batch: int) -> Path:
    return Path(settings.FUPIN_DATA_DIR) / FOLDER / str(batch)


def keep(batch: int, number: int, stream: BinaryIO) -> Copied:
    """One file of a batch, encrypted. A file of this name appears only when it is whole."""
    return _sealed(folder_of(batch) / f"{number}.sealed", stream)


def _sealed(target: Path, stream: BinaryIO) -> Copied:
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    partial = target.with_suffix(".partial")
    copied = seal(stream, partial, settings.FUPIN_KEYS.now)
    put(partial, target)
    return copied


def source_of(batch: int, number: int, name: str, size: int) -> SealedFile:
    return SealedFile(folder_of(batch) / f"{number}.sealed", name, size, settings.FUPIN_KEYS)


def keep_differences(batch: int, frame: pl.DataFrame) -> None:
    stream = io.BytesIO()
    frame.write_parquet(stream)
    stream.seek(0)
    _sealed(folder_of(batch) / PLAN, stream)


def differences_of(batch: int) -> pl.DataFrame | None:
    """None when they are not made, or no longer kept."""
    path = folder_of(batch) / PLAN
    if not path.exists():
        return None
    with SealedFile(path, PLAN, path.stat().st_size, settings.FUPIN_KEYS).open() as stream:
        return pl.read_parquet(io.BytesIO(stream.read()))


def forget(batch: int) -> None:
    """All files of a batch that was given up."""
    shutil.rmtree(folder_of(batch), ignore_errors=True)


def sealed_files() -> list[Path]:
    """Every sealed file of every batch."""
    return sorted((Path(settings.FUPIN_DATA_DIR) / FOLDER).glob("*/*.sealed"))


def reseal() -> int:
    """All of them under the present encryption key; how many were under another one."""
    now = settings.FUPIN_KEYS.now.encryption.id
    stale = [path for path in sealed_files() if key_id_of_file(path) != now]
    for path in stale:
        with SealedFile(path, path.name, path.stat().st_size, settings.FUPIN_KEYS).open() as clear:
            _sealed(path, clear)
    return len(stale)
