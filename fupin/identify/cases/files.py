"""Attached files: what may be attached, and how it lies in the database: encrypted, each bound to its mark."""

from __future__ import annotations

import hashlib
import uuid
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Model

from fupin.accounts import api as accounts
from fupin.accounts.api import User
from fupin.identify.cases.models import Case, CaseFile, Objection
from fupin.identify.cases.queries import turns_of
from fupin.kernel.errors import NotFound, UserError
from fupin.kernel.masks import mask_name, mask_phone
from fupin.registry import api as registry

MOST_BYTES = 8 << 20
#: first bytes → type; nothing else is taken, whatever a file is called
TYPES = ((b"%PDF-", "application/pdf"), (b"\x89PNG\r\n", "image/png"), (b"\xff\xd8\xff", "image/jpeg"))
BOUND = "case file {}"
CONTACT = "objection {}"


@dataclass(frozen=True)
class Attached:
    """A file as somebody hands it over; made by ``attached``."""

    mark: uuid.UUID
    name: str
    media: str
    size: int
    sha256: str
    sealed: bytes


def attached(name: str, content: bytes) -> Attached:
    """Checked and encrypted. Raises UserError."""
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
    sealed = registry.seal_bytes(settings.FUPIN_KEYS.now, content, BOUND.format(mark))
    return Attached(mark, short, media, len(content), hashlib.sha256(content).hexdigest(), sealed)


def keep(file: Attached, village: str) -> CaseFile:
    return CaseFile.objects.create(
        mark=file.mark, village_code=village, name=file.name, media=file.media, size=file.size, sha256=file.sha256,
        content=file.sealed,
    )  # fmt: skip


def file_for(user: User, mark: str) -> CaseFile:
    """Raises NotFound for absent and out of scope alike."""
    try:
        found = CaseFile.objects.filter(mark=uuid.UUID(mark)).first()
    except ValueError:
        found = None
    if found is None or not user.scope.covers(found.village_code):
        raise NotFound(mark)
    return found


def belongs_to(file: CaseFile, case: Case) -> bool:
    """A paper of the case, or what came with an objection to it or with the application that it began with."""
    return (
        case.papers.filter(file=file).exists()
        or case.objections.filter(files__contains=[file.mark]).exists()
        or case.applications.filter(application__files__contains=[file.mark]).exists()
    )


def content_of(file: CaseFile) -> bytes:
    return registry.unseal_bytes(settings.FUPIN_KEYS.now, bytes(file.content), BOUND.format(file.mark))


def columns_of(files: Sequence[Attached]) -> list[list[Any]]:
    """As the public functions of the database take them: marks, names, types, sizes, sums, contents."""
    parts = zip(*[(f.mark, f.name, f.media, f.size, f.sha256, f.sealed) for f in files], strict=True)
    return [list(column) for column in parts] or [[], [], [], [], [], []]


def files_of(marks: Iterable[uuid.UUID]) -> list[CaseFile]:
    return list(CaseFile.objects.filter(mark__in=list(marks)).defer("content").order_by("at", "name"))


def masked_contact(objection: Objection) -> str:
    """As everybody in the scope may read it; "" for an anonymous one."""
    name, _space, phone = _contact(objection).rpartition(" ")
    return f"{mask_name(name)} {mask_phone(phone)}".strip()


def open_contact(user: User, objection: Objection) -> str:
    """Name and telephone as they were given, to who answers objections; the opening is recorded first. Raises NotFound,
    Forbidden."""
    accounts.require(user, "handle_cases", objection.village_code)
    if not {"town", "county"} & set(turns_of(user)):
        raise NotFound(str(objection.pk))
    accounts.record(
        by=user, verb="open_contact", object_kind="household", object_id=objection.case.household_id,
        region=objection.village_code, detail={"case": objection.case_id, "objection": objection.pk},
    )  # fmt: skip
    return _contact(objection)


def _contact(objection: Objection) -> str:
    if objection.contact is None:
        return ""
    return registry.unseal(settings.FUPIN_KEYS.now, bytes(objection.contact), CONTACT.format(objection.mark))


def keys_used() -> Counter[str]:
    """Encryption key → how many files and contacts are under it."""
    found = [row.content for row in CaseFile.objects.using("owner").only("content").iterator(chunk_size=50)]
    contacts = Objection.objects.using("owner").filter(contact__isnull=False).values_list("contact", flat=True)
    return Counter(registry.key_id_of(bytes(one)) for one in [*found, *contacts] if one is not None)


def reseal() -> int:
    """What lies under a former encryption key is written anew, one by one; how many."""
    keys, done = settings.FUPIN_KEYS.now, 0
    for mark in list(CaseFile.objects.using("owner").values_list("mark", flat=True)):
        done += reseal_field(CaseFile, {"mark": mark}, "content", BOUND.format(mark), keys.encryption.id)
    for mark in list(Objection.objects.using("owner").filter(contact__isnull=False).values_list("mark", flat=True)):
        done += reseal_field(Objection, {"mark": mark}, "contact", CONTACT.format(mark), keys.encryption.id)
    return done


def reseal_field(model: type[Model], which: dict[str, uuid.UUID], field: str, bound: str, now: str) -> int:
    """One row's encrypted field; 0 when it lies under the present key ``now`` already."""
    with transaction.atomic(using="owner"):
        row = model._default_manager.using("owner").select_for_update().get(**which)
        content = bytes(getattr(row, field))
        if registry.key_id_of(content) == now:
            return 0
        keys = settings.FUPIN_KEYS.now
        setattr(row, field, registry.seal_bytes(keys, registry.unseal_bytes(keys, content, bound), bound))
        row.save(using="owner", update_fields=[field])
        return 1
