"""`fupin users cast|token`: the accounts of the demonstration, and tokens for the API."""

from __future__ import annotations

from typing import Annotated

import typer

from fupin.cli.acting import acting_user
from fupin.cli.django_setup import django_ready


def register(app: typer.Typer) -> None:
    users = typer.Typer(help="账号 / accounts", no_args_is_help=True)
    users.callback()(about)
    users.command("cast")(cast_command)
    users.command("token")(token_command)
    app.add_typer(users, name="users")


def token_command(
    username: Annotated[str, typer.Argument(help="账号 / account that the token acts for")],
    name: Annotated[str, typer.Argument(help="用途 / what the token is for, to know it again")],
) -> None:
    """为账号签发 API 令牌，只显示这一次 / a token for the API, shown this once."""
    django_ready()
    from fupin.accounts.api import token_for

    user = acting_user(username)
    typer.echo(token_for(by=user, user=user, name=name))


def about() -> None:
    """账号 / accounts."""


def cast_command(
    password: Annotated[
        str | None, typer.Option(help="新账号的密码，缺省随机 / for new accounts, random by default")
    ] = None,
) -> None:
    """建立演示账号；已有的不动 / create the demonstration accounts; those that exist are left as they are."""
    django_ready()
    from fupin.accounts.api import User
    from fupin.accounts.cast import cast_accounts, create_cast, draw_password

    known = set(User.objects.values_list("username", flat=True))
    chosen = password or draw_password()
    create_cast(password=chosen)
    for account in cast_accounts():
        shown = "已存在 / exists" if account.username in known else chosen
        typer.echo(f"{account.username:<10} {account.role_label}  {account.region or account.department}  {shown}")
