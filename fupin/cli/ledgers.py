"""`fupin ledgers check|apply|undo|export`: existing ledgers in, looked at first, and out again."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fupin.cli.acting import acting_user
from fupin.cli.django_setup import django_ready
from fupin.cli.progress import step_progress
from fupin.kernel.errors import NotFound, UserError

if TYPE_CHECKING:
    from fupin.accounts.api import User
    from fupin.exchange.api import LedgerFile
    from fupin.registry.api import LedgerBatch

Account = Annotated[str | None, typer.Option("--as", help="账号 / account to act for")]
SHOWN = 20


def register(app: typer.Typer) -> None:
    ledgers = typer.Typer(help="台账 / ledgers", no_args_is_help=True)
    ledgers.command("check")(check_command)
    ledgers.command("apply")(apply_command)
    ledgers.command("undo")(undo_command)
    ledgers.command("export")(export_command)
    app.add_typer(ledgers, name="ledgers")


def check_command(
    files: Annotated[list[Path], typer.Argument(help="国办表或名单 / national tables or lists")],
    region: Annotated[str, typer.Option(help="辖区代码 / code of the region")] = "",
    as_of: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="台账日期 / day of the ledger")] = None,
    year: Annotated[int, typer.Option(help="数据年度 / year of the data")] = 0,
    user: Account = None,
) -> None:
    """试算，不写入：有哪些差异 / a dry run: what would change; nothing is written."""
    django_ready()
    from django.utils import timezone

    from fupin.exchange import api as exchange

    by = acting_user(user)
    day = as_of.date() if as_of else timezone.localdate()
    with ExitStack() as stack:
        opened = [_opened(path, stack) for path in files]
        batch = exchange.receive_ledger(
            by=by, files=opened, region=region or by.region, as_of=day, year=year or day.year, in_background=False
        )
    if batch.state == "mapping":
        typer.echo(f"{batch.pk}: 请在网页上指定各列 / say on the page what its columns are: /ledgers/{batch.pk}/")
        raise typer.Exit(1)
    with step_progress() as report:
        batch = exchange.run_plan(batch.pk, report)
    _tell(batch)
    _tell_refused(by, batch)


def _opened(path: Path, stack: ExitStack) -> LedgerFile:
    """Raises UserError for what is no file."""
    from fupin.exchange.api import LedgerFile

    if not path.is_file():
        raise UserError(f"没有文件 {path}", f"there is no file {path}", "核对路径", "check the path")
    return LedgerFile(path.name, path.stat().st_size, stack.enter_context(path.open("rb")))


def _tell_refused(by: User, batch: LedgerBatch) -> None:
    """The first rows that are not taken: where, why."""
    from fupin.exchange import api as exchange

    found = exchange.differences_for(by, batch.pk)
    for one in found.filter(found["kind"] == "refused").head(SHOWN).iter_rows(named=True):
        typer.echo(f"  ! {one['table'] + 1}:{one['row']} {one['column']} {one['zh']} / {one['en']}")


def _batch(by: User, number: int) -> LedgerBatch:
    """Raises UserError for one that is not there, or not his."""
    from fupin.exchange import api as exchange

    try:
        return exchange.batch_for(by, number)
    except NotFound as error:
        raise UserError(
            f"没有批次 {number}", f"there is no batch {number}", "核对批次号和账号（--as）",
            "check its number and the account (--as)",
        ) from error  # fmt: skip


def _tell(batch: LedgerBatch) -> None:
    """Figures of a batch; raises UserError with the problem it has."""
    if batch.problem:
        words = batch.problem
        raise UserError(words["zh"], words["en"], words.get("hint_zh", ""), words.get("hint_en", ""))
    typer.echo(f"batch {batch.pk} · {batch.state}")
    for name in ("new_household", "new_person", "new_year", "changed", "missing", "grouped", "refused"):
        typer.echo(f"  {name}: {batch.counts.get(name, 0):,}")
    for name, count in list(batch.counts.get("by_figure", {}).items())[:SHOWN]:
        typer.echo(f"    {name}: {count:,}")
    for doubt in batch.doubts:
        typer.echo(f"  ? {doubt['heading']} · {doubt['field']} · {doubt['chosen'] or 'own list'} · {doubt['evidence']}")


def apply_command(
    batch: Annotated[int, typer.Argument(help="批次号 / number of the batch")],
    confirm: Annotated[
        bool, typer.Option("--confirm-codes", help="代码列就是所读的代码表 / the code columns are of the lists shown")
    ] = False,
    user: Account = None,
) -> None:
    """整批写入 / apply a batch that was looked at, whole or not at all."""
    django_ready()
    from fupin.exchange import api as exchange

    by = acting_user(user)
    held = _batch(by, batch)
    if confirm:
        for doubt in held.doubts:
            exchange.confirm_doubt(by=by, batch_id=batch, key=doubt["key"], chosen=doubt["chosen"])
    exchange.order_apply(by=by, batch_id=batch, in_background=False)
    with step_progress() as report:
        done = exchange.run_apply(batch, report)
    _tell(done)


def undo_command(
    batch: Annotated[int, typer.Argument(help="批次号 / number of the batch")],
    reason: Annotated[str, typer.Option(help="理由 / reason")],
    user: Account = None,
) -> None:
    """整批撤回 / take an applied batch back, whole or not at all."""
    django_ready()
    from fupin.exchange import api as exchange

    by = acting_user(user)
    exchange.order_undo(by=by, batch_id=_batch(by, batch).pk, reason=reason, in_background=False)
    with step_progress() as report:
        done = exchange.run_undo(batch, report)
    _tell(done)


def export_command(
    layout: Annotated[
        str,
        typer.Argument(help="格式：ac01 ab01 … persons26，保存的对应 m1 … / layout, or m and the number of a mapping"),
    ],
    out: Annotated[Path, typer.Option(help="CSV 文件 / file to write")],
    region: Annotated[str, typer.Option(help="辖区代码 / code of the region")] = "",
    year: Annotated[int, typer.Option(help="数据年度 / year of the data")] = 0,
    full: Annotated[bool, typer.Option("--full", help="完整号码（须写理由）/ full numbers, with a reason")] = False,
    reason: Annotated[str, typer.Option(help="理由 / reason")] = "",
    user: Account = None,
) -> None:
    """按同样的格式写出，代码一字不差 / write the registry out in a layout, codes to the byte."""
    django_ready()
    from django.utils import timezone

    from fupin.accounts.api import Deed
    from fupin.catalogue.ledgers import layouts
    from fupin.console.ledger_books import ledger_csv
    from fupin.exchange import api as exchange
    from fupin.registry import api as registry
    from fupin.ui.export_marks import Watermark

    by = acting_user(user)
    try:
        found, writes = exchange.layout_for(by, layout)
    except NotFound as error:
        known = ", ".join([*layouts(), *(f"m{one.pk} {one.name}" for one in exchange.mappings_for(by))])
        raise UserError(
            f"没有格式 {layout}", f"no layout {layout!r}", f"可用：{known}", f"there are: {known}"
        ) from error  # fmt: skip
    order = registry.LedgerOrder(found, region or by.region, year or timezone.localdate().year, writes)
    receipt, rows = registry.export_now(by=by, order=order, full=full, reason=reason)
    deed = Deed.objects.get(pk=receipt.deed)
    out.write_bytes(ledger_csv(rows, Watermark(by, deed.pk, deed.at)))
    typer.echo(f"{rows.height:,} → {out}")
