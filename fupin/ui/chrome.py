"""The frame around every page: which rooms a role may enter, and whether the data are generated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from fupin.accounts.api import Role, User
from fupin.identify import api as identify
from fupin.registry import api as registry
from fupin.ui.markup import address


@dataclass(frozen=True)
class Room:
    """One entry of the navigation: ``view`` is a URL name, ``area`` marks it as the one where the reader stands."""

    area: str
    view: str
    title: str | Promise
    icon: str

    @property
    def href(self) -> str:
        return address(self.view)


HOME = Room("home", "console:home", _("总览"), "home")
CATALOGUE = Room("catalogue", "console:catalogue", _("数据目录"), "table")
DELIVERIES = Room("deliveries", "console:deliveries", _("部门数据"), "database-import")
RUNS = Room("runs", "console:runs", _("识别运行"), "scale")
SCREENINGS = Room("screenings", "console:screenings", _("逻辑筛查"), "file-search")
CASES = Room("cases", "console:cases", _("办件"), "file-text")
FINDINGS = Room("findings", "console:findings", _("疑点"), "alert-triangle")
HOUSEHOLDS = Room("households", "console:households", _("农户"), "users")
DOSSIERS = Room("dossiers", "console:dossiers", _("档案"), "file-text")
MAP = Room("map", "command:map", _("地图"), "map-2")
LEDGERS = Room("ledgers", "console:ledgers", _("台账"), "file-upload")
MEASURES = Room("measures", "console:measures", _("测度"), "chart-bar")
USERS = Room("users", "console:users", _("账号"), "id")
ACCOUNT = Room("account", "console:own_account", _("我的账号"), "user")
FACTORS, SECOND = "console:factors", "console:second"  # pages of the room of the own account
DEEDS = Room("deeds", "console:deeds", _("操作记录"), "history")

ROOMS: Mapping[str, tuple[Room, ...]] = {
    Role.DECISION_MAKER: (
        *(HOME, MAP, DOSSIERS, MEASURES, FINDINGS, HOUSEHOLDS, CASES, RUNS, SCREENINGS, CATALOGUE, DELIVERIES),
    ),
    Role.OFFICE: (
        *(HOME, CATALOGUE, DELIVERIES, LEDGERS, RUNS, FINDINGS, SCREENINGS),
        *(HOUSEHOLDS, CASES, DOSSIERS, MEASURES, MAP, USERS),
    ),
    Role.CADRE: (HOME, HOUSEHOLDS, CASES, DOSSIERS, FINDINGS, SCREENINGS, MAP),
    Role.DEPARTMENT: (HOME, CATALOGUE, DELIVERIES),
    Role.SYSTEM_ADMINISTRATOR: (HOME, USERS),
    Role.SECURITY_ADMINISTRATOR: (HOME, USERS),
    Role.AUDIT_ADMINISTRATOR: (HOME, DEEDS),
}


def rooms_of(user: User) -> tuple[Room, ...]:
    """The rooms in the order of the navigation; none for a visitor who has not signed in."""
    return ROOMS.get(getattr(user, "role", ""), ())


def may_enter(user: User, area: str) -> bool:
    """Everybody enters the room of the own account; it stands in the menu of the user, not in the navigation."""
    return area == ACCOUNT.area or any(room.area == area for room in rooms_of(user))


def is_demo() -> bool:
    """True when the registry holds generated households, however they were loaded."""
    return registry.holds_generated()


def second_factor_always() -> bool:
    """Whether who may see full numbers needs a second factor for everything; not so with generated data."""
    return settings.FUPIN_SECOND_FACTOR == "always" or (not settings.FUPIN_SECOND_FACTOR and not is_demo())


def raised(user: User) -> int:
    """How many overdue cases were raised to this account; 0 where it does not enter their room."""
    return identify.reminders_for(user).count() if may_enter(user, CASES.area) else 0


def languages() -> list[tuple[str, str]]:
    return list(settings.LANGUAGES)
