"""What changed in the registry since a moment, for a machine: nobody's name, birth date, health or number is in it.

The mark that a page gives stays good: a reader keeps it and goes on from there whenever it likes, and misses nothing.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any

from django.utils import timezone

from fupin.accounts.api import User, acting_for, record, require
from fupin.catalogue.changes import change_kinds
from fupin.catalogue.schema import tables
from fupin.kernel.errors import NotFound, UserError
from fupin.registry import api as registry
from fupin.registry.api import RegistryChange

VERB = "read_changes"
PAGE = 500
ASKED = ("region", "household", "since", "after")
MARK = re.compile(r"(\d{1,18})\.(\d{1,18})", re.ASCII)
#: what the engine's tables do not name, and no secret
BESIDE = {
    "household": {"ended_on"},
    "person": set[str](),
    "membership": {"household_id", "person_id", "relation", "valid_from", "valid_to"},
    "state": {"household_id", "state", "valid_from", "valid_to"},
}
OF_ENGINE = {"household": "households", "person": "persons"}
#: kinds that no catalogue entry describes
OTHER_KINDS = {"import": ("台账导入", "imported with a ledger"), "reverse": ("撤销变更", "a change taken back")}


def demand_known(query: Collection[str]) -> None:
    """A misspelt question would be answered with everything. Raises UserError."""
    if unknown := sorted(set(query) - set(ASKED)):
        raise UserError(
            f"不认识的参数：{len(unknown)} 个",
            f"unknown parameters: {len(unknown)}",
            f"可以用：{'、'.join(ASKED)}",
            f"there are: {', '.join(ASKED)}",
        )


def page_of(user: User, *, region: str, household: str, since: str, after: str) -> dict[str, Any]:
    """Raises NotFound, UserError, Forbidden."""
    require(user, VERB)
    code = registry.region(region).code if region else user.region
    if not user.scope.covers(code):
        raise NotFound(code)
    # no token carries the right to health facts, whatever its account may see
    with acting_for(user, code, health=False):
        if household:  # of the region that was asked for
            registry.household_for(user, household)
        rows = registry.changes_settled(
            user, region=code, household=household, since=_moment(since), after=_place(after), limit=PAGE + 1
        )
        told = [_told(one) for one in rows[:PAGE]]
        if told:
            _note(user, code, household, len(told))
    last = rows[:PAGE][-1] if rows else None
    return {
        "region": code,
        "next": after if last is None else f"{last.txid}.{last.pk}",
        "more": len(rows) > PAGE,
        "changes": told,
    }


def _moment(text: str) -> datetime | None:
    """In the one zone that the database takes whatever was written; without a zone it is the platform's own time.

    Raises UserError for what is no moment of the calendar.
    """
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text.replace(" ", "+") if "T" in text else text)  # a bare + comes as a space
        return (timezone.make_aware(found) if timezone.is_naive(found) else found).astimezone(UTC)
    except (OverflowError, ValueError) as error:
        raise UserError(
            "时刻（since）看不懂",
            "since is no moment",
            "写成 2026-10-31 或 2026-10-31T08:00:00+08:00 这样",
            "write it like 2026-10-31 or 2026-10-31T08:00:00+08:00",
        ) from error


def _place(mark: str) -> tuple[int, int] | None:
    """None at the beginning. Raises UserError for what no page gave."""
    if not mark:
        return None
    found = MARK.fullmatch(mark)
    if found is None:
        raise UserError(
            "续读标记不对",
            "the mark of the next page is not one of ours",
            "用上一页 next 给出的值，或不带 after 从头读取",
            "take the value that next named, or begin anew without after",
        )
    return int(found[1]), int(found[2])


def _note(user: User, region: str, household: str, count: int) -> None:
    """That something went out is written down; a question that brought nothing is not."""
    kind, object_id = ("household", household) if household else ("regions", region)
    record(by=user, verb=VERB, object_kind=kind, object_id=object_id, region=region, detail={"changes": count})


def _told(one: RegistryChange) -> dict[str, Any]:
    kind = change_kinds().get(one.kind)
    zh, en = OTHER_KINDS.get(one.kind, (one.kind, one.kind)) if kind is None else (kind.zh, kind.en)
    before, after = one.before.get("rows", {}), one.after.get("rows", {})
    undone = getattr(one, "reversed_by", None)
    return {
        "id": one.pk, "kind": one.kind, "zh": zh, "en": en, "household": one.household_id, "other": one.other_id,
        "person": one.person_id, "village": one.village_code, "effective": one.effective,
        "recorded_at": one.recorded_at, "case": one.case_id, "batch": one.batch, "reverses": one.reverses_id,
        "reversed_by": None if undone is None else undone.pk,
        "rows": [_row(key, before.get(key), now) for key, now in after.items()],
    }  # fmt: skip


Image = Mapping[str, Any] | None


def _row(key: str, was: Image, now: Image) -> dict[str, Any]:
    table, _slash, id_ = key.partition("/")
    if table == "sealed":  # sealed/kind/record/field: the log itself says no more than that
        _kind, id_, field = id_.split("/")
        return {"table": "number", "id": id_, "before": None, "after": None, "closed": [field]}
    open_ = _open(table)
    named = {**(was or {}), **(now or {})}
    return {
        "table": table, "id": id_, "before": _shown(was, open_), "after": _shown(now, open_),
        "closed": sorted(named.keys() & CLOSED),
    }  # fmt: skip


#: of which only is told that they were written
CLOSED = {"name", "birth_date"}


def _open(table: str) -> set[str]:
    """Columns whose values go out: those of the engine that are of nobody's person, and a few of ours."""
    engine = OF_ENGINE.get(table)
    columns = tables()[engine].columns.values() if engine else ()
    return {one.name for one in columns if one.pii == "none"} | BESIDE.get(table, set())


def _shown(image: Image, open_: set[str]) -> dict[str, Any] | None:
    return None if image is None else {name: value for name, value in image.items() if name in open_}
