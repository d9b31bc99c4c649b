from __future__ import annotations

from fupin.accounts.differences import Difference, differences


def test_images_are_read_as_text_as_mappings_and_where_there_is_none() -> None:
    told = [Difference("state", "0", "1"), Difference("note", None, "x")]
    assert differences('{"state": "0", "id": 1}', {"state": "1", "note": "x", "id": 2}, {"id"}) == told
    assert differences(None, '{"state": "0"}') == [Difference("state", None, "0")]
    assert differences(None, None) == []


def test_what_stayed_is_not_told_and_of_a_secret_only_that_it_changed() -> None:
    before, after = {"name": "韦", "password": "sha256:aa"}, {"name": "韦", "password": "sha256:bb"}
    assert differences(before, after) == [Difference("password", None, None, hidden=True)]
