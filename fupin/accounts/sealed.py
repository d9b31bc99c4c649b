"""Secrets of accounts at rest: AES-256-GCM under the encryption key, the id of the key in front."""

from __future__ import annotations

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

from fupin.kernel.errors import UserError
from fupin.kernel.keys import Keys

NONCE_BYTES = 12


def seal(content: bytes, bound_to: str) -> bytes:
    """``bound_to``: what it is, so that it is not taken for something else."""
    key = _keys().encryption
    nonce = os.urandom(NONCE_BYTES)
    return key.id.encode() + b"." + nonce + AESGCM(key.secret).encrypt(nonce, content, bound_to.encode())


def unseal(sealed: bytes | memoryview, bound_to: str) -> bytes:
    """Raises UserError when the key is missing, or the content was changed or is something else."""
    key_id, _dot, rest = bytes(sealed).partition(b".")
    key = _keys().encryption_key(key_id.decode("ascii", "replace"))
    try:
        return AESGCM(key.secret).decrypt(rest[:NONCE_BYTES], rest[NONCE_BYTES:], bound_to.encode())
    except InvalidTag:
        raise UserError(
            f"密文被改动过（{bound_to}）",
            f"what was encrypted has been changed ({bound_to})",
            "请安全管理员清除后重新办理",
            "ask the security administrator to clear it, then do it anew",
        ) from None


def _keys() -> Keys:
    found: Keys = settings.FUPIN_KEYS.now
    return found
