"""Who tries a door that is not theirs leaves a trace: refused requests of signed-in accounts, so many an hour."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from fupin.accounts import api as accounts
from fupin.accounts.api import Deed, User
from fupin.kernel.identity import names_a_person

REFUSED = "refused"
FORBIDDEN = 403
MOST, WITHIN = 20, timedelta(hours=1)  # of one account: what is refused without end must not fill the disk


def refusals_written_down(answer: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: around the transaction of the request, which a refusal has rolled back.

    What lies outside of a scope is answered as if it did not exist, and is not told from what does not.
    """

    def noting(request: HttpRequest) -> HttpResponse:
        found = answer(request)
        if found.status_code == FORBIDDEN and (user := _who(request)) is not None:
            _note(user, request)
        return found

    return noting


def _who(request: HttpRequest) -> User | None:
    """Signed in, or with a token."""
    one = getattr(getattr(request, "auth", None), "user", None) or request.user
    return one if isinstance(one, User) else None


def _note(user: User, request: HttpRequest) -> None:
    lately = Deed.objects.filter(by=user, verb=REFUSED, at__gt=timezone.now() - WITHIN)[:MOST].count()
    if lately >= MOST:
        return
    match = request.resolver_match
    told = {"from": str(request.META.get("REMOTE_ADDR", "")), "method": str(request.method)[:10]}
    if not any(names_a_person(part) for part in request.path.split("/")):
        told["path"] = request.path[:200]
    if lately == MOST - 1:
        told["more"] = "not written down within the hour"
    view = match.view_name if match else ""
    accounts.record(by=user, verb=REFUSED, object_kind="address", object_id=view[:80], region=user.region, detail=told)
