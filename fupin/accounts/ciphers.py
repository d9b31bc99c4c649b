"""The ciphers that a key may name: AES-256-GCM and SM4-GCM, with the same two verbs."""

from __future__ import annotations

import hmac
from typing import Protocol

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

TAG_BYTES = 16


class Aead(Protocol):
    """Authenticated encryption; ``decrypt`` raises InvalidTag for what was changed or belongs elsewhere."""

    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None) -> bytes: ...

    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None) -> bytes: ...


class SM4GCM:
    """SM4 (GB/T 32907) in Galois/Counter mode, tag behind the ciphertext as in ``AESGCM``."""

    def __init__(self, secret: bytes) -> None:
        """SM4 takes 16 bytes: they are derived from the 32 of the key."""
        self._algorithm = algorithms.SM4(hmac.digest(secret, b"fupin sm4", "sm3")[:16])

    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None) -> bytes:
        work = Cipher(self._algorithm, modes.GCM(nonce)).encryptor()
        work.authenticate_additional_data(associated_data or b"")
        return work.update(data) + work.finalize() + work.tag

    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None) -> bytes:
        work = Cipher(self._algorithm, modes.GCM(nonce, data[-TAG_BYTES:])).decryptor()
        work.authenticate_additional_data(associated_data or b"")
        return work.update(data[:-TAG_BYTES]) + work.finalize()


def aead(secret: bytes, suite: str) -> Aead:
    """The cipher of a suite under 32 secret bytes."""
    return SM4GCM(secret) if suite == "sm4" else AESGCM(secret)
