"""The course of a case: where it stands, what may be done there, and everything that blocks it. Pure: no database.

A case is a procedure of the catalogue and the acts taken so far. An act takes the present step: it passes, sends the
case back, refuses or withdraws it; of a notice it says first that it hangs. What is demanded of an act is said here;
what must never be got around the database demands once more.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from fupin.catalogue.parameters import parameters
from fupin.catalogue.procedures import LASTING, SIGNERS, Procedure, Step
from fupin.identify.cases.deadlines import due_on, months_later

PASS, RETURN, REFUSE, WITHDRAW, HANG = "pass", "return", "refuse", "withdraw", "hang"
OUTCOMES = (PASS, RETURN, REFUSE, WITHDRAW, HANG)
PASSED, REFUSED, WITHDRAWN = "passed", "refused", "withdrawn"
_ENDS = {REFUSE: REFUSED, WITHDRAW: WITHDRAWN}
#: where a case may be refused for good; elsewhere it is sent back
_MAY_REFUSE = ("comparison", "votes", "standards", "notice", "decision")


@dataclass(frozen=True)
class Votes:
    """Of a meeting: ``eligible`` representatives, ``present`` of them, and how those voted."""

    eligible: int
    present: int
    yes: int
    no: int


@dataclass(frozen=True)
class Act:
    """What was done with a step. ``on``: the day; ``to``: the step a case is sent back to."""

    step: str
    outcome: str
    on: date
    to: str = ""
    papers: frozenset[str] = frozenset()
    signatures: frozenset[str] = frozenset()
    votes: Votes | None = None
    unmet: tuple[str, ...] = ()
    compared: bool = False


@dataclass(frozen=True)
class Standing:
    """``step``: whose turn; "" when the case has ended, then ``ended`` says how. ``since``: the day the step began.

    ``hung``: the day its notice was put up; None for other steps, and as long as it hangs nowhere. ``until``: the last
    day that stands on it, where that is later than the law wants.
    """

    step: str
    since: date
    ended: str = ""
    hung: date | None = None
    until: date | None = None


@dataclass(frozen=True)
class Block:
    """One reason why a step cannot pass; ``code`` for machines, the words for people."""

    code: str
    zh: str
    en: str


def standing(procedure: Procedure, opened: date, acts: Sequence[Act]) -> Standing:
    """After all acts. Raises ValueError for an act that does not fit where the case stood."""
    now = Standing(procedure.steps[0].id, opened)
    for act in acts:
        now = after(procedure, now, act)
    return now


def after(procedure: Procedure, now: Standing, act: Act) -> Standing:
    """Where an act leads. Raises ValueError when it does not fit; what blocks it is ``blocks``'s question."""
    if now.ended or act.step != now.step:
        raise ValueError(f"the case stands at {now.step or now.ended!r}, not at {act.step!r}")
    if act.outcome not in outcomes(procedure.step(now.step)):
        raise ValueError(f"{act.step!r} knows no outcome {act.outcome!r}")
    if act.on < now.since:
        raise ValueError(f"the step began on {now.since}, after {act.on}")
    if act.outcome == HANG:
        if now.hung:
            raise ValueError(f"the notice hangs since {now.hung}")
        return replace(now, hung=act.on)
    if act.outcome in _ENDS:
        return Standing("", act.on, _ENDS[act.outcome])
    if act.outcome == RETURN:
        if act.to not in procedure.step(now.step).returns_to:
            raise ValueError(f"{act.step!r} does not return to {act.to!r}")
        return Standing(act.to, act.on)
    following = procedure.after(now.step)
    return Standing(following, act.on, "" if following else PASSED)


def outcomes(step: Step) -> tuple[str, ...]:
    """What may come of a step."""
    possible = [HANG, PASS] if step.kind in LASTING else [PASS]
    if step.returns_to:
        possible.append(RETURN)
    if step.kind in _MAY_REFUSE:
        possible.append(REFUSE)
    if step.kind == "filing":
        possible.append(WITHDRAW)
    return tuple(possible)


def last_day_of(step: Step, now: Standing, region: str) -> date | None:
    """The last day on which a notice hangs; None for a step that is none, and before it hangs."""
    if step.kind not in LASTING or now.hung is None:
        return None
    least = due_on(now.hung, int(parameters()[step.lasts].at(now.hung, region)), "calendar")
    return max(least, now.until or least)


def blocks(
    procedure: Procedure,
    now: Standing,
    act: Act,
    *,
    region: str,
    unanswered: int = 0,
    upheld: int = 0,
    recognised: date | None = None,
) -> list[Block]:
    """Everything that keeps the act from passing the present step; nothing for an act that does not pass it.

    Objections to the notice: ``unanswered`` by anybody; ``upheld``: found right, so that the case goes back.
    ``recognised``: the day of the recognition that this procedure follows.
    """
    if act.outcome != PASS:
        return []
    step = procedure.step(now.step)
    found = [*_missing(procedure, step, act)]
    if step.kind == "votes":
        found += _votes(act.votes, parameters_of_votes(act.on, region))
    if step.kind == "standards":
        found += [Block("unmet", f"未达标：{one}", f"not met: {one}") for one in act.unmet]
    if step.kind == "comparison" and not act.compared:
        found.append(Block("not_compared", "还没有这户的比对结果", "no comparison of this household yet"))
    if step.kind in LASTING:
        found += _notice(step, now, act.on, region, unanswered, upheld)
    earliest = earliest_end(procedure, recognised, region)
    if earliest is not None and not procedure.after(step.id) and act.on < earliest:
        found.append(Block("too_early_after", f"认定未满期限，{earliest} 起才能办结", f"not before {earliest}"))
    return found


def earliest_end(procedure: Procedure, recognised: date | None, region: str) -> date | None:
    """The first day on which a procedure that follows a recognition may end; None where there is no such rule."""
    if not procedure.not_before or recognised is None:
        return None
    return months_later(recognised, int(parameters()[procedure.not_before].at(recognised, region)))


def _notice(step: Step, now: Standing, on: date, region: str, unanswered: int, upheld: int) -> Iterator[Block]:
    last = last_day_of(step, now, region)
    if last is None:
        yield Block("not_hung", "公示还没有张贴", "the notice does not hang yet")
    elif on <= last:
        yield Block("too_early", f"要公示到 {last} 为止，次日起才能办结", f"the notice hangs until {last}")
    if unanswered:
        yield Block("objections", f"还有 {unanswered} 条异议没有答复", f"{unanswered} objections not answered")
    if upheld:
        yield Block("upheld", f"{upheld} 条异议成立，须退回", f"{upheld} objections upheld: send the case back")


def _missing(procedure: Procedure, step: Step, act: Act) -> Iterator[Block]:
    for paper in step.papers:
        if paper not in act.papers:
            zh, en = procedure.papers[paper]
            yield Block("paper", f"缺少材料：{zh}", f"missing paper: {en}")
    for signer in step.signatures:
        if signer not in act.signatures:
            zh, en = SIGNERS[signer]
            yield Block("signature", f"缺少签字：{zh}", f"missing signature: {en}")


def parameters_of_votes(on: date, region: str) -> Mapping[str, float]:
    """Per cent that must be present, and that the yes must exceed."""
    return {name: float(parameters()[name].at(on, region)) for name in ("meeting_share", "meeting_majority")}


def _votes(votes: Votes | None, demanded: Mapping[str, float]) -> Iterator[Block]:
    if votes is None:
        yield Block("no_votes", "没有填写表决结果", "no votes were given")
        return
    if not 0 < votes.present <= votes.eligible:
        zh = f"到会 {votes.present} 人，应到 {votes.eligible} 人，人数不对"
        yield Block("present", zh, f"{votes.present} present of {votes.eligible} cannot be")
        return
    if min(votes.yes, votes.no) < 0 or votes.yes + votes.no > votes.present:
        zh = f"同意 {votes.yes} 票加反对 {votes.no} 票，多于到会 {votes.present} 人"
        yield Block("too_many_votes", zh, f"{votes.yes} + {votes.no} votes of {votes.present} present")
        return
    if 100 * votes.present < demanded["meeting_share"] * votes.eligible:
        zh = f"到会 {votes.present} 人，不足应到 {votes.eligible} 人的三分之二"
        yield Block("quorum", zh, f"{votes.present} of {votes.eligible} are too few")
    if 100 * votes.yes <= demanded["meeting_majority"] * votes.present:
        zh = f"同意 {votes.yes} 票，没有超过到会 {votes.present} 人的半数"
        yield Block("majority", zh, f"{votes.yes} yes of {votes.present} is no majority")
