"""Cases: whose, at which step, whose turn, since when, until when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from fupin.accounts.api import User
from fupin.catalogue.procedures import procedures
from fupin.identify import api as identify
from fupin.identify.api import Case
from fupin.registry import api as registry
from fupin.registry.api import Household
from fupin.ui.lists import Column, Kind, Listing
from fupin.ui.markup import address, filled
from fupin.ui.places import village_names
from fupin.ui.templatetags.ui import masked, spoken, tongue

ENDED = {"passed": "stable", "refused": "returned", "withdrawn": "unknown"}


def standing_words() -> list[Any]:
    return [_("轮到我办"), _("超期提醒"), _("在办"), _("超期"), _("办结"), _("不予通过"), _("申请撤回")]


@dataclass(frozen=True)
class Row:
    case: Case
    home: Household | None
    village: str

    @property
    def href(self) -> str:
        return address("console:case", str(self.case.pk))

    @property
    def head(self) -> str:
        return masked(self.home.head_name) if self.home else "–"

    @property
    def procedure(self) -> str:
        known = procedures().get(self.case.procedure)
        kinds = known.kinds or {} if known else {}
        kind = f" · {spoken(kinds[self.case.kind])}" if self.case.kind in kinds else ""
        return f"{tongue(known)}{kind}" if known else self.case.procedure

    @property
    def step(self) -> str:
        return self.case.get_ended_display() if self.case.ended else tongue(identify.present_step(self.case))

    @property
    def turn(self) -> str:
        return "" if self.case.ended else spoken(identify.LEVEL_WORDS[identify.present_step(self.case).level])

    @property
    def days(self) -> int | None:
        return None if self.case.ended else (timezone.localdate() - self.case.entered_on).days


def _link(row: Row) -> SafeString:
    return filled('<a href="{}">{}</a><div class="table-note">{}</div>', row.href, row.procedure, row.case.pk)


def _whose(row: Row) -> SafeString:
    portrait = address("console:portrait", row.case.household_id)
    return filled('<a href="{}">{}</a><div class="table-note">{}</div>', portrait, row.head, row.case.household_id)


def _step(row: Row) -> SafeString:
    if row.case.ended:
        return filled('<span class="chip {}">{}</span>', ENDED[row.case.ended], row.step)
    return filled('{}<div class="table-note">{}</div>', row.step, row.turn)


def _due(row: Row) -> SafeString | str:
    if row.case.due_on is None or row.case.ended:
        return "–"
    if days := identify.overdue(row.case):
        return filled('<span class="chip sev-1">{} {}</span>', _("超期"), days)
    return row.case.due_on.isoformat()


COLUMNS = (
    Column(
        "procedure", _("程序"), shows=_link, sort=("procedure", "pk"), fixed=True, css="whole",
        parts=(
            Column("number", _("办件号"), lambda row: row.case.pk, kind=Kind.NUMBER),
            Column("procedure_name", _("程序"), lambda row: row.procedure, width=24),
        ),
    ),
    Column(
        "head", _("户主"), shows=_whose, sort=("household_id",), css="text-nowrap",
        parts=(
            Column("head_name", _("户主"), lambda row: row.head, width=10),
            Column("household_id", _("户编号"), lambda row: row.case.household_id, width=22),
        ),
    ),
    Column("place", _("行政村"), lambda row: row.village, sort=("village_code",), css="text-nowrap", width=22),
    Column(
        "step", _("步骤"), shows=_step, sort=("step",), css="text-nowrap",
        parts=(
            Column("step_name", _("步骤"), lambda row: row.step, width=16),
            Column("turn", _("轮到"), lambda row: row.turn, width=8),
        ),
    ),
    Column("days", _("停留天数"), lambda row: row.days, sort=("entered_on",), kind=Kind.NUMBER, width=10),
    Column("due", _("期限"), lambda row: row.case.due_on, _due, sort=("due_on",), gaps=True, kind=Kind.DATE,
           css="text-nowrap", small_first=True),
    Column("opened", _("立案"), lambda row: row.case.opened_on, sort=("opened_on",), kind=Kind.DATE, css="text-nowrap"),
)  # fmt: skip


def dressed(user: User, found: Sequence[Case]) -> list[Row]:
    homes = registry.households_for(user).only("household_id", "head_name").in_bulk([one.household_id for one in found])
    names = village_names(one.village_code for one in found)
    return [Row(one, homes.get(one.household_id), names.get(one.village_code, one.village_code)) for one in found]


def cases(user: User, rows: QuerySet[Case], region: str) -> Listing:
    def fetch(keys: Sequence[Any]) -> list[Row]:
        found = identify.cases_for(user).in_bulk(list(keys))
        return dressed(user, [found[key] for key in keys if key in found])

    return Listing(
        name="cases",
        title=_("办件"),
        columns=COLUMNS,
        source=rows,
        fetch=fetch,
        dress=lambda found: dressed(user, found),
        order="due",
        href=lambda row: row.href,
        region=region or user.region,
        nothing=_("没有办件"),
        advice=_("在农户画像页点“立案”，为一户开始识别、退出、返贫或监测程序。"),
    )
