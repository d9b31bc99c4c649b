"""`fupin users load FILE.xlsx`: accounts for all cadres of a county in one file, errors row by row."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fupin.cli.acting import acting_administrator, acting_user
from fupin.cli.django_setup import django_ready
from fupin.kernel.errors import UserError


def load_command(
    file: Annotated[Path, typer.Argument(help="XLSX：用户名、姓名、角色、辖区代码、部门、到期日 / one account a row")],
    out: Annotated[Path, typer.Option(help="结果写到这里：一次性密码或错误 / one-time passwords and errors go here")],
    as_user: Annotated[
        str | None, typer.Option("--as", help="以哪个账号的名义 / the account who does it; by default an administrator")
    ] = None,
) -> None:
    """批量开设账号；坏行写明原因，好行照常开设 / open accounts in bulk; faulty rows say why, the others are opened."""
    django_ready()
    from fupin.accounts.api import answer_book, open_many, rows_of

    if out.exists():
        raise UserError(
            f"{out} 已存在，不覆盖", f"{out} exists and is not overwritten", "换一个文件名", "choose another name"
        )
    by = acting_user(as_user) if as_user else acting_administrator(None)
    outcomes = open_many(by=by, rows=rows_of(_content(file), file.name))
    write_private(out, answer_book(outcomes))
    opened = sum(1 for one in outcomes if one.error is None)
    typer.echo(f"已开设 {opened} 个，{len(outcomes) - opened} 行有错，见 {out}")
    typer.echo(f"opened {opened}, {len(outcomes) - opened} rows with errors, see {out}")
    if opened < len(outcomes):
        raise typer.Exit(1)


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise UserError(
            f"读不了 {file}", f"cannot read {file}", "请提供 XLSX 文件", "an XLSX file is needed"
        ) from error


def write_private(out: Path, content: bytes) -> None:
    """Readable by its owner alone: it holds passwords until they are changed."""
    out.touch(mode=0o600)
    out.write_bytes(content)
