"""Bring a backup back: everything is checked first, built aside, and takes its name in one step when it is whole."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fupin.cli import postgres
from fupin.cli.backups.keyfiles import (
    KEYS,
    copy_secret,
    demand_fitting,
    found_keys,
    key_files,
    place_of_keys,
    refuse_together,
)
from fupin.cli.backups.manifest import DATA, DUMP, Manifest, Report, check_files, newer, read_manifest
from fupin.cli.backups.programs import Login, find_program, run_program
from fupin.cli.backups.take import count_rows
from fupin.cli.postgres import places
from fupin.kernel.errors import UserError

if TYPE_CHECKING:
    from psycopg import Connection

ROOM = 5  # a restored database with its indexes, in sizes of its dump


def restore_backup(*, source: Path, data: Path, keys: Path | None, report: Report) -> Manifest:
    """Into an empty or missing ``data`` and its own server, or the empty database that DATABASE_URL names.

    ``keys``: the folder of the key files; None restores without: then the next start brings the tables up to date.
    Raises UserError, OSError; nothing half done is left.
    """
    manifest = read_manifest(source)
    refuse_newer(manifest)
    refuse_occupied(data)
    files = wanted_keys(manifest, source, data, keys)
    outside = os.environ.get("DATABASE_OWNER_URL", "").strip() or os.environ.get("DATABASE_URL", "").strip()
    if outside:
        refuse_database(outside, manifest)
    refuse_full(manifest, data)
    check_files(source, manifest, _part(report, 0.0, 0.2))
    aside = data.with_name(f".{data.name}.restoring-{secrets.token_hex(4)}")
    try:
        _build(source, manifest, aside, files, outside, report)
        if KEYS in files:
            report("更新数据表 / migrating", 0.95)
            _migrate(aside)
        postgres.stop(aside)
        os.sync()
        aside.replace(data)  # onto an empty folder or none
    finally:
        postgres.destroy(aside)
    report("完成 / done", 1.0)
    return manifest


def _part(report: Report, low: float, high: float) -> Report:
    return lambda step, share: report(step, low + (high - low) * share)


def refuse_newer(manifest: Manifest) -> None:
    """The code knows every migration that the backup has. Raises UserError."""
    if unknown := sorted(set(manifest.migrations) - code_migrations()):
        raise newer(f"备份的数据表（{unknown[-1]}）", f"the backup's schema ({unknown[-1]})")


def code_migrations() -> set[str]:
    """ "app.name" of every migration that this program knows."""
    os.environ.setdefault("FUPIN_NO_DATABASE", "1")  # only read the code: nothing is made before the checks are over
    from fupin.cli.django_setup import django_ready

    django_ready()
    from django.db.migrations.loader import MigrationLoader

    loader = MigrationLoader(None, ignore_no_migrations=True)
    return {f"{app}.{name}" for app, name in loader.disk_migrations}


def refuse_occupied(data: Path) -> None:
    """The data folder is missing or empty, and can be replaced by another."""
    if data.exists() and (not data.is_dir() or any(data.iterdir())):
        raise UserError(
            f"数据目录不是空的：{data}",
            f"the data folder is not empty: {data}",
            "恢复只写入空的数据目录；请用 FUPIN_DATA_DIR 指定一个新的，原来的数据不会动",
            "a restore goes into an empty data folder only; name a new one with FUPIN_DATA_DIR, the old one stays",
        )
    if data.is_mount():
        raise UserError(
            f"数据目录是一个挂载点：{data}",
            f"the data folder is a mount point: {data}",
            "请用 FUPIN_DATA_DIR 指定其中的一个子文件夹",
            "name a folder inside it with FUPIN_DATA_DIR",
        )


def wanted_keys(manifest: Manifest, source: Path, data: Path, keys: Path | None) -> dict[str, Path]:
    """The key files to use: those in ``keys``, and the data keys that FUPIN_KEYS_FILE names already."""
    files: dict[str, Path] = {}
    if keys is not None:
        refuse_together(source, keys)
        files = found_keys(keys, manifest.key_folder)
    in_place = key_files(data)
    if files or KEYS in in_place:
        demand_fitting(manifest.keys, {**files, **in_place})
    return {**files, **in_place}


def refuse_database(url: str, manifest: Manifest) -> None:
    """The outside database is empty, of no older version, and knows the logins that the dump gives rights to."""
    with closing(_connect(url)) as connection, connection.cursor() as cursor:
        if tables := count_rows(cursor):
            raise UserError(
                f"DATABASE_URL 的库不是空的，里面有 {len(tables)} 张表",
                f"the database of DATABASE_URL is not empty: it holds {len(tables)} tables",
                "请新建一个空库（CREATE DATABASE … OWNER …），再恢复",
                "make an empty one (CREATE DATABASE … OWNER …), then restore",
            )
        if connection.info.server_version // 10_000 < manifest.postgresql // 10_000:
            raise newer("备份里的 PostgreSQL", "the backup's PostgreSQL")
        cursor.execute("SELECT rolname FROM pg_roles")
        known = {row[0] for row in cursor.fetchall()}
    if missing := sorted(set(manifest.logins.values()) - known):
        names = ", ".join(missing)
        raise UserError(
            f"数据库服务器上没有账号 {names}，备份里的权限是给它们的",
            f"the server does not know the logins {names}, to whom the backup gives its rights",
            "请先建立：CREATE ROLE … LOGIN PASSWORD …，并让 DATABASE_OWNER_URL、DATABASE_URL 用它们登录",
            "make them first: CREATE ROLE … LOGIN PASSWORD …, and let DATABASE_OWNER_URL and DATABASE_URL use them",
        )


def refuse_full(manifest: Manifest, data: Path) -> None:
    dump = next(file.size for file in manifest.files if file.path == DUMP)
    parent = next(folder for folder in data.parents if folder.exists())
    needed, free = manifest.size + (ROOM - 1) * dump, shutil.disk_usage(parent).free
    if needed > free:
        raise UserError(
            f"空间不足：恢复约需 {needed / 1e6:,.0f} MB，{parent} 所在磁盘只剩 {free / 1e6:,.0f} MB",
            f"not enough room: the restore needs about {needed / 1e6:,.0f} MB, {free / 1e6:,.0f} MB are free",
            "请用 FUPIN_DATA_DIR 指定另一块磁盘上的文件夹",
            "name a folder on another disk with FUPIN_DATA_DIR",
        )


def _build(
    source: Path, manifest: Manifest, aside: Path, files: Mapping[str, Path], outside: str, report: Report
) -> None:
    """The whole data folder under another name."""
    places.make_data_folder(aside)
    lay_files(source, manifest, aside, _part(report, 0.2, 0.4))
    for name, path in files.items():
        if path != place_of_keys(aside):  # FUPIN_KEYS_FILE lies where it lies
            copy_secret(path, aside / name)
    report("数据库 / database", 0.4)
    url = outside or postgres.ensure_server(aside).owner_url
    load_dump(source, manifest, url, at_once=bool(outside))
    report("核对行数 / comparing", 0.9)
    settle(url, manifest)


def lay_files(source: Path, manifest: Manifest, data: Path, report: Report) -> None:
    done, total = 0, max(1, manifest.size)
    for file in manifest.files:
        if file.path.startswith(f"{DATA}/"):
            report("文件 / files", done / total)
            target = data / file.path.removeprefix(f"{DATA}/")
            target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            shutil.copyfile(source / file.path, target)
            target.chmod(0o600)
            places.belong_to_folder(target)
            done += file.size


def load_dump(source: Path, manifest: Manifest, url: str, *, at_once: bool) -> None:
    """The dump into an empty database. ``at_once``: all of it or nothing, in one transaction."""
    from psycopg.conninfo import conninfo_to_dict

    login: Login = {name: str(value) for name, value in conninfo_to_dict(url).items()}
    forget_default_rights(url, manifest)
    program = find_program("pg_restore", manifest.postgresql // 10_000)
    options = ["--single-transaction"] if at_once else [f"--jobs={min(4, os.cpu_count() or 1)}"]
    run_program([str(program), "--exit-on-error", "--no-owner", *options, str(source / DUMP)], login)


def forget_default_rights(url: str, manifest: Manifest) -> None:
    """Tables get the rights that the dump says and no others: a table that is closed to the app names none at all."""
    from psycopg import sql

    if manifest.logins["app"] == manifest.logins["owner"]:
        return
    with closing(_connect(url)) as connection, connection:
        for kind in ("TABLES", "SEQUENCES", "FUNCTIONS"):
            statement = f"ALTER DEFAULT PRIVILEGES REVOKE ALL ON {kind} FROM {{}}"
            connection.execute(sql.SQL(statement).format(sql.Identifier(manifest.logins["app"])))


def settle(url: str, manifest: Manifest) -> None:
    """Every table has the rows it had; the planner gets its figures."""
    from psycopg import sql

    with closing(_connect(url)) as connection:
        connection.autocommit = True
        cursor: Any = connection.cursor()
        compare_rows(manifest.tables, count_rows(cursor))
        for table in count_rows(cursor):
            cursor.execute(sql.SQL("ANALYZE {}").format(sql.Identifier(*table.split("."))))


def compare_rows(before: Mapping[str, int], now: Mapping[str, int]) -> None:
    """Raises UserError that names the tables which differ."""
    wrong = sorted(name for name in before.keys() | now.keys() if before.get(name) != now.get(name))
    if wrong:
        told = ", ".join(f"{name} {before.get(name)} ≠ {now.get(name)}" for name in wrong[:5])
        raise UserError(
            f"恢复出来的行数与备份清单不同：{told}",
            f"the restored tables differ from the manifest: {told}",
            "恢复已撤销；请换一份备份",
            "the restore was undone; take another backup",
        )


def _migrate(aside: Path) -> None:
    """Bring an older backup up to the code and write down the key of the tickets, in a process that works aside."""
    environment = {name: value for name, value in os.environ.items() if name != "FUPIN_NO_DATABASE"}
    environment["FUPIN_DATA_DIR"] = str(aside)
    command = [sys.executable, "-m", "fupin.cli.main", "migrate"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise UserError(
            f"备份恢复了，但更新数据表失败，恢复已撤销：\n{done.stderr.strip()[-2000:]}",
            "the backup was restored but bringing its tables up to date failed; the restore was undone",
            "请用做备份时的版本恢复，再升级",
            "restore with the version that took the backup, then upgrade",
        )


def _connect(url: str) -> Connection[tuple[Any, ...]]:
    import psycopg

    try:
        return psycopg.connect(url)
    except psycopg.OperationalError as error:
        raise UserError(
            "数据库连不上", "the database cannot be reached", "请检查 DATABASE_OWNER_URL", "check DATABASE_OWNER_URL"
        ) from error
