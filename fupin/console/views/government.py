"""统一身份认证: to the identity provider of the government and back."""

from __future__ import annotations

from urllib.parse import urlencode

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from fupin.accounts import api as accounts
from fupin.accounts.api import User
from fupin.kernel.errors import UserError
from fupin.ui import chrome
from fupin.ui.guards import problem_of, room, user_of, wanted_next


@require_POST
def go(request: HttpRequest) -> HttpResponse:
    """To sign in there."""
    _demand_configured()
    try:
        address = accounts.send_to_government(
            request, redirect_uri=_back(request), link=False, then=wanted_next(request)
        )
    except UserError as error:
        return _refused(request, error)
    return redirect(address)


@require_POST
@room("account")
def link(request: HttpRequest) -> HttpResponse:
    """From the own account's page, with the password: from now on the government's identity opens it, too."""
    _demand_configured()
    user = user_of(request)
    try:
        accounts.confirm_password(request, user, request.POST.get("password", ""))
        address = accounts.send_to_government(request, redirect_uri=_back(request), link=True)
    except UserError as error:
        return _refused(request, error)
    return redirect(address)


@require_POST
@room("account")
def unlink(request: HttpRequest) -> HttpResponse:
    accounts.unlink_government(user=user_of(request))
    return redirect(chrome.ACCOUNT.view)


@require_GET
def back(request: HttpRequest) -> HttpResponse:
    """Where the provider sends the reader back to."""
    _demand_configured()
    try:
        kept, claims = accounts.back_from_government(request, redirect_uri=_back(request))
        if kept["link"] is not None:
            return _link(request, kept["link"], claims)
        return _enter(request, accounts.sign_in_by_government(request, claims), kept["next"])
    except UserError as error:
        return _refused(request, error)


def _link(request: HttpRequest, number: int, claims: dict[str, object]) -> HttpResponse:
    user = request.user
    if not isinstance(user, User) or user.pk != number:  # signed in as somebody else meanwhile
        return redirect("console:sign_in")
    accounts.link_government(user=user, claims=claims)
    return redirect(chrome.ACCOUNT.view)


def _enter(request: HttpRequest, user: User, then: str) -> HttpResponse:
    """The second factor of the account is asked for here as after the password."""
    if accounts.has_factor(user):
        accounts.begin_half(request, user)
        request.session[accounts.BY_GOVERNMENT] = True
        return redirect(f"{reverse(chrome.SECOND)}?{urlencode({'next': then})}")
    accounts.enter(request, user)
    request.session[accounts.BY_GOVERNMENT] = True
    return redirect(then or "console:home")


def _back(request: HttpRequest) -> str:
    return request.build_absolute_uri(reverse("console:government_back"))


def _demand_configured() -> None:
    if settings.FUPIN_OIDC is None:
        raise Http404


def _refused(request: HttpRequest, error: UserError) -> HttpResponse:
    return render(request, "ui/error.html", {"problem": problem_of(error), "area": ""}, status=403)
