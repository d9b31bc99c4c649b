"""`fupin keys`: which keys there are, rotating them while the service works, dropping what nothing needs."""

from __future__ import annotations

from typing import Annotated

import typer

from fupin.cli.django_setup import django_ready
from fupin.cli.progress import step_progress
from fupin.kernel.keys import PURPOSES


def register(app: typer.Typer) -> None:
    keys = typer.Typer(help="数据密钥 / data keys", no_args_is_help=True)
    keys.command("list")(list_command)
    keys.command("rotate")(rotate_command)
    keys.command("drop")(drop_command)
    app.add_typer(keys, name="keys")


def list_command() -> None:
    """列出密钥：用途、编号、算法、指纹、在用多少项；不显示密钥本身 / the keys, never their secrets."""
    django_ready()
    from django.conf import settings

    from fupin.identify import api as identify
    from fupin.registry import api as registry

    keys = settings.FUPIN_KEYS.now
    for purpose in PURPOSES:
        used = identify.keys_used(purpose)
        present = registry.lake_key_in_use() if purpose == "lake" else getattr(keys, purpose).id
        for key in (getattr(keys, purpose), *keys.former(purpose)):
            coming = "轮换中 on its way" if key == getattr(keys, purpose) else "停用 retired"
            state = "在用 present" if key.id == present else coming
            typer.echo(f"{purpose:<10} {key.id:<5} {key.suite:<4} {key.fingerprint} {used[key.id]:>12,}  {state}")


def rotate_command(
    purpose: Annotated[str, typer.Argument(help="encryption、lookup 或 lake / which key")],
) -> None:
    """换新密钥，服务不停；中断后再运行一次即接着做 / a new key while the service works; run again to go on."""
    django_ready()
    from fupin.accounts.api import act_from_now_on
    from fupin.identify import api as identify

    act_from_now_on(None, origin="command")
    with step_progress() as report:
        done = identify.rotate_key(by=None, purpose=purpose, progress=report)
    typer.echo(f"{purpose}: {done.key} ({'新建 new' if done.made else '接着做 went on'})")
    for place, rows in done.rows.items():
        typer.echo(f"{place}: {rows:,}")
    typer.echo("请立即备份密钥文件 / back the key file up now")


def drop_command(
    purpose: Annotated[str, typer.Argument(help="encryption、lookup 或 lake / which key")],
    key: Annotated[str, typer.Argument(help="停用密钥的编号，如 e1 / id of a retired key")],
) -> None:
    """删除不再使用的停用密钥；还有数据在用就拒绝 / drop a retired key that nothing is under any more."""
    django_ready()
    from fupin.accounts.api import act_from_now_on
    from fupin.identify import api as identify

    act_from_now_on(None, origin="command")
    identify.drop_key(by=None, purpose=purpose, id_=key)
    typer.echo(f"已删除 {key} / dropped {key}")
