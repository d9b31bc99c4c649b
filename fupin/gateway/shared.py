"""Reading under an agreement: what ``identify`` has, let out by ``exchange``, written into the ledger."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from fupin.accounts.api import User, acting_for, require
from fupin.exchange import api as exchange
from fupin.exchange.api import Agreement, Way
from fupin.identify import api as identify
from fupin.kernel.errors import NotFound, UserError

PAGE = 1_000
MOST_PAGES = 1_000_000


def page_of(user: User, number: int, page: int) -> dict[str, Any]:
    """Raises NotFound, UserError, Forbidden."""
    require(user, "read_shared")
    agreement = exchange.agreement_for(user, number)
    _check(user, agreement, page)
    run = identify.shared_run(agreement)
    if run is None:
        raise NotFound("no run")
    region = max(agreement.region, user.region, key=len)  # a county's clerk reads the county's part of the city's
    with acting_for(user, region):
        every = list(identify.shared_rows(agreement, run, region))
    key = exchange.pseudonym_key(agreement)
    some = [exchange.let_out(row, agreement.fields, key) for row in every[(page - 1) * PAGE : page * PAGE]]
    told = json.dumps(some, ensure_ascii=False, separators=(",", ":")).encode()
    exchange.note_outgoing(
        by=user, agreement=agreement, way=Way.READ, rows=len(some), digest=hashlib.sha256(told).hexdigest(),
        object_id=run.pk,
    )  # fmt: skip
    return {
        **identify.about(run),
        "agreement": agreement.number,
        "total": len(every),
        "next": page + 1 if page * PAGE < len(every) else None,
        "rows": some,
    }


def _check(user: User, agreement: Agreement, page: int) -> None:
    if agreement.dataset not in exchange.OUTGOING or agreement.taker != exchange.side_of(user):
        raise NotFound("nothing is given to this side under it")
    if not exchange.holds_now(agreement):
        raise UserError(
            "协议没有生效或已经到期，不能读取",
            "the agreement is not in force: not signed, not begun, ended or run out",
            "请双方签订或续签",
            "both sides sign it, or renew it",
        )
    if not 1 <= page <= MOST_PAGES:
        raise UserError("页码从 1 开始", "pages begin at 1", "按 next 给出的页码读取", "take the page that next names")
