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
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from fupin.kernel.errors import UserError

KEY_BYTES = 32
HASH_BYTES = 16
TAIL_BYTES = 8  # of the hash of a number's last digits: many persons share one anyway
PURPOSES = ("encryption", "lookup", "lake")
#: what a key works with: aes = AES-256-GCM and HMAC-SHA256, sm4 = SM4-GCM and HMAC-SM3 (GM/T); a key never changes it
SUITES = {"aes": "sha256", "sm4": "sm3"}


@dataclass(frozen=True)
class Key:
    """``id`` is public (it stands in manifests and in front of ciphertexts); ``secret`` never shows.

    The id in front of a ciphertext tells the key, the key its algorithm: one key never serves two algorithms.
    """

    id: str
    secret: bytes = field(repr=False)
    suite: str = "aes"

    @classmethod
    def new(cls, id_: str, suite: str = "aes") -> Key:
        return cls(id_, secrets.token_bytes(KEY_BYTES), suite)

    @property
    def digest(self) -> str:
        """The hash under this key's HMAC."""
        return SUITES[self.suite]

    @property
    def fingerprint(self) -> str:
        """Tells two keys of the same id apart; says nothing of the secret."""
        return hmac.digest(self.secret, b"fupin key fingerprint", "sha256")[:4].hex()


def keyed_hash(key: Key, number: str) -> bytes:
    """HMAC of a canonical number, cut to 16 bytes."""
    return hmac.digest(key.secret, number.encode(), key.digest)[:HASH_BYTES]


def tail_text(number: str, length: int) -> str:
    """What is hashed for the last ``length`` characters: never mistaken for a whole number."""
    return f"tail{length}:{number[-length:]}"


def tail_hash(key: Key, number: str, length: int) -> bytes:
    """HMAC of the last characters, cut to 8 bytes."""
    return keyed_hash(key, tail_text(number, length))[:TAIL_BYTES]


@dataclass(frozen=True)
class Keys:
    """The three keys, and former ones: a retired encryption key opens and never closes, a retired lookup key still
    finds what is not hashed anew yet, a retired lake key is in use until everything is hashed anew."""

    encryption: Key
    lookup: Key
    lake: Key
    retired: tuple[Key, ...] = ()
    retired_lookup: tuple[Key, ...] = ()
    retired_lake: tuple[Key, ...] = ()

    @classmethod
    def generate(cls, suite: str = "aes") -> Keys:
        return cls(Key.new("e1", suite), Key.new("p1", suite), Key.new("l1"))  # the lake hashes with SHA-256

    @property
    def lookups(self) -> tuple[Key, ...]:
        """The keys under which a hash in the registry may stand, the present one first."""
        return (self.lookup, *self.retired_lookup)

    def lookup_hash(self, number: str) -> bytes:
        """16 bytes that find a person in the registry."""
        return keyed_hash(self.lookup, number)

    def lake_hash(self, number: str) -> bytes:
        """16 bytes that join the registry with the deliveries."""
        return keyed_hash(self.lake, number)

    def encryption_key(self, id_: str) -> Key:
        """The current or a retired encryption key. Raises UserError when there is none of this id."""
        return self._named((self.encryption, *self.retired), id_, "加密", "encryption", "retired")

    def lake_key(self, id_: str) -> Key:
        """The newest or a former version of the lake key. Raises UserError when there is none of this id."""
        return self._named((self.lake, *self.retired_lake), id_, "数据湖", "lake", "retired_lake")

    @staticmethod
    def _named(keys: tuple[Key, ...], id_: str, zh: str, en: str, place: str) -> Key:
        for key in keys:
            if key.id == id_:
                return key
        raise UserError(
            f"找不到{zh}密钥 {id_!r}",
            f"no {en} key {id_!r}",
            f"请把停用的密钥放回密钥文件的 {place} 中",
            f"put the retired key back under `{place}` in the key file",
        )

    def former(self, purpose: str) -> tuple[Key, ...]:
        """The retired keys of a purpose, the latest first."""
        found: tuple[Key, ...] = getattr(self, _RETIRED[purpose])
        return found

    def rotated(self, purpose: str, suite: str = "aes") -> Keys:
        """With a new key for this purpose; the present one is retired."""
        old: Key = getattr(self, purpose)
        fresh = Key.new(_next_id(old.id), suite)
        changed: dict[str, Any] = {purpose: fresh, _RETIRED[purpose]: (old, *self.former(purpose))}
        return replace(self, **changed)

    def without(self, purpose: str, id_: str) -> Keys:
        """Without a retired key. Raises UserError when no retired key of this purpose has the id."""
        kept = tuple(key for key in self.former(purpose) if key.id != id_)
        if len(kept) == len(self.former(purpose)):
            raise UserError(
                f"没有编号为 {id_!r} 的已停用密钥",
                f"no retired key {id_!r}",
                "用 fupin keys list 查看；正在使用的密钥要先轮换",
                "see `fupin keys list`; a key in use is rotated first",
            )
        changed: dict[str, Any] = {_RETIRED[purpose]: kept}
        return replace(self, **changed)

    def save(self, path: Path) -> None:
        """Write a new file that only its owner can read. Raises FileExistsError: keys are never overwritten."""
        content: dict[str, object] = {purpose: _to_json(getattr(self, purpose)) for purpose in PURPOSES}
        content |= {name: [_to_json(key) for key in getattr(self, name)] for name in _RETIRED.values()}
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            json.dump(content, stream, indent=1)
            stream.write("\n")
            stream.flush()
            os.fsync(stream.fileno())

    @classmethod
    def load(cls, path: Path) -> Keys:
        """Read what ``save`` wrote. Raises UserError for a missing or damaged file."""
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            found: dict[str, Any] = {purpose: _from_json(content[purpose]) for purpose in PURPOSES}
            found |= {name: tuple(map(_from_json, content.get(name, []))) for name in _RETIRED.values()}
        except (OSError, ValueError, KeyError, TypeError, binascii.Error) as error:
            raise UserError(
                f"密钥文件 {path.name} 读不出（{type(error).__name__}）",
                f"the key file {path.name} cannot be read ({type(error).__name__})",
                "从备份恢复这个文件；没有它，已加密的证件号无法还原",
                "restore the file from a backup; without it encrypted ID numbers cannot be read",
            ) from None
        return cls(**found)


_RETIRED = {"encryption": "retired", "lookup": "retired_lookup", "lake": "retired_lake"}


def _next_id(id_: str) -> str:
    """e1 → e2: ids of a purpose are never used twice."""
    letters = id_.rstrip("0123456789")
    return f"{letters}{int(id_[len(letters) :] or 1) + 1}"


def _to_json(key: Key) -> dict[str, str]:
    entry = {"id": key.id, "key": base64.b64encode(key.secret).decode()}
    return entry if key.suite == "aes" else {**entry, "suite": key.suite}


def _from_json(entry: dict[str, str]) -> Key:
    secret, suite = base64.b64decode(entry["key"], validate=True), entry.get("suite", "aes")
    if len(secret) != KEY_BYTES or suite not in SUITES:
        raise ValueError("a key has 32 bytes and a suite that is known")
    return Key(str(entry["id"]), secret, suite)
