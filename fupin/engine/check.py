"""The check of the whole catalogue: structure, expressions, sums, and every example run by the engine's own code."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import narwhals as nw
import polars as pl

from fupin.catalogue.fields import Field
from fupin.catalogue.indicators import DIMENSIONS, Indicator
from fupin.catalogue.load import Catalogue, load_catalogue
from fupin.catalogue.procedures import procedures
from fupin.catalogue.rules import REGISTRY_TABLES, Rule
from fupin.catalogue.schema import DATA, CatalogueError
from fupin.catalogue.screening import read_screening
from fupin.catalogue.standards import standards
from fupin.engine.compare import RulePlan, matched_rows, plan_rule, raised
from fupin.engine.expressions import KINDS
from fupin.engine.fields import base_fields, evaluate, levels, plan_field, plan_fields, polars_type, with_computed
from fupin.engine.scoring import INAPPLICABLE, UNKNOWN, Score, score_indicator
from fupin.engine.screening import check_screening
from fupin.engine.vocabulary import having_vocabulary, rule_vocabulary, table_vocabulary

UNKNOWN_WORD = "unknown"
#: another engine's values of named expressions, for every row of a frame in its order
Answers = Callable[[pl.DataFrame, Mapping[str, nw.Expr]], pl.DataFrame]


def check_catalogue(folder: Path = DATA) -> list[str]:
    """Every fault of a catalogue folder, each saying entry and remedy; empty when all is well."""
    try:
        catalogue = load_catalogue(folder)
        procedures()
        standards()
    except CatalogueError as error:
        return [str(error)]
    if faults := _plan_faults(catalogue):
        return faults
    try:
        levels(plan_fields(catalogue))
    except CatalogueError as error:
        return [str(error)]
    faults = check_shape(catalogue) + check_evidence(catalogue)
    faults += check_indicator_examples(catalogue)
    return faults + check_rules(catalogue) + _check_screening(folder, catalogue)


def _check_screening(folder: Path, catalogue: Catalogue) -> list[str]:
    """The logic screening of a folder that has one."""
    place = folder / "rules" / "screen"
    if not place.is_dir():
        return []
    try:
        return check_screening(catalogue, read_screening(place))
    except CatalogueError as error:
        return [str(error)]


def _plan_faults(catalogue: Catalogue) -> list[str]:
    faults = []
    for field in catalogue.fields.values():
        try:
            plan_field(field, catalogue.fields)
        except CatalogueError as error:
            faults.append(str(error))
    return faults


def check_shape(catalogue: Catalogue) -> list[str]:
    """Seven dimensions, their weights and the number of their indicators."""
    faults = []
    present = {dimension.id: dimension for dimension in catalogue.dimensions}
    for id_, (count, weight) in DIMENSIONS.items():
        dimension = present.get(id_)
        if dimension is None:
            faults.append(f"indicators: dimension {id_!r} has no file; write one")
            continue
        if len(dimension.indicators) != count:
            faults.append(f"indicators [{id_}]: {len(dimension.indicators)} indicators, {count} are laid down")
        if dimension.weight != weight:
            faults.append(f"indicators [{id_}]: weight {dimension.weight}, {weight} is laid down")
    return faults


def check_evidence(catalogue: Catalogue) -> list[str]:
    """An indicator's evidence must be a source from which its field is known."""
    bases = base_fields(catalogue)
    faults = []
    for indicator in catalogue.indicators:
        sources = {catalogue.fields[name].source for name in bases[indicator.field]}
        if indicator.evidence not in sources:
            known = ", ".join(sorted(sources))
            faults.append(
                f"indicators [{indicator.id}]: evidence = {indicator.evidence!r}, "
                f"but {indicator.field!r} is known from {known}; name one of these"
            )
    return faults


def _frame(rows: list[dict[str, Any]], schema: Mapping[str, pl.DataType]) -> pl.DataFrame:
    """Rows of examples in the types of the vocabulary; whole numbers may stand for decimals."""
    columns = {}
    for name, type_ in schema.items():
        values = [row.get(name) for row in rows]
        columns[name] = (
            pl.Series(name, values, dtype=type_, strict=True) if type_ != pl.Float64 else _floats(name, values)
        )
    return pl.DataFrame(columns)


def _floats(name: str, values: list[Any]) -> pl.Series:
    return pl.Series(name, [None if value is None else float(value) for value in values], dtype=pl.Float64)


def _example_fields(indicator: Indicator, example: Mapping[str, Any]) -> dict[str, Any]:
    given = {name: None if value == UNKNOWN_WORD else value for name, value in example.get("given", {}).items()}
    if "value" in example:
        given[indicator.field] = None if example["value"] == UNKNOWN_WORD else example["value"]
    return given


def _expected(example: Mapping[str, Any]) -> int | None:
    if example.get("applies") is False:
        return INAPPLICABLE
    if example.get("value") == UNKNOWN_WORD or example.get("unknown") is True or example.get("points") == UNKNOWN_WORD:
        return UNKNOWN
    points = example.get("points")
    return None if points is None else int(points)


def check_examples(catalogue: Catalogue, answers: Answers) -> list[str]:
    """Every example of the catalogue, its expressions computed by another engine."""
    return check_indicator_examples(catalogue, answers) + check_rules(catalogue, answers)


def check_indicator_examples(catalogue: Catalogue, answers: Answers | None = None) -> list[str]:
    """Run every example of every indicator in one frame."""
    faults, cases = [], []
    scores: dict[str, Score] = {}
    schema = {field.id: polars_type(field) for field in catalogue.fields.values()}
    for indicator in catalogue.indicators:
        try:
            scores[indicator.id] = score_indicator(indicator, catalogue.fields)
        except CatalogueError as error:
            faults.append(str(error))
            continue
        for number, example in enumerate(indicator.examples, 1):
            place = f"indicators [{indicator.id}] example {number}"
            given = _example_fields(indicator, example)
            problem = _misfit(given, catalogue.fields) or (
                "says neither points nor applies = false" if _expected(example) is None else ""
            )
            if problem:
                faults.append(f"{place}: {problem}")
            else:
                cases.append((indicator.id, place, example, given))
    if not cases:
        return faults
    rows = [values for *_, values in cases]
    stays = {name: pl.Series([name in values for values in rows]) for name in schema}
    frame = with_computed(_frame(rows, schema), catalogue, stays, answers or evaluate)
    return faults + _run_cases(frame, cases, scores, answers or evaluate)


def _misfit(given: Mapping[str, Any], fields: Mapping[str, Field]) -> str:
    for name, value in given.items():
        if name not in fields:
            return f"no field {name!r}; correct the name"
        wanted = {"int": int, "money": int, "decimal": (int, float), "flag": bool, "code": str}[fields[name].type]
        fits = isinstance(value, wanted) and (fields[name].type == "flag" or not isinstance(value, bool))  # type: ignore[arg-type]
        if value is not None and not fits:
            return f"{name} = {value!r} is no {fields[name].type}"
    return ""


def _run_cases(
    frame: pl.DataFrame,
    cases: list[tuple[str, str, Mapping[str, Any], dict[str, Any]]],
    scores: Mapping[str, Score],
    answers: Answers,
) -> list[str]:
    # without `given` an example is about the scoring table alone
    made = [(f"{id_}|{kind}", expr) for id_, s in scores.items() for kind, expr in (("t", s.table), ("p", s.points))]
    values = answers(frame, dict(made))
    faults = []
    for row, (id_, place, example, _) in enumerate(cases):
        kind = "p" if "given" in example else "t"
        got, wanted = values.item(row, f"{id_}|{kind}"), _expected(example)
        if got != wanted:
            faults.append(f"{place}: {dict(example)} gives {got}, not {wanted} (−1 unknown, −2 not applicable)")
    return faults


def check_rules(catalogue: Catalogue, answers: Answers | None = None) -> list[str]:
    """Compile every rule and run its examples."""
    faults = []
    for rule in catalogue.rules.values():
        try:
            faults += _check_rule(plan_rule(rule, catalogue.fields), catalogue, answers)
        except CatalogueError as error:
            faults.append(str(error))
    return faults


def _kind(name: str, vocabulary: Mapping[str, str]) -> pl.DataType:
    return KINDS[vocabulary[name]][1]


def _example_row(rule: Rule, example: Mapping[str, Any], row: Mapping[str, Any]) -> dict[str, Any]:
    """One row with everything the example says about it. For a table of the registry the row is the person or home."""
    person, home = dict(example.get("person", {})), dict(example.get("household", {}))
    if rule.table == "persons":
        person, row = {**row, **person}, {**person, **row}
    elif rule.table in REGISTRY_TABLES:
        own = table_vocabulary(rule.table)
        home, row = {**row, **home}, {**{name: value for name, value in home.items() if name in own}, **row}
    values = dict(row)
    for prefix, part in (("p_", person), ("h_", home), ("f_", example.get("fields", {}))):
        values |= {f"{prefix}{name}": value for name, value in part.items()}
    return values


def _example_faults(plan: RulePlan, known: Mapping[str, str]) -> list[str]:
    for number, example in enumerate(plan.rule.examples, 1):
        for row in example.get("rows", [{}]):
            stray = set(_example_row(plan.rule, example, row)) - set(known)
            if stray:
                return [
                    f"rules [{plan.rule.id}] example {number}: no column {', '.join(sorted(stray))}; correct the name"
                ]
    return []


def _answered(plan: RulePlan, frame: pl.DataFrame, answers: Answers | None) -> tuple[RulePlan, pl.DataFrame]:
    """With the answers in columns of the frame, and a plan that takes them from there."""
    if answers is None:
        return plan, frame
    asked = {"|where": plan.where, **{f"|x{i}": part for i, part in enumerate(plan.exemptions)}}
    values = answers(frame, {name: part.narwhals for name, part in asked.items()})
    where, *exemptions = (replace(part, narwhals=nw.col(name)) for name, part in asked.items())
    return replace(plan, where=where, exemptions=tuple(exemptions)), frame.hstack(values)


def _raised(plan: RulePlan, matched: pl.DataFrame, answers: Answers | None) -> pl.DataFrame:
    if answers is None:
        return raised(plan, matched.lazy())
    always = replace(plan.having, narwhals=nw.col("n") > 0)
    lines = raised(replace(plan, having=always), matched.lazy())
    return lines.filter(answers(lines, {"having": plan.having.narwhals}).to_series())


def _check_rule(plan: RulePlan, catalogue: Catalogue, answers: Answers | None = None) -> list[str]:
    rule = plan.rule
    known = {**rule_vocabulary(rule.table, catalogue.fields), **having_vocabulary(rule.table, catalogue.fields)}
    if faults := _example_faults(plan, known):
        return faults
    rows = []
    for number, example in enumerate(rule.examples):
        for row in example.get("rows", [{}]):
            values = _example_row(rule, example, row)
            rows.append({**values, "|case": number})
    names = sorted((plan.names | {"h_state"}) - {"n"})
    schema = {
        name: _kind(name, known) for name in names if not name.startswith("s_") or name in table_vocabulary(rule.table)
    }
    frame = _frame(rows, schema).with_columns(pl.Series("household_id", [f"{row['|case']:04d}" for row in rows]))
    plan, frame = _answered(plan, frame, answers)
    given = pl.col("h_state").is_not_null()
    matched = pl.concat(
        [
            matched_rows(plan, frame.lazy().filter(given)),
            matched_rows(plan, frame.lazy().filter(~given), population=False),
        ]
    ).collect()
    hits = set(_raised(plan, matched, answers).get_column("household_id"))
    return [
        fault
        for number, example in enumerate(rule.examples)
        if (fault := _verdict(plan, number, example, matched, f"{number:04d}" in hits))
    ]


def _verdict(plan: RulePlan, number: int, example: Mapping[str, Any], matched: pl.DataFrame, hit: bool) -> str:
    place = f"rules [{plan.rule.id}] example {number + 1}"
    if hit != (example["expect"] == "hit"):
        return f"{place}: expected {example['expect']}, got {'a hit' if hit else 'no hit'}"
    if example["expect"] == "exempt":
        numbers = matched.filter(pl.col("household_id") == f"{number:04d}").get_column("|exempt").drop_nulls()
        used = {plan.rule.exemptions[i].id for i in numbers}
        if example["exemption"] not in used:
            return (
                f"{place}: exemption {example['exemption']!r} did not take a row out; it used {sorted(used) or 'none'}"
            )
    return ""
