"""Rotating keys, whole: what lies below, and the files and contacts of cases and applications."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

from fupin.accounts.api import User
from fupin.exchange import api as exchange
from fupin.identify.cases import applications, files
from fupin.kernel.errors import UserError
from fupin.registry import api as registry
from fupin.registry.api import Rotated

ENCRYPTION = "encryption"


def keys_used(purpose: str) -> Counter[str]:
    """Key id → how much is under it, everywhere."""
    below = registry.keys_used(purpose) + exchange.keys_used(purpose)
    return below + _attached() if purpose == ENCRYPTION else below


def _attached() -> Counter[str]:
    return files.keys_used() + applications.keys_used()


def rotate_key(*, by: User | None, purpose: str, progress: Callable[[str, float], None] | None = None) -> Rotated:
    """A new key and everything under it, or the rest of an unfinished rotation. Raises UserError."""
    done = exchange.rotate_key(by=by, purpose=purpose, progress=progress)
    if purpose != ENCRYPTION:
        return done
    return replace(done, rows={**done.rows, "case files": files.reseal(), "applications": applications.reseal()})


def drop_key(*, by: User | None, purpose: str, id_: str) -> None:
    """Take a retired key out of the key file. Raises UserError, saying what still needs it."""
    if purpose == ENCRYPTION and (count := _attached()[id_]):
        raise UserError(
            f"还有 {count:,} 个办件附件、网上申请在用密钥 {id_}，不能删除",
            f"{count:,} attached files of cases and applications are still under the key {id_}; it stays",
            f"先运行 fupin keys rotate {purpose}",
            f"run `fupin keys rotate {purpose}` first",
        )
    exchange.drop_key(by=by, purpose=purpose, id_=id_)
