"""Personal values at rest: AES-256-GCM or SM4-GCM, the id of the key in front, bound to the record they belong to.

Layout: length of the key id (1 byte) · key id · nonce (12 bytes) · ciphertext with tag. The key tells the algorithm.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

from cryptography.exceptions import InvalidTag

from fupin.kernel.errors import UserError
from fupin.kernel.keys import Keys
from fupin.registry.ciphers import aead

NONCE_BYTES = 12


def seal(keys: Keys, text: str, record: str) -> bytes:
    """Encrypt ``text``; only what is bound to ``record`` (see ``bound_to``) can open it."""
    return seal_many(keys, [text], [record])[0]


def seal_bytes(keys: Keys, content: bytes, record: str) -> bytes:
    """Like ``seal`` for a file's bytes."""
    key, nonce = keys.encryption, os.urandom(NONCE_BYTES)
    head = bytes([len(key.id)]) + key.id.encode("ascii")
    return head + nonce + aead(key.secret, key.suite).encrypt(nonce, content, record.encode())


def seal_many(keys: Keys, texts: Iterable[str], records: Iterable[str]) -> list[bytes]:
    """Like ``seal`` for many: one cipher, one draw of random bytes."""
    key = keys.encryption
    head = bytes([len(key.id)]) + key.id.encode("ascii")
    encrypt = aead(key.secret, key.suite).encrypt
    texts = list(texts)
    nonces = os.urandom(NONCE_BYTES * len(texts))
    sealed = []
    for place, (text, record) in enumerate(zip(texts, records, strict=True)):
        nonce = nonces[place * NONCE_BYTES : (place + 1) * NONCE_BYTES]
        sealed.append(head + nonce + encrypt(nonce, text.encode(), record.encode()))
    return sealed


def unseal(keys: Keys, sealed: bytes, record: str) -> str:
    """The text again. Raises UserError when the key is missing or the bytes were changed or moved to another record."""
    return unseal_bytes(keys, sealed, record).decode()


def unseal_bytes(keys: Keys, sealed: bytes, record: str) -> bytes:
    """Like ``unseal`` for a file's bytes."""
    sealed = bytes(sealed)
    size = sealed[0]
    key = keys.encryption_key(key_id_of(sealed))
    nonce, rest = sealed[1 + size : 1 + size + NONCE_BYTES], sealed[1 + size + NONCE_BYTES :]
    try:
        return aead(key.secret, key.suite).decrypt(nonce, rest, record.encode())
    except InvalidTag:
        raise UserError(
            f"记录 {record} 的加密内容被改动过，无法还原",
            f"the encrypted content of record {record} was changed and cannot be opened",
            "请从备份恢复这条记录，并报告安全管理员",
            "restore the record from a backup and tell the security officer",
        ) from None


def key_id_of(sealed: bytes) -> str:
    """The id of the key that a ciphertext names."""
    return bytes(sealed[1 : 1 + sealed[0]]).decode("ascii")


def bound_to(record: str, field: str) -> str:
    """What a value's ciphertext is bound to, so that none can be put in another one's place.

    A person's ID number and a household's phone are the first that were sealed: by the record alone.
    """
    return record if field in ("id_number", "phone") else f"{record} {field}"


def hint_of(record: str) -> str:
    """What a masked form's ciphertext is bound to."""
    return f"{record} masked"
