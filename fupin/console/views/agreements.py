"""共享协议: the list, a new one, one of them with its signatures, its exchanges and where it is pushed to."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from fupin.accounts import api as accounts
from fupin.accounts.api import Role, User
from fupin.catalogue.schema import datasets, departments
from fupin.console.lists import agreements as lists
from fupin.console.meanwhile import form_state, seen_by, status_of
from fupin.exchange import api as exchange
from fupin.exchange.api import OFFICE, OUTGOING, Agreement, Subscription, Terms
from fupin.kernel.errors import NotFound, UserError
from fupin.kernel.seen import Stale
from fupin.ui.answers import answer
from fupin.ui.guards import posted_from, problem_of, room, second_factor_first, user_of
from fupin.ui.templatetags.ui import dataset_name, side_name

SHOWN = 20
HOLDS = ("holds", "ending")  # standings in which an agreement takes a receiver
SHOWN_ONCE = "push_shown_once"  # in the session, from the form to the page that shows it once


@room("deliveries")
def agreements(request: HttpRequest) -> HttpResponseBase:
    user = user_of(request)
    asked = {name: request.GET.get(name, "").strip() for name in ("side", "state")}
    rows = exchange.agreements_for(user)
    if asked["side"]:
        rows = rows.filter(giver=asked["side"]) | rows.filter(taker=asked["side"])
    if asked["state"]:
        rows = rows.filter(state=asked["state"])
    context = {
        "area": "deliveries",
        "asked": asked,
        "sides": [OFFICE, *departments()],
        "states": exchange.AgreementState.choices,
        "may_sign": accounts.may(user, exchange.SIGN),
    }
    return answer(request, lists.agreements(rows), "console/agreements.html", context)


@require_http_methods(["GET", "POST"])
@room("deliveries")
def new(request: HttpRequest) -> HttpResponse:
    """First the data set, then its fields and the rest."""
    user = user_of(request)
    accounts.require(user, exchange.SIGN)
    if request.method == "GET":
        return _new_page(request, user, _first_values(user, request.GET.get("dataset", "")))
    typed: dict[str, Any] = {name: value.strip() for name, value in request.POST.items() if isinstance(value, str)}
    typed["fields"] = request.POST.getlist("fields")
    try:
        made = exchange.propose(by=user, terms=_terms(user, typed))
    except UserError as error:
        return _new_page(request, user, typed, error)
    messages.success(request, _("已提出并由本方签字；另一方签字后生效。"))
    return redirect("console:agreement", made.pk)


def _first_values(user: User, dataset: str) -> dict[str, Any]:
    """All of a department's columns, which the catalogue has chosen; of what goes out, what is not personal."""
    today = timezone.localdate()
    fields = [one.name for one in exchange.columns_of(dataset).values() if dataset in datasets() or one.pii == "none"]
    until = date(today.year + 1, 12, 31)
    return {"dataset": dataset, "fields": fields, "region": user.region, "valid_from": today, "valid_until": until}


def _terms(user: User, typed: dict[str, Any]) -> Terms:
    giver, taker = _sides(user, typed)
    return Terms(
        giver=giver,
        taker=taker,
        dataset=typed.get("dataset", ""),
        fields=tuple(typed["fields"]),
        purpose=typed.get("purpose", ""),
        legal_basis=typed.get("legal_basis", ""),
        region=typed.get("region", ""),
        valid_from=_day(typed.get("valid_from", "")),
        valid_until=_day(typed.get("valid_until", "")),
    )


def _sides(user: User, typed: dict[str, Any]) -> tuple[str, str]:
    """A department's data go to the office; what goes out goes to the department that was chosen, or the own one."""
    known = datasets().get(typed.get("dataset", ""))
    if known is not None:
        return known.department, OFFICE
    return OFFICE, user.department if user.role == Role.DEPARTMENT else typed.get("taker", "")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UserError(
            f"日期看不懂：{text[:20]}", f"not a date: {text[:20]}", "写成 2026-10-31 这样", "write it like 2026-10-31"
        ) from None


def _new_page(request: HttpRequest, user: User, typed: dict[str, Any], error: UserError | None = None) -> HttpResponse:
    dataset = typed.get("dataset", "")
    known = datasets().get(dataset)
    context = {
        "area": "deliveries",
        "typed": typed,
        "choices": _dataset_choices(user),
        "columns": exchange.columns_of(dataset).values(),
        "giver": known.department if known else OFFICE,
        "taker": "" if not known and user.role != Role.DEPARTMENT else OFFICE if known else user.department,
        "takers": [(one, side_name(one)) for one in departments()],
        "problem": problem_of(error) if error else None,
    }
    return render(request, "console/agreement_new.html", context, status=400 if error else 200)


def _dataset_choices(user: User) -> list[tuple[str, str]]:
    given = [one.id for one in datasets().values() if user.role != Role.DEPARTMENT or one.department == user.department]
    shown = [(one, f"{side_name(datasets()[one].department)} · {dataset_name(one)}") for one in given]
    return shown + [(one, f"{side_name(OFFICE)} · {dataset_name(one)}") for one in OUTGOING]


@room("deliveries")
def agreement(request: HttpRequest, number: int) -> HttpResponse:
    return _page(request, exchange.agreement_for(user_of(request), number))


def _page(
    request: HttpRequest, one: Agreement, error: UserError | None = None, act: str = "", **typed: str
) -> HttpResponse:
    user = user_of(request)
    one.refresh_from_db()
    side = exchange.side_of(user)
    signs = accounts.may(user, exchange.SIGN) and side in (one.giver, one.taker)
    unsigned = one.giver_agreed_at if side == one.giver else one.taker_agreed_at
    pushes = exchange.pushes_for(user).filter(subscription__agreement=one)
    columns = exchange.columns_of(one.dataset)
    context = {
        "area": "deliveries",
        "agreement": one,
        "columns": [columns[name] for name in one.fields if name in columns],
        "may_agree": signs and one.state == "draft" and unsigned is None,
        "may_end": signs and one.state != "ended",
        "may_turn_back": exchange.may_turn_back(user, one),
        "may_push": signs and one.dataset in OUTGOING,
        "subscription": one.subscriptions.filter(closed_at=None).first(),
        "secret": request.session.pop(SHOWN_ONCE, None),
        "pushes": pushes.prefetch_related("all_tries")[:SHOWN],
        "push_count": pushes.count(),
        "given_up": pushes.filter(state="given_up").count(),
        "entries": exchange.exchanges_for(user).filter(agreement=one)[:SHOWN],
        "typed": typed,
        "problem": problem_of(error) if error else None,
        **form_state(request, exchange.agreement_mark(one), error, "agreement", str(one.pk)),
    }
    context["lost"] = _lost(context, act, typed)
    return render(request, "console/agreement.html", context, status=status_of(error))


def _lost(context: dict[str, Any], act: str, typed: dict[str, str]) -> str:
    """What was typed for a form that the page has no more."""
    if act == "end" and not context["may_end"]:
        return typed["why"]
    registers = context["may_push"] and not context["subscription"] and context["agreement"].standing in HOLDS
    return typed["url"] if act == "subscribe" and not registers else ""


@room("deliveries")
@posted_from("console:agreement", "number")
def act(request: HttpRequest, number: int, act: str) -> HttpResponse:
    """agree, end, subscribe, renew (its secret), unsubscribe, replay (one message, or all that were given up)."""
    user = user_of(request)
    one = exchange.agreement_for(user, number)
    typed = {name: request.POST.get(name, "").strip() for name in ("why", "url", "message")}
    try:
        said = _done(request, user, one, act, typed)
    except UserError as error:
        return _page(request, one, error, act, **typed)
    messages.success(request, said)
    return redirect("console:agreement", number)


def _done(request: HttpRequest, user: User, one: Agreement, act: str, typed: dict[str, str]) -> str:
    seen = seen_by(request)
    if act == "agree":
        exchange.agree(by=user, agreement=one, seen=seen)
        return _("已签字，协议生效。")
    if act == "end":
        exchange.end(by=user, agreement=one, why=typed["why"], seen=seen)
        return _("协议已终止，从现在起不再按它交换数据。")
    if act == "subscribe":
        _made, request.session[SHOWN_ONCE] = exchange.subscribe(by=user, agreement=one, url=typed["url"], seen=seen)
        return _("接收地址已登记。")
    if act == "renew":
        request.session[SHOWN_ONCE] = exchange.renew_secret(by=user, subscription=_receiver(one), seen=seen)
        return _("验签密钥已更换，原密钥两天内同时有效。")
    if act == "unsubscribe":
        exchange.unsubscribe(by=user, subscription=_receiver(one), seen=seen)
        return _("接收地址已关闭。")
    chosen = exchange.pushes_for(user).filter(subscription__agreement=one)
    chosen = chosen.filter(pk=typed["message"]) if typed["message"] else chosen.filter(state="given_up")
    return _("已排队重发 %(n)s 条，编号和内容不变。") % {"n": exchange.replay(by=user, pushes=list(chosen))}


def _receiver(one: Agreement) -> Subscription:
    """The one whose button was pressed. Raises Stale where somebody closed it meanwhile."""
    found = one.subscriptions.filter(closed_at=None).first()
    if found is None:
        raise Stale(f"协议 {one.number}", en=f"agreement {one.number}")
    return found


@never_cache
@require_http_methods(["GET", "POST"])
@room("deliveries")
def household(request: HttpRequest, number: int) -> HttpResponse:
    """One pseudonym of this sharing back to its household: asked for with a reason, recorded."""
    user = user_of(request)
    one = exchange.agreement_for(user, number)
    if not exchange.may_turn_back(user, one):
        raise NotFound(str(number))
    context: dict[str, Any] = {"area": "deliveries", "agreement": one, "typed": request.POST}
    if request.method == "POST":
        if (way := second_factor_first(request)) is not None:
            return way
        wanted, reason = (request.POST.get(name, "") for name in ("pseudonym", "reason"))
        try:
            context |= {
                "asked": True,
                "found": exchange.turn_back(by=user, agreement=one, wanted=wanted, reason=reason),
            }
        except UserError as error:
            context["problem"] = problem_of(error)
    return render(request, "console/agreement_household.html", context, status=400 if "problem" in context else 200)
