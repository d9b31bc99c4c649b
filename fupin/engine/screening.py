"""逻辑筛查: rules over the registry itself → hits. A hit changes nothing: people mend it or say why it is right.

Names in a condition: a person's own columns bare; ``h_`` household and survey, ``f_`` fields, ``x_`` columns to come,
``q_`` parameters. A village rule reads the statistics of the village bare and ``v_`` sums over its households.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import narwhals as nw
import polars as pl

from fupin.catalogue.fields import Field
from fupin.catalogue.load import Catalogue
from fupin.catalogue.rules import POPULATIONS
from fupin.catalogue.schema import CatalogueError
from fupin.catalogue.screening import ScreenColumn, Screening, ScreenRule
from fupin.engine.expressions import BOOL, Expression, compile_expression
from fupin.engine.fields import base_fields, compute_fields, plan_fields
from fupin.engine.numbered import NumberedStage
from fupin.engine.staging import Stage, surviving_rows
from fupin.engine.vocabulary import REGISTRY, field_vocabulary, table_vocabulary

VILLAGES = "st_villages"
SLICE = 250_000
HITS: Mapping[str, pl.DataType] = {
    "rule": pl.String(), "object_id": pl.String(), "level": pl.String(), "severity": pl.Int32(),
    "household_id": pl.String(), "person_id": pl.String(), "village_code": pl.String(), "params": pl.String(),
}  # fmt: skip
_PLACEHOLDER = re.compile(r"\{(\w+)\}")
_SUMMED = ("int", "decimal", "money", "flag")
_OWN = {"person": ("person_id", "household_id"), "household": ("household_id",), "village": ()}
Answers = Callable[[pl.DataFrame, Mapping[str, nw.Expr]], pl.DataFrame]


@dataclass(frozen=True)
class ScreenPlan:
    """A rule with its compiled condition and the columns that its message shows."""

    rule: ScreenRule
    where: Expression
    shown: tuple[str, ...]

    @property
    def names(self) -> frozenset[str]:
        return self.where.columns | frozenset(self.shown)


@dataclass(frozen=True)
class Screened:
    """``hits``: see HITS, sorted by rule and object. ``rules``: rule, applicable, checked (rows on which the answer is
    known), unknown, hits."""

    hits: pl.DataFrame
    rules: pl.DataFrame


def with_staged(catalogue: Catalogue, screening: Screening) -> Catalogue:
    """The catalogue whose fields are its own and the staged ones. Raises CatalogueError when a name stands twice."""
    if twice := sorted(catalogue.fields.keys() & screening.staged.keys()):
        raise CatalogueError(f"rules/screen/staged: {', '.join(twice)} stands in data/fields already; use that one")
    return replace(catalogue, fields={**catalogue.fields, **screening.staged})


def own_fields(catalogue: Catalogue) -> dict[str, Field]:
    """The fields that rest on the registry alone: departments' data belong to the comparison rules."""
    bases = base_fields(catalogue)
    inside = {id_ for id_, field in catalogue.fields.items() if not field.computed and field.table in REGISTRY}
    return {id_: field for id_, field in catalogue.fields.items() if bases[id_] <= inside}


def level_vocabulary(level: str, catalogue: Catalogue, columns: Mapping[str, ScreenColumn]) -> dict[str, str]:
    """Name → catalogue type, for the rules of one level."""
    fields = own_fields(catalogue)
    parameters = {f"q_{id_}": "money" for id_ in catalogue.parameters}
    if level == "village":
        sums = {f"v_{field.id}": "decimal" for field in fields.values() if field.type in _SUMMED}
        return {**table_vocabulary(VILLAGES), **sums, "v_households": "int", "v_listed": "int", **parameters}
    homes = {**table_vocabulary("survey"), **table_vocabulary("households")}
    known = {f"h_{name}": type_ for name, type_ in homes.items()} | field_vocabulary(fields, "f_") | parameters
    known |= {column.id: column.type for column in columns.values() if column.level == "household"}
    if level == "person":
        own = {n: t for n, t in table_vocabulary("persons").items() if not n.startswith("has_")}
        known |= {**own, **{column.id: column.type for column in columns.values() if column.level == "person"}}
    return known


def plan_screen(rule: ScreenRule, known: Mapping[str, str]) -> ScreenPlan:
    """Compile a rule; ``known``: the vocabulary of its level. Raises CatalogueError."""
    place = f"rules/screen [{rule.id}]"
    shown = tuple(dict.fromkeys(name for text in rule.message.values() for name in _PLACEHOLDER.findall(text)))
    if stray := sorted(set(shown) - set(known)):
        raise CatalogueError(f"{place} message: no value for {{{stray[0]}}}; use a column of the condition")
    return ScreenPlan(rule, compile_expression(rule.where, known, place, BOOL), shown)


def plan_screens(catalogue: Catalogue, screening: Screening) -> list[ScreenPlan]:
    """Every rule compiled; ``catalogue`` with the staged fields. Raises CatalogueError."""
    known = {level: level_vocabulary(level, catalogue, screening.columns) for level in _OWN}
    return [plan_screen(rule, known[rule.level]) for rule in screening.rules.values()]


class Screener:
    """The rows of one screening, each read once."""

    def __init__(self, stage: Stage, catalogue: Catalogue, screening: Screening) -> None:
        self.stage, self.screening = stage, screening
        self.catalogue = with_staged(catalogue, screening)
        self.plans = plan_screens(self.catalogue, screening)
        self.come = {level: self._come(level) for level in ("person", "household")}

    def _path(self, level: str) -> Any:
        return self.stage.inputs.snapshot / f"screen_{level}s.parquet"

    def _come(self, level: str) -> frozenset[str]:
        """Columns to come that this snapshot brings."""
        path = self._path(level)
        return frozenset(pl.read_parquet_schema(path)) if path.is_file() else frozenset()

    def applicable(self, plan: ScreenPlan) -> bool:
        """Whether everything that the rule names is held here: a rule about what nobody recorded finds nothing."""
        if plan.rule.level == "village" and not self.stage.delivered(VILLAGES):
            return False
        wanted = {name for name in plan.names if name.startswith("x_")}
        return wanted <= self.come["person"] | self.come["household"]

    def read(self, plans: Sequence[ScreenPlan]) -> None:
        """Settle what is read: which columns of which table the rules, and the fields they name, ask for."""
        self.names = frozenset().union(*(plan.names for plan in plans))
        fields = {n[2:] for n in self.names if n[:2] in ("f_", "v_")} & self.catalogue.fields.keys()
        self.kept = needed_fields(self.catalogue, fields)
        own, base = table_vocabulary("persons"), table_vocabulary("households")
        homes = {name[2:] for name in self.names if name.startswith("h_")} | {"state"}
        people = {n for plan in plans if plan.rule.level == "person" for n in plan.names if n in own} | {"person_id"}
        wanted = {"persons": people, "households": homes & base.keys(), "survey": homes - base.keys(), "ledger": set()}
        plan_of = plan_fields(self.catalogue)
        for field in self.kept.values():
            if not field.computed:
                wanted[field.table] |= plan_of[field.id].columns
        wanted["ledger"] |= {"month", "period_months"}
        self.numbered = NumberedStage(self.stage, wanted)

    def homes(self) -> pl.DataFrame:
        """One row a household, in the order of its number: its name, ``village_code``, ``h_state`` and every ``h_``,
        ``f_``, ``x_`` and ``q_`` name."""
        homes = self.numbered.names.select(pl.col("household_id").alias("|home"), "village_code").with_row_index(
            "household_id"
        )
        base = table_vocabulary("households")
        for table in ("households", "survey"):
            columns = sorted(
                n[2:] for n in self.names | {"h_state"} if n[:2] == "h_" and (n[2:] in base) == (table != "survey")
            )
            if columns:
                part = self.numbered.held(table).select("household_id", *[pl.col(n).alias(f"h_{n}") for n in columns])
                homes = homes.join(part, on="household_id", how="left", maintain_order="left")
        if come := sorted(self.names & self.come["household"]):
            part = pl.read_parquet(self._path("household"), columns=["household_id", *come])
            part = part.rename({"household_id": "|home"})
            homes = homes.join(part, on="|home", how="left", maintain_order="left")
        values = compute_fields(self.numbered, replace(self.catalogue, fields=self.kept))
        ids = sorted({n[2:] for n in self.names if n[:2] in ("f_", "v_")} & self.kept.keys())
        fields = values.select(pl.col(id_).alias(f"f_{id_}") for id_ in ids)
        return self._constants(homes.hstack(fields.get_columns()), self.names)

    def _constants(self, frame: pl.DataFrame, names: frozenset[str]) -> pl.DataFrame:
        inputs = self.stage.inputs
        return frame.with_columns(
            pl.lit(round(self.catalogue.parameters[name[2:]].at(inputs.as_of, inputs.region)), pl.Int64).alias(name)
            for name in sorted(names)
            if name.startswith("q_")
        )

    def persons(self, homes: pl.DataFrame, plans: Sequence[ScreenPlan]) -> pl.DataFrame:
        """One row a person, with the person's own columns and those of the home that person rules name."""
        names = frozenset().union(*(plan.names for plan in plans))
        rows = self.numbered.held("persons")
        rows = rows.select("household_id", *sorted({"person_id", *names} & set(rows.columns) - {"household_id"}))
        if come := sorted(names & self.come["person"]):
            part = pl.read_parquet(self._path("person"), columns=["person_id", *come])
            rows = rows.join(part, on="person_id", how="left")
        taken = sorted({n for n in names if n in homes.columns and n not in rows.columns} | {"h_state", "|home"})
        around = homes.select(pl.col("village_code").alias("|village"), *taken)[rows.get_column("household_id")]
        return rows.hstack(around.get_columns())

    def villages(self, homes: pl.DataFrame, plans: Sequence[ScreenPlan]) -> pl.DataFrame:
        """One row a village: its statistics, and sums over its households (unknown where one of them is)."""
        names = frozenset().union(*(plan.names for plan in plans))
        sums = sorted(name for name in names if name.startswith("v_") and name not in ("v_households", "v_listed"))
        listed = pl.col("h_state").is_in(POPULATIONS["listed"] or ())
        grouped = (
            homes.lazy()
            .group_by("village_code")
            .agg(
                pl.len().cast(pl.Int64).alias("v_households"),
                listed.sum().cast(pl.Int64).alias("v_listed"),
                *[_summed(name) for name in sums],
            )
        )
        own = sorted((names & table_vocabulary(VILLAGES).keys()) - {"village_code"})
        # not the stage's table, which knows only villages where somebody lives
        told = surviving_rows(VILLAGES, self.stage.inputs.of_dataset(VILLAGES), ("village_code", *own))
        told = told.filter(pl.col("village_code").str.starts_with(self.stage.inputs.region))
        rows = told.drop("delivery", "row").join(grouped, on="village_code", how="left")
        found = rows.with_columns(pl.col("village_code").alias("|village"), pl.lit(None, pl.String).alias("h_state"))
        return self._constants(found.sort("village_code").collect(), names)


def _summed(name: str) -> pl.Expr:
    value = pl.col(f"f_{name[2:]}").cast(pl.Float64)
    return pl.when(value.is_null().any()).then(None).otherwise(value.sum()).alias(name)


def needed_fields(catalogue: Catalogue, ids: Collection[str]) -> dict[str, Field]:
    """The named fields and all that their formulas name, in the order of the catalogue."""
    plans = plan_fields(catalogue)
    wanted, open_ = set(ids), list(ids)
    while open_:
        formula = plans[open_.pop()].formula
        more = (formula.columns if formula else frozenset()) - wanted
        wanted |= more
        open_ += more
    return {id_: field for id_, field in catalogue.fields.items() if id_ in wanted}


def screen(
    stage: Stage, catalogue: Catalogue, screening: Screening, progress: Callable[[float], None] = lambda _: None
) -> Screened:
    """All rules over the region of the stage. Raises CatalogueError."""
    screener = Screener(stage, catalogue, screening)
    plans = [plan for plan in screener.plans if screener.applicable(plan)]
    screener.read(plans)
    homes = screener.homes()
    progress(0.4)
    by_level = {level: [plan for plan in plans if plan.rule.level == level] for level in _OWN}
    found: list[pl.DataFrame] = [pl.DataFrame(schema=dict(HITS))]
    told: dict[str, tuple[int, int, int]] = {}
    for level, share in (("household", 0.55), ("village", 0.6), ("person", 1.0)):
        if by_level[level]:
            found += judged(_rows(screener, level, homes, by_level[level]), by_level[level], told)
        progress(share)
    hits = pl.concat(found).sort("rule", "object_id")
    lines = [(id_, id_ in told, *told.get(id_, (0, 0, 0))) for id_ in screening.rules]
    return Screened(hits, pl.DataFrame(lines, ["rule", "applicable", "checked", "unknown", "hits"], orient="row"))


def _rows(screener: Screener, level: str, homes: pl.DataFrame, plans: Sequence[ScreenPlan]) -> pl.DataFrame:
    if level == "person":
        return screener.persons(homes, plans)
    if level == "village":
        return screener.villages(homes, plans)
    return homes.with_columns(pl.col("village_code").alias("|village"))


def judged(
    rows: pl.DataFrame, plans: Sequence[ScreenPlan], told: dict[str, tuple[int, int, int]]
) -> list[pl.DataFrame]:
    """Hits of rules of one level; ``told`` takes rule → (checked, unknown, hits)."""
    found = []
    for population in dict.fromkeys(plan.rule.population for plan in plans):
        states = POPULATIONS[population]
        wanted = [plan for plan in plans if plan.rule.population == population]
        everyone = states is None or plans[0].rule.level == "village"
        part = rows if everyone else rows.filter(pl.col("h_state").is_in(states or ()))
        for plan in wanted:
            told[plan.rule.id] = (0, 0, 0)
        for slice_ in part.iter_slices(SLICE):
            found += _slice(slice_, wanted, told)
    return found


def answers_of(rows: pl.DataFrame, plans: Sequence[ScreenPlan]) -> pl.DataFrame:
    """One column a rule: true a hit, false none, null unknown."""
    lazy = nw.from_native(rows.lazy()).select(plan.where.narwhals.alias(plan.rule.id) for plan in plans)
    answers: pl.DataFrame = lazy.to_native().collect()
    return answers


def _slice(
    rows: pl.DataFrame, plans: Sequence[ScreenPlan], told: dict[str, tuple[int, int, int]]
) -> list[pl.DataFrame]:
    answers = answers_of(rows, plans)
    found = []
    for plan in plans:
        answer = answers.get_column(plan.rule.id).cast(pl.Boolean)
        unknown, n = answer.null_count(), int(answer.sum() or 0)
        before = told[plan.rule.id]
        told[plan.rule.id] = (before[0] + len(rows) - unknown, before[1] + unknown, before[2] + n)
        if n:
            found.append(_hits(plan, rows.filter(answer)))
    return found


def _hits(plan: ScreenPlan, rows: pl.DataFrame) -> pl.DataFrame:
    level = plan.rule.level
    own = _OWN[level]
    nobody = pl.lit(None, pl.String)
    object_ = {"person": "person_id", "household": "|home", "village": "|village"}[level]
    seen = [pl.col(name) for name in sorted(plan.shown)]
    return rows.select(
        pl.lit(plan.rule.id).alias("rule"),
        pl.col(object_).alias("object_id"),
        pl.lit(level).alias("level"),
        pl.lit(plan.rule.severity, pl.Int32).alias("severity"),
        (pl.col("|home") if "household_id" in own else nobody).alias("household_id"),
        (pl.col("person_id") if "person_id" in own else nobody).alias("person_id"),
        pl.col("|village").alias("village_code"),
        (pl.struct(seen).struct.json_encode() if seen else pl.lit("{}")).alias("params"),
    )


def check_screening(catalogue: Catalogue, screening: Screening) -> list[str]:
    """Every fault of rules and examples, each saying entry and remedy; empty when all is well."""
    try:
        full = with_staged(catalogue, screening)
        plan_fields(full)
        known = {level: level_vocabulary(level, full, screening.columns) for level in _OWN}
    except CatalogueError as error:
        return [str(error)]
    faults = []
    for rule in screening.rules.values():
        try:
            faults += _example_faults(plan_screen(rule, known[rule.level]), known[rule.level])
        except CatalogueError as error:
            faults.append(str(error))
    return faults


def _example_faults(plan: ScreenPlan, known: Mapping[str, str]) -> list[str]:
    faults = []
    for number, example in enumerate(plan.rule.examples, 1):
        place, row = f"rules/screen [{plan.rule.id}] example {number}", example["row"]
        if stray := sorted(set(row) - plan.names):
            faults.append(f"{place}: the rule does not read {', '.join(stray)}; correct the name")
            continue
        value = plan.where.on_row(row, known)
        got = "unknown" if value is None else ("hit" if value else "miss")
        if got != example["expect"]:
            faults.append(f"{place}: expected {example['expect']}, got {got}")
    return faults
