"""Numbers of persons at rest: AES-256-GCM, the id of the key in front, bound to the record they belong to.

Layout: length of the key id (1 byte) · key id · nonce (12 bytes) · ciphertext with tag.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from fupin.kernel.errors import UserError
from fupin.kernel.keys import Keys

NONCE_BYTES = 12


def seal(keys: Keys, text: str, record: str) -> bytes:
    """Encrypt ``text``; only the record with this id can open it."""
    return seal_many(keys, [text], [record])[0]


def seal_many(keys: Keys, texts: Iterable[str], records: Iterable[str]) -> list[bytes]:
    """Like ``seal`` for many: one cipher, one draw of random bytes."""
    key = keys.encryption
    head = bytes([len(key.id)]) + key.id.encode("ascii")
    encrypt = AESGCM(key.secret).encrypt
    texts = list(texts)
    nonces = os.urandom(NONCE_BYTES * len(texts))
    sealed = []
    for place, (text, record) in enumerate(zip(texts, records, strict=True)):
        nonce = nonces[place * NONCE_BYTES : (place + 1) * NONCE_BYTES]
        sealed.append(head + nonce + encrypt(nonce, text.encode(), record.encode()))
    return sealed


def unseal(keys: Keys, sealed: bytes, record: str) -> str:
    """The text again. Raises UserError when the key is missing or the bytes were changed or moved to another record."""
    sealed = bytes(sealed)
    size = sealed[0]
    key = keys.encryption_key(sealed[1 : 1 + size].decode("ascii"))
    nonce, rest = sealed[1 + size : 1 + size + NONCE_BYTES], sealed[1 + size + NONCE_BYTES :]
    try:
        return AESGCM(key.secret).decrypt(nonce, rest, record.encode()).decode()
    except InvalidTag:
        raise UserError(
            f"记录 {record} 的加密内容被改动过，无法还原",
            f"the encrypted content of record {record} was changed and cannot be opened",
            "请从备份恢复这条记录，并报告安全管理员",
            "restore the record from a backup and tell the security officer",
        ) from None
