"""Notices that hang in a village, and what anybody objects to them."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from fupin.accounts import api as accounts
from fupin.accounts.api import User
from fupin.catalogue.parameters import parameters
from fupin.catalogue.procedures import LASTING, Step, edition_of, procedures
from fupin.identify.cases.course import HANG
from fupin.identify.cases.files import CONTACT, columns_of
from fupin.identify.cases.models import Notice, Objection, ObjectionAnswer
from fupin.identify.cases.queries import LEVEL_WORDS, TURNS, cases_for, took_village_step
from fupin.identify.cases.refusals import said_by_database
from fupin.identify.cases.services import VERB, Form, take_step
from fupin.kernel.errors import Forbidden, NotFound, UserError
from fupin.registry import api as registry
from fupin.registry.api import Attached

#: without those that are mistaken for one another on paper
LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
MOST_CASES = 200
SHORTEST, LONGEST = 4, 4000


@dataclass(frozen=True)
class PublicLine:
    """A household as everybody may read it; ``head`` masked."""

    case: int
    kind: str
    head: str
    members: int


@dataclass(frozen=True)
class PublicNotice:
    """``lines``: while it hangs; afterwards nobody is named."""

    code: str
    procedure: str
    step: str
    village: str
    hung_on: date
    last_day: date
    place: str
    lines: tuple[PublicLine, ...]

    @property
    def hangs(self) -> bool:
        return timezone.localdate() <= self.last_day


@dataclass(frozen=True)
class PublicAnswer:
    notice: str
    at: datetime
    due_on: date
    answered_at: datetime | None
    upheld: bool | None
    answer: str | None


def shortest(step: Step, village: str) -> date:
    """The last day of a notice that is hung today for as long as the law wants."""
    days = int(parameters()[step.lasts].at(timezone.localdate(), village))
    return timezone.localdate() + timedelta(days=days)


@transaction.atomic
def hang_notice(
    *, by: User, village: str, procedure: str, step: str, place: str, last_day: date | None = None, edition: int = 1
) -> Notice:
    """Put up one notice for all cases of a village that wait at this step. Raises UserError, Forbidden."""
    accounts.require(by, VERB, village)
    waiting = list(
        cases_for(by).filter(
            village_code=village, procedure=procedure, edition=edition, step=step, hung_on__isnull=True, ended="",
        )
        .order_by("pk")[:MOST_CASES]
    )  # fmt: skip
    known = edition_of(procedure, edition) if procedure in procedures() else None
    wanted = next((one for one in known.steps if one.id == step), None) if known else None
    if not waiting or wanted is None or wanted.kind not in LASTING:
        raise UserError("没有等待公示的办件", "no case waits for a notice here", "请刷新页面", "reload the page")
    least = shortest(wanted, village)
    if last_day is not None and last_day < least:
        raise UserError(
            f"公示到 {last_day} 不足法定天数，至少到 {least}",
            f"a notice until {last_day} is shorter than the law wants: at least until {least}",
            "请改为更晚的日期", "give a later day",
        )  # fmt: skip
    if not place.strip():
        raise UserError(
            "没有填张贴地点", "no place where it hangs", "例如“村委会公告栏”", "for example “village board”"
        )
    with said_by_database():
        made = Notice.objects.create(
            code=code(), procedure=procedure, edition=edition, step=step, village_code=village,
            hung_on=timezone.localdate(), last_day=last_day or least, place=place.strip()[:80], by=by,
        )  # fmt: skip
    for case in waiting:
        take_step(by=by, case=case, form=Form(HANG), notice=made)
    return made


def code(size: int = 10) -> str:
    return "".join(secrets.choice(LETTERS) for _ in range(size))


def public_notice(wanted: str) -> PublicNotice:
    """For anybody who has the code. Raises NotFound."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM fupin_notice(%s)", [wanted.strip().upper()[:12]])
        rows = cursor.fetchall()
    if not rows:
        raise NotFound(wanted)
    procedure, step, village, hung_on, last_day, place = rows[0][:6]
    lines = tuple(PublicLine(*row[6:]) for row in rows if row[6] is not None)
    return PublicNotice(wanted.strip().upper(), procedure, step, village, hung_on, last_day, place, lines)


def object_to(
    *, notice: PublicNotice, case: int, body: str, name: str = "", phone: str = "", files: Sequence[Attached] = ()
) -> str:
    """Anybody's objection, named or not; the code of its receipt. Raises UserError."""
    body = body.strip()
    if not SHORTEST <= len(body) <= LONGEST:
        raise UserError(
            f"异议内容要有 {SHORTEST} 到 {LONGEST:,} 个字", f"an objection has {SHORTEST} to {LONGEST:,} characters",
            "请写明哪一户、什么情况与实际不符", "say which household, and what is not so",
        )  # fmt: skip
    if bool(name.strip()) != bool(phone.strip()):
        raise UserError(
            "实名异议要同时填姓名和联系电话", "a named objection has a name and a telephone",
            "两项都填，或都留空作匿名", "fill in both, or leave both empty to stay anonymous",
        )  # fmt: skip
    mark, receipt = uuid.uuid4(), code(12)
    contact = f"{name.strip()[:60]} {phone.strip()[:40]}" if name.strip() else ""
    sealed = registry.seal(settings.FUPIN_KEYS.now, contact, CONTACT.format(mark)) if contact else None
    with said_by_database(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT fupin_object(%s, %s, %s, %s, %s, %s, NULL, %s::uuid[], %s::text[], %s::text[], %s::integer[], "
            "%s::text[], %s::bytea[])",
            [notice.code, case, mark, receipt, sealed, body, *columns_of(files)],
        )
        (made,) = cursor.fetchone()
    if made is None:
        raise UserError(
            "公示已经结束，不能再提异议", "the notice is over: objections are no longer taken",
            "请向乡镇或县级部门反映", "please turn to the town or the county",
        )  # fmt: skip
    return receipt


def public_answer(receipt: str) -> PublicAnswer:
    """For whoever holds the receipt. Raises NotFound."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM fupin_objection(%s)", [receipt.strip().upper()[:12]])
        row = cursor.fetchone()
    if row is None:
        raise NotFound(receipt)
    return PublicAnswer(*row)


@transaction.atomic
def answer_objection(*, by: User, objection: Objection, upheld: bool, answer: str) -> ObjectionAnswer:
    """By the town or the county. Raises UserError, Forbidden."""
    accounts.require(by, VERB, objection.village_code)
    if not {"town", "county"} & set(TURNS.get(len(by.region), ())):
        zh = "、".join(LEVEL_WORDS[one][0] for one in ("town", "county"))
        raise Forbidden(
            f"异议由{zh}级答复", "an objection is answered by the town or the county",
            "请由乡镇或县的账号答复", "ask an account of the town or the county",
        )  # fmt: skip
    if took_village_step(by, objection.case):
        raise Forbidden(
            "异议针对您经手的村级步骤，由别人答复", "somebody else answers what is said of steps that you entered",
            "请由乡镇其他账号或县的账号答复", "ask another account of the town, or the county",
        )  # fmt: skip
    if len(answer.strip()) < SHORTEST:
        raise UserError("没有写答复", "no answer", "请写明核实情况和处理意见", "say what was found and what follows")
    if ObjectionAnswer.objects.filter(objection=objection).exists():
        raise UserError("这条异议已经答复", "it is answered already", "请刷新页面", "reload the page")
    with said_by_database():
        made = ObjectionAnswer.objects.create(
            objection=objection, village_code=objection.village_code, upheld=upheld, answer=answer.strip()[:800], by=by
        )
    accounts.record(
        by=by, verb="answer_objection", object_kind="household", object_id=objection.case.household_id,
        region=objection.village_code, detail={"case": objection.case_id, "upheld": upheld},
    )  # fmt: skip
    return made
