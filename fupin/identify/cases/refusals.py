"""What the database refuses although it was looked at before, in words: somebody was faster, or went around."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from django.db import IntegrityError, OperationalError, ProgrammingError, transaction
from psycopg.errors import CheckViolation, DeadlockDetected, InsufficientPrivilege, LockNotAvailable, UniqueViolation

from fupin.kernel.errors import UserError
from fupin.registry.api import Busy

#: sentence of a trigger → the same in Chinese, of those that two people at the same instant meet
_ZH: Mapping[str, str] = {
    "the case does not stand there": "办件刚被别人办理，已不在这一步",
    "not this notice, or shorter than it must hang": "有办件刚被别人张贴公示，或者公示天数不足",
    "the notice still hangs": "公示还没有期满",
    "an objection is not answered, or is right": "有异议没有答复，或者异议成立（也可能是刚提出的）",
    "the state of the household has changed meanwhile": "这户的脱贫属性已经变化",
    "not for a household in this state": "这户的脱贫属性不适用这个程序，也可能刚有变化",
    "the household has ended": "这户已经销户或并户",
    "the household has a case under way, or is under monitoring": "这户还有在办的办件，或者是监测对象",
    "the household is under monitoring already": "这户已是监测对象",
    "the household is not under monitoring": "这户不是监测对象",
    "a case was found unsound: it is decided by itself": "有办件抽查不属实，只能逐件办理",
    "a case is on another list whose sample is drawn": "有办件已在另一份抽好样的名单里",
    "the sample of the bulk decision is not checked": "抽查样本没有全部核查属实",
    "the sample is of a former round": "样本是上一轮抽的",
    "a sample is looked into by another than who decides": "抽查样本由发起人以外的人核查",
    "a sample is looked into by the office that decides, or one above it": "抽查样本由办理这一步的单位或其上级核查",
    "not a sampled case": "这个办件不是抽中的样本",
}
#: table → what stands there once only
_ONCE: Mapping[str, tuple[str, str, str, str]] = {
    "identify_case": (
        "这户已有同一程序的办件在办", "the household has an open case of this procedure",
        "请在“办件”中找到它继续办理", "find it among the cases and go on with it",
    ),
    "identify_objectionanswer": (
        "这条异议已经答复", "it is answered already", "请刷新页面，查看答复", "reload the page and read the answer",
    ),
    "identify_samplecheck": (
        "这个样本已经核查", "this sampled case was looked into already",
        "请刷新页面，查看核查结果", "reload the page and read what was found",
    ),
    "identify_applicationanswer": (
        "这份申请已经处理", "it is answered already", "请刷新页面", "reload the page",
    ),
}  # fmt: skip
_AGAIN = ("请刷新页面，看清当前步骤再办", "reload the page and look at the present step")


@contextmanager
def said_by_database() -> Iterator[None]:
    """Raises UserError instead of what the database says; nothing of the block is left."""
    try:
        with transaction.atomic():
            yield
    except (IntegrityError, ProgrammingError, OperationalError) as error:
        told = _told(error.__cause__)
        if told is None:
            raise
        raise told from error


def _told(cause: BaseException | None) -> UserError | None:
    if isinstance(cause, DeadlockDetected | LockNotAvailable):
        return Busy()
    if isinstance(cause, UniqueViolation):
        once = _ONCE.get(cause.diag.table_name or "")
        return UserError(*once) if once else UserError(
            "没有办成：同一时刻有人办理了同一件事", "not done: somebody did the same at the same moment", *_AGAIN
        )  # fmt: skip
    if isinstance(cause, CheckViolation | InsufficientPrivilege):
        said = str(cause).splitlines()[0].removeprefix("fupin: ")
        zh = _ZH.get(said, f"办件刚被别人办理过，或条件不满足（{said}）")
        return UserError(f"没有办成：{zh}", f"not done: {said}", *_AGAIN)
    return None
