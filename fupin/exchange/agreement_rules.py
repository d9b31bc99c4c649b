"""What an agreement must say, and who may sign for which side. Pure: no database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from fupin.catalogue.schema import datasets, departments
from fupin.exchange.outgoing import OFFICE, OUTGOING, columns_of, set_names, side_names
from fupin.exchange.rules import dataset_named
from fupin.kernel.errors import Forbidden, UserError
from fupin.kernel.regions import is_code

LONGEST_YEARS = 5


@dataclass(frozen=True)
class Terms:
    """What both sides agree to."""

    giver: str
    taker: str
    dataset: str
    fields: tuple[str, ...]
    purpose: str
    legal_basis: str
    region: str
    valid_from: date
    valid_until: date


def check_terms(terms: Terms, today: date) -> None:
    """Raises UserError for the first thing that is wrong."""
    _check_sides(terms)
    _check_fields(terms.dataset, terms.fields)
    _check_days(terms, today)
    for zh, en, value, limit in (
        ("用途", "purpose", terms.purpose, 300),
        ("法律依据", "legal basis", terms.legal_basis, 200),
    ):
        if not value.strip() or len(value) > limit or not value.isprintable():
            raise UserError(
                f"{zh}必填，不超过 {limit} 个字",
                f"the {en} is required: at most {limit} characters, no control characters",
                f"写明{zh}",
                f"say the {en}",
            )
    if not is_code(terms.region):
        raise UserError(
            f"区划代码不对：{terms.region}", f"not a region code: {terms.region}", "例如 4501", "such as 4501"
        )


def _check_sides(terms: Terms) -> None:
    for side in (terms.giver, terms.taker):
        if side != OFFICE and side not in departments():
            raise UserError(
                f"没有部门“{side}”",
                f"there is no department {side!r}",
                f"可以是：{OFFICE}、{'、'.join(departments())}",
                f"one of {OFFICE}, {', '.join(departments())}",
            )
    if terms.giver == terms.taker:
        raise UserError("提供方和使用方不能相同", "giver and taker are the same", "选另一方", "choose another side")
    owner = OFFICE if terms.dataset in OUTGOING else _owner(terms.dataset)
    if terms.giver != owner:
        zh, en = set_names(terms.dataset)
        raise UserError(
            f"“{zh}”由{side_names(owner)[0]}提供，不是{side_names(terms.giver)[0]}",
            f"“{en}” is given by {side_names(owner)[1]}, not by {side_names(terms.giver)[1]}",
            f"提供方改为{side_names(owner)[0]}",
            f"name {side_names(owner)[1]} as the giver",
        )


def _owner(dataset: str) -> str:
    if dataset in datasets():
        return datasets()[dataset].department
    if not dataset.strip():
        raise UserError("请选择数据集", "choose a data set", "从名单中选择", "choose from the list")
    return dataset_named(dataset).department  # raises, with the nearest names


def _check_fields(dataset: str, fields: Sequence[str]) -> None:
    known = columns_of(dataset)
    if unknown := [name for name in fields if name not in known]:
        zh, en = set_names(dataset)
        raise UserError(
            f"“{zh}”没有字段：{'、'.join(unknown)}",
            f"“{en}” has no field {', '.join(unknown)}",
            f"可以是：{'、'.join(known)}",
            f"its fields: {', '.join(known)}",
        )
    if not fields:
        raise UserError("至少选一个字段", "choose a field at least", "只选用途所需的字段", "only those that are needed")


def _check_days(terms: Terms, today: date) -> None:
    if terms.valid_until < terms.valid_from:
        raise UserError(
            f"截止日 {terms.valid_until} 早于生效日 {terms.valid_from}",
            f"it ends on {terms.valid_until}, before it begins on {terms.valid_from}",
            "改正两个日期",
            "mend the two days",
        )
    if terms.valid_until < today:
        raise UserError(
            f"截止日 {terms.valid_until} 已经过去",
            f"its last day, {terms.valid_until}, has passed",
            "填今天或以后的日期",
            "give today or a later day",
        )
    if terms.valid_until.year - terms.valid_from.year > LONGEST_YEARS:
        raise UserError(
            f"共享协议最长 {LONGEST_YEARS} 年",
            f"an agreement lasts {LONGEST_YEARS} years at most",
            "到期后可以续签",
            "it can be renewed when it ends",
        )


def check_party(side: str, giver: str, taker: str) -> None:
    """Whoever signs is one of the two sides. Raises Forbidden."""
    if side not in (giver, taker):
        raise Forbidden(
            f"您代表{side_names(side)[0]}，不能替{side_names(giver)[0]}和{side_names(taker)[0]}签协议",
            f"you act for {side_names(side)[1]}, which is neither the giver nor the taker",
            "请由协议双方的账号办理",
            "ask an account of one of the two sides",
        )
