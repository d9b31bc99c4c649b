"""What is kept of people's numbers is sealed: it opens only whole, unchanged and with the key."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidTag
from hypothesis import given
from hypothesis import strategies as st

from fupin.exchange import sealing
from fupin.exchange.parquet import lake_hasher
from fupin.kernel.errors import UserError
from fupin.kernel.keys import Key, Keys, keyed_hash

KEYS = Keys.generate()


@pytest.mark.parametrize("size", [0, 1, 999, 1000, 1001, 5000])
def test_a_sealed_file_opens_to_the_same_bytes_at_any_place(
    tmp_path: Path, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealing, "CHUNK", 1000)
    clear = bytes(range(256)) * 20
    copied = sealing.seal(io.BytesIO(clear[:size]), tmp_path / "f", KEYS)
    assert copied.size == size
    with sealing.SealedFile(tmp_path / "f", "f", size, KEYS).open() as stream:
        assert stream.read() == clear[:size]
        stream.seek(size // 2)
        assert stream.read(7) == clear[size // 2 : size][:7]


@pytest.mark.parametrize("damage", ["cut", "changed", "exchanged", "other key"])
def test_a_damaged_or_foreign_file_does_not_open(tmp_path: Path, damage: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "CHUNK", 1000)
    path = tmp_path / "f"
    sealing.seal(io.BytesIO(b"a" * 3000), path, KEYS)
    content, body = path.read_bytes(), len(sealing.MAGIC) + 3 + 32
    first, second = content[body : body + 1016], content[body + 1016 : body + 2032]
    changes = {"cut": content[:-1016], "changed": content[:-1] + b"?", "exchanged": content[:body] + second + first}
    path.write_bytes(changes.get(damage, content))
    keys = Keys(Key("e1", b"x" * 32), KEYS.lookup, KEYS.lake) if damage == "other key" else KEYS
    with pytest.raises(UserError), sealing.SealedFile(path, "f", 3000, keys).open() as stream:
        stream.read()


@given(st.lists(st.sampled_from(["", "韦", "a,b", '"', "\n", "450123"]), max_size=9))
def test_cells_open_in_their_own_place_only(cells: list[str]) -> None:
    sealed = sealing.seal_cells(cells, KEYS, "d#1")
    assert sealing.open_cells(sealed, KEYS, "d#1") == cells
    with pytest.raises(InvalidTag):
        sealing.open_cells(sealed, KEYS, "d#2")


@given(st.text(max_size=30))
def test_the_quick_hash_is_the_kernels(number: str) -> None:
    assert lake_hasher(KEYS.lake)(number) == keyed_hash(KEYS.lake, number)
