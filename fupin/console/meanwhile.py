"""Of two people at one record: what a form had seen travels in it, and the later one is told what others did since."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from fupin.accounts import api as accounts
from fupin.accounts.api import Deed
from fupin.console.account_life import PLACE, name_of, word_of
from fupin.kernel.errors import UserError
from fupin.kernel.seen import Stale

EVER = datetime(1970, 1, 1, tzinfo=UTC)
#: what is done to a record through forms that send along what they had seen; others only look at it
VERBS = {
    "user": (
        "change_user", "close_user", "reopen_user", "renew_password", "reset_factors", "unlock_user", "change_password",
    ),
    "agreement": ("sign_agreement", "end_agreement", "subscribe", "unsubscribe", "renew_secret"),
    "household": ("assign_helper", "end_helping"),
    "screen_object": ("exempt",),
}  # fmt: skip


@dataclass(frozen=True)
class Other:
    """What somebody did meanwhile. ``lines``: what, before, after; ``before`` "" where nothing was there."""

    deed: Deed
    lines: list[tuple[str, str, str]]


def seen_by(request: HttpRequest) -> str:
    """The mark of the state that the form had shown; "" for a form that does not say, which fits no state."""
    return request.POST.get("seen", "")[:40]


def status_of(error: UserError | None) -> int:
    if error is None:
        return 200
    return 409 if isinstance(error, Stale) else 403 if isinstance(error, accounts.Forbidden) else 400


def form_state(
    request: HttpRequest,
    mark: str,
    error: UserError | None,
    kind: str,
    object_id: str,
    names: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """What the forms of a page send along (``seen``, ``read_at``); after Stale what others did since, as ``others``.

    ``names``: of codes that deeds name. After another refusal the form has still seen what it had seen: only who was
    told of the new state has seen it.
    """
    if error is not None and not isinstance(error, Stale):
        return {"seen": seen_by(request), "read_at": request.POST.get("read_at", "")}
    now = {"seen": mark, "read_at": timezone.now().isoformat()}
    return now if error is None else {**now, "others": _others(request, kind, object_id, names or {})}


def _others(request: HttpRequest, kind: str, object_id: str, names: Mapping[str, str]) -> list[Other]:
    """Since the form was opened; the last one where none is younger: it was written before and came after."""
    wanted = accounts.deeds_about(kind, object_id, VERBS[kind])
    since = _moment(request.POST.get("read_at", ""))
    return [Other(one, _lines(one, names)) for one in ([one for one in wanted if one.at >= since] or wanted[:1])]


def _moment(text: str) -> datetime:
    try:
        found = parse_datetime(text)
    except ValueError:
        return EVER
    return EVER if found is None or timezone.is_naive(found) else found


def _lines(deed: Deed, names: Mapping[str, str]) -> list[tuple[str, str, str]]:
    before, after = deed.detail.get("before"), deed.detail.get("after")
    if deed.object_kind == "user" and isinstance(before, list) and isinstance(after, list):
        changed = zip(PLACE, before, after, strict=True)
        return [(name_of(field), word_of(field, old), word_of(field, new)) for field, old, new in changed if old != new]
    return _told(deed.detail, names)


def _told(detail: Mapping[str, Any], names: Mapping[str, str]) -> list[tuple[str, str, str]]:
    words = {"rule": _("规则"), "helper": _("帮扶责任人"), "since": _("起"), "until": _("止")}
    ended = [(_("豁免"), _("豁免中"), _("已结束"))] if detail.get("ended") else []
    return ended + [
        (word, "", names.get(detail[name], str(detail[name]))) for name, word in words.items() if detail.get(name)
    ]
