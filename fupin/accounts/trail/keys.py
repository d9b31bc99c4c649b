"""The key that signs seals: in a file of its own outside the database, its public half beside it.

The public halves of all keys that ever signed stay in ``<key file>.pub``, one a line: id, a blank, 64 hex digits.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from fupin.accounts.trail.chain import Seal
from fupin.kernel.errors import UserError


def key_id_of(public: bytes) -> str:
    return hashlib.sha256(public).hexdigest()[:16]


@dataclass(frozen=True)
class SealingKey:
    private: Ed25519PrivateKey
    public: bytes

    @property
    def id(self) -> str:
        return key_id_of(self.public)

    def sign(self, message: bytes) -> bytes:
        return self.private.sign(message)

    @classmethod
    def of(cls, secret: bytes) -> SealingKey:
        private = Ed25519PrivateKey.from_private_bytes(secret)
        return cls(private, private.public_key().public_bytes_raw())


def load_or_make(path: Path, *, may_make: bool) -> SealingKey:
    """The key of the file; made once where there is none and nothing was sealed yet. Raises UserError."""
    if not path.exists():
        if not may_make:
            raise _gone(path)
        _write_private(path, json.dumps({"ed25519": Ed25519PrivateKey.generate().private_bytes_raw().hex()}))
    if path.stat().st_mode & 0o077:
        raise UserError(
            f"其他账户能读留痕密钥：{path}",
            f"other accounts can read the key of the trail: {path}",
            f"chmod 600 {path}",
            f"chmod 600 {path}",
        )
    try:
        key = SealingKey.of(bytes.fromhex(json.loads(path.read_text(encoding="utf-8"))["ed25519"]))
    except (ValueError, KeyError, TypeError):
        raise _damaged(path) from None
    _remember(path, key)
    return key


def public_file(path: Path) -> Path:
    return path.with_name(f"{path.name}.pub")


def public_keys(path: Path) -> dict[str, bytes]:
    """Every public key that ever signed here, by id; an id that is not its key's is left out."""
    file = public_file(path)
    lines = file.read_text(encoding="utf-8").split("\n") if file.exists() else []
    pairs = [line.split() for line in lines if len(line.split()) == 2]
    keys = {name: bytes.fromhex(public) for name, public in pairs if len(public) == 64}
    return {name: public for name, public in keys.items() if key_id_of(public) == name}


def signed_by(public: bytes, seal: Seal) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(seal.signature, seal.message)
    except (InvalidSignature, ValueError):
        return False
    return True


def _remember(path: Path, key: SealingKey) -> None:
    if key.id not in public_keys(path):
        with public_file(path).open("a", encoding="utf-8") as file:
            file.write(f"{key.id} {key.public.hex()}\n")


def _write_private(path: Path, text: str) -> None:
    """Whole or not at all, and only one: two sealers that start together take the same key."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(fresh, path)
    except FileExistsError:
        pass
    finally:
        fresh.unlink()


def _gone(path: Path) -> UserError:
    return UserError(
        f"留痕密钥 {path} 不见了，而留痕已经封过：换一把新钥匙会掩盖这件事",
        f"the key of the trail {path} is gone, but the trail was sealed before: a new one would hide that",
        "请从备份恢复；确实找不回时，用 fupin audit seal --new-key 另起一把，换钥匙本身会留在链上",
        "restore it from a backup; if it is lost, `fupin audit seal --new-key` makes another; the chain will show it",
    )


def _damaged(path: Path) -> UserError:
    return UserError(
        f"留痕密钥读不出来：{path}",
        f"the key of the trail cannot be read: {path}",
        "请从备份恢复",
        "restore it from a backup",
    )
