"""The cast of the demonstration: one account for each way of using the platform. Names are generated."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction

from fupin.accounts.models import Role, User
from fupin.accounts.opening import open_account


@dataclass(frozen=True)
class CastAccount:
    key: str
    username: str
    role: Role
    region: str
    department: str
    display_name: str
    what: str

    @property
    def role_label(self) -> str:
        return self.what


def cast_accounts(
    city: str = "4501", county: str = "450124", village: str = "450124100201", department: str = "civil_affairs"
) -> list[CastAccount]:
    """Who plays: region codes are given, so that another city can have its own cast."""
    return [
        CastAccount("decision", "juece", Role.DECISION_MAKER, city, "", "覃明远", "决策者"),
        CastAccount("office", "shiban", Role.OFFICE, city, "", "韦清和", "市扶贫办"),
        CastAccount("county_office", "xianban", Role.OFFICE, county, "", "蓝秋实", "县扶贫办"),
        CastAccount("town", "zhenban", Role.OFFICE, village[:9], "", "梁润生", "乡镇扶贫站"),
        CastAccount("cadre", "cungan", Role.CADRE, village, "", "陆春生", "驻村干部"),
        CastAccount("department", "minzheng", Role.DEPARTMENT, city, department, "莫文静", "部门数据员"),
        CastAccount("administrator", "guanli", Role.SYSTEM_ADMINISTRATOR, "", "", "黄维正", "系统管理员"),
        CastAccount("security", "anquan", Role.SECURITY_ADMINISTRATOR, "", "", "罗守安", "安全管理员"),
        CastAccount("audit", "shenji", Role.AUDIT_ADMINISTRATOR, "", "", "谢鉴明", "审计管理员"),
    ]


@transaction.atomic
def create_cast(*, password: str, accounts: list[CastAccount] | None = None) -> dict[str, User]:
    """The accounts of the cast by key; those that exist are left as they are. The password is the caller's to show."""
    found: dict[str, User] = {}
    for account in accounts or cast_accounts():
        user = User.objects.filter(username=account.username).first()
        found[account.key] = user or open_account(
            by=None,
            username=account.username,
            password=password,
            role=account.role,
            region=account.region,
            department=account.department,
            display_name=account.display_name,
        )
    return found
