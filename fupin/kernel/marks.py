"""An invisible mark in a text: 64 bits as 32 characters of no width, that survive copying and pasting.

The bits are a number (40 bits) and the beginning of an HMAC over it (24 bits): a mark that somebody makes up is told
from ours, and so is a chance row of such characters.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterator

SIGNS = "\u200b\u200c\u200d\u200e"  # two bits each; all importers take them off at the ends of a cell
NUMBER_BYTES, PROOF_BYTES = 5, 3
LENGTH = (NUMBER_BYTES + PROOF_BYTES) * 4
_RUN = re.compile(f"[{SIGNS}]{{{LENGTH},}}")
_ANY = re.compile(f"[{SIGNS}]{{{LENGTH}}}")


def mark_of(secret: bytes, number: int) -> str:
    """The invisible text of a number. Raises OverflowError beyond 40 bits."""
    body = number.to_bytes(NUMBER_BYTES, "big")
    bits = int.from_bytes(body + _proof(secret, body), "big")
    return "".join(SIGNS[bits >> shift & 3] for shift in range(2 * LENGTH - 2, -1, -2))


def numbers_in(secret: bytes, text: str) -> set[int]:
    """The numbers of all true marks in a text; marks that touch one another are read, too."""
    return set(_numbers(secret, text))


def _numbers(secret: bytes, text: str) -> Iterator[int]:
    for run in {found[0] for found in _RUN.finditer(text)}:
        for start in range(len(run) - LENGTH + 1):
            bits = 0
            for sign in run[start : start + LENGTH]:
                bits = bits << 2 | SIGNS.index(sign)
            read = bits.to_bytes(NUMBER_BYTES + PROOF_BYTES, "big")
            if hmac.compare_digest(read[NUMBER_BYTES:], _proof(secret, read[:NUMBER_BYTES])):
                yield int.from_bytes(read[:NUMBER_BYTES], "big")


def without_marks(text: str) -> str:
    return _ANY.sub("", text)


def _proof(secret: bytes, body: bytes) -> bytes:
    return hmac.digest(secret, b"fupin export mark" + body, "sha256")[:PROOF_BYTES]
