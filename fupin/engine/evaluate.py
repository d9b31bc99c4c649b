"""Precision, recall and F1 of a set of links against a truth."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import polars as pl

Pair = tuple[str, str]


@dataclass(frozen=True)
class Score:
    """``tp`` right links, ``fp`` wrong links, ``fn`` links that were missed."""

    tp: int
    fp: int
    fn: int

    @property
    def precision(self) -> float:
        return self.tp / (self.tp + self.fp) if self.tp + self.fp else 0.0

    @property
    def recall(self) -> float:
        return self.tp / (self.tp + self.fn) if self.tp + self.fn else 0.0

    @property
    def f1(self) -> float:
        return 2 * self.tp / (2 * self.tp + self.fp + self.fn) if self.tp else 0.0

    def as_dict(self) -> dict[str, float]:
        """Counts, and rates rounded to six decimals."""
        rates = {"precision": self.precision, "recall": self.recall, "f1": self.f1}
        return {"tp": self.tp, "fp": self.fp, "fn": self.fn, **{name: round(rate, 6) for name, rate in rates.items()}}


def true_pairs(left: Iterable[str], right: Iterable[str] | None = None) -> int:
    """How many pairs belong together, given the entity of each row (inside one file, or across two)."""
    counts = Counter(left)
    if right is None:
        return sum(n * (n - 1) // 2 for n in counts.values())
    others = Counter(right)
    return sum(n * others[entity] for entity, n in counts.items())


def score_entities(pairs: pl.DataFrame, left: dict[str, str], right: dict[str, str] | None = None) -> Score:
    """Against entities: ``left`` and ``right`` say for each row id whom it describes."""
    other = left if right is None else right
    tp = sum(left[a] == other[b] for a, b in zip(pairs["left"], pairs["right"], strict=True))
    total = true_pairs(left.values(), None if right is None else right.values())
    return Score(tp, len(pairs) - tp, total - tp)


def score_labels(pairs: pl.DataFrame, labels: dict[Pair, bool]) -> Score:
    """Against labelled pairs (ids in order): only pairs that somebody labelled count."""
    linked = {(a, b) if a < b else (b, a) for a, b in zip(pairs["left"], pairs["right"], strict=True)}
    tp = sum(1 for pair, same in labels.items() if same and pair in linked)
    fp = sum(1 for pair, same in labels.items() if not same and pair in linked)
    return Score(tp, fp, sum(labels.values()) - tp)
