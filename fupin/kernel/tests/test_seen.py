"""What a form had seen, and what is there now."""

from __future__ import annotations

import pytest

from fupin.kernel.seen import Stale, demand_seen, state_mark


def test_the_mark_is_another_as_soon_as_anything_is() -> None:
    assert state_mark("a", None, ["b"]) == state_mark("a", None, ["b"])
    assert len({state_mark("a", ""), state_mark("a", None), state_mark("a"), state_mark("", "a")}) == 4


def test_who_says_nothing_is_not_compared_and_who_saw_something_else_is_told_in_two_languages() -> None:
    demand_seen(None, "now", "账号 x", "account x")
    demand_seen("now", "now", "账号 x", "account x")
    for seen in ("", "before"):
        with pytest.raises(Stale, match=r"账号 x .*别人改动") as caught:
            demand_seen(seen, "now", "账号 x", "account x")
        assert caught.value.en.startswith("account x was changed")
