"""疑点, each with a place below its row where the evidence opens."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from fupin.accounts.api import User
from fupin.console.filters import FindingFilter
from fupin.identify import api as identify
from fupin.identify.api import Finding, Run
from fupin.registry import api as registry
from fupin.registry.api import Household
from fupin.ui import words
from fupin.ui.lists import Column, Kind, Listing, by_key
from fupin.ui.markup import address, filled
from fupin.ui.places import village_names
from fupin.ui.templatetags.ui import direction, icon, label, masked, message, rule_title, severity_chip, state_chip


@dataclass(frozen=True)
class Row:
    """``home``: None when the household has since moved out of the reader's scope. ``run``: "" for the latest run."""

    finding: Finding
    home: Household | None
    village: str
    run: str

    @cached_property
    def href(self) -> str:
        if self.home is None:
            return ""
        portrait = address("console:portrait", self.finding.household_id)
        return f"{portrait}?run={self.run}" if self.run else portrait

    @property
    def head(self) -> str:
        return masked(self.home.head_name) if self.home else "–"

    @property
    def state(self) -> str:
        return self.home.state if self.home else ""

    @cached_property
    def rule(self) -> str:
        """Its id, as the reader may know it."""
        return identify.HEALTH_RULE if identify.veiled(self.finding.rule) else self.finding.rule

    @property
    def place(self) -> str:
        """The element in which the evidence opens."""
        return f"detail-{self.finding.finding_id}"


def _head(row: Row) -> SafeString:
    name = filled('<a href="{}">{}</a>', row.href, row.head) if row.href else row.head
    return filled('{}<div class="table-note">{}</div>', name, row.finding.household_id)


def _said(row: Row) -> SafeString:
    if row.rule == identify.HEALTH_RULE:
        return filled("{}", message(row.finding))
    title, version = rule_title(row.rule), row.finding.rule_version
    return filled('{}<div class="table-note">{} · v{}</div>', message(row.finding), title, version)


def _evidence(row: Row) -> SafeString:
    return filled(
        '<button class="btn btn-sm" type="button" aria-expanded="false" aria-controls="{}" hx-get="{}" hx-target="#{}">'
        '{} {} <span class="visually-hidden">{}</span></button>',
        row.place,
        address("console:finding", row.finding.run_id, row.finding.finding_id),
        row.place,
        icon("eye"),
        row.finding.n,
        gettext("看证据"),
    )


COLUMNS = (
    Column(
        "severity",
        _("级别"),
        lambda row: words.SEVERITIES.get(row.finding.severity, str(row.finding.severity)),
        lambda row: severity_chip(row.finding.severity),
        sort=("severity", "village_code"),
        width=10,
    ),
    Column(
        "direction",
        _("方向"),
        lambda row: direction(row.finding.direction),
        sort=("direction", "village_code"),
        css="text-nowrap",
    ),
    Column(
        "head",
        _("户主"),
        shows=_head,
        sort=("household_id",),
        css="text-nowrap",
        fixed=True,
        parts=(
            Column("head_name", _("户主"), lambda row: row.head, width=10),
            Column("household_id", _("户编号"), lambda row: row.finding.household_id, width=22),
        ),
    ),
    Column("place", _("行政村"), lambda row: row.village, sort=("village_code",), css="text-nowrap", width=22),
    Column(
        "state",
        _("脱贫属性"),
        lambda row: label(row.state, "household_state"),
        lambda row: state_chip(row.state) if row.home else "–",
    ),
    Column(
        "rule",
        _("疑点"),
        shows=_said,
        sort=("rule", "village_code"),
        css="whole",
        parts=(
            Column("message", _("疑点"), lambda row: message(row.finding), width=60),
            Column("rule_name", _("规则"), lambda row: rule_title(row.rule), width=28),
            Column("rule_id", _("规则编号"), lambda row: row.rule, width=28),
            Column("rule_version", _("规则版本"), lambda row: row.finding.rule_version, kind=Kind.NUMBER, width=8),
        ),
    ),
    Column("n", _("证据"), lambda row: row.finding.n, _evidence, sort=("n",), kind=Kind.NUMBER, width=8),
)


def findings(user: User, run: Run, asked: FindingFilter) -> Listing:
    dress = _dress(user, asked.run)
    return Listing(
        name="findings",
        title=_("疑点"),
        columns=COLUMNS,
        source=asked.select(user, run).defer("evidence"),
        fetch=lambda keys: dress(by_key(identify.findings_for(user, run).defer("evidence"), "finding_id")(keys)),
        dress=dress,
        count=lambda: asked.known_count(user, run),
        order="severity",
        key="finding_id",
        href=lambda row: row.href,
        detail=lambda row: filled('<div id="{}"></div>', row.place),
        region=asked.region or user.region,
        object_id=run.pk,
        nothing=_("没有疑点"),
        advice=_("登记内容与部门数据没有发现矛盾。"),
    )


def _dress(user: User, run_asked: str) -> Callable[[Sequence[Finding]], list[Row]]:
    def dress(found: Sequence[Finding]) -> list[Row]:
        homes = (
            registry.households_for(user)
            .only("household_id", "head_name", "state")
            .in_bulk([one.household_id for one in found])
        )
        names = village_names(one.village_code for one in found)
        return [
            Row(one, homes.get(one.household_id), names.get(one.village_code, one.village_code), run_asked)
            for one in found
        ]

    return dress
