"""Reading under an agreement: what ``identify`` has, let out by ``exchange``, written into the ledger."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from fupin.accounts.api import User, acting_for, require
from fupin.exchange import api as exchange
from fupin.exchange.api import Agreement, Way
from fupin.identify import api as identify
from fupin.kernel.errors import NotFound, UserError

PAGE = 1_000
MARK = "agreement {} next page"


@dataclass(frozen=True)
class Place:
    """Where the next page begins: behind ``key`` in the rows of ``run``, of which there are ``total``.

    It names a household as the platform knows it, which the reader may not learn: what he carries is sealed.
    """

    run: str
    total: int
    key: tuple[int | str, ...]

    def mark(self, agreement: Agreement) -> str:
        return exchange.sealed_mark(json.dumps([self.run, self.total, *self.key]), MARK.format(agreement.pk))


def place_of(mark: str, agreement: Agreement) -> Place | None:
    """None at the beginning. Raises UserError for a mark that we never gave for this agreement."""
    if not mark:
        return None
    said = exchange.opened_mark(mark, MARK.format(agreement.pk))
    if said is None:
        raise UserError(
            "续读标记不对",
            "the mark of the next page is not one of ours",
            "用上一页 next 给出的值，或不带 after 从头读取",
            "take the value that next named, or begin anew without after",
        )
    run, total, *key = json.loads(said)
    return Place(run, total, tuple(key))


def page_of(user: User, number: int, after: str) -> dict[str, Any]:
    """Raises NotFound, UserError, Forbidden."""
    require(user, "read_shared")
    agreement = exchange.agreement_for(user, number)
    _check(user, agreement)
    place = place_of(after, agreement)
    run = identify.shared_run(agreement, place.run if place else "")
    if run is None:
        raise NotFound("no run")
    region = max(agreement.region, user.region, key=len)  # a county's clerk reads the county's part of the city's
    with acting_for(user, region, health=False):  # nothing of it is shared
        shared = identify.Shared(agreement, run, region)
        rows = shared.page(place.key if place else (), PAGE + 1)  # one more, to see whether there is a next page
        total = place.total if place else shared.total()
    key = exchange.pseudonym_key(agreement)
    some = [exchange.let_out(row, agreement.fields, key) for row in rows[:PAGE]]
    told = json.dumps(some, ensure_ascii=False, separators=(",", ":")).encode()
    exchange.note_outgoing(
        by=user, agreement=agreement, way=Way.READ, rows=len(some), digest=hashlib.sha256(told).hexdigest(),
        object_id=run.pk,
    )  # fmt: skip
    more = len(rows) > PAGE
    return {
        **identify.about(run),
        "agreement": agreement.number,
        "total": total,
        "next": Place(run.pk, total, shared.key_of(rows[PAGE - 1])).mark(agreement) if more else None,
        "rows": some,
    }


def _check(user: User, agreement: Agreement) -> None:
    if agreement.dataset not in exchange.OUTGOING or agreement.taker != exchange.side_of(user):
        raise NotFound("nothing is given to this side under it")
    if not exchange.holds_now(agreement):
        raise UserError(
            "协议没有生效或已经到期，不能读取",
            "the agreement is not in force: not signed, not begun, ended or run out",
            "请双方签订或续签",
            "both sides sign it, or renew it",
        )
