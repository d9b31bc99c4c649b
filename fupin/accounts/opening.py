"""New accounts, handed down: at or below the own region, and only with roles that the own role gives."""

from __future__ import annotations

import re
from datetime import date

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from fupin.accounts.models import Role, User
from fupin.accounts.rules import NATION_WORDS, ROLES, may_hand_down, password_problem, region_meant
from fupin.accounts.services import record, require
from fupin.catalogue.schema import departments
from fupin.kernel.errors import Forbidden, UserError

USERNAME = re.compile(r"[a-z][a-z0-9._@-]{1,39}", re.ASCII | re.IGNORECASE)


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
    ends_on: date | None = None,
    first: bool = False,
) -> User:
    """A new account. ``by`` is None only at the machine itself, where the operating system has asked who it is.

    ``first``: the password is one that its owner has to change at the first sign-in. Raises UserError and Forbidden.
    """
    region = check_account(username, role, region, department)
    if by is not None:
        demand_giving(by, role, region)
    check_password(password, username, display_name)
    return _open(
        by=by,
        username=username,
        password=password,
        role=role,
        region=region,
        department=department,
        display_name=display_name,
        ends_on=ends_on,
        must_change_password=first,
    )


def demand_giving(by: User, role: str, region: str) -> None:
    """Raises Forbidden unless ``by`` may give this role in this region."""
    require(by, "manage_users")
    if may_hand_down(by.role, by.region, role, region):
        return
    given = [ROLES[code] for code in ROLES[by.role].gives]
    if role not in ROLES[by.role].gives:
        raise Forbidden(
            f"您的角色不能开设“{ROLES[role].zh}”账号",
            f"your role may not give the role {ROLES[role].en!r}",
            f"您可以给的角色：{'、'.join(one.zh for one in given)}",
            f"roles you may give: {', '.join(one.en for one in given)}",
        )
    raise Forbidden(
        f"区划 {region or '（空）'} 不在您的辖区 {by.region} 内",
        f"region {region or '(empty)'} does not lie in yours, {by.region}",
        "只能在本辖区及以下开设账号",
        "accounts are opened at or below your own region",
    )


def check_password(password: str, username: str, display_name: str) -> None:
    """The policy of the settings; its own words where it is ours that refuses. Raises UserError."""
    problem = password_problem(password, username)
    if problem is None:
        try:
            validate_password(password, User(username=username, display_name=display_name))
        except ValidationError:
            problem = (
                "密码太常见，或含有姓名、地名",
                "the password is too common, or holds the name or a place's",
            )
    if problem is not None:
        raise UserError(*problem, "请换一个密码", "choose another password")


@transaction.atomic
def open_account(
    *,
    by: User | None,
    username: str,
    password: str,
    role: str,
    region: str,
    department: str,
    display_name: str,
    ends_on: date | None = None,
    must_change_password: bool = False,
) -> User:
    """The account itself, whatever its password: for the machine-drawn ones of the cast."""
    return _open(
        by=by,
        username=username,
        password=password,
        role=role,
        region=check_account(username, role, region, department),
        department=department,
        display_name=display_name,
        ends_on=ends_on,
        must_change_password=must_change_password,
    )


def _open(
    *,
    by: User | None,
    username: str,
    password: str,
    role: str,
    region: str,
    department: str,
    display_name: str,
    ends_on: date | None,
    must_change_password: bool,
) -> User:
    if User.objects.filter(username__iexact=username).exists():
        raise UserError(
            f"用户名 {username} 已存在", f"the username {username} is taken", "换一个用户名", "choose another username"
        )
    user = User(username=username, role=role, region=region, department=department, display_name=display_name)
    user.ends_on, user.must_change_password, user.opened_by = ends_on, must_change_password, by
    user.set_password(password)
    user.save()
    record(by=by, verb="create_user", object_kind="user", object_id=str(user.pk), region=region, detail={"role": role})
    return user


def check_account(username: str, role: str, region: str, department: str) -> str:
    """A name that will do, and a place that fits; its region's code. Raises UserError."""
    if not USERNAME.fullmatch(username):
        raise UserError(
            f"用户名“{username}”不合规",
            f"{username!r} is no username",
            "用 2–40 个字母、数字或 . _ - @，以字母开头",
            "2 to 40 letters, digits or . _ - @, beginning with a letter",
        )
    return check_place(role, region, department)


def last_day(text: str) -> date | None:
    """2027-12-31, also with a time behind it; "" is no last day. Raises UserError."""
    try:
        return date.fromisoformat(text[:10]) if text else None
    except ValueError as error:
        raise UserError(
            f"到期日“{text}”不是日期",
            f"{text!r} is no day",
            "写成 2027-12-31，或留空",
            "write 2027-12-31, or leave it empty",
        ) from error


def check_place(role: str, region: str, department: str) -> str:
    """Role, region and department fit each other; the region's code, NATION where 全国 was typed. Raises UserError."""
    if role not in Role.values:
        raise UserError(
            f"没有角色 {role}",
            f"no role {role!r}",
            f"可用：{'、'.join(one.zh for one in ROLES.values())}",
            f"one of {', '.join(ROLES)}",
        )
    meant = region_meant(role, region)
    if meant is None:
        raise _wrong_region(region)
    if role == Role.DEPARTMENT and department not in departments():
        raise UserError(
            f"部门数据员要写明部门：没有部门代码“{department}”",
            f"a department clerk needs a department: no department {department!r}",
            f"可用：{'、'.join(departments())}",
            f"one of {', '.join(departments())}",
        )
    return meant


def _wrong_region(region: str) -> UserError:
    if region in NATION_WORDS:
        national = [one for one in ROLES.values() if one.may_be_national]
        return UserError(
            "这个角色的辖区不能是全国",
            "this role's region cannot be the nation",
            f"可以的角色：{'、'.join(one.zh for one in national)}；其他角色填写辖区代码",
            f"roles that may: {', '.join(one.en for one in national)}; the others need a region code",
        )
    if region:
        return UserError(
            f"辖区代码 {region} 不对",
            f"{region!r} is no region code",
            "2/4/6/9/12/15 位数字",
            "2, 4, 6, 9, 12 or 15 digits",
        )
    return UserError(
        "这个角色要写明辖区",
        "this role needs a region",
        "填写辖区代码，如 4501 或 450124100201；国家级账号写“全国”",
        "a region code such as 4501 or 450124100201; for the nation write nation",
    )
