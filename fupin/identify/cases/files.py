"""Files attached to cases and objections, and the contacts of who objects: encrypted, each bound to its mark."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from django.conf import settings

from fupin.accounts import api as accounts
from fupin.accounts.api import User
from fupin.identify.cases.models import Case, CaseFile, Objection
from fupin.identify.cases.queries import turns_of
from fupin.kernel.errors import NotFound
from fupin.kernel.masks import mask_name, mask_phone
from fupin.registry import api as registry
from fupin.registry.api import Attached

BOUND = "case file {}"
CONTACT = "objection {}"


def attached(name: str, content: bytes) -> Attached:
    """Checked and encrypted. Raises UserError."""
    return registry.attached(name, content, BOUND)


def keep(file: Attached, village: str) -> CaseFile:
    return CaseFile.objects.create(village_code=village, **file.columns())


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
    return registry.content_of(bytes(file.content), file.mark, BOUND)


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
    return registry.sealed_under(CaseFile, "content") + registry.sealed_under(Objection, "contact")


def reseal() -> int:
    """What lies under a former encryption key is written anew, one by one; how many."""
    return registry.reseal_column(CaseFile, "content", BOUND) + registry.reseal_column(Objection, "contact", CONTACT)
