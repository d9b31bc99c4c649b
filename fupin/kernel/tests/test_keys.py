from __future__ import annotations

import stat
from pathlib import Path

import pytest
from hypothesis import given

from fupin.kernel.errors import UserError
from fupin.kernel.keys import Key, Keys
from fupin.kernel.tests.strategies import id_numbers

KEYS = Keys(
    Key("e2", b"e" * 32),
    Key("p1", b"p" * 32),
    Key("l1", b"l" * 32),
    retired=(Key("e1", b"o" * 32),),
)


def test_keys_come_back_from_their_file_which_only_the_owner_reads(
    tmp_path: Path,
) -> None:
    path = tmp_path / "keys.json"
    KEYS.save(path)
    assert Keys.load(path) == KEYS
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_keys_are_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    KEYS.save(path)
    with pytest.raises(FileExistsError):
        Keys.generate().save(path)
    assert Keys.load(path) == KEYS


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"encryption": {"id": "e1", "key": "c2hvcnQ="}}'])
def test_a_damaged_file_is_refused_with_a_remedy(tmp_path: Path, content: str) -> None:
    path = tmp_path / "keys.json"
    path.write_text(content)
    with pytest.raises(UserError) as caught:
        Keys.load(path)
    assert caught.value.hint_zh
    assert caught.value.hint_en


def test_generated_keys_differ() -> None:
    one, other = Keys.generate(), Keys.generate()
    assert len({key.secret for keys in (one, other) for key in (keys.encryption, keys.lookup, keys.lake)}) == 6


def test_secrets_do_not_show_in_repr() -> None:
    assert "eee" not in repr(KEYS)
    assert "b'" not in repr(KEYS)


@given(id_numbers())
def test_hashes_have_16_bytes_and_depend_on_the_key(number: str) -> None:
    assert len(KEYS.lake_hash(number)) == 16
    assert KEYS.lake_hash(number) != KEYS.lookup_hash(number)
    assert KEYS.lake_hash(number) == KEYS.lake_hash(number)


def test_a_retired_key_still_opens_and_an_unknown_one_is_named() -> None:
    assert KEYS.encryption_key("e1").secret == b"o" * 32
    with pytest.raises(UserError, match="e9"):
        KEYS.encryption_key("e9")
