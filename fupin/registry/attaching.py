"""Attached files: what may be attached, and how it lies in the database: encrypted, each bound to its mark.

The tables are the apps' own; here is what they share, rotation of the key included.
"""

from __future__ import annotations

import hashlib
import uuid
from collections import Counter
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import connections, models, transaction

from fupin.kernel.errors import UserError
from fupin.registry.sealing import key_id_of, seal_bytes, unseal_bytes

OWNER = "owner"
MOST_BYTES = 8 << 20
#: first bytes → type; nothing else is taken, whatever a file is called
TYPES = ((b"%PDF-", "application/pdf"), (b"\x89PNG\r\n", "image/png"), (b"\xff\xd8\xff", "image/jpeg"))
#: the key's id in front of a ciphertext, read without taking the whole of it out
HEAD = "convert_from(substring({0} FROM 2 FOR get_byte({0}, 0)), 'UTF8')"


@dataclass(frozen=True)
class Attached:
    """A file as somebody hands it over; made by ``attached``."""

    mark: uuid.UUID
    name: str
    media: str
    size: int
    sha256: str
    sealed: bytes

    def columns(self) -> dict[str, Any]:
        """As a table of files holds it."""
        return {
            "mark": self.mark, "name": self.name, "media": self.media, "size": self.size, "sha256": self.sha256,
            "content": self.sealed,
        }  # fmt: skip


def attached(name: str, content: bytes, bound: str) -> Attached:
    """Checked and encrypted, bound to ``bound`` with its mark in it. Raises UserError."""
    short = name.replace("\\", "/").rsplit("/", 1)[-1][-120:] or "file"
    if not content:
        raise UserError(f"{short} 是空文件", f"{short} is empty", "请重新选择文件", "choose the file again")
    if len(content) > MOST_BYTES:
        raise UserError(
            f"{short} 超过 8 MB",
            f"{short} is larger than 8 MB",
            "请压缩照片或分成几个文件",
            "make it smaller, or split it",
        )
    media = next((media for head, media in TYPES if content.startswith(head)), None)
    if media is None:
        raise UserError(
            f"{short} 不是 PDF、JPEG 或 PNG", f"{short} is neither PDF, JPEG nor PNG",
            "请上传照片或扫描件", "attach a photograph or a scan",
        )  # fmt: skip
    mark = uuid.uuid4()
    sealed = seal_bytes(settings.FUPIN_KEYS.now, content, bound.format(mark))
    return Attached(mark, short, media, len(content), hashlib.sha256(content).hexdigest(), sealed)


def content_of(sealed: bytes, mark: uuid.UUID, bound: str) -> bytes:
    """The file again. Raises UserError for one that was changed."""
    return unseal_bytes(settings.FUPIN_KEYS.now, sealed, bound.format(mark))


def sealed_under(model: type[models.Model], column: str) -> Counter[str]:
    """Encryption key → how many of the column are under it."""
    head = HEAD.format(column)
    with connections[OWNER].cursor() as cursor:
        cursor.execute(
            f"SELECT {head}, count(*) FROM {model._meta.db_table} WHERE {column} IS NOT NULL GROUP BY 1"  # noqa: S608
        )
        return Counter(dict(cursor.fetchall()))


def reseal_column(model: type[models.Model], column: str, bound: str) -> int:
    """What lies under a former encryption key is written anew, one by one (a file may be large); how many."""
    rows = model._default_manager.using(OWNER).filter(**{f"{column}__isnull": False})
    return sum(_reseal(model, mark, column, bound) for mark in list(rows.values_list("mark", flat=True)))


def _reseal(model: type[models.Model], mark: uuid.UUID, column: str, bound: str) -> int:
    keys = settings.FUPIN_KEYS.now
    with transaction.atomic(using=OWNER):
        row = model._default_manager.using(OWNER).select_for_update().get(mark=mark)
        sealed = bytes(getattr(row, column))
        if key_id_of(sealed) == keys.encryption.id:
            return 0
        named = bound.format(mark)
        setattr(row, column, seal_bytes(keys, unseal_bytes(keys, sealed, named), named))
        row.save(using=OWNER, update_fields=[column])
        return 1
