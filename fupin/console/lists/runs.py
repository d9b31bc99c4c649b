"""Runs, and the matches of a run that the machine does not decide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from fupin.accounts.api import User
from fupin.identify.api import Doubt, Run
from fupin.registry import api as registry
from fupin.ui import words
from fupin.ui.lists import Column, Kind, Listing, by_key
from fupin.ui.places import village_names, with_region_names
from fupin.ui.templatetags.ui import dataset_name, tongue, work_chip


def _link(run: Run) -> SafeString:
    return format_html('<a href="{}">{}</a>', reverse("console:run", args=[run.pk]), run.pk)


def _undecided(run: Run) -> Any:
    return run.counts.get("bands", {}).get("undecided")


RUNS = (
    Column("id", _("运行"), lambda run: run.pk, _link, sort=("pk",), fixed=True, width=34),
    Column(
        "region",
        _("辖区"),
        lambda run: run.region_name,
        sort=("region",),
        parts=(
            Column("region_name", _("辖区"), lambda run: run.region_name, width=18),
            Column("region_code", _("辖区代码"), lambda run: run.region),
        ),
    ),
    Column("as_of", _("截止日"), lambda run: run.as_of, sort=("as_of",), kind=Kind.DATE, css="text-nowrap"),
    Column(
        "state",
        _("状态"),
        lambda run: words.WORK_STATES[run.state][1],
        lambda run: work_chip(run.state),
        sort=("state",),
    ),
    Column(
        "households",
        _("户"),
        lambda run: run.counts.get("households"),
        sort=("counts__households",),
        gaps=True,
        kind=Kind.NUMBER,
    ),
    Column(
        "findings",
        _("疑点"),
        lambda run: run.counts.get("findings"),
        sort=("counts__findings",),
        gaps=True,
        kind=Kind.NUMBER,
    ),
    Column("undecided", _("待定"), _undecided, sort=("counts__bands__undecided",), gaps=True, kind=Kind.NUMBER),
    Column(
        "started",
        _("开始"),
        lambda run: run.started_at,
        sort=("started_at",),
        kind=Kind.TIME,
        css="text-nowrap",
        width=18,
    ),
    Column("by", _("发起人"), lambda run: str(run.started_by or ""), width=12),
)


def runs(user: User, rows: QuerySet[Run]) -> Listing:
    return Listing(
        name="runs",
        title=_("识别运行"),
        columns=RUNS,
        source=rows,
        fetch=with_region_names(by_key(rows.select_related("started_by"))),
        order="started",
        href=lambda run: reverse("console:run", args=[run.pk]),
        region=user.region,
        nothing=_("还没有运行"),
        advice=_("选好截止日，点「开始运行」；没有按钮时请本辖区扶贫办发起。"),
    )


@dataclass(frozen=True)
class DoubtRow:
    doubt: Doubt
    village: str
    known: bool

    @property
    def href(self) -> str:
        return reverse("console:portrait", args=[self.doubt.household_id]) if self.known else ""


def _household(row: DoubtRow) -> SafeString | str:
    if not row.known:
        return row.doubt.household_id
    return format_html('<a href="{}">{}</a>', row.href, row.doubt.household_id)


def _delivered(row: DoubtRow) -> SafeString:
    href = reverse("console:delivery", args=[row.doubt.delivery])
    name = dataset_name(row.doubt.dataset)
    return format_html('{}<div class="table-note"><a href="{}">{}</a></div>', name, href, row.doubt.delivery)


DOUBTS = (
    Column("reason", _("存疑原因"), lambda row: tongue(row.doubt), sort=("reason",), width=24),
    Column(
        "delivery",
        _("批次"),
        shows=_delivered,
        sort=("dataset", "delivery", "row"),
        parts=(
            Column("dataset", _("数据集"), lambda row: dataset_name(row.doubt.dataset), width=24),
            Column("delivery_id", _("批次编号"), lambda row: row.doubt.delivery, width=36),
        ),
    ),
    Column("row", _("行号"), lambda row: row.doubt.row, sort=("row",), kind=Kind.NUMBER, width=8),
    Column(
        "probability",
        _("可能性 %"),
        lambda row: row.doubt.probability,
        sort=("probability", "dataset", "delivery", "row"),
        kind=Kind.SHARE,
        small_first=True,
    ),
    Column(
        "household",
        _("户编号"),
        lambda row: row.doubt.household_id,
        _household,
        sort=("household_id",),
        fixed=True,
        width=22,
    ),
    Column("person", _("人编号"), lambda row: row.doubt.person_id, width=24),
    Column("place", _("行政村"), lambda row: row.village, sort=("village_code",), width=22),
)


def doubts(user: User, run: Run, rows: Sequence[Doubt], region: str) -> Listing:
    def fetch(found: Sequence[Doubt]) -> list[DoubtRow]:
        names = village_names(one.village_code for one in found)
        homes = registry.households_for(user).filter(pk__in={one.household_id for one in found})
        known = set(homes.values_list("pk", flat=True))
        return [
            DoubtRow(one, names.get(one.village_code, one.village_code), one.household_id in known) for one in found
        ]

    return Listing(
        name="doubts",
        title=_("存疑匹配"),
        columns=DOUBTS,
        source=rows,
        fetch=fetch,
        order="probability",
        key="person_id",
        href=lambda row: row.href,
        region=region or user.region,
        object_id=run.pk,
        nothing=_("没有存疑的匹配"),
        advice=_("每一行不是明确属于一个人，就是明确不属于登记库中的人。"),
    )
