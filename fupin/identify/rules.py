"""What a run may be asked for. Pure: no database."""

from __future__ import annotations

from datetime import date

from fupin.catalogue.load import Catalogue
from fupin.catalogue.schema import CatalogueError
from fupin.engine.index import limits_of
from fupin.kernel.errors import UserError


def check_day(as_of: date, region: str, today: date, catalogue: Catalogue) -> None:
    """A cut-off date that has come, and for which the catalogue has its parameters. Raises UserError."""
    if as_of > today:
        raise UserError(
            f"截止日 {as_of} 还没有到",
            f"the cut-off date {as_of} lies in the future",
            f"请填写不晚于今天（{today}）的日期",
            f"give a day not after today ({today})",
        )
    try:
        limits_of(catalogue, as_of, region)
    except CatalogueError as error:
        raise UserError(
            f"截止日 {as_of} 太早：目录里没有当时的标准",
            f"the cut-off date {as_of} is too early: the catalogue has no parameters for it",
            "请填写目录参数开始之后的日期（见数据目录的参数页）",
            "give a day after the catalogue's parameters begin (see the page of parameters)",
        ) from error
