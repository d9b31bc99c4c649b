"""How passwords drawn by the machine are kept until their owner changes them."""

from __future__ import annotations

import hashlib
from typing import Any

from django.contrib.auth.hashers import BasePasswordHasher, mask_hash
from django.utils.crypto import constant_time_compare


class DrawnPassword(BasePasswordHasher):
    """SHA-256 with a salt, for ``passwords.draw_password`` alone: 72 random bits cannot be guessed at any speed.

    A slow hash would take three hours for 39,860 accounts opened in one file. The first sign-in stores a slow one.
    """

    algorithm = "drawn_sha256"

    def encode(self, password: str, salt: str) -> str:
        digest = hashlib.sha256(f"{salt}${password}".encode()).hexdigest()
        return f"{self.algorithm}${salt}${digest}"

    def decode(self, encoded: str) -> dict[str, str]:
        algorithm, salt, digest = encoded.split("$", 2)
        return {"algorithm": algorithm, "salt": salt, "hash": digest}

    def verify(self, password: str, encoded: str) -> bool:
        return constant_time_compare(encoded, self.encode(password, self.decode(encoded)["salt"]))

    def safe_summary(self, encoded: str) -> Any:
        return {"algorithm": self.algorithm, "hash": mask_hash(self.decode(encoded)["hash"])}

    def must_update(self, encoded: str) -> bool:  # noqa: ARG002  # always: see above
        return True

    def harden_runtime(self, password: str, encoded: str) -> None:
        """Nothing to level out: the name alone decides which accounts were never used."""
