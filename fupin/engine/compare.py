"""Rules → findings (疑点). A finding never changes anything: people decide, on the spot, with the evidence."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import narwhals as nw
import polars as pl

from fupin.catalogue.fields import Field
from fupin.catalogue.load import Catalogue
from fupin.catalogue.rules import POPULATIONS, Rule
from fupin.catalogue.schema import CatalogueError, code_lists, datasets, tables
from fupin.engine.expressions import BOOL, Expression, compile_expression
from fupin.engine.staging import Stage
from fupin.engine.vocabulary import having_vocabulary, rule_vocabulary, table_vocabulary
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
_PLACEHOLDER = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class RulePlan:
    """A rule with its compiled expressions and what its message names."""

    rule: Rule
    where: Expression
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
    return RulePlan(
        rule, where, exemptions, compile_expression(rule.having, after, f"{place} having", BOOL), tuple(shown)
    )


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
        self.people = self._people({name[2:] for name in names if name.startswith("p_")} | {"name"})
        self.homes = self._homes(fields, names)

    def _people(self, columns: set[str]) -> pl.DataFrame:
        persons = self.stage.table("persons", columns, evidence=True)
        return persons.select("person_id", *[pl.col(name).alias(f"p_{name}") for name in sorted(columns)]).collect()

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
        heads = self.stage.table("persons", {"relation", "name"}, evidence=True).filter(pl.col("relation") == "01")
        heads = heads.sort("person_id").unique(subset="household_id", keep="first", maintain_order=True)
        heads = heads.select("household_id", pl.col("name").alias("|head"))
        return homes.join(heads, on="household_id", how="left").collect()

    def rows(self, table: str, plans: Sequence[RulePlan]) -> pl.DataFrame:
        """The rows of a table with every name of the plans, the evidence columns, ``village_code`` and ``|name``."""
        own = table_vocabulary(table)
        names = frozenset().union(*(plan.names for plan in plans))
        outside = frozenset().union(*(outside_names(plan) for plan in plans)) | {"h_state", "h_village_code", "|head"}
        rows = self.stage.table(table, {name for name in names if name in own}, evidence=True)
        if table in ("households", "survey") or (table in datasets() and datasets()[table].subject == "village"):
            named = pl.col("|head")
        else:
            people = sorted({name for name in outside if name.startswith("p_")} | {"p_name"})
            rows = rows.join(self.people.lazy().select("person_id", *people), on="person_id", how="left")
            named = pl.col("p_name")
        homes = sorted(name for name in outside if name[:2] in ("h_", "f_") or name == "|head")
        rows = rows.join(self.homes.lazy().select("household_id", *homes), on="household_id", how="inner")
        return rows.with_columns(named.alias("|name"), pl.col("h_village_code").alias("village_code")).collect()


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
    for done, (table, group) in enumerate(by_table.items()):
        rows = comparison.rows(table, group)
        found += [findings_of(plan, raised(plan, matched_rows(plan, rows.lazy()))) for plan in group]
        progress((done + 1) / len(by_table))
    return pl.concat(found).sort("household_id", "rule")


def _words(value: Any, column: Any, lang: str) -> str:
    if value is None:
        return "未知" if lang == "zh" else "unknown"
    if column is not None and column.codes:
        return code_lists()[column.codes].label(str(value), lang)
    if column is not None and column.type == "money":
        text = f"{value / 100:,.2f}".removesuffix(".00")
        return f"{text}元" if lang == "zh" else f"{text} yuan"
    if isinstance(value, bool):
        return ("是" if value else "否") if lang == "zh" else ("yes" if value else "no")
    return str(value)


def _field_column(rule: Rule, name: str, fields: Mapping[str, Field]) -> Any:
    if name.startswith("f_"):
        return fields.get(name[2:])
    return _column(rule.table, name.removeprefix("s_"))


def render(rule: Rule, params: str, lang: str = "zh", fields: Mapping[str, Field] | None = None) -> str:
    """The message of a finding in zh or en: codes become words, 分 become 元. ``params``: JSON of the finding."""
    values = json.loads(params)
    words = {name: _words(value, _field_column(rule, name, fields or {}), lang) for name, value in values.items()}
    return _PLACEHOLDER.sub(lambda found: words.get(found.group(1), found.group(0)), rule.message[lang])
