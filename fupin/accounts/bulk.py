"""Many accounts at once, as a county hands them down for all its cadres: errors row by row, the rest opened."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.contrib.auth.hashers import make_password
from django.db import transaction

from fupin.accounts.hashers import DrawnPassword
from fupin.accounts.models import Deed, User
from fupin.accounts.opening import check_account, demand_giving, last_day
from fupin.accounts.passwords import draw_password
from fupin.accounts.rules import ROLES
from fupin.kernel.errors import UserError

BATCH = 2000
#: heads of the file's columns, Chinese or English → field
HEADS = {
    "用户名": "username", "username": "username", "姓名": "display_name", "name": "display_name",
    "角色": "role", "role": "role", "辖区代码": "region", "region": "region",
    "部门": "department", "department": "department", "到期日": "ends_on", "last day": "ends_on",
}  # fmt: skip
NEEDED = ("username", "role", "region")
#: a role may be written by its code or in either language
ROLE_WORDS = {word: code for code, role in ROLES.items() for word in (code, role.zh, role.en)}


@dataclass(frozen=True)
class Outcome:
    """What became of one row: ``password`` is the one-time password, "" where ``error`` says why not."""

    number: int
    username: str
    password: str = ""
    error: UserError | None = None


def open_many(*, by: User | None, rows: Iterable[tuple[int, dict[str, str]]]) -> list[Outcome]:
    """(row number, field → text) → an outcome for each, in order; one transaction.

    Forbidden rows are errors of their rows: what may be opened is opened.
    """
    outcomes, users = prepare_many(by=by, rows=rows)
    keep_many(by=by, users=users)
    return outcomes


def prepare_many(*, by: User | None, rows: Iterable[tuple[int, dict[str, str]]]) -> tuple[list[Outcome], list[User]]:
    """An outcome for each row, and the accounts that ``keep_many`` then opens. Writes nothing."""
    taken = {name.lower() for name in User.objects.values_list("username", flat=True)}
    outcomes: list[Outcome] = []
    users: list[User] = []
    for number, row in rows:
        username = row.get("username", "")
        try:
            user, password = _user(by, row, taken)
        except UserError as error:
            outcomes.append(Outcome(number, username, error=error))
            continue
        taken.add(username.lower())
        users.append(user)
        outcomes.append(Outcome(number, username, password))
    return outcomes, users


def _user(by: User | None, row: dict[str, str], taken: set[str]) -> tuple[User, str]:
    role = ROLE_WORDS.get(row.get("role", ""), row.get("role", ""))
    username, region, department = row.get("username", ""), row.get("region", ""), row.get("department", "")
    region = check_account(username, role, region, department)
    if by is not None:
        demand_giving(by, role, region)
    if username.lower() in taken:
        raise UserError(
            f"用户名 {username} 已存在，或在文件里出现两次",
            f"the username {username} is taken, or stands twice in the file",
            "换一个用户名",
            "choose another username",
        )
    password = draw_password()
    user = User(username=username, role=role, region=region, department=department, opened_by=by)
    user.display_name, user.ends_on = row.get("display_name", "")[:60], last_day(row.get("ends_on", ""))
    user.password = make_password(password, hasher=DrawnPassword.algorithm)
    user.must_change_password = True
    return user, password


@transaction.atomic
def keep_many(*, by: User | None, users: Sequence[User]) -> None:
    """The accounts that ``prepare_many`` found good, with a deed for each."""
    made = User.objects.bulk_create(users, batch_size=BATCH)
    Deed.objects.bulk_create(
        [
            Deed(by=by, verb="create_user", object_kind="user", object_id=str(user.pk), region=user.region,
                 detail={"role": user.role, "bulk": len(users)})
            for user in made
        ],
        batch_size=BATCH,
    )  # fmt: skip
