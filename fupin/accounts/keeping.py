"""What happens to an account after it was opened: moved, closed, opened again, given a new password, unlocked."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.db import transaction

from fupin.accounts.doors import KIND, name_key
from fupin.accounts.factors import clear_factors
from fupin.accounts.models import ApiToken, SavedFilter, User
from fupin.accounts.opening import check_password, check_place, demand_giving
from fupin.accounts.queries import account_mark, may_guard, may_keep
from fupin.accounts.services import record
from fupin.accounts.tokens import end_token
from fupin.kernel.errors import Forbidden, UserError
from fupin.kernel.seen import demand_seen


@transaction.atomic
def change_account(
    *,
    by: User,
    user: User,
    role: str,
    region: str,
    department: str = "",
    display_name: str = "",
    ends_on: date | None = None,
    reason: str,
    seen: str | None = None,
) -> User:
    """Another role, region, department, name or end. The rights of the old place end at once: tokens and sessions go.

    ``by`` must be allowed to give both the old and the new place. ``seen``, here and below: ``account_mark`` as the
    form had it, None: whatever it is now. Raises UserError, Forbidden, Stale.
    """
    region = check_place(role, region, department)
    locked = _locked(user)
    _demand_keeping(by, locked)
    _demand_unchanged(locked, seen)
    demand_giving(by, role, region)
    _demand_reason(reason)
    before = _place(locked)
    locked.role, locked.region, locked.department = role, region, department
    locked.display_name, locked.ends_on = display_name, ends_on
    if (moved := _place(locked) != before) and before[:3] != _place(locked)[:3]:
        _end_sessions_and_tokens(by, locked)
    locked.save()
    if moved:
        detail = {"before": before, "after": _place(locked)}
        _write(by, "change_user", locked, reason, detail)
    return locked


def _place(user: User) -> list[str]:
    return [user.role, user.region, user.department, user.display_name, str(user.ends_on or "")]


@transaction.atomic
def close_account(*, by: User, user: User, reason: str, successor: User | None = None, seen: str | None = None) -> None:
    """Nobody can sign in with it any more; what it did stays in the trail under its name.

    ``successor`` takes over its open work: saved filters today, open cases as they come. Raises UserError, Stale and
    Forbidden: also for the own account, which somebody else has to close.
    """
    locked = _locked(user)
    _demand_keeping(by, locked)
    _demand_unchanged(locked, seen)
    _demand_reason(reason)
    if successor is not None:
        _demand_successor(by, locked, successor)
        _hand_over(locked, successor)
    locked.is_active = False
    _end_sessions_and_tokens(by, locked)
    locked.save()
    _write(by, "close_user", locked, reason, {"successor": successor.pk} if successor else {})


def _demand_successor(by: User, user: User, successor: User) -> None:
    if successor.pk == user.pk or not successor.is_open or successor.role != user.role:
        raise UserError(
            "接手的账号要是另一个启用的、同一角色的账号",
            "the successor is another open account of the same role",
            "先开设接手人的账号",
            "open the successor's account first",
        )
    _demand_keeping(by, successor)


def _hand_over(user: User, successor: User) -> None:
    """Names that the successor uses already stay the successor's."""
    own = set(SavedFilter.objects.filter(user=successor).values_list("path", "name"))
    for one in SavedFilter.objects.filter(user=user):
        if (one.path, one.name) not in own:
            SavedFilter.objects.filter(pk=one.pk).update(user=successor)


@transaction.atomic
def reopen_account(*, by: User, user: User, reason: str, seen: str | None = None) -> None:
    """It signs in again with its old password. Raises UserError, Forbidden, Stale."""
    locked = _locked(user)
    _demand_keeping(by, locked)
    _demand_unchanged(locked, seen)
    _demand_reason(reason)
    locked.is_active = True
    locked.save()
    _write(by, "reopen_user", locked, reason, {})


@transaction.atomic
def renew_password(*, by: User | None, user: User, password: str, reason: str, seen: str | None = None) -> None:
    """A new password that its owner has to change at the next sign-in; sessions end. ``by`` is None at the machine.

    Raises UserError, Forbidden, Stale.
    """
    locked = _locked(user)
    if by is not None:
        _demand_guarding(by, locked)
    _demand_unchanged(locked, seen)
    _demand_reason(reason)
    check_password(password, locked.username, locked.display_name)
    locked.set_password(password)
    locked.must_change_password = True
    locked.save()
    _open_the_door(by, locked)
    _write(by, "renew_password", locked, reason, {})


@transaction.atomic
def reset_factors(*, by: User | None, user: User, reason: str, seen: str | None = None) -> None:
    """A lost phone: every second factor and recovery code goes, sessions end. ``by`` is None at the machine.

    Where the role needs a second factor, its owner adds one at the next sign-in. Raises UserError, Forbidden, Stale.
    """
    locked = _locked(user)
    if by is not None:
        _demand_guarding(by, locked)
    _demand_unchanged(locked, seen)
    _demand_reason(reason)
    clear_factors(locked)
    locked.epoch += 1
    locked.save()
    _write(by, "reset_factors", locked, reason, {})


@transaction.atomic
def unlock(*, by: User | None, user: User, reason: str, seen: str | None = None) -> None:
    """Failures before now no longer count. Raises UserError, Forbidden, Stale."""
    locked = _locked(user)
    if by is not None:
        _demand_guarding(by, locked)
    _demand_unchanged(locked, seen)
    _demand_reason(reason)
    _open_the_door(by, locked)
    _write(by, "unlock_user", locked, reason, {})


@transaction.atomic
def change_own_password(*, user: User, old: str, new: str) -> User:
    """Raises UserError when the old one is wrong or the new one will not do. Other sessions of the account end."""
    locked = _locked(user)
    if not locked.check_password(old):
        raise UserError("原密码不对", "the old password is wrong", "请再输入一次", "type it again")
    if old == new:
        raise UserError(
            "新密码和原密码一样", "the new password is the old one", "请换一个密码", "choose another password"
        )
    check_password(new, locked.username, locked.display_name)
    locked.set_password(new)
    locked.must_change_password = False
    locked.save()
    _write(locked, "change_password", locked, "", {})
    return locked


def _locked(user: User) -> User:
    """As it stands now, held until the end of the deed: two who manage it at once come one after the other."""
    return User.objects.select_for_update().get(pk=user.pk)


def _demand_unchanged(locked: User, seen: str | None) -> None:
    demand_seen(seen, account_mark(locked), f"账号 {locked.username}", f"account {locked.username}")


def _open_the_door(by: User | None, user: User) -> None:
    """Failed sign-ins under this name before now no longer count."""
    record(by=by, verb="unlocked", object_kind=KIND, object_id=name_key(user.username))


def _end_sessions_and_tokens(by: User, user: User) -> None:
    """``epoch`` is part of what a session is signed with: an older session no longer fits."""
    user.epoch += 1
    for token in ApiToken.objects.filter(user=user, revoked_at__isnull=True):
        end_token(by, token)


def _demand_keeping(by: User, user: User) -> None:
    if by.pk == user.pk:
        raise Forbidden(
            "不能改动自己的账号",
            "nobody changes the own account",
            "请上级或同级的另一位管理者办理",
            "ask another one who may",
        )
    if not may_keep(by, user):
        raise Forbidden(
            f"账号 {user.username} 不归您管理",
            f"the account {user.username} is not yours to manage",
            "只能管理本辖区及以下、您的角色可以给的账号",
            "only accounts at or below your region whose role you may give",
        )


def _demand_guarding(by: User, user: User) -> None:
    if may_guard(by, user):
        return
    raise Forbidden(
        f"您不能为账号 {user.username} 重设密码或解锁",
        f"you may not renew the password of {user.username} or unlock it",
        "请安全管理员或其上级扶贫办办理；三个管理员的密码在服务器上用 fupin users password 重设",
        "ask the security administrator or the office above it; the three administrators' are renewed at the machine",
    )


def _demand_reason(reason: str) -> None:
    if not reason.strip():
        raise UserError("请写明理由", "a reason is needed", "理由会记入留痕", "it is written into the trail")


def _write(by: User | None, verb: str, user: User, reason: str, detail: Mapping[str, Any]) -> None:
    record(
        by=by,
        verb=verb,
        object_kind="user",
        object_id=str(user.pk),
        region=user.region,
        reason=reason.strip()[:200],
        detail=detail,
    )
