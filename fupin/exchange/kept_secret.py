"""What agreements and subscriptions keep sealed: keys of pseudonyms, secrets of receivers, bodies of messages."""

from __future__ import annotations

from django.conf import settings

from fupin.exchange.sealing import open_cells, seal_cells

#: what each is bound to, by its own key
PSEUDONYMS, SECRET, BODY = "agreement {} pseudonyms", "subscription {} secret", "push {}"


def sealed(text: str, bound_to: str) -> bytes:
    """``bound_to``: what it is, so that it is not taken for something else."""
    return seal_cells([text], settings.FUPIN_KEYS.now, bound_to)


def opened(content: bytes | memoryview, bound_to: str) -> str:
    """Raises InvalidTag for what was altered or is something else."""
    return open_cells(bytes(content), settings.FUPIN_KEYS.now, bound_to)[0]
