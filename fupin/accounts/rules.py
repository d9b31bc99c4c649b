"""What each role may do, in words and as data; passwords; sign-in throttling. No Django, no database."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from fupin.kernel.regions import LEVEL_NAMES, is_code, level_of

#: everything that needs a right: verb → (zh, en)
VERBS = {
    "see_households": ("查看农户", "see households"),
    "see_results": ("查看识别结果", "see results of runs"),
    "see_health": ("查看成员的健康、自理和孕产情况", "see members' health, self-care and pregnancy"),
    "reveal_id": ("查看完整证件号（留痕）", "see an ID number in clear (recorded)"),
    "deliver": ("提交部门数据", "deliver department data"),
    "see_deliveries": ("查看交换批次", "see deliveries"),
    "download_bad_rows": ("下载问题数据", "download bad rows"),
    "see_agreements": ("查看共享协议和交换台账", "see sharing agreements and the ledger of exchanges"),
    "sign_agreements": (
        "签订、终止共享协议，登记推送地址",
        "sign and end sharing agreements, name receivers of pushes",
    ),
    "read_shared": ("按协议读取共享数据", "read what an agreement shares"),
    "read_changes": ("通过接口读取登记库的变更", "read the registry's changes over the API"),
    "start_run": ("发起识别运行", "start a run"),
    "screen": ("发起逻辑筛查、提交更正名单", "screen the registry, hand in correction lists"),
    "judge_finding": ("核实疑点（属实、不属实）", "confirm or dismiss findings"),
    "exempt": ("豁免筛查规则（写明理由和期限）", "exempt from a screening rule, with reason and last day"),
    "assign_helpers": ("安排、终止帮扶责任人", "pair helpers with households, end a pairing"),
    "state_village": ("填报村情、驻村工作队和项目", "state a village's form, team and projects"),
    "change_registry": ("登记户和人的变更", "record changes of households and persons"),
    "import_ledgers": ("导入台账、保存列的对应", "import ledgers, save what their columns are"),
    "export_ledgers": ("导出台账（含完整号码的须写理由）", "export ledgers; full numbers need a reason"),
    "handle_cases": ("办理认定、退出、返贫、监测程序", "take steps of identification, exit, return, monitoring"),
    "load_registry": ("载入登记库和区划", "load the registry and regions"),
    "manage_users": ("开设和管理账号", "open and manage accounts"),
    "guard_users": ("解锁账号、重设密码、收回令牌", "unlock accounts, renew passwords, revoke tokens"),
    "issue_token": ("发放接口令牌", "issue API tokens"),
    "see_deeds": ("查看全部留痕", "see everybody's deeds"),
}


class RoleRights:
    """A role: which verbs, which roles it may hand down, and why in one sentence."""

    code: str
    zh: str
    en: str
    why_zh: str
    why_en: str
    verbs: frozenset[str]
    #: codes of the roles that its accounts may give, at or below their own region
    gives: tuple[str, ...] = ()
    #: an account answers for a region; without one it sees nothing
    needs_region = True
    #: its region may be the whole country: written out as one of NATION_WORDS, so that a forgotten one is not meant
    may_be_national = False


class DecisionMaker(RoleRights):
    code, zh, en = "decision_maker", "决策者", "decision maker"
    why_zh = "看本辖区的全部结果，不改动任何数据，不看完整证件号和成员的健康状况。"
    why_en = (
        "Sees every result of the region, changes nothing, sees neither an ID number in clear nor a member's health."
    )
    verbs = frozenset({"see_households", "see_results", "see_deliveries", "see_agreements"})
    may_be_national = True


class Office(RoleRights):
    code, zh, en = "office", "扶贫办", "poverty office"
    why_zh = "管理本辖区的登记、数据接收和识别运行，为下级开设账号；查看完整证件号要写明理由并留痕。"
    why_en = (
        "Runs registry, deliveries, identification, and opens accounts below; "
        "seeing an ID number needs a reason and is recorded."
    )
    verbs = frozenset(
        {"see_households", "see_results", "reveal_id", "deliver", "see_deliveries", "download_bad_rows"}
        | {
            "see_health",
            "start_run",
            "screen",
            "exempt",
            "change_registry",
            "judge_finding",
            "handle_cases",
            "load_registry",
            "issue_token",
            "manage_users",
            "assign_helpers",
            "state_village",
        }
        | {"import_ledgers", "export_ledgers"}
        | {"see_agreements", "sign_agreements", "read_shared", "read_changes"}
    )
    gives = ("decision_maker", "office", "cadre", "department", "helper_unit", "enterprise", "resident")
    may_be_national = True


class Cadre(RoleRights):
    code, zh, en = "cadre", "驻村干部", "village cadre"
    why_zh = "看本村的户和疑点，登记本村户和人的变更，筛查并更正本村数据；入户核对时可查看证件号，要写明理由并留痕。"
    why_en = (
        "Sees the village's households and findings, records their changes, screens its data; "
        "may see an ID number for a visit, with a reason, recorded."
    )
    verbs = frozenset(
        {"see_households", "see_results", "reveal_id", "screen", "change_registry", "judge_finding", "handle_cases"}
        | {"state_village", "see_health"}
    )


class Department(RoleRights):
    code, zh, en = "department", "部门数据员", "department data clerk"
    why_zh = "提交和更正本部门的数据，签订本部门的共享协议，只按协议取得数据；看不到农户。"
    why_en = (
        "Delivers and corrects the department's own data, signs its sharing agreements and gets what they name; "
        "sees no household."
    )
    verbs = frozenset(
        {"deliver", "see_deliveries", "download_bad_rows", "issue_token"}
        | {"see_agreements", "sign_agreements", "read_shared"}
    )


class HelperUnit(RoleRights):
    """The pages of the three below come later: until then they hold an account, and nothing can be read with it."""

    code, zh, en = "helper_unit", "帮扶单位", "helper unit"
    why_zh = "目前只有本人账号页；结对帮扶的页面还没有建，看不到农户、结果和数据。"
    why_en = (
        "Has the own account's page only: pages of pairing and help are not built yet; sees no household or result."
    )
    verbs: frozenset[str] = frozenset()


class Enterprise(RoleRights):
    code, zh, en = "enterprise", "企业与社会力量", "enterprise or civic group"
    why_zh = "目前只有本人账号页；捐赠、采购和用工的页面还没有建，看不到农户、结果和数据。"
    why_en = "Has the own account's page only: pages of giving, buying and hiring are not built yet; sees no household."
    verbs: frozenset[str] = frozenset()


class Resident(RoleRights):
    code, zh, en = "resident", "农户本人", "resident"
    why_zh = "目前只有本人账号页；查看自家信息的页面还没有建，看不到任何农户，包括自家。"
    why_en = (
        "Has the own account's page only: the page of the own household is not built yet; sees no household at all."
    )
    verbs: frozenset[str] = frozenset()


class SystemAdministrator(RoleRights):
    """三员分立 (等保三级): the three administrators are three persons, and none of them sees a household."""

    code, zh, en = "system_administrator", "系统管理员", "system administrator"
    why_zh = "开设、调整、停用账号；不能重设密码，不看留痕，不看业务数据（三员分立）。"
    why_en = "Opens, moves and closes accounts; renews no password, reads no trail, sees no business data."
    verbs = frozenset({"manage_users"})
    gives = (*Office.gives, "system_administrator")
    needs_region = False


class SecurityAdministrator(RoleRights):
    code, zh, en = "security_administrator", "安全管理员", "security administrator"
    why_zh = "解锁账号、重设密码、收回令牌；不能开设账号，不看留痕，不看业务数据（三员分立）。"
    why_en = "Unlocks accounts, renews passwords, revokes tokens; opens none, reads no trail, sees no business data."
    verbs = frozenset({"guard_users"})
    needs_region = False


class AuditAdministrator(RoleRights):
    code, zh, en = "audit_administrator", "审计管理员", "audit administrator"
    why_zh = "查看全部留痕；不能改动任何账号，不看业务数据（三员分立）。"
    why_en = "Reads everybody's trail of deeds; changes no account, sees no business data (separation of duties)."
    verbs = frozenset({"see_deeds"})
    needs_region = False


ROLES: dict[str, type[RoleRights]] = {
    role.code: role
    for role in (
        DecisionMaker, Office, Cadre, Department, HelperUnit, Enterprise, Resident,
        SystemAdministrator, SecurityAdministrator, AuditAdministrator,
    )
}  # fmt: skip
#: these are set up at the machine itself (``fupin users add``): nobody makes the one who watches over him
THREE = (SystemAdministrator.code, SecurityAdministrator.code, AuditAdministrator.code)


NATION = ""  # the region of the whole country
NATION_WORDS = ("全国", "nation")
NATION_LEVEL = ("国家", "nation")
NO_LEVEL = ("不限辖区", "no region")


def region_meant(role: str, typed: str) -> str | None:
    """The code that was typed, NATION for 全国; None for what no account of this role may have."""
    known = ROLES[role]
    if typed in NATION_WORDS:
        return NATION if known.may_be_national else None
    return None if (typed and not is_code(typed)) or (known.needs_region and not typed) else typed


def account_level(role: str, region: str) -> tuple[str, str]:
    """国家 省 市 县 乡 村 in both languages, from the region's code."""
    if region:
        return LEVEL_NAMES[level_of(region)]
    return NATION_LEVEL if ROLES[role].may_be_national else NO_LEVEL


def lies_in(region: str, above: str) -> bool:
    """Region codes are prefix codes; an empty one is the whole house."""
    return region.startswith(above)


def may_hand_down(role: str, region: str, given_role: str, given_region: str) -> bool:
    """Whether an account of ``role`` in ``region`` may open, change or close one of ``given_role`` there."""
    return role_may(role, "manage_users") and given_role in ROLES[role].gives and lies_in(given_region, region)


def role_may(role: str, verb: str) -> bool:
    """Raises KeyError for a verb that does not exist: a misspelt right must not pass as a refusal."""
    if verb not in VERBS:
        raise KeyError(f"no verb {verb!r}; the verbs are {', '.join(VERBS)}")
    return role in ROLES and verb in ROLES[role].verbs


PASSWORD_LENGTH = 10
PASSWORD_KINDS = 3
#: what everybody in such an office tries first; names of places are asked of the registry (``registry/passwords.py``)
PASSWORD_WORDS = (
    "fupin", "tuopin", "pinkun", "bangfu", "xiangcun", "zhengfu", "minzheng", "caizheng", "juece", "shenji", "guanli",
    "password", "mima", "admin", "qwerty", "woaini",
)  # fmt: skip


def password_problem(password: str, username: str) -> tuple[str, str] | None:
    """Why a password is refused (zh, en); None when it will do."""
    if len(password) < PASSWORD_LENGTH:
        return f"密码至少 {PASSWORD_LENGTH} 位", f"a password has at least {PASSWORD_LENGTH} characters"
    if username and username.lower() in password.lower():
        return "密码不能包含用户名", "a password must not hold the username"
    if found := next((word for word in PASSWORD_WORDS if word in letters_of(password)), ""):
        return f"密码不能包含容易猜到的词（{found}）", f"a password must not hold a word that is tried first ({found})"
    kinds = (str.islower, str.isupper, str.isdigit, lambda c: not c.isalnum())
    if sum(any(kind(c) for c in password) for kind in kinds) < PASSWORD_KINDS:
        return (
            "密码须含大写、小写、数字、符号中的三种",
            "a password has three of: capital, small letter, digit, other sign",
        )
    return None


def letters_of(password: str) -> str:
    """``Nan-Ning_2026`` → ``nanning``: signs between the letters hide no word."""
    return "".join(one for one in password.lower() if one.isascii() and one.isalpha())


#: verbs that a token may carry
TOKEN_VERBS = ("deliver", "see_deliveries", "download_bad_rows", "read_shared", "read_changes")


def token_verbs(role: str) -> tuple[str, ...]:
    """The most that a token of an account of this role may do."""
    return tuple(verb for verb in TOKEN_VERBS if role_may(role, verb))


MAX_FAILURES = 5
#: of one name from all addresses together: a stranger far away cannot lock out somebody with five guesses, a crowd of
#: machines cannot guess for long either
MAX_FAILURES_ANYWHERE = 30
LOCK = timedelta(minutes=15)


def locked_until(failures: Sequence[datetime], now: datetime, most: int = MAX_FAILURES) -> datetime | None:
    """When sign-in opens again after ``most`` failures within a quarter of an hour; None when it is open."""
    recent = sorted(at for at in failures if at > now - LOCK)
    return recent[-most] + LOCK if len(recent) >= most else None


FACTOR_FRESH = timedelta(hours=1)  # after that the second factor is asked for again before a number is shown in clear

TOKEN_DAYS = 180  # of a token, unless a shorter life is asked for
