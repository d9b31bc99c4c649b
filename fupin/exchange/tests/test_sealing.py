"""What is kept of people's numbers is sealed: it opens only whole, unchanged and with the key."""

from __future__ import annotations

import io
from pathlib import Path

import polars as pl
import pytest
from cryptography.exceptions import InvalidTag
from hypothesis import given
from hypothesis import strategies as st

from fupin.exchange import parquet, sealing
from fupin.exchange.hashing import hashing, hashing_aside
from fupin.exchange.tests.files import person
from fupin.kernel.errors import UserError
from fupin.kernel.keys import Key, Keys, keyed_hash
from fupin.kernel.live_keys import LiveKeys

KEYS = Keys.generate()


def live(keys: Keys) -> LiveKeys:
    return LiveKeys(None, lambda: keys)


@pytest.mark.parametrize("size", [0, 1, 999, 1000, 1001, 5000])
def test_a_sealed_file_opens_to_the_same_bytes_at_any_place(
    tmp_path: Path, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealing, "CHUNK", 1000)
    clear = bytes(range(256)) * 20
    copied = sealing.seal(io.BytesIO(clear[:size]), tmp_path / "f", KEYS)
    assert copied.size == size
    with sealing.SealedFile(tmp_path / "f", "f", size, live(KEYS)).open() as stream:
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
    with pytest.raises(UserError), sealing.SealedFile(path, "f", 3000, live(keys)).open() as stream:
        stream.read()


@given(st.lists(st.sampled_from(["", "韦", "a,b", '"', "\n", "450123"]), max_size=9))
def test_cells_open_in_their_own_place_only(cells: list[str]) -> None:
    sealed = sealing.seal_cells(cells, KEYS, "d#1")
    assert sealing.open_cells(sealed, KEYS, "d#1") == cells
    with pytest.raises(InvalidTag):
        sealing.open_cells(sealed, KEYS, "d#2")


@given(st.lists(st.text("0123456789X", min_size=18, max_size=18)))
def test_the_quick_hash_is_the_kernels(numbers: list[str]) -> None:
    made = hashing(KEYS.lake.secret)("".join(numbers).encode())
    assert made == b"".join(keyed_hash(KEYS.lake, number) for number in numbers)


def test_the_process_beside_gives_the_same_hashes_and_ends() -> None:
    numbers = b"45012319800101100X45012319800201101X"
    here = hashing(KEYS.lake.secret)
    with hashing_aside(KEYS.lake.secret) as aside:
        assert [aside(numbers), aside(b""), aside(numbers)] == [here(numbers), b"", here(numbers)]


def test_keys_are_the_same_when_remembered_and_when_two_share_a_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "MOST_REMEMBERED", 4)
    keys = parquet.LakeKeys(KEYS.lake)
    numbers = [None, *(person(number) for number in (1, 2, 3, 4, 5, 6, 7, 8, 1, 1)), None]
    wanted = [number and keyed_hash(KEYS.lake, number) for number in numbers]
    with keys.hashing_for(1) as hashed:
        for _ in range(3):
            assert keys.keys_of(pl.Series("id", numbers), hashed).to_list() == wanted
