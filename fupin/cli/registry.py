"""`fupin registry load` and `fupin registry snapshot`: the registry in, one moment of it out."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from fupin.cli.acting import acting_user
from fupin.cli.django_setup import django_ready
from fupin.cli.parent import end_with_parent
from fupin.cli.progress import step_progress
from fupin.kernel.errors import UserError


def register(app: typer.Typer) -> None:
    registry = typer.Typer(help="登记库 / registry", no_args_is_help=True)
    registry.command("load")(load_command)
    registry.command("snapshot")(snapshot_command)
    app.add_typer(registry, name="registry")


def load_command(
    folder: Annotated[
        Path, typer.Argument(help="含 households survey persons ledger 的文件夹 / folder with the tables")
    ],
    user: Annotated[str | None, typer.Option("--as", help="账号 / account to act for")] = None,
) -> None:
    """载入登记库：全部写入或全部不写 / load a registry: all of it or nothing."""
    end_with_parent()
    django_ready()
    from fupin.registry import api as registry

    by = acting_user(user)
    with step_progress() as report:
        loaded = registry.load_registry(by=by, folder=folder, progress=report)
    for name, count in asdict(loaded).items():
        typer.echo(f"{name}: {count:,}")


def snapshot_command(
    out: Annotated[Path, typer.Option(help="输出文件夹 / folder to write")],
) -> None:
    """同一时刻的全部登记库写成 Parquet / the whole registry at one moment, as Parquet."""
    django_ready()
    from fupin.registry import api as registry

    if (out / "manifest.json").exists():
        raise UserError(
            f"{out} 里已有一个快照",
            f"{out} already holds a snapshot",
            "换一个文件夹",
            "name another folder",
        )
    with step_progress() as report:
        info = registry.snapshot(out, report)
    typer.echo(f"{info.id}  {info.taken_at}")
    for name, count in info.counts.items():
        typer.echo(f"{name}: {count:,}  sha256 {info.sha256[name]}")
