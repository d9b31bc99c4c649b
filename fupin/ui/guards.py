"""Guards before every page: signed in, in the right room; absent and forbidden answer the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import update_wrapper
from typing import Any, Concatenate, ParamSpec

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from fupin.accounts.api import User
from fupin.kernel.errors import UserError
from fupin.ui import chrome
from fupin.ui.templatetags.ui import language

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]


@dataclass(frozen=True)
class Problem:
    """An error as a page shows it: what is wrong, where, how to mend it."""

    what: str
    where: str = ""
    how: str = ""


def problem_of(error: UserError) -> Problem:
    """The words of the reader's language."""
    return Problem(error.zh, how=error.hint_zh) if language() == "zh" else Problem(error.en, how=error.hint_en)


def room(area: str) -> Callable[[View[P]], View[P]]:
    """A page of one room. A visitor signs in first, a role without the room gets 403, what is not to be seen 404."""

    def guard(view: View[P]) -> View[P]:
        def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            if not chrome.may_enter(user_of(request), area):
                raise PermissionDenied
            try:
                return view(request, *args, **kwargs)
            except LookupError as error:
                if type(error) in (KeyError, IndexError):  # a fault of ours, not an absent thing
                    raise
                raise Http404 from error
            except UserError as error:
                return render(request, "ui/error.html", {"problem": problem_of(error), "area": area}, status=400)

        update_wrapper(guarded, view)
        return guarded

    return guard


def user_of(request: HttpRequest) -> User:
    """The signed-in user; call it behind a guard only."""
    user: Any = request.user
    if not isinstance(user, User):
        raise PermissionDenied
    return user
