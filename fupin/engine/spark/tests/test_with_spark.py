"""Spark itself: the same digests, killed runs, and every expression of the catalogue on both engines."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import narwhals as nw
import polars as pl
import pytest

from fupin.catalogue.fields import Field
from fupin.catalogue.load import load_catalogue
from fupin.engine.check import Answers, check_examples
from fupin.engine.compare import plan_rule
from fupin.engine.expressions import KINDS
from fupin.engine.fields import evaluate, plan_fields, typed
from fupin.engine.run import execute
from fupin.engine.scoring import score_catalogue
from fupin.engine.spark import run as spark_run
from fupin.engine.spark.cluster import Cluster, session
from fupin.engine.spark.examples import spark_answers
from fupin.engine.spark.tests.hamlet import build
from fupin.engine.vocabulary import field_vocabulary, having_vocabulary, rule_vocabulary, table_vocabulary
from fupin.kernel.errors import UserError

ROWS = 60


def test_a_killed_run_goes_on_and_has_the_digests_of_polars(
    spark_here: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hamlet = build(tmp_path / "数据 data")
    storage = tmp_path / "共享 storage"
    monkeypatch.setattr(spark_run, "HOMES", 3)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(spark_run, "merge", killed)
        with pytest.raises(KeyboardInterrupt):
            execute(hamlet, tmp_path / "run", cluster=replace(spark_here, storage=storage))
    assert len(list(storage.glob("*/parts/*/index.parquet"))) == 3
    again = execute(hamlet, tmp_path / "run", cluster=replace(spark_here, storage=storage))
    assert again["digests"] == execute(hamlet, tmp_path / "polars")["digests"]
    assert (again["engine"]["name"], again["engine"]["master"]) == ("spark", "local[2]")
    # nothing was computed twice: no task of the second attempt tells its memory
    assert (again["steps"]["households"]["buckets"], again["steps"]["households"]["tasks_peak_mib"]) == (3, None)
    assert list(storage.iterdir()) == []


def test_a_master_that_spark_does_not_know_is_refused_in_words(spark_here: Cluster, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="nonsense"):
        execute(build(tmp_path / "data"), tmp_path / "run", cluster=replace(spark_here, master="nonsense"))


@pytest.fixture(scope="module")
def answers(spark_here: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Answers]:
    with session(spark_here, tmp_path_factory.mktemp("scratch")) as spark:
        yield spark_answers(spark)


def test_the_examples_of_the_catalogue_hold_on_spark(answers: Answers) -> None:
    assert check_examples(load_catalogue(), answers) == []


def _value(type_: str, chance: random.Random, texts: list[str]) -> Any:
    if chance.random() < 0.25:
        return None
    if type_ == "flag":
        return chance.random() < 0.5
    if type_ in ("int", "money", "month"):
        return chance.choice((-1, 0, 1, 2, 3, 12, 60, 202_010, chance.randrange(-5_000, 5_000_000)))
    if type_ == "decimal":
        return chance.choice((-0.5, 0.0, 0.5, 1.0, 2.5, round(chance.uniform(-10, 500), 3)))
    if type_ == "date":
        return date(2020, 1, 1) + timedelta(days=chance.randrange(-9_000, 400))
    return chance.choice(texts)


def random_rows(vocabulary: Mapping[str, str], names: set[str], texts: list[str], seed: int) -> pl.DataFrame:
    """Rows of any values the types allow, a quarter unknown: expressions must agree on what nobody foresaw."""
    chance = random.Random(seed)
    columns = {name: [_value(vocabulary[name], chance, texts) for _ in range(ROWS)] for name in sorted(names)}
    columns = columns or {"_": [0] * ROWS}
    return pl.DataFrame(columns, schema={name: KINDS[vocabulary.get(name, "int")][1] for name in columns})


def same(
    answers: Answers, frame: pl.DataFrame, made: Mapping[str, nw.Expr], fields: Mapping[str, Field] | None = None
) -> list[str]:
    """Names of the expressions whose values differ between the engines. ``fields``: taken in the type of the field."""
    ours = evaluate(frame.with_columns(pl.lit(0).alias("|one")), {**made, "|one": nw.col("|one")})
    theirs = answers(frame, made).cast({name: ours.schema[name] for name in made if ours.schema[name] != pl.Null})
    kept = [typed(pl.col(name), fields[name]) if fields and name in fields else pl.col(name) for name in made]
    pairs = zip(ours.select(kept), theirs.select(kept), strict=True)
    return [one.name for one, other in pairs if not one.equals(other, null_equal=True)]


def _texts(expressions: list[str]) -> list[str]:
    """The texts that the expressions compare with, and some others."""
    quoted = {part for text in expressions for part in text.split("'")[1::2]}
    return sorted(quoted | {"", "0", "01", "国", "Z"})


def test_fields_and_scores_are_the_same_on_rows_of_any_value(answers: Answers) -> None:
    catalogue = load_catalogue()
    plans, scores = plan_fields(catalogue), score_catalogue(catalogue)
    formulas = {id_: plan.formula for id_, plan in plans.items() if plan.formula is not None}
    made = {id_: part.narwhals for id_, part in formulas.items()}
    made |= {f"{id_}|points": score.points for id_, score in scores.items()}
    codes = [code for indicator in catalogue.indicators for code in indicator.codes or ()]
    texts = sorted({*_texts([part.text for part in formulas.values()]), *codes})
    known = field_vocabulary(catalogue.fields)
    assert same(answers, random_rows(known, set(known), texts, 1), made, catalogue.fields) == []


def test_rollups_of_tables_are_the_same_on_rows_of_any_value(answers: Answers) -> None:
    by_table: dict[str, dict[str, Any]] = {}
    for id_, plan in plan_fields(load_catalogue()).items():
        own = {f"{id_}|of": plan.of, f"{id_}|where": plan.where}
        by_table.setdefault(plan.field.table, {}).update({name: part for name, part in own.items() if part})
    for seed, (table, parts) in enumerate(sorted(by_table.items())):
        if table and parts:
            names = set().union(*(part.columns for part in parts.values()))
            texts = _texts([part.text for part in parts.values()])
            frame = random_rows(table_vocabulary(table), names, texts, seed)
            assert same(answers, frame, {name: part.narwhals for name, part in parts.items()}) == []


def test_rules_are_the_same_on_rows_of_any_value(answers: Answers) -> None:
    catalogue = load_catalogue()
    by_table: dict[str, dict[str, Any]] = {}
    for rule in catalogue.rules.values():
        plan = plan_rule(rule, catalogue.fields)
        parts = {f"{rule.id}|where": plan.where, f"{rule.id}|having": plan.having}
        parts |= {f"{rule.id}|{number}": part for number, part in enumerate(plan.exemptions)}
        by_table.setdefault(rule.table, {}).update(parts)
    for seed, (table, parts) in enumerate(sorted(by_table.items())):
        known = {**having_vocabulary(table, catalogue.fields), **rule_vocabulary(table, catalogue.fields)}
        names = set().union(*(part.columns for part in parts.values()))
        frame = random_rows(known, names, _texts([part.text for part in parts.values()]), seed)
        assert same(answers, frame, {name: part.narwhals for name, part in parts.items()}) == []
