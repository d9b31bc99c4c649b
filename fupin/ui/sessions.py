"""A session ends when nobody has asked for anything in a while: what a page asks by itself does not count."""

from __future__ import annotations

import time
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

EVERY = 60  # seconds between two writes of the time: each is a commit to disk
BY_ITSELF = ("delivery_progress", "run_progress")  # addresses that a page asks again and again
SEEN = "seen"


def note_presence(answer: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: the idle time of a signed-in user starts anew, to the minute."""

    def noting(request: HttpRequest) -> HttpResponse:
        response = answer(request)
        match = request.resolver_match
        asked = match is not None and match.url_name not in BY_ITSELF
        if asked and request.user.is_authenticated and time.time() - request.session.get(SEEN, 0) >= EVERY:
            request.session[SEEN] = int(time.time())
        return response

    return noting
