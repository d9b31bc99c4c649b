"""Whether a column's numbers are of the list that they are read by: compared with what is known of the same persons,
else with the people of the same place.

民族 has several national-looking orders: 02 is 蒙古族 in GB/T 3304 and 满族 on one provincial platform. What does not
look right, or cannot be compared, is a doubt: a person confirms it, or chooses another list.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import polars as pl

from fupin.catalogue.ledgers import ledger_fields
from fupin.exchange.ledgers.codes import CodeColumn, lists_for, look_at, translated
from fupin.exchange.ledgers.mapping import ColumnMap
from fupin.exchange.ledgers.reading import ReadTable
from fupin.exchange.reading.table import ROW
from fupin.registry import api as registry

ALWAYS = ("persons.ethnicity",)
PAIRS, AGREE = 20, 0.8  # so many known persons, of whom so many have the value that the ledger says
PEOPLE, ALIKE = 50, 0.7  # so many people of the place, and how much the shares of their codes overlap


@dataclass(frozen=True)
class Doubt:
    """``evidence``: list → share that fits. ``why``: disagrees, unlike, nothing (to compare with)."""

    key: str
    table: int
    heading: str
    field: str
    chosen: str
    suggested: str
    why: str
    compared: int
    evidence: Mapping[str, float]
    confirmed_by: str = ""
    confirmed_at: str = ""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def doubts(reads: Sequence[ReadTable], persons: pl.DataFrame, known: pl.DataFrame, region: str) -> list[Doubt]:
    """``persons``: table, ROW, known (number of the person); ``known``: persons as the registry holds them."""
    found = []
    for read in reads:
        for one in read.found.columns:
            if one.field in read.codes and not one.own:
                cells = pl.concat(read.codes[one.field])
                column = look_at(cells["cell"], one)
                if column.numbers and _matters(column, one):
                    rows = cells.join(
                        persons.filter(pl.col("table") == read.number).select(ROW, "known"), on=ROW, how="left"
                    )
                    found.append(_judge(read, one, rows, known, region))
    return [doubt for doubt in found if doubt is not None]


def _matters(column: CodeColumn, one: ColumnMap) -> bool:
    """Whether another list could be meant as well: one that reads as much, and reads it otherwise."""
    if one.field in ALWAYS:
        return True
    cells = pl.Series([text for text, _count in column.values], dtype=pl.String)
    shares = {guess.list_id: guess.share for guess in column.guesses}
    mine = translated(cells, one)
    rivals = [list_id for list_id, share in shares.items() if list_id != one.codes and share >= shares[one.codes]]
    return any((translated(cells, replace(one, codes=list_id)) != mine).any() for list_id in rivals)


def _judge(read: ReadTable, one: ColumnMap, rows: pl.DataFrame, known: pl.DataFrame, region: str) -> Doubt | None:
    name = one.field.partition(".")[2]
    lists = lists_for(ledger_fields()[one.field])
    pairs = rows.join(known.select(known="person_id", held=name), on="known", how="inner").drop_nulls(["held", "cell"])
    if pairs.height >= PAIRS:
        shares = {list_id: _agreement(pairs, one, list_id) for list_id in lists}
        return _doubt(read, one, shares, "disagrees", pairs.height, AGREE)
    people = registry.code_shares(name, region)
    total = sum(people.values())
    if total >= PEOPLE:
        shares = {list_id: _overlap(rows, one, list_id, people) for list_id in lists}
        return _doubt(read, one, shares, "unlike", total, ALIKE)
    return _doubt(read, one, {one.codes: 0.0}, "nothing", 0, 2.0)


def _doubt(
    read: ReadTable, one: ColumnMap, shares: Mapping[str, float], why: str, compared: int, enough: float
) -> Doubt | None:
    """None when the list in use fits well and none fits better."""
    best = max(shares, key=lambda list_id: (shares[list_id], list_id == one.codes))
    if shares[one.codes] >= enough and best == one.codes:
        return None
    rounded = {list_id: round(share, 4) for list_id, share in shares.items()}
    key = f"{read.number}:{one.field}:{one.codes}"
    return Doubt(key, read.number, one.heading, one.field, one.codes, best, why, compared, rounded)


def _agreement(pairs: pl.DataFrame, one: ColumnMap, list_id: str) -> float:
    read = translated(pairs["cell"], replace(one, codes=list_id))
    return int((read == pairs["held"]).fill_null(False).sum()) / max(1, pairs.height)


def _overlap(rows: pl.DataFrame, one: ColumnMap, list_id: str, people: Mapping[str, int]) -> float:
    read = translated(rows["cell"], replace(one, codes=list_id))
    filled = rows["cell"].drop_nulls().len() or 1
    total = sum(people.values())
    counts: dict[str, int] = dict(read.drop_nulls().value_counts().iter_rows())
    return sum(min(count / filled, people.get(code, 0) / total) for code, count in counts.items())
