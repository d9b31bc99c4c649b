"""Encryption at rest of what holds real numbers of people: raw deliveries and quarantined cells.

A sealed file is MAGIC, the key's id, a salt, then chunks of AES-256-GCM (SM4-GCM where the key says so) under a key
derived for this file alone. Each chunk's nonce is its number and a mark on the last one (the STREAM construction), so
that chunks can be neither exchanged nor cut off unseen, and any chunk can be opened by itself.
"""

from __future__ import annotations

import hashlib
import hmac
import io
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

from cryptography.exceptions import InvalidTag

from fupin.accounts.api import Aead, aead
from fupin.kernel.errors import UserError
from fupin.kernel.keys import Key, Keys
from fupin.kernel.live_keys import LiveKeys

MAGIC = b"FUPINRAW1"
CHUNK = 1 << 20
_SALT = 32
_TAG = 16
_NONCE = 12


def _file_key(key: Key, salt: bytes) -> Aead:
    return aead(hmac.digest(key.secret, b"fupin raw delivery" + salt, key.digest), key.suite)


def _chunk_nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(_NONCE - 1, "big") + bytes([last])


@dataclass(frozen=True)
class Copied:
    sha256: str
    size: int


def seal(stream: BinaryIO, target: Path, keys: Keys) -> Copied:
    """Encrypt a stream into ``target`` (synced to disk); SHA-256 and size are those of the clear bytes."""
    salt, digest, size = os.urandom(_SALT), hashlib.sha256(), 0
    engine = _file_key(keys.encryption, salt)
    key_id = keys.encryption.id.encode()
    with target.open("wb") as out:
        out.write(MAGIC + bytes([len(key_id)]) + key_id + salt)
        chunk, number, last = stream.read(CHUNK), 0, False
        while not last:
            following = stream.read(CHUNK)
            last = not following
            digest.update(chunk)
            size += len(chunk)
            out.write(engine.encrypt(_chunk_nonce(number, last=last), chunk, None))
            chunk, number = following, number + 1
        out.flush()
        os.fsync(out.fileno())
    return Copied(digest.hexdigest(), size)


def key_id_of_file(path: Path) -> str:
    """The id of the key that a sealed file names."""
    with path.open("rb") as file:
        start = file.read(len(MAGIC) + 1)
        return file.read(start[-1]).decode()


class _Opened(io.RawIOBase):
    """Clear bytes of a sealed file, seekable, decrypted chunk by chunk in memory."""

    def __init__(self, path: Path, keys: Keys) -> None:
        self._file = path.open("rb")
        start = self._file.read(len(MAGIC) + 1)
        if not start.startswith(MAGIC) or len(start) != len(MAGIC) + 1:
            raise _damaged(path)
        key_id = self._file.read(start[-1]).decode()
        self._engine = _file_key(keys.encryption_key(key_id), self._file.read(_SALT))
        self._path, self._body = path, self._file.tell()
        sealed = path.stat().st_size - self._body
        self._chunks = max(1, -(-sealed // (CHUNK + _TAG)))
        self.size = sealed - self._chunks * _TAG
        self._place, self._held, self._clear = 0, -1, b""

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._place

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self.size}[whence]
        self._place = max(0, base + offset)
        return self._place

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer).cast("B")
        if self._place >= self.size or not view:
            return 0
        number, begin = divmod(self._place, CHUNK)
        part = self._chunk(number)[begin : begin + len(view)]
        view[: len(part)] = part
        self._place += len(part)
        return len(part)

    def _chunk(self, number: int) -> bytes:
        if number != self._held:
            self._file.seek(self._body + number * (CHUNK + _TAG))
            sealed = self._file.read(CHUNK + _TAG)
            try:
                nonce = _chunk_nonce(number, last=number == self._chunks - 1)
                self._clear, self._held = self._engine.decrypt(nonce, sealed, None), number
            except InvalidTag as error:
                raise _damaged(self._path) from error
        return self._clear

    def close(self) -> None:
        self._file.close()
        super().close()


def _damaged(path: Path) -> UserError:
    return UserError(
        f"加密副本 {path.name} 已损坏，或不是用本平台的密钥加密的",
        f"the sealed copy {path.name} is damaged or was sealed with another key",
        "请从备份恢复，或请部门重新交付",
        "restore it from a backup, or ask the department to deliver again",
    )


@dataclass(frozen=True)
class SealedFile:
    """A sealed delivery as a ``reading.source.Source``."""

    path: Path
    name: str
    size: int
    keys: LiveKeys  # a rotation may have sealed the file anew since the last opening

    def open(self) -> BinaryIO:
        return cast(BinaryIO, io.BufferedReader(_Opened(self.path, self.keys.now), CHUNK))


def seal_cells(cells: Sequence[str], keys: Keys, place: str) -> bytes:
    """One quarantined row; ``place`` (delivery and row) is bound in, so that rows cannot be exchanged."""
    nonce = os.urandom(_NONCE)
    key_id = keys.encryption.id.encode()
    clear = json.dumps(list(cells), ensure_ascii=False).encode()
    sealed = aead(keys.encryption.secret, keys.encryption.suite).encrypt(nonce, clear, place.encode())
    return bytes([len(key_id)]) + key_id + nonce + sealed


def key_id_of_cells(sealed: bytes) -> str:
    """The id of the key that a row's ciphertext names."""
    return sealed[1 : 1 + sealed[0]].decode()


def open_cells(sealed: bytes, keys: Keys, place: str) -> list[str]:
    """Raises InvalidTag for cells that were altered or belong to another place."""
    end = 1 + sealed[0]
    key = keys.encryption_key(sealed[1:end].decode())
    clear = aead(key.secret, key.suite).decrypt(sealed[end : end + _NONCE], sealed[end + _NONCE :], place.encode())
    return list(json.loads(clear))
