"""`fupin backup` and `fupin restore`: everything an installation is, kept elsewhere and brought back."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fupin.cli.django_setup import django_ready
from fupin.cli.parent import end_with_parent
from fupin.cli.postgres import places
from fupin.cli.progress import step_progress
from fupin.kernel.errors import UserError

if TYPE_CHECKING:
    from fupin.cli.backups import Manifest

KEYS_HELP = "密钥另存到（或取自）这个文件夹 / folder for the keys, not the backup's"
WITHOUT_HELP = "不含密钥，由密钥保管人另行保存 / without the keys: their keeper keeps them"


def register(app: typer.Typer) -> None:
    app.command("backup")(backup_command)
    app.command("restore")(restore_command)


def backup_command(
    target: Annotated[Path, typer.Argument(help="新的备份文件夹 / folder of the new backup")],
    keys: Annotated[Path | None, typer.Option(help=KEYS_HELP)] = None,
    without_keys: Annotated[bool, typer.Option("--without-keys", help=WITHOUT_HELP)] = False,
    since: Annotated[Path | None, typer.Option(help="与这份较早的备份共用没有变的文件 / earlier backup")] = None,
    verify: Annotated[bool, typer.Option("--verify", help="不备份，只核对已有的备份 / only check a backup")] = False,
    restore_test: Annotated[
        bool, typer.Option("--restore-test", help="核对时真的恢复一次数据库 / and restore it")
    ] = False,
) -> None:
    """备份数据库与数据文件，服务照常运行 / back up database and data files while the service works."""
    if verify or restore_test:
        verify_backup(target, restore_test)
        return
    demand_choice(keys, without_keys)
    from fupin.cli.backups import take_backup

    began = time.monotonic()
    end_with_parent()
    django_ready()
    with step_progress() as report:
        manifest = take_backup(target=target.absolute(), keys=keys, since=since, report=report)
    tell(manifest, target, time.monotonic() - began)
    if keys is not None:
        typer.echo(f"密钥 / keys: {keys / manifest.key_folder}")
    if manifest.problems:
        for problem in manifest.problems:
            typer.echo(f"备份前就已缺失或损坏 / missing or damaged before the backup: {problem}", err=True)
        raise typer.Exit(1)


def restore_command(
    source: Annotated[Path, typer.Argument(help="备份文件夹 / folder of the backup")],
    keys: Annotated[Path | None, typer.Option(help=KEYS_HELP)] = None,
    without_keys: Annotated[bool, typer.Option("--without-keys", help=WITHOUT_HELP)] = False,
) -> None:
    """把备份恢复到空的数据目录（或空的数据库）/ restore a backup into an empty data folder or database."""
    data = places.data_folder()
    if not os.environ.get("FUPIN_KEYS_FILE"):
        demand_choice(keys, without_keys)
    from fupin.cli.backups import restore_backup

    began = time.monotonic()
    end_with_parent()
    with step_progress() as report:
        manifest = restore_backup(source=source.absolute(), data=data, keys=keys, report=report)
    tell(manifest, data, time.monotonic() - began)
    typer.echo("所有人需要重新登录；备份之后撤销的令牌和停用的账号又有效了，请核对")
    typer.echo(
        "everybody signs in again; tokens revoked and accounts closed after the backup are valid again: check them"
    )
    if without_keys:
        typer.echo(f"请把密钥文件放到 {data} 再启动 / put the key files into {data} before starting")


def demand_choice(keys: Path | None, without_keys: bool) -> None:
    """Where the keys go is said, never guessed."""
    if (keys is None) == (not without_keys):
        raise UserError(
            "请说明密钥放在哪里",
            "say where the keys are",
            "--keys 文件夹（不能是备份所在的文件夹），或 --without-keys（密钥由保管人另行保存）",
            "--keys FOLDER (not the backup's), or --without-keys (their keeper keeps them)",
        )


def verify_backup(source: Path, restore: bool) -> None:
    """Sums of all files; on wish also a real restore of the database."""
    from fupin.cli.backups import check_files, read_manifest, restore_test

    began = time.monotonic()
    manifest = read_manifest(source)
    with step_progress() as report:
        check_files(source, manifest, report)
        if restore:
            restore_test(source, manifest, report)
    tell(manifest, source, time.monotonic() - began)
    typer.echo("备份完好 / the backup is whole" + ("，已恢复演练 / and was restored on trial" if restore else ""))


def tell(manifest: Manifest, place: Path, seconds: float) -> None:
    rows = sum(manifest.tables.values())
    typer.echo(
        f"{place}\n{manifest.taken_at}  {manifest.code}  PostgreSQL {manifest.postgresql // 10_000}\n"
        f"文件 / files {len(manifest.files):,}  {manifest.size / 1e6:,.1f} MB  行 / rows {rows:,}  {seconds:.1f} s"
    )
