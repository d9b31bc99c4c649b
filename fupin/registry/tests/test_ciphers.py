"""Both suites: what is sealed opens again, and nothing else does."""

from __future__ import annotations

import pytest
from cryptography.exceptions import InvalidTag
from hypothesis import given
from hypothesis import strategies as st

from fupin.accounts.ciphers import aead
from fupin.kernel.errors import UserError
from fupin.kernel.keys import Key, Keys, keyed_hash
from fupin.registry.numbers import hashes
from fupin.registry.sealing import key_id_of, seal, unseal

OF_SUITE = {suite: Keys(Key.new("e1", suite), Key.new("p1", suite), Key.new("l1")) for suite in ("aes", "sm4")}
SUITES = st.sampled_from(sorted(OF_SUITE))


@given(SUITES, st.text(max_size=60), st.text(max_size=30))
def test_a_value_opens_again_for_its_record_only(suite: str, text: str, record: str) -> None:
    keys = OF_SUITE[suite]
    sealed = seal(keys, text, record)
    assert unseal(keys, sealed, record) == text
    assert key_id_of(sealed) == "e1"
    with pytest.raises(UserError, match="改动过"):
        unseal(keys, sealed, record + "x")


@given(SUITES, st.binary(max_size=40), st.integers(min_value=0), st.integers(0, 7))
def test_one_changed_bit_is_seen(suite: str, data: bytes, place: int, bit: int) -> None:
    cipher, nonce = aead(b"k" * 32, suite), b"n" * 12
    sealed = bytearray(cipher.encrypt(nonce, data, b"record"))
    sealed[place % len(sealed)] ^= 1 << bit
    with pytest.raises(InvalidTag):
        cipher.decrypt(nonce, bytes(sealed), b"record")


@given(SUITES)
def test_what_an_old_key_of_the_other_suite_sealed_still_opens(suite: str) -> None:
    keys = OF_SUITE[suite]
    sealed = seal(keys, "450124", "P")
    changed = keys.rotated("encryption", "sm4" if suite == "aes" else "aes")
    assert unseal(changed, sealed, "P") == "450124"
    assert seal(changed, "450124", "P")[1:3] == b"e2"


def test_a_column_is_hashed_like_a_single_number() -> None:
    import polars as pl

    for keys in OF_SUITE.values():
        assert hashes(keys.lookup, pl.Series(["450124"]))[0] == keyed_hash(keys.lookup, "450124")
    known = Key("p", b"k" * 32, "sm4")
    assert keyed_hash(known, "m").hex().startswith("2132e064")  # HMAC-SM3, as OpenSSL has it
