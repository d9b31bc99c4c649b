"""Writes: accounts, tokens, sign-in, and the trail of deeds."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.contrib.auth import authenticate
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from fupin.accounts.models import ApiToken, Deed, Role, SavedFilter, User
from fupin.accounts.queries import may
from fupin.accounts.rules import LOCK, ROLES, VERBS, locked_until, password_problem
from fupin.catalogue.schema import departments
from fupin.kernel.errors import Forbidden, UserError
from fupin.kernel.regions import is_code

USERNAME = re.compile(r"[a-z][a-z0-9._@-]{1,39}", re.ASCII | re.IGNORECASE)
ROLES_WITH_REGION = (Role.DECISION_MAKER, Role.OFFICE, Role.CADRE, Role.DEPARTMENT)
MAX_FILTERS = 20  # of one user on one list: a menu, not an archive
TOKEN_PREFIX = "fupin_"  # noqa: S105 – a mark by which leaked tokens are recognised


def record(
    *,
    by: User | None,
    verb: str,
    object_kind: str,
    object_id: str,
    region: str = "",
    reason: str = "",
    detail: Mapping[str, Any] | None = None,
    using: str = "default",
) -> Deed:
    """Write down what somebody did; call it inside the transaction of the deed (of the database alias ``using``).

    Never put an ID number into it.
    """
    return Deed.objects.using(using).create(
        by=by,
        verb=verb,
        object_kind=object_kind,
        object_id=object_id,
        region=region,
        reason=reason,
        detail=dict(detail or {}),
    )


def require(user: User, verb: str, region: str | None = None) -> None:
    """Raises Forbidden unless the user's role may do it and, when a region is given, it lies in the user's scope."""
    zh, en = VERBS[verb]
    if not may(user, verb):
        allowed = [role for role in ROLES.values() if verb in role.verbs]
        raise Forbidden(
            f"您的角色不能{zh}",
            f"your role may not {en}",
            f"可以的角色：{'、'.join(role.zh for role in allowed)}",
            f"roles that may: {', '.join(role.en for role in allowed)}",
        )
    if region is not None and not user.scope.covers(region):
        raise Forbidden(
            f"区划 {region} 不在您的辖区内，不能{zh}",
            f"region {region} lies outside your scope: you may not {en}",
            "请由该辖区的账号办理",
            "ask an account of that region",
        )


@transaction.atomic
def create_user(
    *,
    by: User | None,
    username: str,
    password: str,
    role: str,
    region: str,
    department: str = "",
    display_name: str = "",
) -> User:
    """A new account. ``by`` is None only where no account exists yet. Raises UserError and Forbidden."""
    if by is not None:
        require(by, "manage_users")
    _check_password(password, username, display_name)
    return open_account(
        by=by,
        username=username,
        password=password,
        role=role,
        region=region,
        department=department,
        display_name=display_name,
    )


def _check_password(password: str, username: str, display_name: str) -> None:
    """The policy of the settings; its own words where it is ours that refuses."""
    problem = password_problem(password, username)
    if problem is None:
        try:
            validate_password(password, User(username=username, display_name=display_name))
        except ValidationError:
            problem = ("密码太常见，或与姓名太像", "the password is too common or too like the name")
    if problem is not None:
        raise UserError(*problem, "请换一个密码", "choose another password")


@transaction.atomic
def open_account(
    *, by: User | None, username: str, password: str, role: str, region: str, department: str, display_name: str
) -> User:
    """The account itself, whatever its password: for ``create_user`` and the machine-drawn ones of the cast."""
    _check_account(username, role, region, department)
    user = User(username=username, role=role, region=region, department=department, display_name=display_name)
    user.set_password(password)
    user.save()
    record(by=by, verb="create_user", object_kind="user", object_id=str(user.pk), region=region, detail={"role": role})
    return user


def _check_account(username: str, role: str, region: str, department: str) -> None:
    if not USERNAME.fullmatch(username):
        raise UserError(
            f"用户名“{username}”不合规",
            f"{username!r} is no username",
            "用 2–40 个字母、数字或 . _ - @，以字母开头",
            "2 to 40 letters, digits or . _ - @, beginning with a letter",
        )
    if role not in Role.values:
        raise UserError(
            f"没有角色 {role}",
            f"no role {role!r}",
            f"可用：{'、'.join(Role.values)}",
            f"one of {', '.join(Role.values)}",
        )
    if region and not is_code(region):
        raise UserError(
            f"辖区代码 {region} 不对",
            f"{region!r} is no region code",
            "2/4/6/9/12/15 位数字",
            "2, 4, 6, 9, 12 or 15 digits",
        )
    if role in ROLES_WITH_REGION and not region:
        raise UserError(
            "这个角色要写明辖区",
            "this role needs a region",
            "填写辖区代码，如 4501 或 450124100201",
            "a region code such as 4501 or 450124100201",
        )
    if role == Role.DEPARTMENT and department not in departments():
        raise UserError(
            f"部门数据员要写明部门：没有部门代码“{department}”",
            f"a department clerk needs a department: no department {department!r}",
            f"可用：{'、'.join(departments())}",
            f"one of {', '.join(departments())}",
        )
    if User.objects.filter(username__iexact=username).exists():
        raise UserError(
            f"用户名 {username} 已存在", f"the username {username} is taken", "换一个用户名", "choose another username"
        )


def sign_in(request: HttpRequest | None, username: str, password: str) -> User | None:
    """The user, or None for a wrong name or password. Raises UserError while the account is locked."""
    known = User.objects.filter(username=username).first()
    if known is not None and (until := _locked(known)):
        raise UserError(
            f"登录失败次数过多，账号锁定到 {timezone.localtime(until):%H:%M}",
            f"too many failed sign-ins, locked until {timezone.localtime(until):%H:%M}",
            "稍后再试，或请管理员重设密码",
            "try later, or ask an administrator for a new password",
        )
    user = authenticate(request, username=username, password=password)
    if known is not None:
        verb = "sign_in" if user is not None else "sign_in_failed"
        record(by=user if isinstance(user, User) else None, verb=verb, object_kind="user", object_id=str(known.pk))
    return user if isinstance(user, User) else None


def _locked(user: User) -> datetime | None:
    now = timezone.now()
    deeds = Deed.objects.filter(object_kind="user", object_id=str(user.pk), at__gt=now - LOCK).order_by("at")
    failures: list[datetime] = []
    for verb, at in deeds.filter(verb__in=["sign_in", "sign_in_failed"]).values_list("verb", "at"):
        failures = [*failures, at] if verb == "sign_in_failed" else []
    return locked_until(failures, now)


@transaction.atomic
def token_for(*, by: User, user: User, name: str) -> str:
    """A new API token in clear: shown this once, only its SHA-256 is kept. Own tokens, or any for an administrator."""
    require(by, "issue_token")
    if by.pk != user.pk:
        require(by, "manage_users")
    text = TOKEN_PREFIX + secrets.token_urlsafe(32)
    token = ApiToken.objects.create(user=user, name=name, digest=token_digest(text))
    record(by=by, verb="issue_token", object_kind="token", object_id=str(token.pk), detail={"for": user.pk})
    return text


@transaction.atomic
def revoke_token(*, by: User, token: ApiToken) -> None:
    if by.pk != token.user.pk:
        require(by, "manage_users")
    token.revoked_at = timezone.now()
    token.save(update_fields=["revoked_at"])
    record(by=by, verb="revoke_token", object_kind="token", object_id=str(token.pk))


def user_of_token(text: str) -> User | None:
    """The active user of a token that was not revoked; None for anything else."""
    token = (
        ApiToken.objects.select_related("user")
        .filter(digest=token_digest(text), revoked_at__isnull=True, user__is_active=True)
        .first()
    )
    return token.user if token else None


def token_digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


@transaction.atomic
def save_filter(*, by: User, path: str, name: str, query: str) -> SavedFilter:
    """Keeps a question under a name; the same name again takes the new question. Raises UserError."""
    name = name.strip()
    others = SavedFilter.objects.filter(user=by, path=path).exclude(name=name)
    if not name or len(name) > 40 or len(query) > 1000:
        raise UserError(
            "常用条件要有名字，最多 40 个字",
            "a saved filter needs a name of at most 40 characters",
            "换一个短名字",
            "shorten it",
        )
    if others.count() >= MAX_FILTERS:
        raise UserError(
            f"一个名单最多保存 {MAX_FILTERS} 个常用条件",
            f"a list keeps at most {MAX_FILTERS} saved filters",
            "先删除不用的",
            "delete one that is not needed",
        )
    return SavedFilter.objects.update_or_create(user=by, path=path, name=name, defaults={"query": query})[0]


def forget_filter(*, by: User, number: int) -> None:
    """Only one's own; one that is not there is no error."""
    SavedFilter.objects.filter(user=by, pk=number).delete()
