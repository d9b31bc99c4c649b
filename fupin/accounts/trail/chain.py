"""Seals: what is signed, how one hangs on the one before, and what of a range of entries is no longer as it was sealed.

No Django, no database. A seal covers every entry from ``first`` to ``last`` and begins where the last one ended: an
entry that appears later between two sealed ones stands in some seal's range and changes its digest.
"""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

BEGINNING = bytes(32)  # what the first seal hangs on
LEAF = struct.Struct(">q16s")  # id of an entry, the first half of the SHA-256 of what it says


@dataclass(frozen=True)
class Seal:
    """``digest``: SHA-256 over the entries' bytes; ``leaves``: SHA-256 over their leaves; ``hash``: of the message."""

    number: int
    first: int
    last: int
    entries: int
    size: int
    digest: bytes
    leaves: bytes
    previous: bytes
    at: str
    key_id: str
    signature: bytes = b""

    @property
    def message(self) -> bytes:
        """The signed bytes: names in order, no blanks, binary as hex."""
        said = {
            "at": self.at,
            "digest": self.digest.hex(),
            "entries": self.entries,
            "first": self.first,
            "key": self.key_id,
            "last": self.last,
            "leaves": self.leaves.hex(),
            "number": self.number,
            "previous": self.previous.hex(),
            "size": self.size,
        }
        return json.dumps(said, sort_keys=True, separators=(",", ":")).encode()

    @property
    def hash(self) -> bytes:
        return hashlib.sha256(self.message).digest()


def head_of(seal: Seal, public: str) -> str:
    """The line for keeping elsewhere: the message, its hash, its signature, the public key. Nothing about anybody."""
    said = {**json.loads(seal.message), "hash": seal.hash.hex(), "signature": seal.signature.hex(), "public": public}
    return json.dumps(said, sort_keys=True, separators=(",", ":"))


def seal_of(head: Mapping[str, Any]) -> Seal:
    """From a line that ``head_of`` wrote. Raises KeyError, ValueError or TypeError for anything else."""
    return Seal(
        number=int(head["number"]),
        first=int(head["first"]),
        last=int(head["last"]),
        entries=int(head["entries"]),
        size=int(head["size"]),
        digest=bytes.fromhex(head["digest"]),
        leaves=bytes.fromhex(head["leaves"]),
        previous=bytes.fromhex(head["previous"]),
        at=str(head["at"]),
        key_id=str(head["key"]),
        signature=bytes.fromhex(head["signature"]),
    )


@dataclass(frozen=True)
class Harm:
    """What happened to entries of a sealed range: ``kind`` is edited, missing, slipped or reordered."""

    kind: str
    entry: int
    other: int = 0


def leaves_of(packed: bytes) -> dict[int, bytes]:
    return dict(LEAF.iter_unpack(packed))


def harms(sealed: bytes, present: bytes) -> Iterator[Harm]:
    """The differences between the leaves as sealed and as they are now, by id.

    An entry that says what another one said when it was sealed was moved; ``other`` is where it came from.
    """
    before, now = leaves_of(sealed), leaves_of(present)
    origin = {said: number for number, said in before.items()}
    for number in sorted(before.keys() | now.keys()):
        if number not in now:
            yield Harm("missing", number)
        elif before.get(number) == now[number]:
            continue
        elif (other := origin.get(now[number])) is not None:
            yield Harm("reordered", number, other)
        else:
            yield Harm("edited" if number in before else "slipped", number)
