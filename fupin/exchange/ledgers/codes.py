"""Cells of a code column → our codes, and which list a column's numbers seem to be.

A cell that no list knows is never guessed: it is kept as it was written and named.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache

import polars as pl

from fupin.catalogue.ledgers import Field, foreign_lists, ledger_fields, other_words
from fupin.catalogue.schema import code_lists
from fupin.exchange.ledgers.mapping import ColumnMap
from fupin.exchange.reading.header import canonical
from fupin.exchange.reading.values import code_reader

NUMBERS = re.compile(r"\d{1,4}(\.0)?")
OWN = ""  # our own list, in the choice of lists


@dataclass(frozen=True)
class ListGuess:
    """How much of a column a list can read (share of its filled cells), and what it cannot."""

    list_id: str
    share: float
    outside: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class CodeColumn:
    """What stands in a column: ``numbers`` = codes and not words, so that the list matters."""

    field: str
    heading: str
    values: tuple[tuple[str, int], ...]
    numbers: bool
    guesses: tuple[ListGuess, ...]


def lists_for(field: Field) -> tuple[str, ...]:
    """Our own list first, then the foreign ones for it."""
    return (OWN, *(one.id for one in foreign_lists().values() if one.of == field.column.codes))


def list_name(field_id: str, list_id: str, lang: str = "zh") -> str:
    """A list in words; "" is our own list of the field."""
    field = ledger_fields()[field_id]
    if list_id:
        one = foreign_lists()[list_id]
        return one.zh if lang == "zh" else one.en
    own = code_lists()[field.column.codes]
    return f"{own.zh if lang == 'zh' else own.en}（{own.reference}）" if own.reference else own.zh


def translated(cells: pl.Series, one: ColumnMap) -> pl.Series:
    """Our code of each cell, null for an empty one and for one that the column's list does not know."""
    distinct = cells.drop_nulls().unique()
    pairs = dict(one.own)
    read = [_read(text, ledger_fields()[one.field].column.codes, one.codes, pairs) for text in distinct]
    table = pl.Series(read, dtype=pl.String)
    return cells.replace_strict(distinct, table, default=None, return_dtype=pl.String)


def _read(text: str, codes: str, foreign: str, own: Mapping[str, str]) -> str | None:
    plain = text.strip()
    if own:
        return own.get(plain)
    if not foreign or not NUMBERS.fullmatch(plain):
        return _words(codes).get(canonical(plain)) or code_reader(codes)(plain).value
    number = plain.removesuffix(".0")
    values = foreign_lists()[foreign].values
    return values.get(number) or values.get(number.zfill(2))


@cache
def _words(codes: str) -> Mapping[str, str]:
    return {canonical(word): code for word, code in other_words().get(codes, {}).items()}


def look_at(cells: pl.Series, one: ColumnMap) -> CodeColumn:
    """What a column holds and which lists fit; the best first, our own before others that fit as well."""
    counts = cells.drop_nulls().value_counts(sort=True).rows()
    values = tuple((str(text), int(count)) for text, count in counts)
    field = ledger_fields()[one.field]
    numbers = bool(values) and all(NUMBERS.fullmatch(text.strip()) for text, _count in values)
    tried = lists_for(field) if numbers else (OWN,)
    guesses = sorted((_guess(values, field, list_id) for list_id in tried), key=lambda guess: -guess.share)
    return CodeColumn(one.field, one.heading, values, numbers, tuple(guesses))


def _guess(values: Iterable[tuple[str, int]], field: Field, list_id: str) -> ListGuess:
    pairs = list(values)
    outside = tuple(pair for pair in pairs if _read(pair[0], field.column.codes, list_id, {}) is None)
    total = sum(count for _text, count in pairs) or 1
    return ListGuess(list_id, 1 - sum(count for _text, count in outside) / total, outside)
