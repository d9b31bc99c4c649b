"""A village's dossier: its yearly form, team and projects; reads scoped to a user, writes checked and recorded."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from fupin.accounts import api as accounts
from fupin.accounts.api import User
from fupin.catalogue.village_form import Item, village_form
from fupin.catalogue.village_standards import village_standards
from fupin.kernel.errors import NotFound, UserError
from fupin.kernel.seen import Stale
from fupin.registry.dossiers.incoming import FIRST_YEAR
from fupin.registry.models import Progress, TeamMember, TeamRole, VillageProject, VillageYear
from fupin.registry.queries import inside, region

VILLAGE_LEVEL = 5
Values = dict[str, Any]


def village_seen(user: User, village: str) -> str:
    """The code of a village of the scope. Raises NotFound."""
    if not user.scope.covers(village) or region(village).level != VILLAGE_LEVEL:
        raise NotFound(village)
    return village


def forms_of(user: User, village: str) -> list[VillageYear]:
    """Every year that was stated, the newest first. Raises NotFound."""
    return list(VillageYear.objects.filter(village_code=village_seen(user, village)).order_by("-year"))


def latest_forms(user: User, low: str, items: Collection[str]) -> dict[str, Values]:
    """Village code → these items of its newest form, of the villages of the scope below a region."""
    if not accounts.may(user, "see_households"):
        return {}
    rows = VillageYear.objects.filter(village_code__gte=low, village_code__lt=low + ":")
    newest = rows.filter(inside(user.scope, "village_code")).order_by("village_code", "-year")
    found = newest.distinct("village_code").values_list("village_code", *items)
    return {village: dict(zip(items, values, strict=True)) for village, *values in found}


def stated(form: VillageYear | None) -> Values:
    """Item → what was stated; nothing stated is None."""
    return {name: getattr(form, name, None) for name in village_form().items}


def form_version(form: VillageYear | None) -> str:
    """Of a form as it was read: another one as soon as anything in it is; "" for one that nobody stated yet."""
    if form is None:
        return ""
    told = json.dumps([*stated(form).values(), form.stated_by], default=str)
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def with_counts(values: Mapping[str, Any], counted: Mapping[str, Any]) -> Values:
    """The values by which standards are judged: where the registry counts an item itself, its figure stands."""
    items = village_form().items.values()
    own = {item.name: counted[item.counted] for item in items if counted.get(item.counted) is not None}
    return {**values, **own}


def verdicts(values: Mapping[str, Any]) -> dict[str, str]:
    return village_standards().verdicts(values)


def team_of(user: User, village: str) -> list[TeamMember]:
    """Present members, first secretary first. Raises NotFound."""
    found = TeamMember.objects.filter(village_code=village_seen(user, village), until__isnull=True)
    order = list(TeamRole.values)
    return sorted(found, key=lambda one: (order.index(one.role), one.pk))


def projects_of(user: User, village: str) -> QuerySet[VillageProject]:
    """The newest year first. Raises NotFound."""
    return VillageProject.objects.filter(village_code=village_seen(user, village)).order_by("-year", "pk")


@transaction.atomic
def state_village(
    *, by: User, village: str, year: int, values: Mapping[str, Any], stated_by: str, version: str | None = None
) -> VillageYear:
    """Write a year's form: ``values`` by item, None = not known; ``version``: of the form that was read, None: any.

    Raises UserError with what is wrong where, Stale when somebody else stated it meanwhile.
    """
    village_seen(by, village)
    accounts.require(by, "state_village", village)
    today = timezone.localdate()
    if not FIRST_YEAR <= year <= today.year:
        raise UserError(
            f"数据年度 {year} 不对", f"{year} is no year of the form", f"写 {FIRST_YEAR} 到 {today.year}",
            f"write one from {FIRST_YEAR} to {today.year}",
        )  # fmt: skip
    if not stated_by.strip():
        raise UserError("请写明填报人", "say who states it", "填写姓名", "write the name")
    kept = {name: values.get(name) for name in village_form().items}
    if wrong := problems(kept):
        raise UserError(
            "；".join(zh for zh, _en in wrong), "; ".join(en for _zh, en in wrong), "改正后再保存", "mend it, then save"
        )
    _demand_unchanged(village, year, version)
    head = {"stated_by": stated_by.strip()[:60], "stated_on": today, "entered_by": by.username}
    form, made = VillageYear.objects.update_or_create(village_code=village, year=year, defaults={**kept, **head})
    detail = {"year": year, "new": made, "known": sum(value is not None for value in kept.values())}
    _record(by, "state_village", village, str(year), detail)
    return form


def _demand_unchanged(village: str, year: int, version: str | None) -> None:
    """Locked until the transaction ends, whether the form is there already or not."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"village form {village}/{year}"])
    now = VillageYear.objects.filter(village_code=village, year=year).first()
    if version is not None and version != form_version(now):
        raise Stale(f"{year} 年度村情", 0)


def problems(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What is wrong with a form, in Chinese and English: limits of one item, and parts larger than their whole."""
    items = village_form().items
    found = [problem for item in items.values() if (problem := _out_of_limits(item, values.get(item.name)))]
    for item in items.values():
        part, whole = values.get(item.name), values.get(item.within)
        if item.within and part is not None and whole is not None and part > whole:
            other = items[item.within].column
            found.append(
                (
                    f"“{item.column.zh}”（{part:,}）不能大于“{other.zh}”（{whole:,}）",
                    f'"{item.column.en}" ({part:,}) cannot be larger than "{other.en}" ({whole:,})',
                )
            )
    return found


def _out_of_limits(item: Item, value: int | Decimal | bool | str | None) -> tuple[str, str] | None:
    column = item.column
    if value is None or isinstance(value, bool | str):
        return None
    if column.min is not None and value < column.min:
        return f"“{column.zh}”不能小于 {column.min:g}", f'"{column.en}" cannot be below {column.min:g}'
    if column.max is not None and value > column.max:
        return f"“{column.zh}”不能大于 {column.max:g}", f'"{column.en}" cannot be above {column.max:g}'
    return None


@transaction.atomic
def send_to_village(
    *, by: User, village: str, name: str, role: str, unit: str, since: date, post: str = ""
) -> TeamMember:
    """A new member of the team. A village has one first secretary. Raises NotFound, UserError, Forbidden."""
    village_seen(by, village)
    accounts.require(by, "state_village", village)
    if not name.strip() or not unit.strip() or role not in TeamRole.values:
        raise UserError(
            "队员须填姓名、派出单位和职责",
            "a member needs name, unit and role",
            "补全后再提交",
            "complete it and send it again",
        )
    present = TeamMember.objects.filter(village_code=village, until__isnull=True)
    if role == TeamRole.FIRST_SECRETARY and present.filter(role=role).exists():
        raise UserError(
            "这个村已有第一书记",
            "the village has a first secretary",
            "先让原来的第一书记离任",
            "let the former one leave first",
        )
    made = TeamMember.objects.create(
        village_code=village, name=name.strip(), role=role, unit=unit.strip(), post=post.strip(), since=since
    )
    _record(by, "send_to_village", village, str(made.pk), {"role": role, "since": since.isoformat()})
    return made


@transaction.atomic
def leave_village(*, by: User, village: str, number: int, until: date) -> TeamMember:
    """The last day of a member. Raises NotFound, UserError, Forbidden."""
    village_seen(by, village)
    accounts.require(by, "state_village", village)
    present = TeamMember.objects.select_for_update().filter(village_code=village, pk=number, until__isnull=True)
    one = present.first()
    if one is None:
        raise NotFound(str(number))
    if not one.since <= until <= timezone.localdate():
        raise UserError(
            "离任日期须在任职开始和今天之间",
            "the last day lies between the first and today",
            "改正日期",
            "mend the date",
        )
    one.until = until
    one.save(update_fields=["until"])
    _record(by, "leave_village", village, str(number), {"until": until.isoformat()})
    return one


@transaction.atomic
def plan_project(
    *, by: User, village: str, name: str, year: int, progress: str, funds: int | None = None, source: str = ""
) -> VillageProject:
    """A project to come or under way; ``funds`` in 分. Raises NotFound, UserError, Forbidden."""
    village_seen(by, village)
    accounts.require(by, "state_village", village)
    if not name.strip() or progress not in Progress.values or not FIRST_YEAR <= year <= timezone.localdate().year + 5:
        raise UserError(
            "项目须填名称、年度和进度",
            "a project needs name, year and progress",
            "补全后再提交",
            "complete it and send it again",
        )
    if funds is not None and funds < 0:
        raise UserError("资金不能是负数", "funds cannot be negative", "改正金额", "mend the amount")
    made = VillageProject.objects.create(
        village_code=village,
        name=name.strip()[:120],
        year=year,
        funds=funds,
        source=source.strip()[:120],
        progress=progress,
    )
    _record(by, "plan_project", village, str(made.pk), {"year": year, "progress": progress})
    return made


@transaction.atomic
def advance_project(*, by: User, village: str, number: int, progress: str, was: str | None = None) -> VillageProject:
    """``was``: the progress that was seen, None: any. Raises NotFound, Stale, Forbidden."""
    accounts.require(by, "state_village", village_seen(by, village))
    one = VillageProject.objects.select_for_update().filter(village_code=village, pk=number).first()
    if one is None or progress not in Progress.values:
        raise NotFound(str(number))
    if was is not None and was != one.progress:
        raise Stale(f"项目“{one.name}”", 0)
    one.progress = progress
    one.save(update_fields=["progress"])
    _record(by, "advance_project", village, str(number), {"progress": progress})
    return one


def _record(by: User, verb: str, village: str, object_id: str, detail: Mapping[str, Any]) -> None:
    accounts.record(by=by, verb=verb, object_kind="village", object_id=object_id, region=village, detail=detail)
