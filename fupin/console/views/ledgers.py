"""台账: upload, say what the columns are, look at the differences, apply, take back."""

from __future__ import annotations

from typing import Any, cast

import polars as pl
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from fupin.accounts import api as accounts
from fupin.accounts.api import User
from fupin.catalogue.ledgers import layouts, ledger_fields
from fupin.console.filters import day
from fupin.console.ledger_books import differences_book
from fupin.console.ledger_words import KINDS, TONES, lines
from fupin.console.lists import ledgers as lists
from fupin.exchange import api as exchange
from fupin.kernel.errors import NotFound, UserError
from fupin.registry.api import BatchState, LedgerBatch
from fupin.ui.answers import answer
from fupin.ui.export_marks import Watermark
from fupin.ui.exports import XLSX_TYPE
from fupin.ui.guards import Problem, posted_from, problem_of, room, user_of
from fupin.ui.places import place_of, village_names
from fupin.ui.templatetags.ui import language, tongue

AREA = "ledgers"
BUSY = (BatchState.READING, BatchState.APPLYING, BatchState.UNDOING)
PAGE, BOOK = 50, 100_000
NOT_BY_REGION = ("grouped", "refused")


@room(AREA)
def ledgers(request: HttpRequest) -> HttpResponseBase:
    user = user_of(request)
    listing = lists.batches(user, exchange.batches_for(user))
    return answer(request, listing, "console/ledgers.html", {"area": AREA}, savable=False)


@room(AREA)
def upload(request: HttpRequest) -> HttpResponse:
    user = user_of(request)
    accounts.require(user, "import_ledgers")
    problem = None
    if request.method == "POST":
        try:
            return redirect("console:ledger", _received(request, user).pk)
        except UserError as error:
            problem = problem_of(error)
    today = timezone.localdate()
    context = {
        "area": AREA, "place": place_of(user), "typed": request.POST,
        "as_of": request.POST.get("as_of", today.isoformat()), "year": request.POST.get("year", today.year),
        "problem": problem, "layouts": layouts().values(), "most": exchange.MOST_FILES,
    }  # fmt: skip
    return render(request, "console/ledger_upload.html", context, status=400 if problem else 200)


def _received(request: HttpRequest, user: User) -> LedgerBatch:
    said, year = day(request.POST.get("as_of", "")), request.POST.get("year", "")
    if said is None or not year.isdecimal():
        raise UserError(
            "没有填台账日期或数据年度", "the day or the year of the ledger is missing",
            "日期写成 2026-10-31 这样，年度写四位数", "write the day like 2026-10-31 and the year with four digits",
        )  # fmt: skip
    files = [
        exchange.LedgerFile(file.name or "file", file.size or 0, cast(Any, file.file))
        for file in request.FILES.getlist("file")
    ]
    return exchange.receive_ledger(
        by=user, files=files, region=request.POST.get("region") or user.region, as_of=said, year=int(year),
        title=request.POST.get("title", ""),
    )  # fmt: skip


@room(AREA)
def batch(request: HttpRequest, number: int) -> HttpResponse:
    return _page(request, user_of(request), number)


def _page(request: HttpRequest, user: User, number: int, problem: Problem | None = None) -> HttpResponse:
    one = exchange.batch_for(user, number)
    context: dict[str, Any] = {
        "area": AREA, "one": one, "busy": one.state in BUSY, "tone": TONES[one.state], "problem": problem,
        "region": village_names([one.region]).get(one.region, one.region), "tables": _tables(one),
    }  # fmt: skip
    if one.state in (BatchState.READY, BatchState.APPLIED, BatchState.UNDONE) and one.counts:
        context |= _differences(request, user, one)
    return render(request, "console/ledger.html", context, status=400 if problem else 200)


def _tables(one: LedgerBatch) -> list[dict[str, Any]]:
    names = {id_: tongue(layout) for id_, layout in layouts().items()}
    return [
        {**told, "number": number, "layout": names.get(told["map"]["layout"], ""), "saved": told["map"]["saved"],
         "kept": [column["heading"] for column in told["map"]["columns"] if column["keep"]],
         "unread": [column["heading"] for column in told["map"]["columns"] if not (column["keep"] or column["field"])]}
        for number, told in enumerate(one.tables)
    ]  # fmt: skip


def _differences(request: HttpRequest, user: User, one: LedgerBatch) -> dict[str, Any]:
    """Figures by kind and region, and one page of the rows asked for."""
    asked = {name: request.GET.get(name, "").strip() for name in ("kind", "region", "figure", "page")}
    found = _asked(exchange.differences_for(user, one.pk), asked)
    pages = max(1, -(-found.height // PAGE))
    page = min(pages, int(asked["page"])) if asked["page"].isdecimal() and asked["page"] != "0" else 1
    rows = list(found.slice((page - 1) * PAGE, PAGE).iter_rows(named=True))
    names = village_names([row["village_code"] for row in rows if row["village_code"]])
    regions = village_names([code for code in one.counts["regions"] if code])
    return {
        "asked": asked, "kinds": _kinds(one),
        "lines": lines(rows, names), "count": found.height, "pages": pages, "page": page,
        "kind_words": KINDS,
        "regions": [(code, regions.get(code, code), [told.get(kind, 0) for kind in KINDS if kind not in NOT_BY_REGION])
                    for code, told in one.counts["regions"].items()],
        "figures": _figures(one), "doubts": _doubts(one),
        "untranslated": [(tongue(ledger_fields()[field].column), cell, count)
                         for field, cell, count in one.counts["untranslated"]],
        "nothing": not any(one.counts[kind] for kind in ("new_household", "new_person", "new_year", "changed")),
        "open_doubts": any(not doubt["confirmed_by"] for doubt in one.doubts),
    }  # fmt: skip


def _kinds(one: LedgerBatch) -> list[tuple[str, Any, int]]:
    """Households made out of rows are told where there are any."""
    counted = [(kind, word, one.counts.get(kind, 0)) for kind, word in KINDS.items()]
    return [told for told in counted if told[0] != "grouped" or told[2]]


def _asked(found: pl.DataFrame, asked: dict[str, str]) -> pl.DataFrame:
    if asked["kind"] in KINDS:
        found = found.filter(pl.col("kind") == asked["kind"])
    if asked["region"].isdecimal():
        found = found.filter(pl.col("village_code").str.starts_with(asked["region"]))
    return found.filter(pl.col("column") == asked["figure"]) if asked["figure"] else found


def _figures(one: LedgerBatch) -> list[tuple[str, str, int]]:
    names = {id_.partition(".")[2]: tongue(field.column) for id_, field in ledger_fields().items()}
    return [(column, names.get(column, column), count) for column, count in one.counts["by_figure"].items()]


def _doubts(one: LedgerBatch) -> list[dict[str, Any]]:
    return [
        {**doubt, "name": tongue(ledger_fields()[doubt["field"]].column),
         "choices": [(list_id, exchange.list_name(doubt["field"], list_id, language()), share)
                     for list_id, share in doubt["evidence"].items()]}
        for doubt in one.doubts
    ]  # fmt: skip


@room(AREA)
def progress(request: HttpRequest, number: int) -> HttpResponse:
    one = exchange.batch_for(user_of(request), number)
    if one.state not in BUSY:
        return HttpResponse(status=200, headers={"HX-Refresh": "true"})
    return render(request, "console/ledger_progress.html", {"one": one, "tone": TONES[one.state]})


@room(AREA)
@posted_from("console:ledger", "number")
def act(request: HttpRequest, number: int) -> HttpResponse:
    """Apply, take back, give up, confirm a doubt, leave a table out."""
    user = user_of(request)
    said = request.POST
    try:
        done = _done(user, number, said.get("act", ""), said)
    except UserError as error:
        return _page(request, user, number, problem_of(error))
    if done:
        messages.success(request, done)
    return redirect("console:ledger", number)


def _done(user: User, number: int, asked: str, said: Any) -> str:
    if asked == "apply":
        exchange.order_apply(by=user, batch_id=number)
        return ""
    if asked == "undo":
        exchange.order_undo(by=user, batch_id=number, reason=said.get("reason", ""))
        return ""
    if asked == "drop":
        exchange.drop_batch(by=user, batch_id=number)
        return _("这一批已放弃，文件已删除")
    if asked == "confirm":
        exchange.confirm_doubt(by=user, batch_id=number, key=said.get("key", ""), chosen=said.get("chosen", ""))
        return _("已记下确认")
    if asked == "skip" and said.get("table", "").isdecimal():
        exchange.skip_table(by=user, batch_id=number, number=int(said["table"]))
        return _("这张表不导入")
    raise NotFound(asked)


@require_POST
@room(AREA)
def book(request: HttpRequest, number: int) -> HttpResponse:
    """The differences that the address asks for, as XLSX."""
    user = user_of(request)
    one = exchange.batch_for(user, number)
    asked = {name: request.GET.get(name, "").strip() for name in ("kind", "region", "figure")}
    found = _asked(exchange.differences_for(user, number), asked).head(BOOK)
    rows = list(found.iter_rows(named=True))
    names = village_names([row["village_code"] for row in rows if row["village_code"]])
    with transaction.atomic():
        deed = accounts.record(
            by=user, verb="export", object_kind="list:ledger_differences", object_id=str(one.pk), region=one.region,
            detail={"format": "xlsx", "rows": len(rows)},
        )  # fmt: skip
    sent = HttpResponse(differences_book(lines(rows, names), Watermark(user, deed.pk, deed.at)), content_type=XLSX_TYPE)
    sent["Content-Disposition"] = f'attachment; filename="ledger-{one.pk}-differences.xlsx"'
    sent["Cache-Control"] = "no-store, private"
    return sent
