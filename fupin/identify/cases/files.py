"""Files attached to cases and objections, and the contacts of who objects: encrypted, each bound to its mark."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterable

from django.conf import settings

from fupin.accounts.api import User
from fupin.identify.cases.models import CaseFile, Objection
from fupin.kernel.errors import NotFound
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


def content_of(file: CaseFile) -> bytes:
    return registry.content_of(bytes(file.content), file.mark, BOUND)


def files_of(marks: Iterable[uuid.UUID]) -> list[CaseFile]:
    return list(CaseFile.objects.filter(mark__in=list(marks)).defer("content").order_by("at", "name"))


def contact_of(objection: Objection) -> str:
    """Name and telephone as they were given, "" for an anonymous one."""
    if objection.contact is None:
        return ""
    return registry.unseal(settings.FUPIN_KEYS.now, bytes(objection.contact), CONTACT.format(objection.mark))


def keys_used() -> Counter[str]:
    """Encryption key → how many files and contacts are under it."""
    return registry.sealed_under(CaseFile, "content") + registry.sealed_under(Objection, "contact")


def reseal() -> int:
    """What lies under a former encryption key is written anew, one by one; how many."""
    return registry.reseal_column(CaseFile, "content", BOUND) + registry.reseal_column(Objection, "contact", CONTACT)
