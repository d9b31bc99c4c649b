"""What the columns of a provincial ledger are: proposed, shown with samples, corrected by a person, saved."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from fupin.accounts import api as accounts
from fupin.catalogue.ledgers import ledger_fields
from fupin.catalogue.schema import code_lists
from fupin.exchange import api as exchange
from fupin.exchange.api import ColumnMap, Shown
from fupin.kernel.errors import NotFound, UserError
from fupin.ui.guards import Problem, problem_of, room, user_of
from fupin.ui.places import village_names
from fupin.ui.templatetags.ui import language, tongue

AREA = "ledgers"
STATES = "household_state"
OUTSIDE = 12  # values outside a list that are shown


@room(AREA)
def columns(request: HttpRequest, number: int, table: int) -> HttpResponse:
    user = user_of(request)
    accounts.require(user, "import_ledgers")
    one = exchange.batch_for(user, number)
    if not 0 <= table < len(one.tables):
        raise NotFound(str(table))
    problem = None
    if request.method == "POST":
        try:
            said = _said(request, [column["heading"] for column in one.tables[table]["map"]["columns"]])
            exchange.say_columns(
                by=user, batch_id=number, number=table, columns=said, row=request.POST.get("row", ""),
                save_as=request.POST.get("save_as", ""), state=_state(request),
            )  # fmt: skip
            return redirect("console:ledger", number)
        except UserError as error:
            problem = problem_of(error)
    return _page(request, one, table, problem)


def _page(request: HttpRequest, one: Any, table: int, problem: Problem | None) -> HttpResponse:
    told = one.tables[table]
    shown = exchange.columns_shown(one, table)
    row = request.POST.get("row", told["map"]["row"])
    context = {
        "area": AREA, "one": one, "table": table, "told": told, "row": row, "problem": problem,
        "columns": [_dressed(number, column) for number, column in enumerate(shown)], "groups": _groups(row),
        "states": [(code, code_lists()[STATES].label(code, language())) for code in code_lists()[STATES].values],
        "state": request.POST.get("state", told["map"].get("state", "")),
        "save_as": request.POST.get("save_as", told["name"]), "known": sum(bool(c.column.field) for c in shown),
    }  # fmt: skip
    return render(request, "console/ledger_columns.html", context, status=400 if problem else 200)


def _said(request: HttpRequest, headings: Sequence[str]) -> list[ColumnMap]:
    """The form's answer for each column, by its place."""
    said = []
    for place, heading in enumerate(headings):
        field = request.POST.get(f"field-{place}", "")
        codes = request.POST.get(f"codes-{place}", "")
        if field and field not in ledger_fields():
            raise NotFound(field)
        known = field and ledger_fields()[field].column.codes
        if codes and (not known or codes not in exchange.lists_for(ledger_fields()[field])):
            codes = ""
        keep = not field and request.POST.get(f"keep-{place}") == "1"
        writes = "code" if request.POST.get(f"writes-{place}") == "code" else "label"
        said.append(ColumnMap(heading, field, codes, keep=keep, writes=writes))
    return said


def _state(request: HttpRequest) -> str:
    """Raises NotFound for a state that there is not."""
    state = request.POST.get("state", "")
    if state and state not in code_lists()[STATES].values:
        raise NotFound(state)
    return state


def _dressed(number: int, shown: Shown) -> dict[str, Any]:
    column, codes = shown.column, shown.codes
    made: dict[str, Any] = {"number": number, "column": column, "samples": shown.samples, "codes": None}
    if codes is not None:
        best = codes.guesses[0] if codes.guesses else None
        lists = [
            (guess.list_id, exchange.list_name(column.field, guess.list_id, language()), guess.share)
            for guess in codes.guesses
        ]
        chosen = column.codes or (best.list_id if best and codes.numbers and not column.sure else "")
        mine = next((guess for guess in codes.guesses if guess.list_id == chosen), best)
        made["codes"] = {
            "numbers": codes.numbers, "lists": lists, "chosen": chosen, "values": len(codes.values),
            "outside": mine.outside[:OUTSIDE] if mine else (), "share": mine.share if mine else 0,
        }  # fmt: skip
    made["writes"] = "code" if codes is not None and codes.numbers else column.writes
    return made


def _groups(row: str) -> list[tuple[str, list[tuple[str, str]]]]:
    """Fields to choose from, by table."""
    names = {"households": _("户"), "persons": _("人"), "survey": _("年度"), "group": _("分户"), "valid": _("有效性")}
    groups: dict[str, list[tuple[str, str]]] = {name: [] for name in names}
    for id_, field in ledger_fields().items():
        if id_ == ("households.household_id" if row == "person" else "persons.household_id"):
            continue
        if row == "household" and field.table in ("persons", "group"):
            continue
        groups[field.table].append((id_, tongue(field.column)))
    return [(names[name], fields) for name, fields in groups.items() if fields]


@room(AREA)
def mappings(request: HttpRequest) -> HttpResponse:
    """Mappings that were saved, of this region, above and below it."""
    user = user_of(request)
    accounts.require(user, "import_ledgers")
    if request.method == "POST":
        number = request.POST.get("number", "")
        if not number.isdecimal():
            raise NotFound(number)
        exchange.retire_mapping(by=user, number=int(number))
        messages.success(request, _("已停用，这种表头下次要重新指定"))
        return redirect("console:ledger_mappings")
    found = exchange.mappings_for(user)
    names = village_names([one.region for one in found])
    rows = [
        (one, names.get(one.region, one.region), [column for column in one.mapping["columns"] if column["field"]],
         user.scope.covers(one.region))
        for one in found
    ]  # fmt: skip
    context = {"area": AREA, "rows": rows, "count": len(rows), "fields": _titles()}
    return render(request, "console/ledger_mappings.html", context)


def _titles() -> dict[str, str]:
    return {id_: tongue(field.column) for id_, field in ledger_fields().items()}
