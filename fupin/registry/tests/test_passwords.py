"""Names of places open no account."""

from __future__ import annotations

import pytest

from fupin.accounts.opening import check_password
from fupin.accounts.rules import password_problem
from fupin.kernel.errors import UserError


@pytest.mark.parametrize("password", ["Nanning-2026-x", "x9-Ma-Shan-xian", "GuangXi#2026"])
def test_a_password_with_the_name_of_a_place_is_refused(regions: None, password: str) -> None:
    assert password_problem(password, "shiban") is None
    with pytest.raises(UserError, match="地名"):
        check_password(password, "shiban", "市办")


@pytest.mark.parametrize("password", ["Karst-Hills-9", "Nan-is-ning-7"])
def test_other_words_will_do(regions: None, password: str) -> None:
    check_password(password, "shiban", "市办")


@pytest.mark.parametrize("password", ["FuPin-2026-ok", "x-MinZheng-9", "Pass.Word.2026"])
def test_what_everybody_in_such_an_office_tries_is_refused(password: str) -> None:
    problem = password_problem(password, "shiban")
    assert problem is not None
    assert "容易猜到" in problem[0]
