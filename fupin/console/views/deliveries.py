"""Data catalogue and deliveries: what is expected, what came, what was wrong with it."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from django.contrib import messages
from django.core.files.uploadedfile import TemporaryUploadedFile, UploadedFile
from django.db.models import Count, Max
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from fupin.accounts import api as accounts
from fupin.accounts.api import Role, User
from fupin.catalogue.schema import Dataset, datasets, departments
from fupin.console.forms import UploadForm, problems_of
from fupin.console.lists import deliveries as lists
from fupin.exchange import api as exchange
from fupin.exchange.api import Delivery, DeliveryState
from fupin.kernel.errors import UserError
from fupin.ui import words
from fupin.ui.answers import answer
from fupin.ui.guards import Problem, problem_of, room, user_of
from fupin.ui.templatetags.ui import language, tongue

HEAD_BYTES = 4_194_304  # page.js sends no more
BUSY = (DeliveryState.WAITING, DeliveryState.READING)


@room("catalogue")
def catalogue(request: HttpRequest) -> HttpResponse:
    """Every data set by department, with its columns and its last delivery."""
    user = user_of(request)
    last: dict[str, Any] = {}
    if accounts.may(user, "see_deliveries"):
        accepted = exchange.deliveries_for(user).filter(state=DeliveryState.ACCEPTED).order_by()
        last = {
            row["dataset"]: row for row in accepted.values("dataset").annotate(cut_off=Max("cut_off"), n=Count("pk"))
        }
    shown = _datasets_of(user)
    groups = [
        {"id": id_, "names": names, "datasets": [one for one in shown if one.department == id_]}
        for id_, names in departments().items()
    ]
    context = {"groups": [group for group in groups if group["datasets"]], "last": last, "count": len(shown)}
    return render(request, "console/catalogue.html", {"area": "catalogue", **context})


def _datasets_of(user: User) -> list[Dataset]:
    """A department reads of its own data sets, everybody else of all."""
    every = datasets().values()
    return [one for one in every if user.role != Role.DEPARTMENT or one.department == user.department]


@room("deliveries")
def deliveries(request: HttpRequest) -> HttpResponseBase:
    user = user_of(request)
    asked = {name: request.GET.get(name, "").strip() for name in ("dataset", "department", "state", "q", "care")}
    rows = exchange.deliveries_for(user)
    rows = rows.filter(**{name: asked[name] for name in ("dataset", "department", "state") if asked[name]})
    if asked["q"]:
        rows = rows.filter(file_name__icontains=asked["q"])
    if asked["care"]:
        rows = rows.filter(bad_rows__gt=0, corrections__isnull=True)
    context = {
        "area": "deliveries",
        "asked": asked,
        "states": DeliveryState.choices,
        "datasets": _datasets_of(user),
        "departments": departments(),
        "may_deliver": accounts.may(user, "deliver"),
    }
    return answer(request, lists.deliveries(rows), "console/deliveries.html", context)


@require_http_methods(["GET", "POST"])
@room("deliveries")
def upload(request: HttpRequest) -> HttpResponse:
    user = user_of(request)
    accounts.require(user, "deliver")
    old = exchange.delivery_for(user, request.GET["corrects"]) if request.GET.get("corrects") else None
    if request.method == "GET":
        return _upload_page(request, UploadForm(user=user, initial=_first_values(user, old)), old)
    form = UploadForm(request.POST, request.FILES, user=user)
    if not form.is_valid():
        return _upload_page(request, form, old, status=400)
    try:
        fresh = _enqueue(user, form)
    except UserError as error:
        return _upload_page(request, form, old, problem_of(error), status=400)
    if getattr(fresh, "seen_before", False):
        messages.info(request, _("这个文件以前收过：同样的内容只计一次，这里是原来的批次。"))
    return redirect("console:delivery", fresh.pk)


def _first_values(user: User, old: Delivery | None) -> dict[str, Any]:
    today = timezone.localdate()
    values = {"provider": str(user), "batch": f"{today:%Y%m}-1", "cut_off": today}
    if old is not None:
        values |= {"dataset": old.dataset, "batch": old.batch, "cut_off": old.cut_off, "corrects": old.pk}
    return values


def _enqueue(user: User, form: UploadForm) -> Delivery:
    said = form.cleaned_data
    file = said["file"]
    dataset = said["dataset"] or _guess(file)
    corrects = exchange.delivery_for(user, said["corrects"]) if said["corrects"] else None
    return exchange.enqueue(
        by=user,
        dataset=dataset,
        uploaded_file=file,
        provider=said["provider"],
        batch=said["batch"],
        cut_off=said["cut_off"],
        corrects=corrects,
        replaces=said["replaces"],
    )


@require_POST
@room("deliveries")
def guess(request: HttpRequest) -> HttpResponse:
    """What a chosen file seems to be, told from its beginning before anything is handed in; nothing is kept."""
    user = user_of(request)
    accounts.require(user, "deliver")
    head = request.FILES.get("head")
    found = _guess_head(head) if head else None
    allowed = found in {one.id for one in exchange.datasets_for(user)}
    return render(request, "console/guessed.html", {"dataset": datasets().get(found or ""), "allowed": allowed})


def _guess_head(head: UploadedFile[bytes]) -> str | None:
    """None when it cannot be told, also for a workbook that was cut off."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"head{Path(head.name or '').suffix}"
        content = head.read(HEAD_BYTES)
        path.write_bytes(content)
        try:
            return exchange.guess_dataset(path)
        except exchange.Refusal:
            return None


def _guess(file: TemporaryUploadedFile) -> str:
    found = exchange.guess_dataset(Path(file.temporary_file_path()))
    if found is None:
        raise UserError(
            zh=f"认不出「{file.name}」属于哪个数据集",
            en=f"cannot tell which data set “{file.name}” is",
            hint_zh="请在「数据集」里选定，或对照数据目录检查表头",
            hint_en="choose the data set, or compare the header with the data catalogue",
        )
    return found


def _upload_page(
    request: HttpRequest, form: UploadForm, old: Delivery | None, problem: Problem | None = None, status: int = 200
) -> HttpResponse:
    if problem is None and form.errors:
        problem = Problem(_("还差一点"), how=problems_of(form))
    context = {"area": "deliveries", "form": form, "problem": problem, "corrects": old}
    return render(request, "console/upload.html", context, status=status)


@room("deliveries")
def delivery(request: HttpRequest, delivery_id: str) -> HttpResponseBase:
    """What was recognised, how many rows were taken, which were not and why."""
    user = user_of(request)
    one = exchange.delivery_for(user, delivery_id)
    asked = {name: request.GET.get(name, "").strip() for name in ("column", "code")}
    context = {
        "area": "deliveries",
        "delivery": one,
        "dataset": datasets().get(one.dataset),
        "busy": one.state in BUSY,
        "recognised": recognised_facts(one.recognised),
        "entry": exchange.entry_of(one),
        "columns": [(cell, name) for name, cell in one.recognised.get("columns", {}).items()],
        "asked": asked,
        "may_deliver": accounts.may(user, "deliver"),
        "may_download": accounts.may(user, "download_bad_rows"),
        **(_quarantine_choices(user, one) if one.bad_rows else {}),
    }
    listing = lists.quarantine(user, one, asked["column"], asked["code"])
    return answer(request, listing, "console/delivery.html", context, savable=False)


def _quarantine_choices(user: User, one: Delivery) -> dict[str, Any]:
    """By which columns and reasons the refused rows can be filtered, the most frequent first."""
    rows = exchange.quarantine_of(user, one)
    names = {name: column.zh for name, column in datasets()[one.dataset].columns.items()}
    columns = rows.exclude(column="").values_list("column").annotate(n=Count("pk")).order_by("-n", "column")
    reasons = rows.values_list("code").annotate(n=Count("pk")).order_by("-n", "code")
    spoken = 0 if language() == "zh" else 1
    return {
        "bad_columns": [(code, names.get(code, code), n) for code, n in columns],
        "reasons": [(code, exchange.reason_title(code)[spoken], n) for code, n in reasons],
    }


def recognised_facts(found: dict[str, Any]) -> list[tuple[str, str]]:
    """What the reader of files found out, as (name, value); empty before the file was read."""
    names = {
        "kind": _("文件类型"),
        "encoding": _("编码"),
        "delimiter": _("分隔符"),
        "sheet": _("工作表"),
        "header_row": _("表头所在行"),
    }
    facts = [
        (name, str(words.FILE_WORDS.get(str(found[key]), found[key]))) for key, name in names.items() if found.get(key)
    ]
    facts += [(_("没有给出的列"), "、".join(found["absent"]))] if found.get("absent") else []
    facts += [(_("多出的列（未采用）"), "、".join(map(str, found["extra"])))] if found.get("extra") else []
    return facts + [(_("说明"), tongue(note)) for note in found.get("notes", [])]


@room("deliveries")
def progress(request: HttpRequest, delivery_id: str) -> HttpResponse:
    """The part of the page that asks again every second; when done, the page is loaded anew."""
    one = exchange.delivery_for(user_of(request), delivery_id)
    if one.state not in BUSY:
        return HttpResponse(status=200, headers={"HX-Refresh": "true"})
    return render(request, "console/delivery_progress.html", {"delivery": one})


@require_POST
@room("deliveries")
def bad_rows(request: HttpRequest, delivery_id: str) -> HttpResponse:
    """The rows in quarantine as CSV with a column that says why; a POST, because it is written down."""
    user = user_of(request)
    one = exchange.delivery_for(user, delivery_id)
    answer = HttpResponse(content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{one.pk}-bad-rows.csv"'
    answer["Cache-Control"] = "no-store"
    exchange.write_bad_rows(by=user, delivery=one, stream=answer)
    return answer
