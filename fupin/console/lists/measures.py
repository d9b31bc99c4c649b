"""The regions below one, with their measures; every figure that counts households opens its list."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from fupin.accounts.api import User
from fupin.console.measure_figures import FEN, interval_text, poor_list
from fupin.identify import api as identify
from fupin.identify.api import RegionMeasure, Run
from fupin.ui.figures import list_of
from fupin.ui.lists import Column, Kind, Listing, by_key
from fupin.ui.places import village_names
from fupin.ui.templatetags.ui import percent

SMALL = _("户数少")


@dataclass(frozen=True)
class Row:
    """``run``: "" for the latest run."""

    measure: RegionMeasure
    name: str
    run: str

    @property
    def href(self) -> str:
        return list_of("console:measures", self.measure.region, run=self.run)


def _name(row: Row) -> SafeString:
    small = format_html(' <span class="chip unknown">{}</span>', SMALL) if row.measure.small else ""
    return format_html('<a href="{}">{}</a>{}', row.href, row.name, small)


def _poor(row: Row) -> SafeString:
    count = row.measure.poor_households
    return format_html('<a href="{}" data-count="{}">{}</a>', poor_list(row.measure, row.run), count, f"{count:,}")


def _with_interval(key: str) -> Callable[[Row], SafeString]:
    def shows(row: Row) -> SafeString:
        interval = interval_text(row.measure.values, key)
        return format_html('{}<div class="table-note">{}</div>', percent(getattr(row.measure, key)), interval)

    return shows


def _share(key: str, title: Promise, *, interval: bool = False) -> Column:
    """A share 0–1, shown in percent; in a file with its interval beside it."""

    def value(name: str) -> Callable[[Row], float | None]:
        return lambda row: row.measure.values.get(name)

    ends = ((f"{key}_low", _("下限")), (f"{key}_high", _("上限")))
    parts = (
        Column(key, title, value(key), kind=Kind.SHARE),
        *(Column(name, end, value(name), kind=Kind.SHARE) for name, end in ends),
    )
    return Column(
        key,
        title,
        value(key),
        _with_interval(key) if interval else None,
        sort=(key,),
        gaps=True,
        kind=Kind.SHARE,
        parts=parts if interval else (),
    )


def _decimal(key: str) -> Callable[[Row], str]:
    def shows(row: Row) -> str:
        value = getattr(row.measure, key)
        return "–" if value is None else f"{value:.4f}"

    return shows


def _number(key: str, title: Promise) -> Column:
    return Column(
        key,
        title,
        lambda row: row.measure.values.get(key),
        _decimal(key),
        sort=(key,),
        gaps=True,
        kind=Kind.NUMBER,
    )


COLUMNS = (
    Column(
        "name",
        _("地区"),
        shows=_name,
        sort=("region",),
        fixed=True,
        parts=(
            Column("region_name", _("地区"), lambda row: row.name, width=18),
            Column("region", _("区划代码"), lambda row: row.measure.region, width=16),
        ),
    ),
    Column("persons", _("人口"), lambda row: row.measure.persons, sort=("persons",), kind=Kind.NUMBER),
    Column(
        "poor",
        _("线下户"),
        lambda row: row.measure.poor_households,
        _poor,
        sort=("poor_households",),
        kind=Kind.NUMBER,
    ),
    _share("fgt0", _("发生率 FGT0 %"), interval=True),
    _share("fgt1", _("深度 FGT1 %")),
    _share("fgt2", _("强度 FGT2 %")),
    _number("watts", _("Watts")),
    _number("gini", _("基尼系数")),
    _number("mld", _("MLD")),
    Column(
        "mean",
        _("人均年纯收入（元）"),
        lambda row: None if row.measure.mean is None else round(row.measure.mean / FEN),
        sort=("mean",),
        gaps=True,
        kind=Kind.NUMBER,
    ),
    _share("h", _("多维 H %"), interval=True),
    _number("m0", _("M0")),
)


def measures(user: User, run: Run, code: str, level: int, run_asked: str) -> Listing:
    """The regions of a level below ``code`` that the user may see, the poorest first."""
    rows = identify.measures_below(user, run, code).filter(level=level)
    bring = by_key(rows, "region")

    def fetch(keys: Sequence[str]) -> list[Row]:
        names = village_names(keys)
        return [Row(one, names.get(one.region, one.region), run_asked) for one in bring(keys)]

    return Listing(
        name="measures",
        title=_("下属地区的测度"),
        columns=COLUMNS,
        source=rows,
        fetch=fetch,
        order="fgt0",
        key="region",
        href=lambda row: row.href,
        region=code,
        object_id=run.pk,
        nothing=_("没有下属地区"),
        advice=_("村是最低一级；回到上一级比较各村。"),
    )
