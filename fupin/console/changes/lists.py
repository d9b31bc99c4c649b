"""Recorded changes as a list: kind, whose, since when true, since when known, by whom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from fupin.accounts.api import User
from fupin.console.changes.told import title_of
from fupin.registry import api as registry
from fupin.registry.api import RegistryChange
from fupin.ui.lists import Column, Kind, Listing
from fupin.ui.markup import address, filled
from fupin.ui.places import village_names
from fupin.ui.templatetags.ui import masked


@dataclass(frozen=True)
class Row:
    change: RegistryChange
    village: str

    @property
    def href(self) -> str:
        return address("console:changes_of", self.change.household_id or "")

    @property
    def head(self) -> str:
        return masked(self.change.household.head_name) if self.change.household else "–"

    @property
    def title(self) -> str:
        return title_of(self.change)

    @property
    def undone(self) -> bool:
        return getattr(self.change, "reversed_by", None) is not None


def _what(row: Row) -> SafeString:
    note = filled(' <span class="chip unknown">{}</span>', _("已撤销")) if row.undone else ""
    return filled('<a href="{}">{}</a>{}<div class="table-note">{}</div>', row.href, row.title, note, row.change.reason)


def _whose(row: Row) -> SafeString:
    portrait = address("console:portrait", row.change.household_id or "")
    return filled('<a href="{}">{}</a><div class="table-note">{}</div>', portrait, row.head, row.change.household_id)


COLUMNS = (
    Column(
        "kind", _("变更"), shows=_what, sort=("kind", "pk"), css="whole", fixed=True,
        parts=(
            Column("number", _("变更编号"), lambda row: row.change.pk, kind=Kind.NUMBER),
            Column("title", _("变更"), lambda row: row.title, width=18),
            Column("reason", _("事由"), lambda row: row.change.reason, width=40),
            Column("undone", _("已撤销"), lambda row: _("是") if row.undone else "", width=8),
        ),
    ),
    Column(
        "head", _("户主"), shows=_whose, sort=("household_id",), css="text-nowrap",
        parts=(
            Column("head_name", _("户主"), lambda row: row.head, width=10),
            Column("household_id", _("户编号"), lambda row: row.change.household_id, width=22),
        ),
    ),
    Column("place", _("行政村"), lambda row: row.village, sort=("village_code",), css="text-nowrap", width=22),
    Column("effective", _("生效"), lambda row: row.change.effective, sort=("effective",), kind=Kind.DATE,
           css="text-nowrap"),
    Column("recorded", _("登记"), lambda row: timezone.localtime(row.change.recorded_at), sort=("recorded_at",),
           kind=Kind.TIME, css="text-nowrap", width=18),
    Column("by", _("登记人"), lambda row: str(row.change.by or "–"), css="text-nowrap", width=12),
)  # fmt: skip


def dressed(found: Sequence[RegistryChange]) -> list[Row]:
    names = village_names(one.village_code for one in found)
    return [Row(one, names.get(one.village_code, one.village_code)) for one in found]


def changes(user: User, rows: QuerySet[RegistryChange], region: str) -> Listing:
    def fetch(keys: Sequence[Any]) -> list[Row]:
        found = registry.changes_for(user).in_bulk(list(keys))
        return dressed([found[key] for key in keys if key in found])

    return Listing(
        name="changes",
        title=_("户和人的变更"),
        columns=COLUMNS,
        source=rows,
        fetch=fetch,
        dress=dressed,
        order="recorded",
        href=lambda row: row.href,
        region=region or user.region,
        nothing=_("没有变更"),
        advice=_("在农户的变更页登记出生、死亡、婚嫁、迁移、分户、更正等。"),
    )
