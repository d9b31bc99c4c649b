"""The registry as a ledger: by region and layout; full numbers for a reason, after the second factor, recorded."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from fupin.accounts import api as accounts
from fupin.accounts.api import Deed, User
from fupin.catalogue.ledgers import layouts
from fupin.console.forms import RevealForm
from fupin.console.ledger_books import ledger_book, ledger_csv
from fupin.exchange import api as exchange
from fupin.kernel.errors import NotFound, UserError
from fupin.registry import api as registry
from fupin.registry.api import LedgerOrder
from fupin.ui.export_marks import Watermark
from fupin.ui.exports import XLSX_TYPE
from fupin.ui.guards import problem_of, room, second_factor_first, user_of
from fupin.ui.places import place_of

AREA = "ledgers"
FORMATS = ("xlsx", "csv")


@dataclass(frozen=True)
class Asked:
    """``order``: None while nothing is chosen."""

    order: LedgerOrder
    full: bool
    reason: str
    form: str


@transaction.non_atomic_requests
@never_cache
@require_http_methods(["GET", "POST"])
@room(AREA)
def export(request: HttpRequest) -> HttpResponse:
    """GET: the form. POST: the file. The deed of full numbers is committed before one is read."""
    user = user_of(request)
    if request.method == "GET":
        return _page(request, user)
    with transaction.atomic(), accounts.acting_as(user):
        accounts.require(user, "export_ledgers")
        asked = _asked(request, user)
    if asked.full and (way := second_factor_first(request)) is not None:
        return way
    try:
        receipt, rows = registry.export_now(by=user, order=asked.order, full=asked.full, reason=asked.reason)
        with transaction.atomic(), accounts.acting_as(user):
            deed = Deed.objects.get(pk=receipt.deed)
            mark = Watermark(user, deed.pk, deed.at)
            content = ledger_book(rows, mark) if asked.form == "xlsx" else ledger_csv(rows, mark)
    except UserError as error:
        return _page(request, user, error)
    kind = XLSX_TYPE if asked.form == "xlsx" else "text/csv; charset=utf-8"
    name = f"{asked.order.layout.id}-{asked.order.region}-{timezone.localtime():%Y%m%d-%H%M}.{asked.form}"
    return HttpResponse(
        content, content_type=kind,
        headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store, private"},
    )  # fmt: skip


def _asked(request: HttpRequest, user: User) -> Asked:
    said = request.POST
    place = place_of(user, said.get("region", ""))
    year = said.get("year", "")
    if place is None or not year.isdecimal() or said.get("form") not in FORMATS:
        raise NotFound(said.get("region", ""))
    layout, writes = exchange.layout_for(user, said.get("layout", ""))
    reason = said.get("usual", "") or said.get("words", "")
    order = LedgerOrder(layout, place.code, int(year), writes)
    return Asked(order, said.get("full") == "1", reason, said["form"])


def _page(request: HttpRequest, user: User, error: UserError | None = None) -> HttpResponse:
    with transaction.atomic(), accounts.acting_as(user):
        accounts.require(user, "export_ledgers")
        context = {
            "area": AREA, "place": place_of(user), "layouts": list(layouts().values()),
            "saved": exchange.mappings_for(user), "year": timezone.localdate().year, "typed": request.POST,
            "reasons": (_("报送上级系统"), _("与国办系统核对"), *RevealForm.USUAL),
            "problem": problem_of(error) if error else None,
        }  # fmt: skip
        return render(request, "console/ledger_export.html", context, status=400 if error else 200)
