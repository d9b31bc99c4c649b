"""`fupin audit seal|heads|verify`: the trail sealed from outside the database, its heads, and the proof."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fupin.cli.django_setup import django_ready
from fupin.cli.parent import end_with_parent
from fupin.cli.progress import step_progress

if TYPE_CHECKING:
    from fupin.accounts.trail.api import Places, Verdict

SECONDS = 3.0
PATIENCE = 30.0


def register(app: typer.Typer) -> None:
    audit = typer.Typer(help="留痕 / the trail", no_args_is_help=True)
    audit.command("seal")(seal_command)
    audit.command("heads")(heads_command)
    audit.command("verify")(verify_command)
    app.add_typer(audit, name="audit")


def places() -> Places:
    """Where the key and the heads lie."""
    from django.conf import settings

    from fupin.accounts.trail.api import Places

    return Places(Path(settings.FUPIN_TRAIL_KEY_FILE), Path(settings.FUPIN_HEADS_DIR))


def seal_command(
    once: Annotated[bool, typer.Option("--once", help="只封存一次 / seal what there is and end")] = False,
    new_key: Annotated[
        bool, typer.Option("--new-key", help="钥匙已丢失，另起一把 / the key is lost: make another; implies --once")
    ] = False,
    every: Annotated[float, typer.Option(min=0.1, help="间隔秒数 / seconds between seals")] = SECONDS,
) -> None:
    """封存留痕：每隔几秒把新的留痕链接、签名，写出链头 / chain and sign the trail every few seconds; Ctrl-C stops."""
    end_with_parent()
    django_ready()
    from fupin.accounts.trail.api import seal_for_ever, seal_now

    if once or new_key:
        made = seal_now(places(), _patience(PATIENCE), new_key=new_key)
        typer.echo(f"新封存 / new seals: {len(made)}" + (f"，至第 {made[-1].last} 条" if made else ""))
        return
    ending = threading.Event()
    for one in (signal.SIGTERM, signal.SIGINT):
        signal.signal(one, lambda *_: ending.set())
    seal_for_ever(places(), lambda: ending.wait(every))


def _patience(seconds: float) -> Callable[[], bool]:
    """A short pause each time; true when all of them together took too long."""
    pause = threading.Event()
    deadline = time.monotonic() + seconds
    return lambda: pause.wait(0.1) or time.monotonic() > deadline


def heads_command(
    count: Annotated[int, typer.Option("--count", "-n", min=1, help="最近几个 / how many of the newest")] = 1,
) -> None:
    """打印最近的链头，抄存别处 / print the newest heads of the trail, to be kept elsewhere by hand."""
    django_ready()
    from fupin.accounts.trail.api import newest_lines

    lines = newest_lines(places().heads, count)
    for line in lines:
        typer.echo(line)
    if not lines:
        typer.echo("还没有封存 / nothing was sealed yet", err=True)
        raise typer.Exit(1)


def verify_command(
    heads: Annotated[
        list[Path] | None, typer.Option(help="另存的链头文件，可多个 / files of heads kept elsewhere")
    ] = None,
) -> None:
    """验证留痕完整，或指出第一处断裂 / prove the trail whole, or name the first broken link; ends with 0 or 1."""
    django_ready()
    from fupin.accounts.trail.api import NAME, public_keys, verify

    own = places().heads / NAME
    files = [*(heads or []), *([own] if own.exists() else [])]
    with step_progress() as report:
        verdict = verify(public_keys(places().key_file), files, report)
    tell(verdict)
    raise typer.Exit(0 if verdict.broken is None else 1)


def tell(verdict: Verdict) -> None:
    typer.echo(
        f"封存 / seals {verdict.seals:,} · 留痕 / entries {verdict.entries:,} · 对过的链头 / heads compared "
        f"{verdict.compared:,} · 最近封存 / last sealed {verdict.sealed_at or '–'}"
    )
    if verdict.tail:
        since = verdict.tail_since or datetime.now(UTC)
        age = (datetime.now(UTC) - since).total_seconds()
        typer.echo(
            f"尚未封存 / not sealed yet: {verdict.tail:,} 条 / entries，"
            f"最早的在 {age:,.0f} 秒前 / the oldest {age:,.0f} s old"
        )
    if verdict.broken is None:
        typer.echo("留痕完整 / the trail is whole")
    else:
        typer.echo(f"留痕已断：{verdict.broken.zh}\nthe trail is broken: {verdict.broken.en}", err=True)
