"""Proofs of changes: attached as files, or seen on paper; what is missing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from fupin.accounts.api import User
from fupin.catalogue.changes import PAPERS, ChangeKind, change_kinds
from fupin.kernel.errors import UserError
from fupin.registry.attaching import Attached, attached
from fupin.registry.change_models import RegistryChange
from fupin.registry.changes.models import ChangeFile, ChangePaper

BOUND = "change file {}"
SHORTEST_PLACE = 2


@dataclass(frozen=True)
class Paper:
    """``paper``: id of ``catalogue.changes.PAPERS``; with a file, or the place where the sheet that was seen lies."""

    paper: str
    kept_at: str = ""
    file: Attached | None = None

    @property
    def there(self) -> bool:
        return self.file is not None or len(self.kept_at.strip()) >= SHORTEST_PLACE


def paper_of(paper: str, *, kept_at: str = "", name: str = "", content: bytes | None = None) -> Paper:
    """As it is handed in. Raises UserError for a file that is none."""
    return Paper(paper, kept_at.strip()[:80], None if content is None else attached(name, content, BOUND))


def on_paper(papers: Iterable[str], kept_at: str) -> tuple[Paper, ...]:
    """All of them seen on paper, kept in one place."""
    return tuple(Paper(one, kept_at) for one in papers)


def demand_papers(kind: ChangeKind, papers: Iterable[Paper]) -> None:
    """A passed case brings its own papers. Raises UserError that names those that are missing."""
    missing = _lacking(kind, {one.paper for one in papers if one.there})
    if missing and not kind.by_case:
        raise UserError(
            f"“{kind.zh}”缺少证明材料：{'、'.join(PAPERS[one][0] for one in missing)}",
            f"{kind.en!r} lacks papers: {', '.join(PAPERS[one][1] for one in missing)}",
            "请上传照片或扫描件；只有纸质的，核对原件后写明存放处",
            "attach a photograph or a scan; of a sheet on paper say, once you have seen it, where it is kept",
        )  # fmt: skip


def _lacking(kind: ChangeKind, there: set[str]) -> list[str]:
    return [paper for paper in kind.papers if paper not in there]


def keep_papers(change: RegistryChange, papers: Iterable[Paper], by: User | None) -> None:
    """In the change's transaction; what the platform does by itself has none."""
    for one in papers:
        if one.there and by is not None:
            file = None
            if one.file is not None:
                file = ChangeFile.objects.create(village_code=change.village_code, **one.file.columns())
            ChangePaper.objects.create(
                change=change, village_code=change.village_code, paper=one.paper, kept_at=one.kept_at.strip()[:80],
                file=file, by=by,
            )  # fmt: skip


def missing_papers(change: RegistryChange, papers: Iterable[ChangePaper]) -> list[str]:
    """What its kind asks for and nobody handed in: of changes from before files, all of them were only ticked."""
    kind = change_kinds().get(change.kind)
    if kind is None or kind.by_case:
        return []
    return _lacking(kind, {one.paper for one in papers})
