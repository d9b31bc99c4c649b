"""`fupin users add`: an account from the command line."""

from __future__ import annotations

from typing import Any

import pytest
from typer.testing import CliRunner, Result

from fupin.accounts.models import Deed, User
from fupin.accounts.tests.fixtures import Cast
from fupin.cli import main
from fupin.kernel.errors import UserError

GOOD = "Karst-Hills-9"


def add(*options: str, password: str = GOOD) -> Result:
    return CliRunner().invoke(main.build(), ["users", "add", *options], input=f"{password}\n")


def test_an_account_is_created_in_the_administrators_name(cast: Cast) -> None:
    answer = add("xinren", "--role", "cadre", "--region", "450124100201", "--name", "新来人")
    assert answer.exit_code == 0, answer.output
    user = User.objects.get(username="xinren")
    assert (user.role, user.region, user.check_password(GOOD)) == ("cadre", "450124100201", True)
    assert Deed.objects.get(verb="create_user", object_id=str(user.pk)).by == cast.administrator
    assert GOOD not in answer.output


@pytest.mark.parametrize(
    ("options", "password", "says"),
    [
        (["x1", "--role", "office", "--region", "4501"], "short", "至少"),
        (["x1", "--role", "king"], GOOD, "没有角色"),
        (["x1", "--role", "office"], GOOD, "要写明辖区"),
        (["x1", "--role", "department", "--region", "4501", "--department", "nowhere"], GOOD, "civil_affairs"),
        (["x1", "--role", "cadre", "--region", "450124100201", "--as", "cungan"], GOOD, "您的角色不能"),
    ],
)
def test_a_faulty_account_is_refused_in_both_languages(
    cast: Cast, options: list[str], password: str, says: str
) -> None:
    error: Any = add(*options, password=password).exception
    assert isinstance(error, UserError)
    assert says in str(error)
    assert error.en
    assert not User.objects.filter(username="x1").exists()
