"""JSON made once and given many times: compressed, with an ETag, only for the browser that asked."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers

KEPT_SECONDS = 24 * 3600
LEVEL = 4  # of gzip
YEAR = 365 * 24 * 3600


@dataclass(frozen=True)
class Prepared:
    """``packed``: JSON text under gzip."""

    packed: bytes
    etag: str

    @classmethod
    def of(cls, text: bytes) -> Prepared:
        return cls(gzip.compress(text, LEVEL, mtime=0), f'"{hashlib.blake2b(text, digest_size=12).hexdigest()}"')

    @property
    def text(self) -> str:
        return gzip.decompress(self.packed).decode()


def packed(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def kept(key: str, make: Callable[[], bytes]) -> Prepared:
    """What was made under this key, else made now. The key must name everything that the answer rests on."""
    name = hashlib.blake2b(key.encode(), digest_size=24).hexdigest()
    found: Prepared | None = cache.get(name)
    if found is None:
        found = Prepared.of(make())
        cache.set(name, found, KEPT_SECONDS)
    return found


def answer(request: HttpRequest, prepared: Prepared, *, versioned: bool = False) -> HttpResponse:
    """``versioned``: the address changes with the content, so the browser need not ask again."""
    if request.headers.get("If-None-Match") == prepared.etag:
        response = HttpResponse(status=304)
    elif "gzip" in request.headers.get("Accept-Encoding", ""):
        response = HttpResponse(prepared.packed, content_type="application/json", headers={"Content-Encoding": "gzip"})
    else:
        response = HttpResponse(prepared.text, content_type="application/json")
    response["ETag"] = prepared.etag
    response["Cache-Control"] = f"private, max-age={YEAR}, immutable" if versioned else "private, no-cache"
    patch_vary_headers(response, ["Accept-Encoding", "Accept-Language", "Cookie"])
    return response
