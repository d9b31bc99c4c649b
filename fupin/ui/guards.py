"""Guards before every page: signed in, in the right room; absent and forbidden answer the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import update_wrapper
from typing import Any, Concatenate, ParamSpec
from urllib.parse import urlencode, urlsplit

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from fupin.accounts import api as accounts
from fupin.accounts.api import User
from fupin.kernel.errors import Forbidden, UserError
from fupin.kernel.identity import names_a_person
from fupin.ui import chrome
from fupin.ui.templatetags.ui import language

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


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
        def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            if (stopped := _stopped(request, area)) is not None:
                return stopped
            try:
                return _not_kept(view(request, *args, **kwargs))
            except LookupError as error:
                if type(error) in (KeyError, IndexError):  # a fault of ours, not an absent thing
                    raise
                raise Http404 from error
            except UserError as error:
                status = 403 if isinstance(error, Forbidden) else 400
                return render(request, "ui/error.html", {"problem": problem_of(error), "area": area}, status=status)

        update_wrapper(guarded, view)
        return guarded

    return guard


def posted_from(page: str, *names: str) -> Callable[[View[P]], View[P]]:
    """For what a form sends, to an address of its own that shows the page again when it refuses.

    A browser opens that address after signing in again, or when it is entered: GET leads to the page that holds the
    form. ``names``: the parts of the address that the page has, too.
    """

    def dress(view: View[P]) -> View[P]:
        def sent(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            if request.method == "GET":
                return redirect(page, *(kwargs[name] for name in names))
            return view(request, *args, **kwargs)

        update_wrapper(sent, view)
        return require_http_methods(["GET", "POST"])(sent)

    return dress


def _stopped(request: HttpRequest, area: str) -> HttpResponse | None:
    """What a reader is answered who may not come in yet, or not like this. Raises PermissionDenied."""
    if not request.user.is_authenticated:
        return _to_sign_in(request)
    user = user_of(request)
    if not chrome.may_enter(user, area):
        if area == chrome.HOME.area:  # a role whose pages are still to come
            return redirect(chrome.ACCOUNT.view)
        raise PermissionDenied
    if user.must_change_password and area != chrome.ACCOUNT.area:
        return _to_new_password(request)
    if (first := _factor_wanting(request, area)) is not None:
        return first
    return _without_number(request) if _tells_a_number(request) else None


def _tells_a_number(request: HttpRequest) -> bool:
    """A whole ID or phone number in the address, where logs, histories and neighbours read it."""
    return any(names_a_person(str(value)) for value in request.GET.values())


def _without_number(request: HttpRequest) -> HttpResponse:
    """The same page without it; the box of the households' page sends it as it should be sent."""
    messages.error(request, _("证件号和手机号不能写在网址里，已经去掉；请在农户页的查找框里输入。"))
    kept = request.GET.copy()
    for name, value in request.GET.items():
        if names_a_person(str(value)):
            del kept[name]
    return redirect(f"{request.path}?{kept.urlencode()}" if kept else request.path)


def _not_kept(answer: HttpResponseBase) -> HttpResponseBase:
    """After signing out, the back button and the disk show nothing; a view that holds no person says otherwise."""
    if "Cache-Control" not in answer:
        answer["Cache-Control"] = "no-store, private"
    return answer


def _to_sign_in(request: HttpRequest) -> HttpResponse:
    """To the sign-in page and then back; a part of a page that htmx asks for takes the whole page there."""
    answer = redirect_to_login(page_to_return_to(request))
    if "HX-Request" in request.headers:
        return HttpResponse(status=204, headers={"HX-Redirect": answer.url})
    return answer


def _to_new_password(request: HttpRequest) -> HttpResponse:
    """A password that somebody else knows opens nothing but the page where it is changed."""
    return _go(request, reverse(chrome.ACCOUNT.view))


def _factor_wanting(request: HttpRequest, area: str) -> HttpResponse | None:
    """Where it is always asked for, whoever may see full numbers goes nowhere before the second factor was shown."""
    user = user_of(request)
    if area == chrome.ACCOUNT.area or not accounts.needs_factor(user) or accounts.second_factor_shown(request):
        return None
    return _to_factor(request, user) if chrome.second_factor_always() else None


def second_factor_first(request: HttpRequest) -> HttpResponse | None:
    """For views that show an ID number in clear: call it first and answer with what it gives.

    None when the second factor was shown in this session within the hour; else the way to the page where it is shown,
    or added by who has none. What was typed is put back when the reader returns.
    """
    return None if accounts.second_factor_fresh(request) else _to_factor(request, user_of(request))


def _to_factor(request: HttpRequest, user: User) -> HttpResponse:
    view = chrome.SECOND if accounts.has_factor(user) else chrome.FACTORS
    return _go(request, f"{reverse(view)}?{urlencode({'next': page_to_return_to(request)})}")


def _go(request: HttpRequest, address: str) -> HttpResponse:
    """A part of a page that htmx asks for takes the whole page there."""
    if "HX-Request" in request.headers:
        return HttpResponse(status=204, headers={"HX-Redirect": address})
    return redirect(address)


def wanted_next(request: HttpRequest) -> str:
    """Where the reader wanted to go before being stopped; an address of ours, or ""."""
    wanted = request.POST.get("next") or request.GET.get("next", "")
    ours = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return wanted if wanted and ours else ""


def page_to_return_to(request: HttpRequest) -> str:
    """The page itself, or the page that held the form or the button: what was sent is not sent again by itself."""
    if request.method == "GET" and "HX-Request" not in request.headers:
        return request.get_full_path()
    before = request.headers.get("HX-Current-URL") or request.headers.get("Referer") or ""
    if not url_has_allowed_host_and_scheme(before, {request.get_host()}, require_https=request.is_secure()):
        return "/"
    return urlsplit(before)._replace(scheme="", netloc="", fragment="").geturl()


def user_of(request: HttpRequest) -> User:
    """The signed-in user; call it behind a guard only."""
    user: Any = request.user
    if not isinstance(user, User):
        raise PermissionDenied
    return user
