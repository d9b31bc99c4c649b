"""Every field of every household: declarative rollups, then computed fields in the order of their dependencies."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache

import narwhals as nw
import polars as pl

from fupin.catalogue.fields import Field
from fupin.catalogue.load import Catalogue
from fupin.catalogue.schema import CatalogueError, datasets
from fupin.engine.expressions import BOOL, KINDS, NUMBER, TEXT, Expression, compile_expression
from fupin.engine.rollup import roll_dataset, roll_ledger, roll_persons, take_only
from fupin.engine.staging import Stage
from fupin.engine.vocabulary import field_vocabulary, table_vocabulary

_KIND = {"flag": BOOL, "code": TEXT, "int": NUMBER, "decimal": NUMBER, "money": NUMBER}


@dataclass(frozen=True)
class FieldPlan:
    """A field with its compiled expressions; ``formula`` only for computed fields."""

    field: Field
    of: Expression | None = None
    where: Expression | None = None
    formula: Expression | None = None

    @property
    def columns(self) -> frozenset[str]:
        """Columns of the table that the field reads."""
        parts = [part.columns for part in (self.of, self.where) if part]
        return frozenset().union(*parts)


def plan_field(field: Field, fields: Mapping[str, Field]) -> FieldPlan:
    """Compile the expressions of a field. Raises CatalogueError."""
    where = f"fields [{field.id}]"
    kind = _KIND[field.type]
    if field.computed:
        return FieldPlan(field, formula=compile_expression(field.expression, field_vocabulary(fields), where, kind))
    known = table_vocabulary(field.table)
    of = compile_expression(field.of, known, where, kind) if field.of else None
    condition = compile_expression(field.where, known, where, BOOL) if field.where else None
    return FieldPlan(field, of, condition)


def levels(plans: Mapping[str, FieldPlan]) -> list[list[FieldPlan]]:
    """Computed fields in layers, each layer resting on the ones before. Raises CatalogueError on a cycle."""
    done = {id_ for id_, plan in plans.items() if plan.formula is None}
    waiting = [plan for plan in plans.values() if plan.formula is not None]
    layers: list[list[FieldPlan]] = []
    while waiting:
        layer = [plan for plan in waiting if plan.formula and plan.formula.columns <= done]
        if not layer:
            ring = ", ".join(plan.field.id for plan in waiting)
            raise CatalogueError(f"fields [{ring}]: these computed fields wait for each other; break the circle")
        layers.append(layer)
        done |= {plan.field.id for plan in layer}
        waiting = [plan for plan in waiting if plan.field.id not in done]
    return layers


@cache
def _plans(fields: tuple[Field, ...]) -> Mapping[str, FieldPlan]:
    known = {field.id: field for field in fields}
    return {field.id: plan_field(field, known) for field in fields}


def plan_fields(catalogue: Catalogue) -> Mapping[str, FieldPlan]:
    """Compiled plans by field id. Raises CatalogueError."""
    return _plans(tuple(catalogue.fields.values()))


def base_fields(catalogue: Catalogue) -> Mapping[str, frozenset[str]]:
    """Field → the fields that are not computed, on which it rests."""
    plans = plan_fields(catalogue)
    found = {id_: frozenset({id_}) for id_, plan in plans.items() if plan.formula is None}
    for layer in levels(plans):
        for plan in layer:
            names = plan.formula.columns if plan.formula else frozenset()
            found[plan.field.id] = frozenset().union(*(found[name] for name in names))
    return found


def polars_type(field: Field) -> pl.DataType:
    return KINDS[field.type][1]


def typed(expression: pl.Expr, field: Field, numeric_source: bool = True) -> pl.Expr:
    """The value in the type of its field: whole numbers rounded half away from zero, decimals to thousandths."""
    if field.type in ("flag", "code") or not numeric_source:
        return expression.cast(polars_type(field))
    scale = 1000 if field.type == "decimal" else 1
    value = expression.cast(pl.Float64) * scale
    whole = (value.abs() + 0.5).floor() * value.sign()
    # -0.0 and 0.0 must be the same bytes: adding zero turns the first into the second
    return (whole / scale + 0.0).cast(polars_type(field))


def evaluate(frame: pl.DataFrame, made: Mapping[str, nw.Expr]) -> pl.DataFrame:
    """The values of named expressions."""
    values: pl.DataFrame = nw.from_native(frame).select(part.alias(name) for name, part in made.items()).to_native()
    return values


def with_computed(
    frame: pl.DataFrame,
    catalogue: Catalogue,
    given: Mapping[str, pl.Series] | None = None,
    answers: Callable[[pl.DataFrame, Mapping[str, nw.Expr]], pl.DataFrame] = evaluate,
) -> pl.DataFrame:
    """Add the computed fields. ``given``: field → rows (flags) whose value in the frame stays (examples);
    ``answers``: what computes the formulas."""
    for layer in levels(plan_fields(catalogue)):
        made = answers(frame, {plan.field.id: plan.formula.narwhals for plan in layer if plan.formula})
        values = made.select(typed(pl.col(plan.field.id), plan.field) for plan in layer)
        columns = []
        for plan in layer:
            column = values.get_column(plan.field.id)
            column = column if len(column) == len(frame) else column.new_from_index(0, len(frame))
            stays = (given or {}).get(plan.field.id)
            columns.append(column if stays is None else frame.get_column(plan.field.id).zip_with(stays, column))
        frame = frame.with_columns(columns)
    return frame


def _empty(homes: pl.DataFrame, plans: Iterable[FieldPlan]) -> pl.DataFrame:
    unknown = [pl.lit(None, polars_type(plan.field)).alias(plan.field.id) for plan in plans]
    return homes.select("household_id", *unknown)


def _of_table(stage: Stage, table: str, plans: list[FieldPlan], minimum: int) -> pl.DataFrame:
    homes = stage.households
    if not stage.delivered(table):
        return _empty(homes, plans)
    columns = frozenset().union(*(plan.columns for plan in plans))
    if table == "persons":
        return roll_persons(stage.table(table, columns), homes, plans)
    if table == "ledger":
        return roll_ledger(
            stage.table(table, columns | {"month", "period_months"}), homes, plans, stage.inputs.as_of, minimum
        )
    if table in ("households", "survey"):
        return take_only(stage.table(table, columns), homes, plans)
    keys = tuple(name for name in datasets()[table].key if name != "village_code")
    if datasets()[table].subject == "village":
        return roll_dataset(stage.table(table, columns | set(keys)), homes, plans, keys)
    rows = stage.table(table, columns | set(keys), evidence=True)
    return roll_dataset(rows, homes, plans, (*keys, "delivery", "row"))


def compute_fields(stage: Stage, catalogue: Catalogue) -> pl.DataFrame:
    """``household_id`` and one column per field, sorted by household, in the order of the catalogue."""
    plans = plan_fields(catalogue)
    minimum = int(catalogue.parameters["ledger_months_minimum"].at(stage.inputs.as_of, stage.inputs.region))
    by_table: dict[str, list[FieldPlan]] = {}
    for plan in plans.values():
        if plan.formula is None:
            by_table.setdefault(plan.field.table, []).append(plan)
    homes = stage.households.select("household_id")
    # two tables at once: each is a chain of small steps that by itself leaves a core idle
    with ThreadPoolExecutor(2) as pool:
        parts = list(pool.map(lambda item: _typed_part(stage, item[0], item[1], minimum), by_table.items()))
    return with_computed(homes.hstack([column for part in parts for column in part]), catalogue).select(
        "household_id", *plans
    )


def _typed_part(stage: Stage, table: str, plans: list[FieldPlan], minimum: int) -> list[pl.Series]:
    """The fields of one table, aligned with the households of the stage."""
    part = _of_table(stage, table, plans, minimum)
    return part.select(typed(pl.col(plan.field.id), plan.field) for plan in plans).get_columns()
