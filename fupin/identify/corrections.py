"""Correction lists (更正名单): hits go out as a list, come back filled in, and are tried before anything is written.

Each row carries a signed key. A row that was added, or whose key was changed, is told and refuses the whole list.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import python_calamine as calamine
from django.core import signing
from django.db import transaction

from fupin.accounts import api as accounts
from fupin.accounts.api import User
from fupin.identify.screening_models import ScreenAnswer, ScreenHit, Screening
from fupin.identify.screening_queries import hits_for
from fupin.kernel.errors import UserError

MOST_ROWS = 20_000
MOST_BYTES = 20 << 20
NOTE = 200
KEY_HEAD, ANSWER_HEAD, NOTE_HEAD = "编号（请勿改动）", "处理结果", "说明"
#: word in the list → answer
ANSWERS = {"已改正": "mended", "情况属实": "right", "mended": "mended", "right": "right"}
_KEY = signing.Signer(salt="fupin.screen.key")
_PLAN = "fupin.screen.plan"
_HOUR = 3600


@dataclass(frozen=True)
class RowProblem:
    """What is wrong with one row of a list."""

    row: int
    zh: str
    en: str
    hint_zh: str
    hint_en: str


@dataclass(frozen=True)
class RowAnswer:
    row: int
    hit: ScreenHit
    answer: str
    note: str


@dataclass(frozen=True)
class CorrectionPlan:
    """What a list would do. ``token`` carries it to :func:`apply_corrections`; "" when a row is wrong."""

    answers: tuple[RowAnswer, ...]
    problems: tuple[RowProblem, ...]
    blank: int
    token: str


def list_key(hit: ScreenHit) -> str:
    """The signed key of a hit in a correction list."""
    return _KEY.sign(f"{hit.screening_id}|{hit.key}")


def read_corrections(*, by: User, screening: Screening, name: str, content: bytes) -> CorrectionPlan:
    """Try a filled-in list: nothing is written. Raises UserError for a file that is no such list."""
    accounts.require(by, "screen")
    if len(content) > MOST_BYTES:
        raise UserError(f"{name} 超过 20 MB", f"{name} is larger than 20 MB", "请按村分开提交", "hand it in by village")
    rows = list(_rows(content, name))
    if len(rows) > MOST_ROWS:
        raise UserError(
            f"{name} 超过 {MOST_ROWS:,} 行", f"{name} has more than {MOST_ROWS:,} rows",
            "请按村分开提交", "hand it in by village",
        )  # fmt: skip
    found = _checked(by, screening, rows)
    answers = tuple(one for one in found if isinstance(one, RowAnswer))
    problems = tuple(one for one in found if isinstance(one, RowProblem))
    filled = [[one.hit.key, one.answer, one.note] for one in answers]
    token = "" if problems or not answers else signing.dumps([screening.pk, by.pk, filled], salt=_PLAN, compress=True)
    return CorrectionPlan(answers, problems, sum(1 for row in rows if not (row[2] or row[3])), token)


@transaction.atomic
def apply_corrections(*, by: User, screening: Screening, token: str) -> int:
    """Write down the answers of a tried list, all or none; how many. Raises UserError."""
    accounts.require(by, "screen")
    try:
        place, who, filled = signing.loads(token, salt=_PLAN, max_age=_HOUR)
    except signing.BadSignature:
        place, who, filled = "", 0, []
    if place != screening.pk or who != by.pk:
        raise UserError("这份试算已失效", "this trial is no longer valid", "请重新上传名单", "upload the list again")
    wanted = [(number, _KEY.sign(f"{place}|{key}"), answer, note) for number, (key, answer, note) in enumerate(filled)]
    found = _checked(by, screening, wanted)
    if any(isinstance(one, RowProblem) for one in found):
        raise UserError(
            "名单在试算之后已有变化，没有写入", "things changed since the trial; nothing was written",
            "请重新上传名单", "upload the list again",
        )  # fmt: skip
    made = [_answer(by, screening, one) for one in found if isinstance(one, RowAnswer)]
    ScreenAnswer.objects.bulk_create(made, batch_size=2000)
    accounts.record(
        by=by, verb="correct", object_kind="screening", object_id=screening.pk, region=by.region,
        detail={"answers": len(made)},
    )  # fmt: skip
    return len(made)


@transaction.atomic
def answer_hit(*, by: User, screening: Screening, hit: ScreenHit, answer: str, note: str) -> ScreenAnswer:
    """One answer, given on the hit's own page. Raises UserError."""
    accounts.require(by, "screen", hit.village_code)
    found = _checked(by, screening, [(0, list_key(hit), answer, note)])[0]
    if isinstance(found, RowProblem):
        raise UserError(found.zh, found.en, found.hint_zh, found.hint_en)
    made = _answer(by, screening, found)
    made.save()
    return made


def _answer(by: User, screening: Screening, one: RowAnswer) -> ScreenAnswer:
    return ScreenAnswer(
        screening=screening, rule=one.hit.rule, object_id=one.hit.object_id, village_code=one.hit.village_code,
        answer=one.answer, note=one.note, by=by,
    )  # fmt: skip


Row = tuple[int, str, str, str]


def _rows(content: bytes, name: str) -> Iterator[Row]:
    """(row of the sheet, key, answer, note)."""
    try:
        sheet = calamine.CalamineWorkbook.from_filelike(BytesIO(content)).get_sheet_by_index(0)
    except (OSError, IndexError, calamine.CalamineError) as error:
        raise UserError(
            f"读不了 {name}", f"cannot read {name}", "请上传填好的 XLSX 更正名单", "upload the XLSX list filled in"
        ) from error
    lines = iter(sheet.iter_rows())
    heads = [str(cell).strip() for cell in next(lines, [])]
    if missing := [head for head in (KEY_HEAD, ANSWER_HEAD, NOTE_HEAD) if head not in heads]:
        raise UserError(
            f"{name} 第 1 行缺少列：{'、'.join(missing)}", f"row 1 of {name} lacks columns: {', '.join(missing)}",
            "请用下载的更正名单，不要改表头", "use the list as downloaded, with its heads",
        )  # fmt: skip
    places = [heads.index(head) for head in (KEY_HEAD, ANSWER_HEAD, NOTE_HEAD)]
    for number, cells in enumerate(lines, 2):
        key, answer, note = (_text(cells[place]) if place < len(cells) else "" for place in places)
        if key or answer or note:
            yield number, key, answer, note


def _text(cell: Any) -> str:
    return str(cell).strip()


def _checked(by: User, screening: Screening, rows: Sequence[Row]) -> list[RowAnswer | RowProblem]:
    """What each filled row says; every row's key is looked at, also of rows without an answer."""
    keys = {row[0]: _unsigned(screening, row[1]) for row in rows}
    hits = _known(by, screening, {key for key in keys.values() if key})
    seen: set[str] = set()
    found: list[RowAnswer | RowProblem] = []
    for number, _signed, answer, note in rows:
        key = keys[number]
        problem = _key_problem(number, key, hits, seen) or _answer_problem(number, answer, note)
        seen.add(key)
        if problem is not None:
            found.append(problem)
        elif answer:
            found.append(RowAnswer(number, hits[key], ANSWERS[answer], note))
    return found


def _unsigned(screening: Screening, signed: str) -> str:
    """The key of a hit of this screening; "" for anything else."""
    try:
        place, _bar, key = _KEY.unsign(signed).partition("|")
    except signing.BadSignature:
        return ""
    return key if place == screening.pk else ""


def _known(by: User, screening: Screening, keys: set[str]) -> dict[str, ScreenHit]:
    objects = {key.partition(":")[2] for key in keys}
    found = hits_for(by, screening).filter(object_id__in=objects).exclude(standing="mended")
    return {hit.key: hit for hit in found if hit.key in keys}


def _key_problem(number: int, key: str, hits: dict[str, ScreenHit], seen: set[str]) -> RowProblem | None:
    if not key:
        return RowProblem(
            number, "编号被改动，或不属于这次筛查", "the key was changed, or is of another screening",
            "请从下载的名单里原样粘贴编号", "paste the key from the list as it was downloaded",
        )  # fmt: skip
    if key not in hits:
        return RowProblem(
            number, "这一条不在您的辖区，或已不存在", "this hit is not in your region, or no longer there",
            "删去这一行，或重新下载名单", "remove the row, or download the list again",
        )  # fmt: skip
    if key in seen:
        return RowProblem(
            number, "同一编号出现两次", "the key stands twice", "每条只留一行", "keep one row for each hit"
        )
    return None


def _answer_problem(number: int, answer: str, note: str) -> RowProblem | None:
    if not answer and note:
        return RowProblem(
            number, "写了说明但没有选处理结果", "a note without a result",
            "请选 已改正 或 情况属实", "choose 已改正 (mended) or 情况属实 (right as it is)",
        )  # fmt: skip
    if answer and answer not in ANSWERS:
        return RowProblem(
            number, f"处理结果“{answer[:20]}”看不懂", f"unknown result {answer[:20]!r}",
            "请选 已改正 或 情况属实", "choose 已改正 (mended) or 情况属实 (right as it is)",
        )  # fmt: skip
    if answer and ANSWERS[answer] == "right" and not note:
        return RowProblem(
            number, "情况属实须写明说明", "right as it is needs a note",
            "请在说明一栏写明为什么属实", "say in the note why it is right",
        )  # fmt: skip
    if len(note) > NOTE:
        return RowProblem(
            number, f"说明超过 {NOTE} 字", f"the note is longer than {NOTE} characters", "请写短一些", "make it shorter"
        )
    return None
