"""What browsers are told about every answer: what a page may load, run and be shown in."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse

#: Everything comes from here. Scripts are files of ours: no page has one inside it, so what somebody writes into a name
#: can never become one. Charts and bars set their lengths by the attribute ``style``. The map draws in a worker that it
#: makes of its own text.
POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "worker-src 'self' blob:; object-src 'none'; base-uri 'none'; form-action 'self'{elsewhere}; frame-ancestors 'none'"
)
ONLY_HERE = {
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}

Answer = Callable[[HttpRequest], HttpResponse]


def policy() -> str:
    """A form may lead to this place and, where one is configured, on to the government's identity provider."""
    if settings.FUPIN_OIDC is None:
        return POLICY.format(elsewhere="")
    parts = urlsplit(settings.FUPIN_OIDC.issuer)
    return POLICY.format(elsewhere=f" {parts.scheme}://{parts.netloc}")


def told_to_browsers(answer: Answer) -> Answer:
    """Middleware: the headers that Django does not set by itself."""

    def answered(request: HttpRequest) -> HttpResponse:
        found = answer(request)
        found.headers.setdefault("Content-Security-Policy", policy())
        for name, value in ONLY_HERE.items():
            found.headers.setdefault(name, value)
        return found

    return answered
