"""One way to seal: by the suite of the key that is named in front; what was sealed the former way opens as well."""

from __future__ import annotations

import os
from base64 import urlsafe_b64decode
from typing import Any

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from fupin.accounts.adapter import HouseAdapter
from fupin.accounts.sealing import key_id_of, seal_bytes, unseal_bytes
from fupin.kernel.errors import UserError
from fupin.kernel.keys import Key, Keys
from fupin.kernel.live_keys import LiveKeys

OF_SUITE = {suite: Keys(Key.new("e1", suite), Key.new("p1", suite), Key.new("l1")) for suite in ("aes", "sm4")}
SUITES = st.sampled_from(sorted(OF_SUITE))


def sealed_as_once(keys: Keys, content: bytes, bound_to: str) -> bytes:
    """As secrets of accounts were written until there was one way."""
    nonce = os.urandom(12)
    head = keys.encryption.id.encode() + b"."
    return head + nonce + AESGCM(keys.encryption.secret).encrypt(nonce, content, bound_to.encode())


@given(SUITES, st.binary(max_size=60), st.text(max_size=30), st.booleans())
def test_it_opens_in_its_own_place_only(suite: str, content: bytes, place: str, former: bool) -> None:
    keys = OF_SUITE[suite]
    sealed = (sealed_as_once if former else seal_bytes)(keys, content, place)
    assert key_id_of(sealed) == "e1"
    assert unseal_bytes(keys, sealed, place) == content
    with pytest.raises(UserError, match="改动过"):
        unseal_bytes(keys, sealed, place + "x")


@given(SUITES, st.binary(max_size=60))
def test_the_key_tells_the_algorithm_and_an_old_key_still_opens(suite: str, content: bytes) -> None:
    keys = OF_SUITE[suite]
    sealed, once = seal_bytes(keys, content, "place"), sealed_as_once(keys, content, "place")
    rotated = keys.rotated("encryption", "aes" if suite == "sm4" else "sm4")
    assert key_id_of(seal_bytes(rotated, content, "place")) == "e2"
    assert unseal_bytes(rotated, sealed, "place") == unseal_bytes(rotated, once, "place") == content
    with pytest.raises(UserError, match="e1"):
        unseal_bytes(rotated.without("encryption", "e1"), sealed, "place")


@given(st.binary(max_size=200))
def test_rubbish_is_refused_in_plain_words(sealed: bytes) -> None:
    with pytest.raises(UserError):
        unseal_bytes(OF_SUITE["aes"], sealed, "place")


def test_secrets_of_second_factors_are_under_sm4_where_the_key_is(settings: Any) -> None:
    settings.FUPIN_KEYS = LiveKeys(None, lambda: OF_SUITE["sm4"])
    kept = urlsafe_b64decode(HouseAdapter().encrypt("JBSWY3DP"))
    assert HouseAdapter().decrypt(HouseAdapter().encrypt("JBSWY3DP")) == "JBSWY3DP"
    with pytest.raises(InvalidTag):
        AESGCM(OF_SUITE["sm4"].encryption.secret).decrypt(kept[3:15], kept[15:], b"second factor")
