"""`fupin users`: accounts from the command line, the accounts of the demonstration, tokens for the API.

Whoever may run it on this machine stands above every account: the three administrators are set up here.
"""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from fupin.cli.acting import account_named, acting_administrator, acting_user
from fupin.cli.django_setup import django_ready
from fupin.cli.users_file import load_command


def register(app: typer.Typer) -> None:
    users = typer.Typer(help="账号 / accounts", no_args_is_help=True)
    users.callback()(about)
    users.command("add")(add_command)
    users.command("load")(load_command)
    users.command("list")(list_command)
    users.command("password")(password_command)
    users.command("unlock")(unlock_command)
    users.command("second-factor")(second_factor_command)
    users.command("cast")(cast_command)
    users.command("token")(token_command)
    app.add_typer(users, name="users")


def add_command(
    username: Annotated[str, typer.Argument(help="用户名 / name to sign in with")],
    role: Annotated[
        str,
        typer.Option(
            help="角色 / role: decision_maker, office, cadre, department, "
            "system_administrator, security_administrator, audit_administrator"
        ),
    ],
    region: Annotated[
        str, typer.Option(help="辖区代码，如 450124 / region code; everything below it is in scope")
    ] = "",
    department: Annotated[
        str, typer.Option(help="部门代码，部门数据员必填 / a department clerk's, as civil_affairs")
    ] = "",
    name: Annotated[str, typer.Option(help="姓名 / name shown on the pages")] = "",
    as_user: Annotated[
        str | None, typer.Option("--as", help="以哪个管理员的名义，缺省第一个 / the administrator who does it")
    ] = None,
) -> None:
    """建立账号；密码从键盘（或管道第一行）读取 / a new account; its password is typed, or the first line piped in."""
    django_ready()
    from fupin.accounts.api import THREE, create_user

    user = create_user(
        by=None if role in THREE and as_user is None else acting_administrator(as_user),
        username=username,
        password=typed_password(),
        role=role,
        region=region,
        department=department,
        display_name=name,
    )
    typer.echo(f"已建立账号 / created: {user.username} · {role} · {region or department or '–'}")


def typed_password() -> str:
    """Never an option: those stand in the list of processes and in the shell's history."""
    if sys.stdin.isatty():
        return str(typer.prompt("密码 / password", hide_input=True, confirmation_prompt=True))
    return sys.stdin.readline().rstrip("\r\n")


def list_command() -> None:
    """全部账号 / every account."""
    django_ready()
    from fupin.accounts.api import User

    for one in User.objects.order_by("role", "username"):
        state = "启用 / open" if one.is_open else "停用 / closed"
        typer.echo(f"{one.username:<16} {one.role:<22} {one.region or one.department or '–':<14} {state}  {one}")


def password_command(
    username: Annotated[str, typer.Argument(help="账号 / account")],
    reason: Annotated[str, typer.Option(help="理由，记入留痕 / why, for the trail")],
) -> None:
    """重设密码；从键盘（或管道第一行）读取，本人登录后须修改 / a new password, to be changed at the next sign-in."""
    django_ready()
    from fupin.accounts.api import renew_password

    renew_password(by=None, user=account_named(username), password=typed_password(), reason=reason)
    typer.echo(f"密码已重设 / password renewed: {username}")


def unlock_command(
    username: Annotated[str, typer.Argument(help="账号 / account")],
    reason: Annotated[str, typer.Option(help="理由，记入留痕 / why, for the trail")],
) -> None:
    """解锁账号 / forget the failed sign-ins of an account."""
    django_ready()
    from fupin.accounts.api import unlock

    unlock(by=None, user=account_named(username), reason=reason)
    typer.echo(f"已解锁 / unlocked: {username}")


def second_factor_command(
    username: Annotated[str, typer.Argument(help="账号 / account")],
    reason: Annotated[str, typer.Option(help="理由，记入留痕 / why, for the trail")],
) -> None:
    """清除第二重验证（手机遗失），本人登录后重新添加 / clear a lost second factor; its owner adds a new one."""
    django_ready()
    from fupin.accounts.api import reset_factors

    reset_factors(by=None, user=account_named(username), reason=reason)
    typer.echo(f"已清除第二重验证 / second factor cleared: {username}")


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
    from fupin.accounts.api import User, draw_password
    from fupin.accounts.cast import cast_accounts, create_cast

    known = set(User.objects.values_list("username", flat=True))
    chosen = password or draw_password()
    create_cast(password=chosen)
    for account in cast_accounts():
        shown = "已存在 / exists" if account.username in known else chosen
        typer.echo(f"{account.username:<10} {account.role_label}  {account.region or account.department}  {shown}")
