"""What lies sealed in a column: AES-256-GCM or SM4-GCM, the id of the key in front, bound to what it belongs to.

Layout: length of the key id (1 byte) · key id · nonce (12 bytes) · ciphertext with tag. The key tells the algorithm.

Secrets of accounts were once written as key id · "." · nonce · ciphertext, AES-256-GCM whatever the key's algorithm.
A letter of a key id is never a length, so such a value is told by its first byte: it opens, and nothing writes it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

from cryptography.exceptions import InvalidTag

from fupin.accounts.ciphers import Aead, aead
from fupin.kernel.errors import UserError
from fupin.kernel.keys import Keys

NONCE_BYTES = 12
LONGEST_ID = 32


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


def unseal_bytes(keys: Keys, sealed: bytes | memoryview, record: str) -> bytes:
    """Like ``unseal`` for a file's bytes."""
    cipher, rest = _opener(keys, bytes(sealed))
    try:
        return cipher.decrypt(rest[:NONCE_BYTES], rest[NONCE_BYTES:], record.encode())
    except (InvalidTag, ValueError):  # ValueError: cut short
        raise UserError(
            f"记录 {record} 的加密内容被改动过，无法还原",
            f"the encrypted content of record {record} was changed and cannot be opened",
            "请从备份恢复这条记录，并报告安全管理员；第二重验证可由安全管理员清除后重新添加",
            "restore the record from a backup and tell the security officer, who can also clear a second factor",
        ) from None


def _opener(keys: Keys, sealed: bytes) -> tuple[Aead, bytes]:
    """The cipher, and nonce with ciphertext."""
    key = keys.encryption_key(key_id_of(sealed))
    if _former(sealed):
        return aead(key.secret, "aes"), sealed.partition(b".")[2]
    return aead(key.secret, key.suite), sealed[1 + sealed[0] :]


def _former(sealed: bytes) -> bool:
    return sealed[:1] > bytes([LONGEST_ID])


def key_id_of(sealed: bytes | memoryview) -> str:
    """The id of the key that a ciphertext names."""
    sealed = bytes(sealed)
    named = sealed.partition(b".")[0] if _former(sealed) else sealed[1 : 1 + sealed[0]] if sealed else b""
    return named.decode("ascii", "replace")
