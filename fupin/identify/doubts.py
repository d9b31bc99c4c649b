"""Doubtful matches (存疑匹配): the machine does not decide them, people do."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from fupin.accounts.api import Scope, User, sees_health
from fupin.catalogue.health import SETS
from fupin.identify.explaining import run_folder
from fupin.identify.models import Run

REASONS = {
    "probable": ("可能是同一人", "may be the same person"),
    "ambiguous": ("有几个人相符", "several persons fit"),
    "name_mismatch": ("证件号相符、姓名不符", "the ID number fits, the name does not"),
}


@dataclass(frozen=True)
class Doubt:
    """One delivered row and the person it may be. ``probability``: 0–1."""

    dataset: str
    delivery: str
    row: int
    person_id: str
    household_id: str
    village_code: str
    probability: float
    reason: str

    @property
    def zh(self) -> str:
        return REASONS[self.reason][0]

    @property
    def en(self) -> str:
        return REASONS[self.reason][1]


def doubts_for(user: User, run: Run) -> list[Doubt]:
    """The run's doubtful matches within the user's scope, the least certain first.

    Those of data sets about illness or disability only for who may see a member's health: being listed there tells it.
    """
    path = run_folder(run) / "doubtful.parquet"
    if not path.exists():
        return []
    homes = pl.scan_parquet(run_folder(run) / "index.parquet").select("household_id", "village_code")
    names = list(Doubt.__dataclass_fields__)
    rows = pl.scan_parquet(path).join(homes, on="household_id").filter(_inside(user.scope)).select(names)
    if not sees_health():
        rows = rows.filter(~pl.col("dataset").is_in(sorted(SETS)))
    ordered = rows.sort("probability", "dataset", "delivery", "row", "person_id").collect()
    return [Doubt(**{**row, "probability": row["probability"] / 10_000}) for row in ordered.iter_rows(named=True)]


def _inside(scope: Scope) -> pl.Expr:
    here = [pl.col("village_code").str.starts_with(prefix) for prefix in scope.prefixes]
    return pl.any_horizontal(here) if here else pl.lit(False)
