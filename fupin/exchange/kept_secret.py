"""What agreements and subscriptions keep sealed: keys of pseudonyms, secrets of receivers, bodies of messages."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode

from cryptography.exceptions import InvalidTag
from django.conf import settings

from fupin.exchange.sealing import open_cells, seal_cells
from fupin.kernel.errors import UserError

#: what each is bound to, by its own key
PSEUDONYMS, SECRET, BODY = "agreement {} pseudonyms", "subscription {} secret", "push {}"
FORMER = "subscription {} former secret"


def sealed(text: str, bound_to: str) -> bytes:
    """``bound_to``: what it is, so that it is not taken for something else."""
    return seal_cells([text], settings.FUPIN_KEYS.now, bound_to)


def opened(content: bytes | memoryview, bound_to: str) -> str:
    """Raises InvalidTag for what was altered or is something else."""
    return open_cells(bytes(content), settings.FUPIN_KEYS.now, bound_to)[0]


def sealed_mark(text: str, bound_to: str) -> str:
    """What a reader carries to his next request and cannot read: letters, digits, ``-`` and ``_``."""
    return urlsafe_b64encode(sealed(text, bound_to)).decode().rstrip("=")


def opened_mark(mark: str, bound_to: str) -> str | None:
    """None for a mark that we never gave, or gave under a key that has gone."""
    try:
        return opened(urlsafe_b64decode(mark + "=" * (-len(mark) % 4)), bound_to)
    except (InvalidTag, UserError, ValueError, LookupError):
        return None
