"""Deciding many cases at once: the list is closed, a sample is drawn, looked into, and then all pass or none."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import connection, transaction
from django.db.models import Count, F, Q, QuerySet
from django.db.models.functions import Length
from django.utils import timezone

from fupin.accounts import api as accounts
from fupin.accounts.api import User
from fupin.catalogue.procedures import SIGNERS, Step, edition_of
from fupin.identify.cases.course import PASS
from fupin.identify.cases.effects import take_effect
from fupin.identify.cases.models import Bulk, BulkCase, Case, CaseAct, CasePaper, SampleCheck
from fupin.identify.cases.queries import demand_level
from fupin.identify.cases.refusals import said_by_database
from fupin.identify.cases.services import VERB
from fupin.kernel.errors import Forbidden, NotFound, UserError

MOST = 1000


def step_of(bulk: Bulk) -> Step:
    return edition_of(bulk.procedure, bulk.edition).step(bulk.step)


def bulks_for(user: User) -> QuerySet[Bulk]:
    """Its own and those of accounts below."""
    return Bulk.objects.filter(region__startswith=user.region).select_related("by")


def bulk_for(user: User, number: int | str) -> Bulk:
    """Raises NotFound."""
    found = bulks_for(user).filter(pk=number).first() if str(number).isdecimal() else None
    if found is None:
        raise NotFound(str(number))
    return found


def bulks_open(user: User, most: int = 10) -> list[Bulk]:
    """Lists that are not decided and can still be: one's own, and others' of which a sampled case waits to be looked
    into. Those of the own office first, with ``unchecked`` cases."""
    if not accounts.may(user, VERB):
        return []
    stands = Q(cases__case__step=F("step"), cases__case__entered_at__lte=F("at"))
    waits = Q(cases__sampled=True, cases__check_made__isnull=True)
    rows = bulks_for(user).filter(seed__isnull=False).annotate(
        unchecked=Count("cases", filter=waits), unsound=Count("cases", filter=Q(cases__check_made__sound=False)),
        elsewhere=Count("cases", filter=~stands),
    )  # fmt: skip
    rows = rows.filter(unsound=0, elsewhere=0).filter(Q(by=user) | Q(unchecked__gt=0))
    rows = rows.order_by(Length("region").desc(), "-pk")
    return sorted(rows[:most], key=lambda one: one.region != user.region)


@transaction.atomic
def begin_bulk(*, by: User, cases: Iterable[Case]) -> Bulk:
    """Close the list and draw the sample. All cases stand at one decision of the account's level. Raises UserError."""
    accounts.require(by, VERB)
    listed = sorted(cases, key=lambda case: case.pk)  # each holds its case: in one order nobody waits in a circle
    places = {(case.procedure, case.edition, case.step) for case in listed}
    if not listed or len(places) > 1 or len(listed) > MOST:
        raise UserError(
            f"批量审核要选同一程序、同一步骤的 1 到 {MOST:,} 件",
            f"choose 1 to {MOST:,} cases of one procedure and step",
            "请先按程序和步骤筛选", "filter by procedure and step first",
        )  # fmt: skip
    ((procedure, edition, step),) = places
    wanted = edition_of(procedure, edition).step(step)
    demand_level(by, wanted)
    if wanted.kind != "decision":
        raise UserError(
            f"“{wanted.zh}”不能批量办理", f"“{wanted.en}” is taken case by case",
            "只有审核、审定可以批量办理", "only decisions are taken in bulk",
        )  # fmt: skip
    _demand_free(listed)
    with said_by_database():
        bulk = Bulk.objects.create(procedure=procedure, edition=edition, step=step, region=by.region, by=by)
        BulkCase.objects.bulk_create(
            [BulkCase(bulk=bulk, case=case, village_code=case.village_code) for case in listed]
        )
        with connection.cursor() as cursor:
            cursor.execute("SELECT fupin_draw_sample(%s)", [bulk.pk])
    return Bulk.objects.get(pk=bulk.pk)


def _demand_free(cases: list[Case]) -> None:
    """A sample is not drawn again until it suits. Raises UserError."""
    rows = BulkCase.objects.filter(case__in=cases, bulk__at__gte=F("case__entered_at"), bulk__seed__isnull=False)
    unsound = rows.filter(check_made__sound=False)
    if found := sorted(set(unsound.values_list("case_id", flat=True))):
        raise UserError(
            f"抽查不属实的办件不能再批量审核：{_numbers(found)}", f"found unsound, so decided alone: {_numbers(found)}",
            "请逐件退回或不予通过；其余的另起名单", "send them back or refuse them; list the others anew",
        )  # fmt: skip
    drawn = rows.exclude(bulk__in=BulkCase.objects.filter(check_made__sound=False).values("bulk"))
    if found := sorted(set(drawn.values_list("case_id", flat=True))):
        raise UserError(
            f"这些办件已在一份抽好样的名单里：{_numbers(found)}",
            f"these stand on a list whose sample is drawn: {_numbers(found)}",
            "请核查那份名单的样本，或逐件办理", "check that sample, or decide them one by one",
        )  # fmt: skip


def _numbers(cases: list[int]) -> str:
    more = f" …（{len(cases):,}）" if len(cases) > 5 else ""
    return "、".join(str(one) for one in cases[:5]) + more


@transaction.atomic
def check_sample(*, by: User, bulk_case: BulkCase, sound: bool, note: str) -> SampleCheck:
    """What was found in one sampled case, by somebody else than who decides. Raises UserError, Forbidden."""
    accounts.require(by, VERB, bulk_case.village_code)
    _demand_another(by, bulk_case.bulk)
    if not note.strip():
        raise UserError(
            "没有写核查情况", "what was found is missing", "写明看了什么、是否属实", "say what was looked at"
        )
    with said_by_database():
        return SampleCheck.objects.create(
            bulk_case=bulk_case, village_code=bulk_case.village_code, sound=sound, note=note.strip()[:200], by=by
        )


def _demand_another(by: User, bulk: Bulk) -> None:
    """Four eyes: of the office that decides, or of one above it. An office of one person asks the level above."""
    hint = (
        "请本单位其他账号核查；只有一人的，请上一级账号核查",
        "ask a colleague; an office of one asks the level above",
    )
    if bulk.by_id == by.pk:
        raise UserError(
            "样本由发起名单的人以外的人核查",
            "the sample is looked into by somebody else than who began the list",
            *hint,
        )
    if not bulk.region.startswith(by.region):
        raise Forbidden(
            "样本由办理这一步的单位或其上级核查",
            "the sample is looked into by the office that decides, or one above it",
            *hint,
        )


@transaction.atomic
def decide_bulk(*, by: User, bulk: Bulk, signatures: dict[str, str], kept_at: str, note: str) -> int:
    """All pass, or none; how many. ``kept_at``: where the list or opinion that covers all of them is kept."""
    accounts.require(by, VERB)
    step, rows = step_of(bulk), list(bulk.cases.select_related("case", "check_made").order_by("case_id"))
    if bulk.by_id != by.pk:
        raise UserError(
            "这份名单由别人发起", "somebody else began this list", "请另起一份名单", "begin one of your own"
        )
    _demand_checked(rows)
    if not kept_at.strip():
        raise UserError(
            "没有填审核意见（名单）的存放处", "say where the opinion or list is kept",
            "例如“镇扶贫办 2026 年第 3 批”", "for example “town office, batch 3 of 2026”",
        )  # fmt: skip
    _demand_there(bulk, rows)
    _demand_signed(step, signatures)
    with said_by_database():
        CasePaper.objects.bulk_create(
            [
                CasePaper(case=row.case, village_code=row.village_code, step=step.id, paper=paper,
                          kept_at=kept_at.strip()[:80], by=by)
                for row in rows for paper in step.papers
            ]
        )  # fmt: skip
        CaseAct.objects.bulk_create([_act(by, bulk, row.case, signatures, note) for row in rows])
    ended = Case.objects.filter(pk__in=[row.case_id for row in rows]).exclude(ended="")
    for case in ended.order_by("household_id"):  # their households are locked in the order of their numbers
        take_effect(by=by, case=case, reason=note.strip()[:400])
    accounts.record(
        by=by, verb="decide_bulk", object_kind="bulk", object_id=str(bulk.pk), region=by.region, reason=note,
        detail={"cases": len(rows), "procedure": bulk.procedure, "step": bulk.step},
    )  # fmt: skip
    return len(rows)


def _act(by: User, bulk: Bulk, case: Case, signatures: dict[str, str], note: str) -> CaseAct:
    """All of them in one statement: the database looks at each as at one that comes alone."""
    return CaseAct(
        case=case, village_code=case.village_code, step=bulk.step, outcome=PASS, taken_on=timezone.localdate(), by=by,
        note=note.strip()[:400], signatures=signatures, bulk=bulk,
    )  # fmt: skip


def _demand_there(bulk: Bulk, rows: list[BulkCase]) -> None:
    gone = [row.case_id for row in rows if row.case.step != bulk.step]
    if gone:
        raise UserError(
            f"{len(gone)} 件已不在这一步（例如 {gone[0]}），这份名单不能通过",
            f"{len(gone)} cases stand elsewhere now (for example {gone[0]}): this list cannot pass",
            "另起名单重新抽查", "begin a new list and a new sample",
        )  # fmt: skip


def _demand_signed(step: Step, signatures: dict[str, str]) -> None:
    if missing := [SIGNERS[role] for role in step.signatures if not signatures.get(role, "").strip()]:
        raise UserError(
            f"缺少签字：{'、'.join(zh for zh, _en in missing)}", f"missing: {', '.join(en for _zh, en in missing)}",
            "请填写签字人姓名", "give the names of who signed",
        )  # fmt: skip


def _demand_checked(rows: list[BulkCase]) -> None:
    sampled = [row for row in rows if row.sampled]
    left = [row for row in sampled if not hasattr(row, "check_made")]
    if left:
        raise UserError(
            f"抽查样本还有 {len(left)} 件没有核查", f"{len(left)} sampled cases were not looked into",
            "请发起人以外的人逐件核查并记下结果", "somebody else than who began the list looks into each",
        )  # fmt: skip
    unsound = [row for row in sampled if not row.check_made.sound]
    if unsound:
        raise UserError(
            f"抽查发现 {len(unsound)} 件有问题，这份名单不能通过", f"{len(unsound)} sampled cases are not sound",
            "退回有问题的办件，再另起名单重新抽查", "send those back, then begin a new list and a new sample",
        )  # fmt: skip
