"""Rules → findings (疑点). A finding never changes anything: people decide, on the spot, with the evidence."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import narwhals as nw
import polars as pl

from fupin.catalogue.fields import Field
from fupin.catalogue.load import Catalogue
from fupin.catalogue.rules import POPULATIONS, Rule
from fupin.catalogue.schema import CatalogueError, datasets, tables
from fupin.engine.expressions import BOOL, Expression, compile_conjuncts, compile_expression
from fupin.engine.staging import Stage
from fupin.engine.vocabulary import having_vocabulary, rule_vocabulary, table_vocabulary
from fupin.engine.words import value_in_words
from fupin.kernel.masks import mask_name

EVIDENCE = ("dataset", "delivery", "row", "person_id", "method")
_EVIDENCE_TYPE = pl.List(
    pl.Struct(
        {"dataset": pl.String, "delivery": pl.String, "row": pl.Int64, "person_id": pl.String, "method": pl.String}
    )
)
FINDINGS: Mapping[str, pl.DataType] = {
    "finding_id": pl.String(), "rule": pl.String(), "version": pl.Int32(), "household_id": pl.String(),
    "village_code": pl.String(), "severity": pl.Int32(), "direction": pl.String(), "topic": pl.String(),
    "n": pl.Int64(), "exempted": pl.Int64(), "params": pl.String(), "evidence": _EVIDENCE_TYPE,
}  # fmt: skip
UNKNOWN = ("未知", "unknown")
_PLACEHOLDER = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class RulePlan:
    """A rule with its compiled expressions and what its message names. ``own``: the parts of ``where`` that use only
    columns of the rule's table."""

    rule: Rule
    where: Expression
    own: nw.Expr | None
    exemptions: tuple[Expression, ...]
    having: Expression
    shown: tuple[str, ...]

    @property
    def sums(self) -> tuple[str, ...]:
        used = {name[2:] for name in (*self.having.columns, *self.shown) if name.startswith("s_")}
        return tuple(sorted(used))

    @property
    def first(self) -> tuple[str, ...]:
        """Columns of the first row that the message shows."""
        return tuple(name for name in self.shown if name not in ("n", "name") and not name.startswith(("s_", "f_")))

    @property
    def names(self) -> frozenset[str]:
        """Every name read: columns of the row, ``p_``, ``h_`` and ``f_`` names."""
        parts = [
            self.where.columns,
            *(part.columns for part in self.exemptions),
            frozenset(self.sums),
            frozenset(self.first),
        ]
        fields = {name for name in (*self.having.columns, *self.shown) if name.startswith("f_")}
        return frozenset().union(*parts) | fields


def plan_rule(rule: Rule, fields: Mapping[str, Field]) -> RulePlan:
    """Compile a rule. Raises CatalogueError."""
    place = f"rules [{rule.id}]"
    known = rule_vocabulary(rule.table, fields)
    after = having_vocabulary(rule.table, fields)
    shown = dict.fromkeys(name for text in rule.message.values() for name in _PLACEHOLDER.findall(text))
    for name in shown:
        if name != "name" and name not in after and name not in known:
            raise CatalogueError(
                f"{place} message: no value for {{{name}}}; use {{n}}, {{name}}, {{s_column}} or a column"
            )
    exemptions = tuple(compile_expression(e.where, known, f"{place} exemption [{e.id}]", BOOL) for e in rule.exemptions)
    where = compile_expression(rule.where, known, place, BOOL)
    own = compile_conjuncts(rule.where, known, place, table_vocabulary(rule.table))
    having = compile_expression(rule.having, after, f"{place} having", BOOL)
    return RulePlan(rule, where, own, exemptions, having, tuple(shown))


def matched_rows(plan: RulePlan, rows: pl.LazyFrame, population: bool = True) -> pl.LazyFrame:
    """Rows that fulfil ``where``, with ``|exempt``: the number of the first exemption that is true, else null.

    ``rows`` carries every name of the plan and ``h_state``.
    """
    states = POPULATIONS[plan.rule.population]
    if states and population:
        rows = rows.filter(pl.col("h_state").is_in(states))
    frame = nw.from_native(rows).filter(plan.where.narwhals)
    marks = [part.narwhals.alias(f"|e{i}") for i, part in enumerate(plan.exemptions)]
    native: pl.LazyFrame = frame.with_columns(*marks).to_native() if marks else frame.to_native()
    number = [pl.when(pl.col(f"|e{i}")).then(i) for i in range(len(marks))]
    exempt = pl.coalesce(number) if number else pl.lit(None)
    return native.with_columns(exempt.cast(pl.Int32).alias("|exempt"))


def raised(plan: RulePlan, rows: pl.LazyFrame) -> pl.DataFrame:
    """Matched rows → one line per household that fulfils ``having``; sorted by household."""
    fields = sorted(name for name in plan.names if name.startswith("f_"))
    in_order = [name for name in ("person_id", "delivery", "row") if name in rows.collect_schema().names()]
    left = rows.sort("household_id", *in_order, nulls_last=True)
    counted = pl.col("|exempt").is_null()
    grouped = left.group_by("household_id", maintain_order=True).agg(
        counted.sum().cast(pl.Int64).alias("n"),
        (~counted).sum().cast(pl.Int64).alias("exempted"),
        *[pl.col(name).filter(counted).sum().alias(f"s_{name}") for name in plan.sums],
        *[pl.col(name).filter(counted).first().alias(f"first|{name}") for name in plan.first],
        *[pl.col(name).first() for name in fields],
        *_identity(left.collect_schema().names(), counted),
    )
    result: pl.DataFrame = (
        nw.from_native(grouped.filter(pl.col("n") > 0)).filter(plan.having.narwhals).to_native().collect()
    )
    return result


def _identity(names: list[str], counted: pl.Expr) -> list[pl.Expr]:
    found = [pl.col("village_code").first()] if "village_code" in names else []
    if "|name" in names:
        found.append(pl.col("|name").filter(counted).first())
    if all(name in names for name in EVIDENCE):
        found.append(pl.struct(EVIDENCE).filter(counted).alias("evidence"))
    return found


class Comparison:
    """Rows of one run for the rules. What rules say about persons and homes is read once and kept in memory."""

    def __init__(self, stage: Stage, fields: pl.LazyFrame, plans: Sequence[RulePlan]) -> None:
        self.stage = stage
        names = frozenset().union(*(outside_names(plan) for plan in plans))
        self.persons = self._persons(names, plans)
        shown = sorted({name for name in names if name.startswith("p_")} | {"p_name"})
        self.people = self.persons.select("person_id", *[pl.col(name[2:]).alias(name) for name in shown])
        self.homes = self._homes(fields, names)

    def _persons(self, names: frozenset[str], plans: Sequence[RulePlan]) -> pl.DataFrame:
        """Everything that some rule says about persons, as rows of their own or as ``p_`` names; with evidence."""
        own = table_vocabulary("persons")
        columns = {name[2:] for name in names if name.startswith("p_")} | {"name", "relation"}
        rules = [plan for plan in plans if plan.rule.table == "persons"]
        columns |= {"person_id"} | {name for plan in rules for name in plan.names if name in own}
        # evidence is carried only where some rule looks for it: seven million persons are many
        return self.stage.table("persons", columns, evidence=bool(rules)).collect()

    def _homes(self, fields: pl.LazyFrame, names: frozenset[str]) -> pl.DataFrame:
        """Household columns, its latest survey, the fields and ``|head``, the name of its head."""
        wanted = {name[2:] for name in names if name.startswith("h_")} | {"state", "village_code"}
        base = set(table_vocabulary("households"))
        homes = self.stage.households.lazy().select("household_id")
        for table, columns in (("households", wanted & base), ("survey", wanted - base)):
            if columns:
                part = self.stage.table(table, columns)
                part = part.select("household_id", *[pl.col(name).alias(f"h_{name}") for name in sorted(columns)])
                homes = homes.join(part, on="household_id", how="left")
        ids = sorted(name[2:] for name in names if name.startswith("f_"))
        homes = homes.join(fields.select("household_id", *[pl.col(i).alias(f"f_{i}") for i in ids]), on="household_id")
        heads = self.persons.lazy().filter(pl.col("relation") == "01")
        heads = heads.sort("person_id").unique(subset="household_id", keep="first", maintain_order=True)
        heads = heads.select("household_id", pl.col("name").alias("|head"))
        return homes.join(heads, on="household_id", how="left").collect()

    def rows(self, table: str, plans: Sequence[RulePlan]) -> pl.DataFrame:
        """The rows that some plan can match, with every name of the plans, the evidence columns, ``village_code`` and
        ``|name``."""
        own = table_vocabulary(table)
        names = frozenset().union(*(plan.names for plan in plans))
        outside = frozenset().union(*(outside_names(plan) for plan in plans)) | {"h_state", "h_village_code", "|head"}
        wanted = {name for name in names if name in own}
        read = self.persons.lazy() if table == "persons" else self.stage.table(table, wanted, evidence=True)
        rows = self._thinned(
            read.select(*EVIDENCE, "household_id", *sorted(wanted - {*EVIDENCE, "household_id"})), plans
        )
        named = "|head"
        if not (table in ("households", "survey") or (table in datasets() and datasets()[table].subject == "village")):
            people = sorted({name for name in outside if name.startswith("p_")} | {"p_name"})
            rows, named = _joined(rows, self.people.select("person_id", *people), "person_id"), "p_name"
        homes = sorted(name for name in outside if name[:2] in ("h_", "f_") or name == "|head")
        rows = _joined(rows, self.homes.select("household_id", *homes), "household_id")
        return rows.with_columns(pl.col(named).alias("|name"), pl.col("h_village_code").alias("village_code"))

    def findings(self, table: str, plans: Sequence[RulePlan]) -> list[pl.DataFrame]:
        """The findings of the rules of one table."""
        rows = self.rows(table, plans).lazy()
        return [findings_of(plan, raised(plan, matched_rows(plan, rows))) for plan in plans]

    def _thinned(self, rows: pl.LazyFrame, plans: Sequence[RulePlan]) -> pl.DataFrame:
        """Without the rows that no rule can match: most of them, and joining other columns to them costs the most."""
        own = [plan.own for plan in plans if plan.own is not None]
        if len(own) == len(plans):  # by itself first: Polars moves this below the joins, to where the file is read
            rows = nw.from_native(rows).filter(nw.any_horizontal(*own, ignore_nulls=True)).to_native()
        states = self.homes.lazy().select("household_id", pl.col("h_state").alias("|state"))
        marked = rows.join(states, on="household_id", how="inner")
        kept = nw.any_horizontal(*[_possible(plan) for plan in plans], ignore_nulls=True)
        native: pl.LazyFrame = nw.from_native(marked).filter(kept).to_native()
        return native.drop("|state").collect()


def _joined(rows: pl.DataFrame, others: pl.DataFrame, on: str) -> pl.DataFrame:
    """Left join; the few partners are picked first, so that no hash table of all is built."""
    partners = others.join(rows.select(on), on=on, how="semi")
    return rows.join(partners, on=on, how="left", maintain_order="left")


def _possible(plan: RulePlan) -> nw.Expr:
    states = POPULATIONS[plan.rule.population]
    populated = nw.col("|state").is_in(states) if states else ~nw.col("|state").is_null()
    return populated if plan.own is None else populated & plan.own


def outside_names(plan: RulePlan) -> frozenset[str]:
    """Names that are not columns of the rule's table: ``p_``, ``h_`` and ``f_`` names."""
    own = table_vocabulary(plan.rule.table)
    return frozenset(name for name in plan.names if name not in own and name[:2] in ("p_", "h_", "f_"))


def finding_id(rule: str, household_id: str) -> str:
    """First 16 bytes of SHA-256 over rule and household, hex: the same doubt keeps its number from run to run."""
    return hashlib.sha256(f"{rule}\x1f{household_id}".encode()).hexdigest()[:32]


def _masked(name: pl.Expr) -> pl.Expr:
    return name.map_batches(_mask_names, return_dtype=pl.String)


def _mask_names(names: pl.Series) -> pl.Series:
    """Each distinct name is masked once."""
    distinct = names.unique()
    masks = [None if name is None else mask_name(name) for name in distinct]
    return names.replace_strict(distinct, masks, return_dtype=pl.String)


def _params(plan: RulePlan, columns: list[str]) -> pl.Expr:
    """What the message shows, as JSON; names masked."""
    values = []
    for name in sorted(plan.shown):
        if name == "name":
            value = _masked(pl.col("|name"))
        elif name in columns:
            value = pl.col(name)
        else:
            value = pl.col(f"first|{name}")
            value = _masked(value) if _is_name(plan.rule.table, name) else value
        values.append(value.alias(name))
    return pl.struct(values).struct.json_encode() if values else pl.lit("{}")


def _column(table: str, name: str) -> Any:
    """The catalogue column behind a name of a rule, or None."""
    prefixes = {"p_": ("persons",), "h_": ("households", "survey")}
    places = prefixes.get(name[:2], (table,))
    short = name[2:] if name[:2] in prefixes else name
    for place in places:
        shape = tables().get(place) or datasets().get(place)
        if shape and short in shape.columns:
            return shape.columns[short]
    return None


def _is_name(table: str, name: str) -> bool:
    column = _column(table, name)
    return column is not None and (column.type == "name" or column.name == "name")


def findings_of(plan: RulePlan, lines: pl.DataFrame) -> pl.DataFrame:
    """Lines of :func:`raised` → rows of ``findings.parquet``."""
    rule = plan.rule
    return lines.select(
        pl.Series(
            "finding_id", [finding_id(rule.id, id_) for id_ in lines.get_column("household_id")], dtype=pl.String
        ),
        pl.lit(rule.id).alias("rule"),
        pl.lit(rule.version, pl.Int32).alias("version"),
        "household_id",
        "village_code",
        pl.lit(rule.severity, pl.Int32).alias("severity"),
        pl.lit(rule.direction).alias("direction"),
        pl.lit(rule.topic).alias("topic"),
        "n",
        "exempted",
        _params(plan, lines.columns).alias("params"),
        pl.col("evidence").cast(_EVIDENCE_TYPE),
    )


def compare(
    stage: Stage, catalogue: Catalogue, fields: pl.LazyFrame, progress: Callable[[float], None] = lambda _: None
) -> pl.DataFrame:
    """All rules over all delivered tables → findings sorted by household and rule."""
    plans = [plan_rule(rule, catalogue.fields) for rule in catalogue.rules.values()]
    plans = [plan for plan in plans if stage.delivered(plan.rule.table)]
    comparison = Comparison(stage, fields, plans)
    found = [pl.DataFrame(schema=dict(FINDINGS))]
    by_table: dict[str, list[RulePlan]] = {}
    for plan in plans:
        by_table.setdefault(plan.rule.table, []).append(plan)
    # two tables at once: each is a chain of small steps that by itself leaves a core idle
    with ThreadPoolExecutor(2) as pool:
        for done, part in enumerate(pool.map(lambda item: comparison.findings(*item), by_table.items()), 1):
            found += part
            progress(done / len(by_table))
    return pl.concat(found).sort("household_id", "rule")


def _field_column(rule: Rule, name: str, fields: Mapping[str, Field]) -> Any:
    if name.startswith("f_"):
        return fields.get(name[2:])
    return _column(rule.table, name.removeprefix("s_"))


def render(rule: Rule, params: str, lang: str = "zh", fields: Mapping[str, Field] | None = None) -> str:
    """The message of a finding in zh or en: codes become words, 分 become 元. ``params``: JSON of the finding."""
    values = json.loads(params)
    words = {
        name: value_in_words(value, _field_column(rule, name, fields or {}), lang, UNKNOWN)
        for name, value in values.items()
    }
    return _PLACEHOLDER.sub(lambda found: words.get(found.group(1), found.group(0)), rule.message[lang])
