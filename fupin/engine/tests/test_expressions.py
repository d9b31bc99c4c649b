import math

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fupin.catalogue.schema import CatalogueError
from fupin.engine.expressions import compile_expression

VOCABULARY = {"a": "int", "b": "int", "x": "decimal", "s": "text", "t": "code", "p": "flag", "q": "flag", "d": "date"}
NUMBERS = st.sampled_from(
    ["a", "b", "x", "1", "2.5", "NULLIF(a, b)", "a / NULLIF(b, 0)", "COALESCE(x, a, 0)", "ABS(a)", "ROUND(x, 1)", "-a",
     "CASE WHEN p THEN a WHEN q THEN b ELSE x END", "(a + b) * 2 - x",
     "CASE s WHEN 'k' THEN 1 END", "x / 4"]
)  # fmt: skip
TEXTS = st.sampled_from(["s", "t", "'k'", "COALESCE(s, t)", "NULLIF(s, 'k')"])
CONDITIONS = st.recursive(
    st.one_of(
        st.sampled_from(["p", "q", "p = TRUE", "a IS NULL", "s IS NOT NULL", "starts_with(s, 'k')", "d IS NULL"]),
        st.builds(
            lambda n, op, m: f"{n} {op} {m}", NUMBERS, st.sampled_from(["=", "<>", "<", "<=", ">", ">="]), NUMBERS
        ),
        st.builds(lambda n, lo, hi: f"{n} BETWEEN {lo} AND {hi}", NUMBERS, NUMBERS, NUMBERS),
        st.builds(lambda n: f"{n} IN (0, 1, 2)", NUMBERS),
        st.builds(lambda n: f"{n} NOT IN ('k', 'kk')", TEXTS),
        st.builds(lambda n: f"{n} IN ('k', NULL)", TEXTS),
    ),
    lambda inner: st.one_of(
        st.builds(lambda a, b: f"({a}) AND ({b})", inner, inner),
        st.builds(lambda a, b: f"({a}) OR ({b})", inner, inner),
        st.builds(lambda a: f"NOT ({a})", inner),
    ),
    max_leaves=4,
)
WHOLE = st.one_of(st.none(), st.integers(-3, 9))
ROW = st.fixed_dictionaries(
    {"a": WHOLE, "b": WHOLE, "x": st.one_of(st.none(), st.sampled_from([-2.5, -0.25, 0.0, 0.5, 1.5, 2.25, 7.0])),
     "s": st.sampled_from([None, "k", "kk", "m"]), "t": st.sampled_from([None, "k", "z"]),
     "p": st.sampled_from([None, True, False]), "q": st.sampled_from([None, True, False]), "d": st.none()}
)  # fmt: skip
SCHEMA = {
    "a": pl.Int64, "b": pl.Int64, "x": pl.Float64, "s": pl.String, "t": pl.String, "p": pl.Boolean, "q": pl.Boolean,
    "d": pl.Date}  # fmt: skip


def _same(ours: object, theirs: object) -> bool:
    if isinstance(ours, float) or isinstance(theirs, float):
        return ours is not None and theirs is not None and math.isclose(float(ours), float(theirs), abs_tol=1e-9)  # type: ignore[arg-type]
    return ours == theirs


@settings(max_examples=60, deadline=None)
@given(st.one_of(CONDITIONS, NUMBERS, TEXTS), st.lists(ROW, min_size=1, max_size=8))
def test_it_agrees_with_duckdb(text: str, rows: list[dict[str, object]]) -> None:
    frame = pl.DataFrame(rows, schema=SCHEMA)
    ours = compile_expression(text, VOCABULARY, "test").over(frame).to_list()
    theirs = [row[0] for row in duckdb.execute(f"SELECT ({text}) FROM frame").fetchall()]
    assert all(_same(a, b) for a, b in zip(ours, theirs, strict=True)), (text, rows, ours, theirs)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a / b", "NULLIF(b, 0)"),
        ("a / 0", "NULLIF"),
        ("wage > 3", "no column 'wage'"),
        ("a = 'k'", "types do not fit"),
        ("a = NULL", "IS NULL"),
        ("sqrt(a) > 2", "not allowed"),
        ("a IN (SELECT 1)", "no list"),
        ("CAST(a AS TEXT) = '1'", "not allowed"),
        ("a >", "cannot be read"),
        ("SELECT 1", "cannot be read"),
        ("d > '2020-01-01'", "types do not fit"),
        ("p AND a", "not bool"),
        ("p < q", "orders flags"),
        ("a; DROP TABLE x", "cannot be read"),
    ],
)
def test_it_refuses_and_says_what_to_do(text: str, words: str) -> None:
    with pytest.raises(CatalogueError, match="test: expression") as caught:
        compile_expression(text, VOCABULARY, "test")
    assert words in str(caught.value)


def test_the_least_of_an_unknown_value_is_unknown() -> None:
    frame = pl.DataFrame({"a": [5, 1, None], "x": [2.5, 2.5, 2.5]})
    assert compile_expression("LEAST(a, x)", VOCABULARY, "test").over(frame).to_list() == [2.5, 1, None]
    assert compile_expression("GREATEST(a, x, 3)", VOCABULARY, "test").over(frame).to_list() == [5, 3, None]


def test_halves_are_rounded_away_from_zero() -> None:
    frame = pl.DataFrame({"x": [0.5, 1.5, 2.5, -0.5, None]})
    assert compile_expression("ROUND(x)", VOCABULARY, "test").over(frame).to_list() == [1, 2, 3, -1, None]


def test_one_row_gives_null_for_what_is_not_given() -> None:
    either = compile_expression("a > 1 OR p", VOCABULARY, "test", "bool")
    assert either.on_row({"a": 2}, VOCABULARY) is True
    assert either.on_row({"p": False}, VOCABULARY) is None
    assert either.columns == {"a", "p"}


def test_a_constant_is_repeated_for_every_row() -> None:
    assert compile_expression("1 + 1", VOCABULARY, "test").over(pl.DataFrame({"a": [1, 2, 3]})).to_list() == [2, 2, 2]
