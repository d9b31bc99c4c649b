"""A session ends when nobody has asked for anything in a while, and in any case after so many hours.

What a page asks by itself does not count as asking.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse

from fupin.accounts import api as accounts

EVERY = 60  # seconds between two writes of the time: each is a commit to disk
BY_ITSELF = ("delivery_progress", "run_progress", "opening_progress")  # addresses that a page asks again and again
SEEN = "seen"


def act_for_user(answer: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: whatever a request asks of the database, it asks within the scope of the signed-in user.

    What is streamed afterwards opens its own scope. A visitor, and a machine before it shows its token, has none.
    """

    def acting(request: HttpRequest) -> HttpResponse:
        if not isinstance(request.user, accounts.User):
            with accounts.nobody_acting():
                return answer(request)
        with accounts.acting_as(request.user, origin=request.META.get("REMOTE_ADDR", "")):
            return answer(request)

    return acting


def note_presence(answer: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: the idle time of a signed-in user starts anew, to the minute; the hours since signing in do not."""

    def noting(request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated and accounts.is_over(request):
            logout(request)
        response = answer(request)
        match = request.resolver_match
        asked = match is not None and match.url_name not in BY_ITSELF
        user = request.user
        if asked and isinstance(user, accounts.User) and time.time() - request.session.get(SEEN, 0) >= EVERY:
            request.session[SEEN] = int(time.time())
            accounts.note_session(request, user)
        return response

    return noting
