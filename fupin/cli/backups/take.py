"""Take a backup while the service works: first the rows of one moment, then the files that those rows name."""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fupin.cli.backups.keyfiles import fingerprints, key_files, put_keys, refuse_together
from fupin.cli.backups.manifest import DATA, DUMP, FORMAT, Manifest, Report, StoredFile, is_whole, read_manifest
from fupin.cli.backups.programs import file_watch, find_program, run_program
from fupin.kernel.errors import UserError

if TYPE_CHECKING:
    from fupin.exchange.api import KeptFile

CHUNK = 1 << 20
ATTEMPTS = 20
SMALL = ("keys.made", "demo/*.txt")  # what else of the data folder is more than a cache, by pattern
SHARE_OF_DUMP = 0.5
#: tables whose rows stay where they are: whoever had signed out would be signed in again; the key of the tickets is
#: derived from the secret key, and `fupin migrate` writes it down anew
LEFT_OUT = ("django_session", "accounts_opensession", "accounts_ticketkey")


class Gone(Exception):
    """A file that the rows name went while we came: another moment has to be chosen."""


@dataclass
class Taking:
    """One backup on its way."""

    data: Path
    target: Path
    report: Report
    previous: tuple[Path, Mapping[str, StoredFile]] | None
    stored: dict[str, StoredFile] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def take_backup(*, target: Path, keys: Path | None, since: Path | None, report: Report) -> Manifest:
    """Into an empty ``target``; the keys go to ``keys``, None leaves them to their keeper. Raises UserError, OSError.

    ``since``: an earlier backup on the same disk; files that have not changed are shared with it (hard links).
    Whatever goes wrong, nothing of an unfinished backup is left.
    """
    from django.conf import settings

    data = Path(settings.FUPIN_DATA_DIR)
    previous = (since, {file.path: file for file in read_manifest(since).files}) if since else None
    refuse_place(target, data)
    if keys is not None:
        refuse_together(target, keys)
    existed = target.exists()
    target.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        return _take(Taking(data, target, report, previous), keys)
    except BaseException:
        _clear(target, keep=existed)
        raise


def refuse_place(target: Path, data: Path) -> None:
    """Empty, and not inside what is backed up."""
    if Path(os.path.realpath(target)).is_relative_to(os.path.realpath(data)):
        raise UserError(
            f"备份不能放在数据目录里：{target}",
            f"the backup must not lie in the data folder: {target}",
            "请放到另一块磁盘上",
            "put it on another disk",
        )
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise UserError(
            f"备份的目标不是空文件夹：{target}",
            f"the backup's target is not an empty folder: {target}",
            "请给一个新的文件夹名，例如带上日期",
            "name a new folder, for example with the date in it",
        )


def _take(taking: Taking, keys: Path | None) -> Manifest:
    for attempt in range(ATTEMPTS):
        try:
            said = _rows(taking)
            break
        except Gone:
            _clear(taking.target, keep=True)
            taking.stored.clear()
            if attempt == ATTEMPTS - 1:
                raise UserError(
                    "正在处理的交付文件一再消失，找不到一个一致的时刻",
                    "files of deliveries at work kept vanishing: no consistent moment was found",
                    "请稍后再备份",
                    "take the backup again later",
                ) from None
    _copy_all(taking, said.kept)
    files = key_files(taking.data)
    folder = put_keys(files, keys) if keys is not None else ""
    manifest = _manifest(taking, said, folder, fingerprints(files))
    _sync_folders(taking.target)
    manifest.write(taking.target)
    taking.report("完成 / done", 1.0)
    return manifest


@dataclass(frozen=True)
class Rows:
    """What was learnt in the one moment that the dump shows."""

    taken_at: str
    postgresql: int
    logins: dict[str, str]
    migrations: list[str]
    tables: dict[str, int]
    kept: list[KeptFile]


def _rows(taking: Taking) -> Rows:
    """Dump one moment of the database and list the files that its rows name."""
    from fupin.exchange import api as exchange
    from fupin.identify import api as identify

    pinned = identify.pinned_runs()  # before the moment: what is pinned then is in its rows
    with _moment() as (cursor, login):
        kept = exchange.files_kept("owner")
        kept += [exchange.KeptFile(name) for name in identify.run_files_kept(pinned, "owner")]
        expected = int(_one(cursor, "SELECT pg_database_size(current_database())") * SHARE_OF_DUMP)
        _refuse_full_disk(taking, kept, expected)
        for file in kept:
            if file.fleeting and not _copy(taking, file):
                raise Gone(file.path)
        rows = _describe(cursor, login, kept)
        major = rows.postgresql // 10_000
        _dump(taking, _one(cursor, "SELECT pg_export_snapshot()"), login, major, expected)
    return rows


@contextmanager
def _moment() -> Iterator[tuple[Any, dict[str, str]]]:
    """A cursor of the owner that sees one moment until the end of the block, and how that login is reached."""
    from django.db import connections, transaction
    from psycopg.pq import Conninfo

    words = {option.keyword.decode() for option in Conninfo.get_defaults()}
    owner = connections["owner"]
    parameters = owner.get_connection_params()
    login = {key: str(value) for key, value in parameters.items() if key in words and value is not None}
    try:
        with transaction.atomic(using="owner"), owner.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            yield cursor, login
    finally:
        owner.close()


def _one(cursor: Any, query: str) -> Any:
    cursor.execute(query)
    return cursor.fetchone()[0]


def _describe(cursor: Any, login: Mapping[str, str], kept: list[KeptFile]) -> Rows:
    from django.db import connections
    from django.utils import timezone

    app = connections["default"].settings_dict["USER"]
    logins = {"owner": _one(cursor, "SELECT current_user"), "app": app or login.get("user", "")}
    version = int(_one(cursor, "SELECT current_setting('server_version_num')"))
    cursor.execute("SELECT app || '.' || name FROM django_migrations ORDER BY 1")
    migrations = [row[0] for row in cursor.fetchall()]
    return Rows(timezone.localtime().isoformat(), version, logins, migrations, count_rows(cursor), kept)


def count_rows(cursor: Any) -> dict[str, int]:
    """Table → its rows, as the cursor sees them; tables of other schemas than public with the schema's name.

    Those that are left out of backups count as empty.
    """
    from psycopg import sql

    ours = "schemaname NOT LIKE 'pg\\_%' AND schemaname <> 'information_schema'"
    cursor.execute(f"SELECT schemaname, tablename FROM pg_tables WHERE {ours} ORDER BY 1, 2".encode())  # noqa: S608
    counts: dict[str, int] = {}
    for schema, name in cursor.fetchall():
        full = name if schema == "public" else f"{schema}.{name}"
        cursor.execute(sql.SQL("SELECT count(*) FROM {}.{}").format(sql.Identifier(schema), sql.Identifier(name)))
        counts[full] = 0 if full in LEFT_OUT else cursor.fetchone()[0]
    return counts


def _dump(taking: Taking, snapshot: str, login: Mapping[str, str], major: int, expected: int) -> None:
    out = taking.target / DUMP
    out.touch(mode=0o600)
    # gzip at its quickest: the wheel's build knows neither zstd nor lz4
    command = [str(find_program("pg_dump", major)), "--format=custom", "--compress=gzip:1", f"--snapshot={snapshot}"]
    command += [f"--exclude-table-data={table}" for table in LEFT_OUT]
    command.append(f"--file={out}")
    watch = file_watch(out, expected, lambda share: taking.report("数据库 / database", 0.5 * share))
    run_program(command, login, watch)
    with out.open("rb") as stream:
        os.fsync(stream.fileno())
        taking.stored[DUMP] = StoredFile(DUMP, out.stat().st_size, hashlib.file_digest(stream, "sha256").hexdigest())


def _refuse_full_disk(taking: Taking, kept: list[KeptFile], dump: int) -> None:
    """Said now, not after minutes of copying."""
    known = taking.previous[1] if taking.previous else {}
    sizes = {file.path: _size(taking.data / file.path) for file in kept}
    fresh = sum(
        size for path, size in sizes.items() if not (found := known.get(f"{DATA}/{path}")) or found.size != size
    )
    needed, free = dump + fresh, shutil.disk_usage(taking.target).free
    if needed > free:
        raise UserError(
            f"空间不足：备份约需 {needed / 1e6:,.0f} MB，{taking.target} 所在磁盘只剩 {free / 1e6:,.0f} MB",
            f"not enough room: the backup needs about {needed / 1e6:,.0f} MB, {free / 1e6:,.0f} MB are free",
            "请换一块磁盘，或用 --since 与上一次备份共用没有变的文件",
            "choose another disk, or share unchanged files with an earlier backup by --since",
        )


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _copy_all(taking: Taking, kept: list[KeptFile]) -> None:
    from fupin.exchange.api import KeptFile

    small = [path.relative_to(taking.data) for pattern in SMALL for path in sorted(taking.data.glob(pattern))]
    waiting = [file for file in kept if not file.fleeting] + [KeptFile(path.as_posix()) for path in small]
    done, total = 0, max(1, sum(_size(taking.data / file.path) for file in waiting))
    for file in waiting:
        taking.report("文件 / files", 0.5 + 0.5 * done / total)
        if not _copy(taking, file):
            taking.problems.append(f"{file.path}: missing")
        done += _size(taking.data / file.path)


def _copy(taking: Taking, file: KeptFile) -> bool:
    """Copy one file and note its sum; False when it is not there."""
    name = f"{DATA}/{file.path}"
    place = taking.target / name
    place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        with (taking.data / file.path).open("rb") as source:
            taking.stored[name] = _linked(taking, name, source) or _copied(source, place, name)
    except FileNotFoundError:
        return False
    if file.sha256 and taking.stored[name].sha256 != file.sha256:
        taking.problems.append(f"{file.path}: damaged")
    return True


def _linked(taking: Taking, name: str, source: Any) -> StoredFile | None:
    """Share the file with the earlier backup when both hold the same bytes."""
    if taking.previous is None or (known := taking.previous[1].get(name)) is None:
        return None
    before = taking.previous[0] / name
    if os.fstat(source.fileno()).st_size != known.size or not is_whole(before, known):
        return None
    same = hashlib.file_digest(source, "sha256").hexdigest() == known.sha256
    source.seek(0)
    if not same:
        return None
    try:
        (taking.target / name).hardlink_to(before)
    except OSError:  # another disk, or one that knows no links
        return None
    return known


def _copied(source: Any, place: Path, name: str) -> StoredFile:
    digest, size = hashlib.sha256(), 0
    with os.fdopen(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
        while chunk := source.read(CHUNK):
            digest.update(chunk)
            size += len(chunk)
            out.write(chunk)
        out.flush()
        os.fsync(out.fileno())
    return StoredFile(name, size, digest.hexdigest())


def _manifest(taking: Taking, said: Rows, key_folder: str, keys: dict[str, str]) -> Manifest:
    from fupin.cli.main import fupin_version

    code = f"fupin {fupin_version()} · Python {sys.version.split()[0]}"
    return Manifest(
        FORMAT, f"{said.taken_at[:19].replace(':', '')}", said.taken_at, code, said.postgresql, said.logins,
        said.migrations, said.tables, key_folder, keys, list(taking.stored.values()), taking.problems,
    )  # fmt: skip


def _sync_folders(target: Path) -> None:
    for folder in (*(path for path in target.rglob("*") if path.is_dir()), target):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _clear(target: Path, *, keep: bool) -> None:
    """Remove what we have written; the folder itself only when we made it."""
    for path in target.iterdir():
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    if not keep:
        target.rmdir()
