"""In whose name a command acts: every write has a ``by``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fupin.kernel.errors import UserError

if TYPE_CHECKING:
    from fupin.accounts.api import User

ORIGIN = "command"


def acting_user(username: str | None) -> User:
    """The named account, else the office account with the widest region; the rest of the command acts for it.

    Raises UserError when there is none.
    """
    from fupin.accounts.api import act_from_now_on

    user = account_named(username)
    act_from_now_on(user, origin=ORIGIN)
    return user


def account_named(username: str | None) -> User:
    """The account itself, without acting for it. Raises UserError when there is none."""
    from fupin.accounts.api import Role, User

    users = User.objects.filter(is_active=True)
    if username:
        user = users.filter(username=username).first()
    else:
        offices = [found for found in users.filter(role=Role.OFFICE) if found.region]
        user = min(offices, key=lambda found: (len(found.region), found.pk), default=None)
    if user is None:
        raise UserError(
            zh=f"没有可用的账号：{username}" if username else "没有扶贫办账号可以执行此命令",
            en=f"no such account: {username}" if username else "no poverty-office account to act for",
            hint_zh="先用 fupin users cast 建立演示账号，或用 --as 指定账号",
            hint_en="create the demonstration accounts with `fupin users cast`, or name an account with --as",
        )
    return user


def acting_administrator(username: str | None) -> User | None:
    """The named account, else the first administrator; None where no account exists yet. Raises UserError."""
    from fupin.accounts.api import Role, User, act_from_now_on

    if username:
        return acting_user(username)
    if not User.objects.exists():
        return None
    found = User.objects.filter(is_active=True, role=Role.SYSTEM_ADMINISTRATOR).order_by("pk").first()
    if found is None:
        raise UserError(
            zh="没有管理员账号可以建立账号",
            en="no administrator's account to create accounts with",
            hint_zh="先用 fupin users cast 建立演示账号",
            hint_en="create the demonstration accounts with `fupin users cast`",
        )
    act_from_now_on(found, origin=ORIGIN)
    return found
