from __future__ import annotations

from fupin.kernel.errors import UserError


def test_an_error_says_what_and_how_to_mend_in_both_languages() -> None:
    text = str(UserError("第 3 行没有代码", "row 3 has no code", "补上代码", "add the code"))
    assert text.splitlines() == [
        "第 3 行没有代码",
        "  办法：补上代码",
        "row 3 has no code",
        "  hint: add the code",
    ]
