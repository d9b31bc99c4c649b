"""Papers of recorded changes: listed, handed in later, opened; under which key the files lie."""

from __future__ import annotations

import uuid
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from django.db import transaction

from fupin.accounts import api as accounts
from fupin.accounts.api import User
from fupin.catalogue.changes import change_kinds
from fupin.kernel.errors import NotFound, UserError
from fupin.registry.attaching import content_of, reseal_column, sealed_under
from fupin.registry.change_models import RegistryChange
from fupin.registry.changes.known import change_for
from fupin.registry.changes.models import ChangeFile, ChangePaper
from fupin.registry.changes.papers import BOUND, Paper, keep_papers


@transaction.atomic
def add_paper(*, by: User, change_id: int, paper: Paper) -> ChangePaper:
    """A paper handed in later. Raises NotFound, Forbidden, UserError (an empty one, or one that is not asked for)."""
    change = change_for(by, change_id)
    accounts.require(by, "change_registry", change.village_code)
    kind = change_kinds().get(change.kind)
    if kind is None or paper.paper not in kind.papers:
        raise UserError(
            "这种变更不需要这份材料",
            "this kind of change wants no such paper",
            "请从列表中选择",
            "choose one of the list",
        )
    if not paper.there:
        raise UserError(
            "没有材料：请上传文件，或写明纸质原件的存放处", "no paper: attach a file, or say where the sheet is kept",
            "例如“村委会档案柜 2026-17”", "for example “village archive 2026-17”",
        )  # fmt: skip
    keep_papers(change, [paper], by)
    accounts.record(
        by=by, verb="add_change_paper", object_kind="household", object_id=change.household_id or "",
        region=change.village_code, detail={"change": change.pk, "paper": paper.paper},
    )  # fmt: skip
    return ChangePaper.objects.filter(change=change).latest("pk")


def papers_of(changes: Sequence[RegistryChange]) -> Mapping[int, list[ChangePaper]]:
    """Change → its papers, without the files' contents; of changes that the user was shown."""
    found: dict[int, list[ChangePaper]] = defaultdict(list)
    rows = ChangePaper.objects.filter(change__in=[one.pk for one in changes])
    for row in rows.select_related("by", "file").defer("file__content"):
        found[row.change_id].append(row)
    return found


def open_paper(*, by: User, change_id: int, mark: uuid.UUID) -> tuple[ChangeFile, bytes]:
    """The file and what is in it; who opened it is written down. Raises NotFound, Forbidden, UserError.

    A certificate shows the whole number: it is for who records changes, not for who only looks at results.
    """
    change = change_for(by, change_id)
    accounts.require(by, "change_registry", change.village_code)
    row = ChangePaper.objects.filter(change=change, file=mark).select_related("file").first()
    if row is None or row.file is None:
        raise NotFound(str(mark))
    accounts.record(
        by=by, verb="open_change_paper", object_kind="household", object_id=change.household_id or "",
        region=change.village_code, detail={"change": change.pk, "paper": row.paper, "file": str(mark)},
    )  # fmt: skip
    return row.file, content_of(bytes(row.file.content), mark, BOUND)


def keys_used() -> Counter[str]:
    return sealed_under(ChangeFile, "content")


def reseal() -> int:
    return reseal_column(ChangeFile, "content", BOUND)
