"""What a list answers: its page, or, asked by POST, its file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render

from fupin.accounts import api as accounts
from fupin.ui.exports import FORMATS, export
from fupin.ui.guards import user_of
from fupin.ui.lists import Listing, Shown


def answer(
    request: HttpRequest,
    listing: Listing,
    template: str,
    context: Mapping[str, Any],
    *,
    savable: bool = True,
    status: int = 200,
) -> HttpResponseBase:
    """The template gets ``list`` (see ``ui/list.html``) and, where filters can be saved, ``saved``.

    A file is asked for by POST, because it is written down; the question stands in the address as for the page.
    """
    user = user_of(request)
    form = request.POST.get("as", "")
    if request.method == "POST" and form in FORMATS:
        return export(request, user, listing, form)
    saved = list(accounts.filters_for(user, request.path)) if savable else None
    shown = {"list": Shown(listing, request.GET), "saved": saved}
    return render(request, template, {**context, **shown}, status=status)
