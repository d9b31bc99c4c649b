"""Residents' applications: handed in by anybody without an account, followed by a receipt, taken up by the office."""

from __future__ import annotations

import json
import re
import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime

from django.conf import settings
from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from fupin.accounts import api as accounts
from fupin.accounts.api import User, may
from fupin.identify.cases.application_models import Application, ApplicationAnswer
from fupin.identify.cases.files import columns_of
from fupin.identify.cases.models import Case
from fupin.identify.cases.notices import LONGEST, SHORTEST, code
from fupin.identify.cases.queries import LEVEL_WORDS, present_step, turns_of
from fupin.identify.cases.refusals import said_by_database
from fupin.identify.cases.services import VERB, attach_paper, open_case
from fupin.identify.queries import in_scope
from fupin.kernel import identity
from fupin.kernel.errors import Forbidden, NotFound, UserError
from fupin.registry import api as registry
from fupin.registry.api import Attached

PROCEDURE, PAPER, CHANNEL = "identification", "application", "resident"
PHONE = re.compile(r"1\d{10}|0\d{2,3}-?\d{7,8}")
MOST_MEMBERS = 30
BOUND = "application {}"


@dataclass(frozen=True)
class Content:
    """What somebody wrote: name, ID number in canonical writing, telephone, what the household needs."""

    name: str
    number: str
    phone: str
    body: str


@dataclass(frozen=True)
class PublicCourse:
    """How far an application has come. ``reason``: why it was declined; ``step``: "" before, and after the end."""

    village: str
    at: datetime
    due_on: date
    answered_at: datetime | None
    reason: str | None
    procedure: str | None
    edition: int | None
    step: str | None
    ended: str | None
    ended_on: date | None


def apply(*, village: str, content: Content, members: int | None, files: Sequence[Attached] = ()) -> str:
    """Anybody's application; the code of its receipt. Raises UserError."""
    content = _checked(content)
    if members is None or not 1 <= members <= MOST_MEMBERS:
        raise UserError(
            f"家庭人口要是 1 到 {MOST_MEMBERS} 的整数", f"a household has 1 to {MOST_MEMBERS} members",
            "填写共同生活的人数", "give how many live together",
        )  # fmt: skip
    mark, receipt = uuid.uuid4(), code(12)
    sealed = registry.seal(settings.FUPIN_KEYS.now, json.dumps(asdict(content)), BOUND.format(mark))
    with said_by_database(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT fupin_apply(%s, %s, %s, %s, %s, %s::uuid[], %s::text[], %s::text[], %s::integer[], %s::text[], "
            "%s::bytea[])",
            [village, mark, receipt, members, sealed, *columns_of(files)],
        )
        (made,) = cursor.fetchone()
    if made is None:
        raise UserError(
            "这个村今天收到的网上申请太多", "this village has had too many applications today",
            "请明天再试，或到村委会、乡镇当面申请", "try tomorrow, or turn to the village or the town in person",
        )  # fmt: skip
    return receipt


def _checked(content: Content) -> Content:
    name, phone, body = content.name.strip(), re.sub(r"\s", "", content.phone), content.body.strip()
    if not 2 <= len(name) <= 40:
        raise UserError("姓名要有 2 到 40 个字", "a name has 2 to 40 characters", "与身份证一致", "as on the card")
    found = identity.normalise(content.number)
    if found.number is None:
        zh, en = identity.PROBLEMS[found.problem or "missing"]
        raise UserError(
            f"证件号不对：{zh}", f"the ID number is wrong: {en}", "请对照身份证核对", "compare it with the card"
        )
    if not PHONE.fullmatch(phone):
        raise UserError(
            "联系电话不对",
            "this is no telephone number",
            "11 位手机号，或带区号的座机",
            "11 digits, or with its area code",
        )
    if not SHORTEST <= len(body) <= LONGEST:
        raise UserError(
            f"困难情况要有 {SHORTEST} 到 {LONGEST:,} 个字", f"tell in {SHORTEST} to {LONGEST:,} characters",
            "写明家里有什么困难", "say what the household is short of",
        )  # fmt: skip
    return Content(name, found.number, phone, body)


def public_course(receipt: str) -> PublicCourse:
    """For whoever holds the receipt. Raises NotFound."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM fupin_application(%s)", [receipt.strip().upper()[:12]])
        row = cursor.fetchone()
    if row is None:
        raise NotFound(receipt)
    return PublicCourse(*row)


def applications_for(user: User) -> QuerySet[Application]:
    if not may(user, "see_households"):
        return Application.objects.none()
    return Application.objects.filter(in_scope(user.scope, "village_code")).defer("content").select_related("answer")


def unanswered(user: User) -> QuerySet[Application]:
    return applications_for(user).filter(answer__isnull=True)


def waiting_too_long(user: User) -> QuerySet[Application]:
    """Those whose last day has passed without an answer."""
    return unanswered(user).filter(due_on__lt=timezone.localdate())


def application_for(user: User, number: int) -> Application:
    """Raises NotFound for absent and out of scope alike."""
    found = applications_for(user).filter(pk=number).first()
    if found is None:
        raise NotFound(str(number))
    return found


def read_application(user: User, application: Application) -> Content:
    """What was written, in clear; that it was read is recorded first. Raises Forbidden."""
    accounts.require(user, VERB, application.village_code)
    accounts.record(
        by=user, verb="open_application", object_kind="application", object_id=str(application.pk),
        region=application.village_code,
    )  # fmt: skip
    return _content_of(application)


def _content_of(application: Application) -> Content:
    told = registry.unseal(settings.FUPIN_KEYS.now, bytes(application.content), BOUND.format(application.mark))
    return Content(**json.loads(told))


@transaction.atomic
def take_up(*, by: User, application: Application, household_id: str) -> Case:
    """Open the case that was applied for; the application is its first paper. Raises UserError, Forbidden, NotFound."""
    _demand_open(by, application)
    home = registry.household_for(by, household_id)
    if home.village_code != application.village_code:
        raise UserError(
            "这户不在申请所在的村", "this household lives in another village",
            "请不予受理并说明应向哪个村申请", "decline, and say which village it belongs to",
        )  # fmt: skip
    case = open_case(by=by, household_id=home.pk, procedure=PROCEDURE, channel=CHANNEL, note="")
    if PAPER in present_step(case).papers:
        attach_paper(by=by, case=case, paper=PAPER, kept_at=f"网上申请 {application.receipt}")
    _answer(by, application, case=case)
    return case


@transaction.atomic
def decline(*, by: User, application: Application, reason: str) -> None:
    """The applicant reads the reason by his receipt. Raises UserError, Forbidden."""
    _demand_open(by, application)
    if len(reason.strip()) < SHORTEST:
        raise UserError(
            "不予受理必须写明理由", "declining needs a reason", "申请人凭回执号会看到", "the applicant will read it"
        )
    _answer(by, application, reason=reason.strip()[:400])


def _demand_open(by: User, application: Application) -> None:
    accounts.require(by, VERB, application.village_code)
    if not turns_of(by):
        zh = "、".join(pair[0] for pair in LEVEL_WORDS.values())
        raise Forbidden(
            f"网上申请由{zh}受理", "an application is taken up by the village, its town or its county",
            "请由这一级的账号办理", "ask an account of one of these",
        )  # fmt: skip
    if ApplicationAnswer.objects.filter(application=application).exists():
        raise UserError("这份申请已经处理", "it is answered already", "请刷新页面", "reload the page")


def _answer(by: User, application: Application, case: Case | None = None, reason: str = "") -> None:
    with said_by_database():
        ApplicationAnswer.objects.create(
            application=application, village_code=application.village_code, case=case, reason=reason, by=by
        )
    accounts.record(
        by=by, verb="answer_application", object_kind="application", object_id=str(application.pk),
        region=application.village_code, reason=reason, detail={"case": case.pk if case else None},
    )  # fmt: skip


def keys_used() -> Counter[str]:
    """Encryption key → how many applications are under it."""
    return registry.sealed_under(Application, "content")


def reseal() -> int:
    """What lies under a former encryption key is written anew; how many."""
    return registry.reseal_column(Application, "content", BOUND)
