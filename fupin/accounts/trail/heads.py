"""Heads: one line a seal, written to a file outside the database, to be carried elsewhere and compared with later."""

from __future__ import annotations

import heapq
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from fupin.accounts.trail.chain import Seal, head_of, seal_of
from fupin.kernel.errors import UserError

NAME = "heads.jsonl"
BLOCK = 1 << 16


@dataclass(frozen=True)
class Head:
    """A seal as it was written down in ``file``, line ``line``; ``key`` the public key that it names."""

    seal: Seal
    file: Path
    line: int
    key: bytes


def append(folder: Path, seals: Iterable[Seal], public: bytes) -> None:
    """On the disk when this returns."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    lines = "".join(head_of(seal, public.hex()) + "\n" for seal in seals)
    handle = os.open(folder / NAME, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        os.write(handle, _mend(folder / NAME) + lines.encode())
        os.fsync(handle)
    finally:
        os.close(handle)


def last(folder: Path) -> Seal | None:
    """The newest whole line of the folder's file; a line that a crash cut short does not count."""
    newest = newest_lines(folder, 1)
    return seal_of(json.loads(newest[0])) if newest else None


def newest_lines(folder: Path, most: int) -> list[str]:
    """The last whole lines, the newest last."""
    file = folder / NAME
    if not file.exists():
        return []
    with file.open("rb") as opened:
        opened.seek(max(0, file.stat().st_size - BLOCK - most * 1024))
        text = opened.read()
    whole = text[: text.rfind(b"\n") + 1].decode().splitlines()
    return [line for line in whole if line.startswith("{") and line.endswith("}")][-most:]


def merged(files: Sequence[Path]) -> Iterator[Head]:
    """The heads of several files in order of their numbers, streamed. Raises UserError for a line that is no head."""
    return heapq.merge(*[_heads(file) for file in files], key=lambda head: head.seal.number)


def _heads(file: Path) -> Iterator[Head]:
    if not file.exists():
        raise UserError(
            f"找不到链头文件：{file}", f"there is no such file of heads: {file}", "请核对路径", "check the path"
        )
    with file.open(encoding="utf-8", errors="replace") as lines:
        for number, line in enumerate(lines, 1):
            if not line.endswith("\n"):
                return  # cut short by a crash: its seal is written again on the next line
            if not line.strip():
                continue
            try:
                said = json.loads(line)
                head = Head(seal_of(said), file, number, bytes.fromhex(said["public"]))
            except (ValueError, KeyError, TypeError):
                raise _no_head(file, number) from None
            yield head


def _mend(file: Path) -> bytes:
    """A line break where a crash left half a line."""
    if not file.stat().st_size:
        return b""
    with file.open("rb") as opened:
        opened.seek(-1, os.SEEK_END)
        return b"" if opened.read(1) == b"\n" else b"\n"


def _no_head(file: Path, line: int) -> UserError:
    return UserError(
        f"{file} 第 {line} 行不是链头",
        f"line {line} of {file} is no head of the trail",
        "请用封存进程写下的原文件；若是断电留下的半行，删去这一行",
        "use the file as the sealer wrote it; half a line left by a power cut may be deleted",
    )
