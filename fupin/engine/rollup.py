"""From rows of a table to one value per household, in the order of ``homes``.

What is unknown and what is zero: ``docs/catalogue-format.md``.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

import narwhals as nw
import polars as pl

if TYPE_CHECKING:
    from fupin.engine.fields import FieldPlan

MONTHS = 12


def _prepared(rows: pl.LazyFrame, plans: Sequence[FieldPlan], keep: Sequence[str]) -> pl.LazyFrame:
    """For each field ``<id>|w`` (condition, true without one) and ``<id>|v`` (value)."""
    made: list[nw.Expr] = []
    for plan in plans:
        id_ = plan.field.id
        made.append((plan.where.narwhals if plan.where else nw.lit(True)).alias(f"{id_}|w"))
        if plan.of:
            made.append(plan.of.narwhals.alias(f"{id_}|v"))
    names = [nw.col(name) for name in ("household_id", *keep)]
    frame: pl.LazyFrame = nw.from_native(rows).select(*names, *made).to_native()
    return frame


def _thousandths(plan: FieldPlan) -> pl.Expr:
    """Decimals are added as whole thousandths: a sum of floats would depend on the order of the rows."""
    value = pl.col(f"{plan.field.id}|v")
    if plan.field.type == "decimal":
        return (value * 1000).round().cast(pl.Int64)
    return value


def _back(plan: FieldPlan, value: pl.Expr) -> pl.Expr:
    return value / 1000 if plan.field.type == "decimal" else value


def _matching(plan: FieldPlan) -> list[pl.Expr]:
    """Row columns: ``<id>|m`` the value of a matching row, ``<id>|u`` the row leaves the result open."""
    id_ = plan.field.id
    if not plan.of:
        return [pl.col(f"{id_}|w").is_null().alias(f"{id_}|u")]
    where, value = pl.col(f"{id_}|w"), _thousandths(plan)
    open_ = where.is_null() | (where & value.is_null())
    return [pl.when(where).then(value).alias(f"{id_}|m"), open_.alias(f"{id_}|u")]


def _aggregates(plan: FieldPlan) -> list[pl.Expr]:
    id_, take = plan.field.id, plan.field.take
    found = [pl.col(f"{id_}|w").sum().alias(f"{id_}|n"), pl.col(f"{id_}|u").any().alias(f"{id_}|u")]
    if not plan.of:
        return found
    matched = pl.col(f"{id_}|m")
    if take == "mean":
        return [*found, matched.sum().alias(f"{id_}|a"), matched.count().alias(f"{id_}|c")]
    value = {"sum": matched.sum(), "min": matched.min(), "max": matched.max()}[take]
    return [*found, value.alias(f"{id_}|a"), matched.count().alias(f"{id_}|c")]


def _grouped(rows: pl.LazyFrame, homes: pl.DataFrame, plans: Sequence[FieldPlan]) -> pl.LazyFrame:
    marked = rows.with_columns(part for plan in plans for part in _matching(plan))
    sums = marked.group_by("household_id").agg(part for plan in plans for part in _aggregates(plan))
    return homes.lazy().select("household_id").join(sums, on="household_id", how="left", maintain_order="left")


def _value(plan: FieldPlan) -> pl.Expr:
    """The aggregate over matching rows with a value; null when there is none."""
    id_ = plan.field.id
    value, count = pl.col(f"{id_}|a"), pl.col(f"{id_}|c")
    if plan.field.take == "mean":
        value = value.cast(pl.Float64) / pl.when(count > 0).then(count)
    return pl.when(count > 0).then(_back(plan, value))


def _of_persons(plan: FieldPlan) -> pl.Expr:
    id_, take = plan.field.id, plan.field.take
    matched, open_ = pl.col(f"{id_}|n").fill_null(0), pl.col(f"{id_}|u").fill_null(False)
    if take == "any":
        result = pl.when(matched > 0).then(True).when(open_).then(None).otherwise(False)
    else:
        if take == "count":
            known = matched.cast(pl.Int64)
        elif take == "sum":
            known = pl.coalesce(_value(plan), pl.lit(0))
        else:
            known = pl.coalesce(_value(plan), pl.lit(plan.field.absent))
        result = pl.when(~open_).then(known)
    return result.alias(id_)


def roll_persons(rows: pl.LazyFrame, homes: pl.DataFrame, plans: Sequence[FieldPlan]) -> pl.DataFrame:
    """Over members: one whose condition or value is unknown makes the result unknown unless it cannot change."""
    grouped = _grouped(_prepared(rows, plans, ()), homes, plans)
    return grouped.select("household_id", *(_of_persons(plan) for plan in plans)).collect()


def _of_dataset(plan: FieldPlan) -> pl.Expr:
    id_, take = plan.field.id, plan.field.take
    matched = pl.col(f"{id_}|n").fill_null(0)
    values = {"count": matched.cast(pl.Int64), "any": pl.lit(True)}
    value = values[take] if take in values else _value(plan)
    return pl.when(matched > 0).then(value).otherwise(pl.lit(plan.field.absent)).alias(id_)


def roll_dataset(
    rows: pl.LazyFrame, homes: pl.DataFrame, plans: Sequence[FieldPlan], keys: Sequence[str]
) -> pl.DataFrame:
    """Over a delivered data set: a row whose condition is unknown does not match; without a match ``absent`` holds."""
    taken = [plan for plan in plans if plan.field.take == "value"]
    rolled = [plan for plan in plans if plan.field.take != "value"]
    result = homes.select("household_id")
    if rolled:
        grouped = _grouped(_prepared(rows, rolled, ()), homes, rolled)
        result = grouped.select("household_id", *(_of_dataset(plan) for plan in rolled)).collect()
    if taken:
        result = result.join(take_last(rows, homes, taken, keys), on="household_id", how="left", maintain_order="left")
    return result


def take_only(rows: pl.LazyFrame, homes: pl.DataFrame, plans: Sequence[FieldPlan]) -> pl.DataFrame:
    """The value of the household's only row where it matches; else ``absent``."""
    found = _prepared(rows, plans, ()).with_columns(pl.lit(True).alias("|found"))
    wide = homes.lazy().select("household_id").join(found, on="household_id", how="left", maintain_order="left")
    values = (_found_or_absent(plan, pl.col(f"{plan.field.id}|w")) for plan in plans)
    return wide.select("household_id", *values).collect()


def take_last(rows: pl.LazyFrame, homes: pl.DataFrame, plans: Sequence[FieldPlan], keys: Sequence[str]) -> pl.DataFrame:
    """The value of the matching row that sorts last by ``keys``; ``absent`` where no row matches."""
    prepared = _prepared(rows, plans, keys).collect().sort("household_id", *keys)
    result = homes.select("household_id")
    for condition in dict.fromkeys(plan.where.text if plan.where else "" for plan in plans):
        group = [plan for plan in plans if (plan.where.text if plan.where else "") == condition]
        fit = prepared.filter(pl.col(f"{group[0].field.id}|w")) if condition else prepared
        last = fit.unique(subset="household_id", keep="last").with_columns(pl.lit(True).alias("|found"))
        wide = result.join(last, on="household_id", how="left", maintain_order="left", suffix="|again")
        result = wide.select(*result.columns, *(_found_or_absent(plan) for plan in group))
    return result


def _found_or_absent(plan: FieldPlan, where: pl.Expr | None = None) -> pl.Expr:
    found, value = pl.col("|found"), pl.col(f"{plan.field.id}|v")
    matches = found if where is None else found & where
    return pl.when(matches).then(value).otherwise(pl.lit(plan.field.absent)).alias(plan.field.id)


def month_window(as_of: date) -> tuple[int, int]:
    """First and last month (YYYYMM) of the twelve that end in the month of the cut-off."""
    first = as_of.year * 12 + as_of.month - MONTHS
    return first // 12 * 100 + first % 12 + 1, as_of.year * 100 + as_of.month


def _raised(plan: FieldPlan, minimum: int) -> pl.Expr:
    """Twelve months from the months covered, rounded half up; else the yearly recall; else unknown."""
    id_, covered = plan.field.id, pl.col("|covered")
    total, open_ = pl.col(f"{id_}|a"), pl.col(f"{id_}|u")
    year = (2 * MONTHS * total + covered) // (2 * covered)
    monthly = pl.when(~open_ & (covered >= minimum)).then(pl.when(covered == MONTHS).then(total).otherwise(year))
    return pl.coalesce(monthly, pl.col(f"{id_}|yearly")).alias(id_)


def roll_ledger(
    rows: pl.LazyFrame, homes: pl.DataFrame, plans: Sequence[FieldPlan], as_of: date, minimum: int
) -> pl.DataFrame:
    """Sums of twelve months. Monthly records count from ``minimum`` months on; a yearly recall stands for itself."""
    first, last = month_window(as_of)
    window = rows.filter(pl.col("month").is_between(first, last))
    prepared = _prepared(window, plans, ("month", "period_months"))
    monthly = prepared.filter(pl.col("period_months") < MONTHS).with_columns(
        part for plan in plans for part in _matching(plan)
    )
    sums = [pl.col(f"{p.field.id}|m").sum().alias(f"{p.field.id}|a") for p in plans]
    opens = [pl.col(f"{p.field.id}|u").any() for p in plans]
    covered = pl.col("period_months").cast(pl.Int64).sum().alias("|covered")
    totals = monthly.group_by("household_id").agg(covered, *sums, *opens)
    recall = prepared.filter(pl.col("period_months") == MONTHS).sort("household_id", "month")
    recall = recall.unique(subset="household_id", keep="last").select(
        "household_id", *(_thousandths(p).alias(f"{p.field.id}|yearly") for p in plans)
    )
    wide = homes.lazy().select("household_id").join(totals, on="household_id", how="left", maintain_order="left")
    wide = wide.join(recall, on="household_id", how="left", maintain_order="left")
    return wide.select("household_id", *(_back(p, _raised(p, minimum)).alias(p.field.id) for p in plans)).collect()
