"""A household as the data of its printed handbook; what nobody has told us stays empty, to be filled by hand."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from fupin.accounts.api import User
from fupin.console.dossiers.household import IncomeYear, income_years, line_of, state_lines
from fupin.console.portraits import income_per_head, survey_groups
from fupin.kernel.masks import mask_name
from fupin.registry import api as registry
from fupin.registry.api import Household, MemberView, Survey
from fupin.ui.templatetags.ui import label, language, yuan

YEARS_SHOWN = 3
HEADS = ("姓名", "关系", "性别", "年龄", "证件号", "健康", "文化程度", "劳动能力", "务工", "医保／养老")


def handbook_paper(user: User, household: Household, numbers: Mapping[str, str], phone: str) -> dict[str, Any]:
    """``numbers``: full ID numbers by person, ``phone``: the full one; empty = masked."""
    ledger = registry.ledger_of(user, household)
    survey = registry.survey_of(user, household)
    years = income_years(ledger, household.members, household.village_code)
    helpers = registry.helpers_of(user, household)
    present = [one.name for one in helpers if one.until is None]
    where = " ".join(region.name for region in registry.breadcrumb(household.village_code))
    return {
        "number": household.pk,
        "head": mask_name(household.head_name) if household.head_name else "–",
        "place": where,
        "state": label(household.state, "household_state"),
        "registered": _day(household.registered_on),
        "helper": "、".join(present) or "–",
        "until": timezone.localdate().isoformat(),
        "basics": _basics(user, household, phone, where),
        "member_heads": HEADS,
        "members": [_member(one, numbers) for one in registry.members_of(user, household, lang=language())],
        "causes": _causes(household),
        **_survey(survey),
        "income_heads": _INCOME_HEADS,
        "incomes": [_income(one) for one in years[:YEARS_SHOWN]],
        "helpers": [
            (one.name, one.unit, one.post, one.phone or "", one.since, one.until or "") for one in helpers
        ],
        "states": [(label(one.state, "household_state"), one.since, one.until or _("至今"))
                   for one in state_lines(registry.states_of(user, household))],
        "standards": _standards(household, ledger, survey),
    }  # fmt: skip


_INCOME_HEADS = (
    "年度（月数）",
    "工资性",
    "生产经营性",
    "财产性",
    "转移性",
    "生产经营支出",
    "人均纯收入",
    "国家扶贫标准",
)


def _basics(user: User, household: Household, phone: str, where: str) -> list[tuple[str, str]]:
    return [
        ("户主姓名", mask_name(household.head_name) if household.head_name else "–"),
        ("联系电话", phone or registry.masked_phone(user, household)),
        ("住址", where),
        ("家庭人口", str(household.members)),
        ("识别标准", label(household.standard, "identification_standard")),
        ("贫困户属性", label(household.attribute, "household_attribute")),
        ("识别日期", _day(household.registered_on)),
        ("脱贫日期", _day(household.exited_on)),
        ("易地搬迁户", _flag(household.relocated)),
        ("军烈属", _flag(household.martyr_family)),
        ("独生子女户", _flag(household.only_child)),
        ("脱贫属性", label(household.state, "household_state")),
    ]


def _member(one: MemberView, numbers: Mapping[str, str]) -> tuple[str, ...]:
    work = f"{one.work_region} {one.work_months} 月" if one.work_months else one.work_region
    return (
        one.name, one.relation, one.sex, "" if one.age is None else str(one.age),
        numbers.get(one.person_id, one.id_masked), one.health, one.schooling or one.education, one.labour, work,
        f"{_flag(one.medical_insured)}／{_flag(one.pension_insured)}",
    )  # fmt: skip


def _causes(household: Household) -> list[tuple[str, str]]:
    return [
        ("主要致贫原因", label(household.cause_main, "cause")),
        ("其他致贫原因", label(household.cause_other, "cause")),
        ("致贫原因说明", ""),
    ]


def _survey(survey: Survey | None) -> dict[str, Any]:
    told = survey_groups(survey)
    if told is None:
        return {"survey_head": "尚未入户调查", "survey": []}
    by = f"，调查人 {mask_name(told['by'])}" if told["by"] else ""
    groups = [
        {"name": group["name"], "facts": [(fact.name, fact.value if fact.known else "") for fact in group["facts"]]}
        for group in told["groups"]
    ]
    return {"survey_head": f"{told['year']} 年度入户调查{by}", "survey": groups}


def _income(one: IncomeYear) -> tuple[str, ...]:
    sums = (one.wage, one.business, one.assets, one.transfer, one.cost, one.per_head, one.line)
    return f"{one.year}（{one.months}）", *(yuan(value) for value in sums)


def _standards(household: Household, ledger: Any, survey: Survey | None) -> list[tuple[str, str, str, str]]:
    """What the registry can say of 两不愁三保障 and the income; the rest is for those who visit."""
    income = income_per_head(ledger, household.members)
    line = line_of(timezone.localdate(), household.village_code)
    enough = "" if income is None or line is None else ("达到" if income.amount >= line else "未达到")
    basis = (
        ""
        if income is None
        else f"{yuan(income.amount)} 元（{income.months} 个月，至 {income.until}），标准 {yuan(line)} 元"
    )
    return [
        ("人均纯收入超过国家扶贫标准", enough, basis, ""),
        ("不愁吃", "", _told(survey, "grain_short_months", "缺粮 {} 个月"), ""),
        ("不愁穿", _yes(survey, "clothes_enough"), _told(survey, "clothes_enough", "入户调查：四季换季衣服 {}"), ""),
        ("饮水安全", _yes(survey, "water_safe"), _told(survey, "water_safe", "入户调查（自述）：{}"), ""),
        ("住房安全", "", _told(survey, "house_grade", "自述等级 {}"), ""),
        ("义务教育有保障", "", "", ""),
        ("基本医疗有保障", "", "", ""),
    ]


def _yes(survey: Survey | None, name: str) -> str:
    value = getattr(survey, name, None)
    return "" if value is None else ("是" if value else "否")


def _told(survey: Survey | None, name: str, pattern: str) -> str:
    value = getattr(survey, name, None)
    if value is None:
        return ""
    return pattern.format(_yes(survey, name) if isinstance(value, bool) else value)


def _day(value: date | None) -> str:
    return value.isoformat() if value else ""


def _flag(value: bool | None) -> str:
    return "" if value is None else ("是" if value else "否")
