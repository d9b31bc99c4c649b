"""批量开设: a workbook of accounts is uploaded, worked off in the queue, and answered once with the passwords."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from fupin.accounts import api as accounts
from fupin.accounts.api import BulkOpening, User
from fupin.kernel.errors import NotFound, UserError
from fupin.ui.exports import XLSX_TYPE
from fupin.ui.guards import posted_from, problem_of, room, user_of

SHOWN = 200  # errors on the page; the file has all


@require_http_methods(["GET", "POST"])
@room("users")
def openings(request: HttpRequest) -> HttpResponse:
    by = user_of(request)
    accounts.require(by, "manage_users")
    if request.method != "POST":
        return _upload_page(request, by)
    file = request.FILES.get("file")
    try:
        if file is None:
            raise UserError("请选择文件", "choose a file", "XLSX 工作簿", "an XLSX workbook")
        made = accounts.open_from_file(by=by, name=file.name or "", content=file.read())
    except UserError as error:
        return _upload_page(request, by, error)
    return redirect("console:opening", made.pk)


def _upload_page(request: HttpRequest, by: User, error: UserError | None = None) -> HttpResponse:
    context = {
        "area": "users",
        "openings": accounts.openings_of(by)[:20],
        "problem": problem_of(error) if error else None,
    }
    return render(request, "console/openings.html", context, status=400 if error else 200)


@room("users")
def sample(request: HttpRequest) -> HttpResponse:
    accounts.require(user_of(request), "manage_users")
    return _book(accounts.sample_book(), "accounts-to-open.xlsx")


@room("users")
def opening(request: HttpRequest, number: int) -> HttpResponse:
    return _opening_page(request, _own(request, number))


def _opening_page(request: HttpRequest, one: BulkOpening, error: UserError | None = None) -> HttpResponse:
    context: dict[str, Any] = {
        "area": "users",
        "opening": one,
        "busy": one.state in accounts.BUSY,
        "waits": one.state == "finished" and one.taken_at is None and one.answer is not None,
        "errors": one.errors[:SHOWN],
        "problem": problem_of(error) if error else None,
    }
    return render(request, "console/opening.html", context, status=400 if error else 200)


@room("users")
def progress(request: HttpRequest, number: int) -> HttpResponse:
    """The part of the page that asks again every second; when done, the page is loaded anew."""
    one = _own(request, number)
    if one.state not in accounts.BUSY:
        return HttpResponse(status=200, headers={"HX-Refresh": "true"})
    return render(request, "console/opening_progress.html", {"opening": one})


@room("users")
@posted_from("console:opening", "number")
def passwords(request: HttpRequest, number: int) -> HttpResponse:
    """The workbook with the one-time passwords, this once; a POST, because it is written down and then gone."""
    one = _own(request, number)
    try:
        content = accounts.take_answer(by=user_of(request), opening=one)
    except UserError as error:
        return _opening_page(request, one, error)
    return _book(content, f"accounts-{one.pk}.xlsx")


def _own(request: HttpRequest, number: int) -> BulkOpening:
    """Raises NotFound for one that is absent or of somebody else."""
    found = accounts.openings_of(user_of(request)).filter(pk=number).first()
    if found is None:
        raise NotFound(str(number))
    return found


def _book(content: bytes, name: str) -> HttpResponse:
    answer = HttpResponse(content, content_type=XLSX_TYPE)
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    answer["Cache-Control"] = "no-store, private"
    return answer
