"""The three keys of an installation, and the keyed hashes of ID numbers.

encryption: ID and phone numbers at rest (rotates; retired keys still open old records) · lookup: finding a person in
the registry by number · lake: joining registry and deliveries without any number (its id stands in every manifest).
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from fupin.kernel.errors import UserError

KEY_BYTES = 32
HASH_BYTES = 16
PURPOSES = ("encryption", "lookup", "lake")


@dataclass(frozen=True)
class Key:
    """``id`` is public (it stands in manifests and in front of ciphertexts); ``secret`` never shows."""

    id: str
    secret: bytes = field(repr=False)

    @classmethod
    def new(cls, id_: str) -> Key:
        return cls(id_, secrets.token_bytes(KEY_BYTES))

    @property
    def fingerprint(self) -> str:
        """Tells two keys of the same id apart; says nothing of the secret."""
        return hmac.digest(self.secret, b"fupin key fingerprint", "sha256")[:4].hex()


def keyed_hash(key: Key, number: str) -> bytes:
    """HMAC-SHA256 of a canonical number, cut to 16 bytes."""
    return hmac.digest(key.secret, number.encode(), "sha256")[:HASH_BYTES]


@dataclass(frozen=True)
class Keys:
    encryption: Key
    lookup: Key
    lake: Key
    retired: tuple[Key, ...] = ()  # former encryption keys: they open, they never close

    @classmethod
    def generate(cls) -> Keys:
        return cls(Key.new("e1"), Key.new("p1"), Key.new("l1"))

    def lookup_hash(self, number: str) -> bytes:
        """16 bytes that find a person in the registry."""
        return keyed_hash(self.lookup, number)

    def lake_hash(self, number: str) -> bytes:
        """16 bytes that join the registry with the deliveries."""
        return keyed_hash(self.lake, number)

    def encryption_key(self, id_: str) -> Key:
        """The current or a retired encryption key. Raises UserError when there is none of this id."""
        for key in (self.encryption, *self.retired):
            if key.id == id_:
                return key
        raise UserError(
            f"找不到加密密钥 {id_!r}",
            f"no encryption key {id_!r}",
            "请把停用的密钥放回密钥文件的 retired 中",
            "put the retired key back under `retired` in the key file",
        )

    def save(self, path: Path) -> None:
        """Write a new file that only its owner can read. Raises FileExistsError: keys are never overwritten."""
        content: dict[str, object] = {purpose: _to_json(getattr(self, purpose)) for purpose in PURPOSES}
        content["retired"] = [_to_json(key) for key in self.retired]
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            json.dump(content, stream, indent=1)
            stream.write("\n")

    @classmethod
    def load(cls, path: Path) -> Keys:
        """Read what ``save`` wrote. Raises UserError for a missing or damaged file."""
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            encryption, lookup, lake = (_from_json(content[purpose]) for purpose in PURPOSES)
            retired = tuple(_from_json(entry) for entry in content.get("retired", []))
        except (OSError, ValueError, KeyError, TypeError, binascii.Error) as error:
            raise UserError(
                f"密钥文件 {path.name} 读不出（{type(error).__name__}）",
                f"the key file {path.name} cannot be read ({type(error).__name__})",
                "从备份恢复这个文件；没有它，已加密的证件号无法还原",
                "restore the file from a backup; without it encrypted ID numbers cannot be read",
            ) from None
        return cls(encryption, lookup, lake, retired)


def _to_json(key: Key) -> dict[str, str]:
    return {"id": key.id, "key": base64.b64encode(key.secret).decode()}


def _from_json(entry: dict[str, str]) -> Key:
    secret = base64.b64decode(entry["key"], validate=True)
    if len(secret) != KEY_BYTES:
        raise ValueError("a key has 32 bytes")
    return Key(str(entry["id"]), secret)
