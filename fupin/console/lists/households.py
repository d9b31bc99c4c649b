"""Households: with a run its index, before the first run the registry alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from django.db.models import QuerySet
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from fupin.accounts.api import User
from fupin.console.filters import HouseholdFilter
from fupin.identify import api as identify
from fupin.identify.api import HouseholdIndex, Run
from fupin.registry import api as registry
from fupin.registry.api import Household
from fupin.ui import words
from fupin.ui.lists import Column, Kind, Listing, by_key
from fupin.ui.markup import address, filled
from fupin.ui.places import village_names
from fupin.ui.templatetags.ui import band_chip, label, masked, points, small_bar, state_chip

FEN = 100
POINT = 10_000
SHOWN = ("household_id", "village_code", "head_name", "members", "state", "cause_main")

UNSHOWN = ("dim_low", "dim_high", "dim_weight")


@dataclass(frozen=True)
class Row:
    """A household. ``index``: None before the first run; ``run``: "" for the latest; ``home``: None when it has since
    moved out of the reader's scope: the run counted it here, the registry no longer shows it."""

    household_id: str
    village_code: str
    state: str
    home: Household | None
    index: Any
    village: str
    run: str = ""

    @cached_property
    def href(self) -> str:
        if self.home is None:
            return ""
        portrait = address("console:portrait", self.household_id)
        return f"{portrait}?run={self.run}" if self.run else portrait

    @property
    def head(self) -> str:
        return masked(self.home.head_name) if self.home else "–"

    @property
    def members(self) -> int | None:
        return self.home.members if self.home else None


def _head(row: Row) -> SafeString:
    name = filled('<a href="{}">{}</a>', row.href, row.head) if row.href else row.head
    return filled('{}<div class="table-note">{}</div>', name, row.household_id)


def _village(row: Row) -> SafeString:
    return filled('<div class="clip" title="{}">{}</div>', row.village, row.village)


def _interval(row: Row) -> str:
    return f"{points(row.index.low)} – {points(row.index.high)}"


def _findings(row: Row) -> SafeString | str:
    if not row.index.findings:
        return "0"
    run = f"run={row.run}&" if row.run else ""
    href = f"{address('console:findings')}?{run}q={row.household_id}"
    return filled('<a href="{}" data-count="{}">{}</a>', href, row.index.findings, row.index.findings)


def _income(row: Row) -> int | None:
    return None if row.index.income_head is None else row.index.income_head // FEN


HEAD = Column(
    "head",
    _("户主"),
    shows=_head,
    css="text-nowrap",
    fixed=True,
    parts=(
        Column("head_name", _("户主"), lambda row: row.head, width=10),
        Column("household_id", _("户编号"), lambda row: row.household_id, width=22),
    ),
)
VILLAGE = Column(
    "place",
    _("行政村"),
    shows=_village,
    sort=("village_code",),
    parts=(
        Column("village", _("行政村"), lambda row: row.village, width=22),
        Column("village_code", _("村代码"), lambda row: row.village_code, width=16),
    ),
)
MEMBERS = Column("members", _("人口"), lambda row: row.members, kind=Kind.NUMBER, width=8)
STATE = Column(
    "state",
    _("脱贫属性"),
    lambda row: label(row.state, "household_state"),
    lambda row: state_chip(row.state),
    sort=("state",),
)
INDEXED = (
    HEAD,
    VILLAGE,
    MEMBERS,
    STATE,
    Column(
        "band",
        _("判定"),
        lambda row: words.BANDS[row.index.band],
        lambda row: band_chip(row.index.band),
        sort=("band",),
    ),
    Column(
        "low",
        _("指数区间（分）"),
        shows=_interval,
        sort=("low",),
        kind=Kind.NUMBER,
        small_first=True,
        parts=(
            Column("index_low", _("指数下限（分）"), lambda row: row.index.low / POINT, kind=Kind.NUMBER),
            Column("index_high", _("指数上限（分）"), lambda row: row.index.high / POINT, kind=Kind.NUMBER),
        ),
    ),
    Column(
        "bar", _("区间图"), shows=lambda row: small_bar(row.index.low, row.index.high), css="bar", hidden_title=True
    ),
    Column(
        "income", _("人均年纯收入（元）"), _income, sort=("income_head",), kind=Kind.NUMBER, small_first=True, gaps=True
    ),
    Column("unknown", _("未知"), lambda row: row.index.unknown, sort=("unknown",), kind=Kind.NUMBER, width=8),
    Column(
        "findings", _("疑点"), lambda row: row.index.findings, _findings, sort=("findings",), kind=Kind.NUMBER, width=8
    ),
)
PLAIN = (
    replace(HEAD, sort=("head_pinyin",)),
    VILLAGE,
    replace(MEMBERS, sort=("members",)),
    STATE,
    Column("cause", _("致贫原因"), lambda row: label(row.home.cause_main, "cause"), sort=("cause_main",), gaps=True),
)


def indexed(user: User, run: Run, asked: HouseholdFilter) -> Listing:
    """The households of a run."""
    dress = _dress_indexed(user, asked.run)
    return Listing(
        name="households",
        title=_("农户"),
        columns=INDEXED,
        source=asked.select(user, run).defer(*UNSHOWN),
        fetch=lambda keys: dress(by_key(identify.index_for(user, run).defer(*UNSHOWN), "household_id")(keys)),
        dress=dress,
        count=lambda: asked.known_count(user, run),
        order="low",
        key="household_id",
        href=lambda row: row.href,
        region=asked.region or user.region,
        object_id=run.pk,
        nothing=_("没有农户"),
        advice=_("本辖区没有农户参加这次运行。"),
    )


def plain(user: User, homes: QuerySet[Household], asked: HouseholdFilter) -> Listing:
    """The households of the registry."""

    def fetch(keys: Sequence[str]) -> list[Row]:
        found = by_key(registry.households_for(user))(keys)
        names = village_names(home.village_code for home in found)
        return [_row(home, home, None, names) for home in found]

    return Listing(
        name="households",
        title=_("农户"),
        columns=PLAIN,
        source=homes,
        fetch=fetch,
        order="place",
        href=lambda row: row.href,
        region=asked.region or user.region,
        nothing=_("没有农户"),
        advice=_("登记库为空时，先载入登记库。"),
    )


def _dress_indexed(user: User, run_asked: str) -> Callable[[Sequence[HouseholdIndex]], list[Row]]:
    def dress(found: Sequence[HouseholdIndex]) -> list[Row]:
        homes = registry.households_for(user).only(*SHOWN).in_bulk([one.household_id for one in found])
        names = village_names(one.village_code for one in found)
        return [_row(one, homes.get(one.household_id), one, names, run_asked) for one in found]

    return dress


def _row(
    placed: Household | HouseholdIndex, home: Household | None, index: Any, names: Mapping[str, str], run: str = ""
) -> Row:
    code = placed.village_code
    return Row(placed.household_id, code, placed.state, home, index, names.get(code, code), run)
