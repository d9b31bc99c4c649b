"""Screenings, and the hits of one: what contradicts, whose it is, how it stands against the screening before."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db.models import QuerySet
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from fupin.accounts.api import User
from fupin.identify import api as identify
from fupin.identify.api import ScreenHit, Screening
from fupin.registry import api as registry
from fupin.registry.api import Household
from fupin.ui import words
from fupin.ui.lists import Column, Kind, Listing, by_key
from fupin.ui.markup import address, filled
from fupin.ui.places import village_names, with_region_names
from fupin.ui.templatetags.ui import language, masked, severity_chip, tongue, work_chip

MENDERS = {"cadre": _("驻村干部"), "town": _("乡镇"), "county": _("县级")}


def _link(one: Screening) -> SafeString:
    return filled('<a href="{}">{}</a>', address("console:screening", one.pk), one.pk)


def _count(key: str) -> Callable[[Any], Any]:
    return lambda one: one.counts.get(key)


SCREENINGS = (
    Column("id", _("筛查"), lambda one: one.pk, _link, sort=("pk",), fixed=True, width=34),
    Column("region", _("辖区"), lambda one: one.region_name, sort=("region",), width=18),
    Column("as_of", _("截止日"), lambda one: one.as_of, sort=("as_of",), kind=Kind.DATE, css="text-nowrap"),
    Column("state", _("状态"), lambda one: words.WORK_STATES[one.state][1], lambda one: work_chip(one.state)),
    Column("open", _("待更正"), _count("open"), sort=("counts__open",), gaps=True, kind=Kind.NUMBER),
    Column("fresh", _("新发现"), _count("fresh"), sort=("counts__fresh",), gaps=True, kind=Kind.NUMBER),
    Column("mended", _("已改正"), _count("mended"), sort=("counts__mended",), gaps=True, kind=Kind.NUMBER),
    Column("exempted", _("豁免中"), _count("exempted"), sort=("counts__exempted",), gaps=True, kind=Kind.NUMBER),
    Column(
        "started", _("开始"), lambda one: one.started_at, sort=("started_at",), kind=Kind.TIME, css="text-nowrap",
        width=18,
    ),
    Column("by", _("发起人"), lambda one: str(one.started_by or ""), width=12),
)  # fmt: skip


def screenings(user: User, rows: QuerySet[Screening]) -> Listing:
    return Listing(
        name="screenings",
        title=_("逻辑筛查"),
        columns=SCREENINGS,
        source=rows,
        fetch=with_region_names(by_key(rows.select_related("started_by").defer("told"))),
        order="started",
        href=lambda one: address("console:screening", one.pk),
        region=user.region,
        nothing=_("还没有筛查"),
        advice=_("选好地区，点「开始筛查」。"),
    )


@dataclass(frozen=True)
class Row:
    hit: ScreenHit
    home: Household | None
    village: str

    @cached_property
    def veiled(self) -> bool:
        return identify.screening_veiled(self.hit.rule)

    @property
    def href(self) -> str:
        return "" if self.veiled else address("console:screen_hit", self.hit.screening_id, self.hit.key)

    @property
    def rule_id(self) -> str:
        return identify.HEALTH_RULE if self.veiled else self.hit.rule

    @property
    def head(self) -> str:
        return masked(self.home.head_name) if self.home else "–"

    @cached_property
    def rule_name(self) -> str:
        if self.veiled:
            return self.message
        rule = identify.screen_rule(self.hit.rule)
        return tongue(rule) if rule else self.hit.rule

    @cached_property
    def mends(self) -> Any:
        rule = identify.screen_rule(self.hit.rule)
        return MENDERS[rule.mends] if rule else ""

    @cached_property
    def message(self) -> str:
        return identify.screen_message(self.hit, language())

    @property
    def standing(self) -> Any:
        return _("豁免中") if self.hit.exempted else self.hit.get_standing_display()


def _said(row: Row) -> SafeString:
    if row.veiled:
        return filled("{}", row.message)
    return filled('<a href="{}">{}</a><div class="table-note">{} · {}</div>', row.href, row.message, row.hit.rule,
                  row.mends)  # fmt: skip


def _whose(row: Row) -> SafeString | str:
    if not row.hit.household_id:
        return "–"
    number = row.hit.household_id if row.veiled else row.hit.person_id or row.hit.household_id
    if row.home is None:
        return number
    portrait = address("console:portrait", row.hit.household_id)
    return filled('<a href="{}">{}</a><div class="table-note">{}</div>', portrait, row.head, number)


def _standing(row: Row) -> SafeString:
    by = filled('<div class="table-note">{}</div>', row.hit.mended_by) if row.hit.mended_by else ""
    return filled("{}{}", row.standing, by)


HITS = (
    Column(
        "severity", _("级别"), lambda row: words.SEVERITIES[row.hit.severity],
        lambda row: severity_chip(row.hit.severity), sort=("severity", "village_code", "rule"), small_first=True,
        width=10,
    ),
    Column(
        "rule", _("问题"), shows=_said, sort=("rule", "village_code"), css="whole", fixed=True,
        parts=(
            Column("message", _("问题"), lambda row: row.message, width=60),
            Column("rule_name", _("规则"), lambda row: row.rule_name, width=36),
            Column("rule_id", _("规则编号"), lambda row: row.rule_id, width=10),
        ),
    ),
    Column(
        "head", _("户主"), shows=_whose, sort=("household_id", "object_id"), css="text-nowrap",
        parts=(
            Column("head_name", _("户主"), lambda row: row.head, width=10),
            Column("household_id", _("户编号"), lambda row: row.hit.household_id, width=22),
            Column("person_id", _("人编号"), lambda row: "" if row.veiled else row.hit.person_id, width=24),
        ),
    ),
    Column("place", _("行政村"), lambda row: row.village, sort=("village_code",), css="text-nowrap", width=22),
    Column("standing", _("状态"), lambda row: row.standing, _standing, sort=("standing", "village_code"), width=10),
    Column("since", _("首次发现"), lambda row: row.hit.since, sort=("since",), kind=Kind.DATE, css="text-nowrap"),
)  # fmt: skip


def dressed(user: User, found: Sequence[ScreenHit]) -> list[Row]:
    """Hits with head of household and name of village, two questions for all."""
    wanted = {one.household_id for one in found if one.household_id}
    homes = registry.households_for(user).only("household_id", "head_name", "state").in_bulk(list(wanted))
    names = village_names(one.village_code for one in found)
    return [Row(one, homes.get(one.household_id), names.get(one.village_code, one.village_code)) for one in found]


def hits(user: User, one: Screening, rows: QuerySet[ScreenHit], region: str) -> Listing:
    every = identify.hits_for(user, one).select_related("mended_by")
    return Listing(
        name="screen_hits",
        title=_("筛查问题"),
        columns=HITS,
        source=rows.select_related("mended_by"),
        fetch=lambda keys: dressed(user, by_key(every)(keys)),
        dress=lambda found: dressed(user, found),
        order="severity",
        href=lambda row: row.href,
        region=region or user.region,
        object_id=one.pk,
        nothing=_("没有问题"),
        advice=_("这次筛查在这里没有发现矛盾。"),
    )
