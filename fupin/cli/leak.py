"""`fupin leak FILE`: whose export a file, or rows that were pasted from one, came from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fupin.cli.django_setup import django_ready
from fupin.kernel.errors import UserError


def register(app: typer.Typer) -> None:
    app.command("leak")(leak_command)


def leak_command(
    file: Annotated[Path, typer.Argument(help="流出的文件，或粘贴出来的几行 / a file, or some rows of one")],
) -> None:
    """由隐藏水印查出是谁、何时导出的 / who exported it and when, by its hidden mark."""
    if not file.is_file():
        raise UserError(f"没有文件 {file}", f"no file {file}", "核对路径", "check the path")
    django_ready()
    from django.utils import timezone

    from fupin.ui.export_marks import deed_of, exports_named_in

    found = exports_named_in(file)
    if not found:
        raise UserError(
            "文件里没有本平台的导出水印",
            "the file bears no export mark of this installation",
            "水印在每行的第一处和最后一处汉字之后；重新键入的文字没有水印",
            "the mark stands behind the first and last Chinese text of each row; text typed anew has none",
        )
    for number in sorted(found):
        deed = deed_of(number)
        if deed is None:
            typer.echo(f"{number}: 水印属实，但留痕中没有这次导出 / a true mark, but no such deed in the trail")
            continue
        who = f"{deed.by} ({deed.by.username})" if deed.by else "–"
        when = f"{timezone.localtime(deed.at):%Y-%m-%d %H:%M:%S}"
        typer.echo(f"{number}: {who} {when} {deed.object_kind} {deed.region or '–'} {deed.detail}")
