"""What a backup says of itself, and whether its files are what it says."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path, PurePosixPath
from typing import Any

from fupin.cli.postgres.places import private_file
from fupin.kernel.errors import UserError

FORMAT = 1
MANIFEST = "manifest.json"
DUMP = "database.dump"
DATA = "data"

Report = Callable[[str, float], None]


@dataclass(frozen=True)
class StoredFile:
    """``path`` is relative to the backup, with slashes."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """``tables``: rows of each at the moment of the backup. ``logins``: owner and app, whose rights the dump names.

    ``key_folder``: the name under which the keys were put elsewhere, "" when they were left to their keeper.
    ``keys``: id → fingerprint of every key without which something in here cannot be read. ``problems``: files that
    the database names and that were missing or damaged already when the backup was taken.
    """

    format: int
    id: str
    taken_at: str
    code: str
    postgresql: int
    logins: dict[str, str]
    migrations: list[str]
    tables: dict[str, int]
    key_folder: str
    keys: dict[str, str]
    files: list[StoredFile]
    problems: list[str] = field(default_factory=list)

    @property
    def size(self) -> int:
        return sum(file.size for file in self.files)

    def write(self, folder: Path) -> None:
        """Last of all: a folder without it is no backup."""
        private_file(folder / MANIFEST, json.dumps(asdict(self), ensure_ascii=False, indent=1) + "\n")


def read_manifest(folder: Path) -> Manifest:
    """Raises UserError when the folder is no backup, or one that this version does not know."""
    path = folder / MANIFEST
    if not path.is_file():
        raise UserError(
            f"{folder} 不是备份，或者备份没有做完：没有 {MANIFEST}",
            f"{folder} is no backup, or one that was not finished: it has no {MANIFEST}",
            "请指明备份所在的文件夹；没有做完的可以删掉重做",
            "name the folder of a backup; an unfinished one can be deleted and taken again",
        )
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        if said["format"] > FORMAT:
            raise newer("备份的格式", "the backup's format")
        files = [_stored(one) for one in said["files"]]
        known = {one.name for one in fields(Manifest)}
        return Manifest(**{name: value for name, value in said.items() if name in known} | {"files": files})
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise UserError(
            f"备份清单损坏：{path}（{type(error).__name__}）",
            f"the backup's manifest is damaged: {path} ({type(error).__name__})",
            "请换一份备份",
            "take another backup",
        ) from error


def newer(zh: str, en: str) -> UserError:
    """The code cannot read what a later one wrote."""
    return UserError(
        f"{zh}比现在的程序新",
        f"{en} is newer than this program",
        "请先把程序升级到做备份时的版本，再恢复",
        "upgrade the program to the version that took the backup, then restore",
    )


def _stored(said: dict[str, Any]) -> StoredFile:
    """A name that leads out of the backup is refused like any other damage."""
    path = PurePosixPath(said["path"])
    if path.is_absolute() or ".." in path.parts or not path.parts:
        raise ValueError(said["path"])
    return StoredFile(str(path), int(said["size"]), str(said["sha256"]))


def check_files(folder: Path, manifest: Manifest, report: Report) -> None:
    """Every file is there and has its sum. Raises UserError that names those which do not."""
    wrong: list[str] = []
    done, total = 0, max(1, manifest.size)
    for file in manifest.files:
        report("核对文件 / checking", done / total)
        if not is_whole(folder / file.path, file):
            wrong.append(file.path)
        done += file.size
    if wrong:
        names = ", ".join(wrong[:5])
        raise UserError(
            f"备份里有 {len(wrong)} 个文件缺失或损坏：{names}",
            f"{len(wrong)} files of the backup are missing or damaged: {names}",
            f"什么也没有写；请换一份备份（核对的是 {folder}）",
            f"nothing was written; take another backup (checked: {folder})",
        )


def is_whole(path: Path, file: StoredFile) -> bool:
    """There, a plain file, of the size and sum that the manifest says."""
    try:
        return not path.is_symlink() and path.stat().st_size == file.size and sum_of(path) == file.sha256
    except OSError:
        return False


def sum_of(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
