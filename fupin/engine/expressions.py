"""SQL scalar expressions of the catalogue: parsed, allow-listed, type-checked, compiled to Narwhals.

Logic is three-valued as in SQL. Division is true division. LEAST and GREATEST of an unknown value are unknown (as in
MySQL, Oracle, BigQuery; PostgreSQL would ignore it and turn an unknown into a bound). ROUND takes
halves away from zero. Every refusal is a CatalogueError that names the expression and the remedy.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, reduce
from typing import Any

import narwhals as nw
import polars as pl
import sqlglot
from sqlglot import expressions as exp

from fupin.catalogue.schema import CatalogueError

BOOL, NUMBER, TEXT, DATE, NULL = "bool", "number", "text", "date", "null"
#: catalogue type → (kind in expressions, Polars type of the column)
KINDS: Mapping[str, tuple[str, pl.DataType]] = {
    "flag": (BOOL, pl.Boolean()),
    "int": (NUMBER, pl.Int64()),
    "money": (NUMBER, pl.Int64()),
    "month": (NUMBER, pl.Int32()),
    "decimal": (NUMBER, pl.Float64()),
    "text": (TEXT, pl.String()),
    "name": (TEXT, pl.String()),
    "code": (TEXT, pl.String()),
    "region": (TEXT, pl.String()),
    "idcard": (TEXT, pl.String()),
    "date": (DATE, pl.Date()),
}
Vocabulary = Mapping[str, str]
Made = tuple[nw.Expr, str]


@dataclass(frozen=True)
class Expression:
    """A compiled expression. ``kind``: bool, number, text, date or null; ``columns``: the names it uses."""

    text: str
    kind: str
    columns: frozenset[str]
    narwhals: nw.Expr

    def over(self, frame: pl.DataFrame) -> pl.Series:
        """The value for every row of a Polars frame."""
        native = nw.from_native(frame).select(self.narwhals.alias("value")).to_native()
        series = native.get_column("value")
        return series if len(series) == len(frame) else series.new_from_index(0, len(frame))

    def on_row(self, row: Mapping[str, Any], vocabulary: Vocabulary) -> Any:
        """The value for one row; what is not given is null."""
        schema = {name: KINDS[vocabulary[name]][1] for name in sorted(self.columns)} or {"_": pl.Int8()}
        frame = pl.DataFrame([{name: row.get(name) for name in schema}], schema=schema)
        return self.over(frame).item()


class _Compiler:
    """Walks one parsed expression; ``vocabulary``: column → catalogue type."""

    def __init__(self, text: str, vocabulary: Vocabulary, where: str) -> None:
        self.text, self.vocabulary, self.where = text, vocabulary, where
        self.columns: set[str] = set()

    def fail(self, problem: str, remedy: str) -> CatalogueError:
        return CatalogueError(f"{self.where}: expression {self.text!r}: {problem}; {remedy}")

    def make(self, node: exp.Expression) -> Made:
        handler = _HANDLERS.get(type(node))
        if handler is None:
            allowed = "+ - * /, comparisons, AND OR NOT, IN, BETWEEN, IS NULL, CASE and a few functions"
            raise self.fail(f"{node.sql()!r} ({type(node).__name__}) is not allowed", f"allowed are {allowed}")
        return handler(self, node)

    def want(self, node: exp.Expression, *kinds: str) -> nw.Expr:
        value, kind = self.make(node)
        if kind not in (*kinds, NULL):
            raise self.fail(
                f"{node.sql()!r} is {kind}, not {' or '.join(kinds)}", "compare it with a value of its type"
            )
        return value

    def alike(self, nodes: Sequence[exp.Expression]) -> tuple[list[nw.Expr], str]:
        made = [self.make(node) for node in nodes]
        kinds = {kind for _, kind in made} - {NULL}
        if len(kinds) > 1:
            parts = ", ".join(f"{node.sql()!r} is {kind}" for node, (_, kind) in zip(nodes, made, strict=True))
            raise self.fail(f"types do not fit: {parts}", "write values of one type (codes and texts in single quotes)")
        return [value for value, _ in made], kinds.pop() if kinds else NULL

    def column(self, node: exp.Expression) -> Made:
        if node.args.get("table"):
            raise self.fail(f"{node.sql()!r} has a table name", "write the column alone")
        name = node.name
        if name not in self.vocabulary:
            close = [known for known in sorted(self.vocabulary) if name.lower() in known or known in name.lower()]
            known = ", ".join(close[:6] or sorted(self.vocabulary)[:12])
            raise self.fail(f"no column {name!r}", f"use one of this table, for example {known}")
        type_ = self.vocabulary[name]
        if type_ not in KINDS:
            raise self.fail(f"column {name!r} is of type {type_}", "keys cannot stand in an expression")
        self.columns.add(name)
        return nw.col(name), KINDS[type_][0]

    def literal(self, node: exp.Expression) -> Made:
        if node.is_string:
            return nw.lit(node.this), TEXT
        text = str(node.this)
        return nw.lit(float(text) if "." in text or "e" in text.lower() else int(text)), NUMBER

    def boolean(self, node: exp.Expression) -> Made:
        return nw.lit(bool(node.this)), BOOL

    def null(self, _node: exp.Expression) -> Made:
        return nw.lit(None), NULL

    def paren(self, node: exp.Expression) -> Made:
        return self.make(node.this)

    def negative(self, node: exp.Expression) -> Made:
        return self.want(node.this, NUMBER) * -1, NUMBER

    def arithmetic(self, node: exp.Expression) -> Made:
        left, right = self.want(node.this, NUMBER), self.want(node.expression, NUMBER)
        if isinstance(node, exp.Add):
            return left + right, NUMBER
        return (left - right if isinstance(node, exp.Sub) else left * right), NUMBER

    def division(self, node: exp.Expression) -> Made:
        divisor = node.expression.unnest()
        literal = isinstance(divisor, exp.Literal) and not divisor.is_string and float(divisor.this) != 0
        if not literal and not isinstance(divisor, exp.Nullif):
            raise self.fail(f"divides by {divisor.sql()!r}", f"write NULLIF({divisor.sql()}, 0)")
        return self.want(node.this, NUMBER) / self.want(node.expression, NUMBER), NUMBER

    def comparison(self, node: exp.Expression) -> Made:
        (left, right), kind = self.alike([node.this, node.expression])
        if any(isinstance(side.unnest(), exp.Null) for side in (node.this, node.expression)):
            raise self.fail("compares with NULL, which is never true", "write IS NULL or IS NOT NULL")
        if kind == BOOL and not isinstance(node, (exp.EQ, exp.NEQ)):
            raise self.fail(f"{node.sql()!r} orders flags", "flags are equal or not")
        return _COMPARE[type(node)](left, right), BOOL

    def between(self, node: exp.Expression) -> Made:
        (value, low, high), _ = self.alike([node.this, node.args["low"], node.args["high"]])
        return (value >= low) & (value <= high), BOOL

    def connective(self, node: exp.Expression) -> Made:
        left, right = self.want(node.this, BOOL), self.want(node.expression, BOOL)
        return (left & right if isinstance(node, exp.And) else left | right), BOOL

    def negation(self, node: exp.Expression) -> Made:
        return ~self.want(node.this, BOOL), BOOL

    def membership(self, node: exp.Expression) -> Made:
        if node.args.get("query") or not node.expressions:
            raise self.fail(f"{node.sql()!r} has no list", "write IN ('a', 'b')")
        values, _ = self.alike([node.this, *node.expressions])
        if all(isinstance(item, exp.Literal) and item.is_string for item in node.expressions):
            return values[0].is_in([item.this for item in node.expressions]), BOOL
        return reduce(lambda a, b: a | b, [values[0] == item for item in values[1:]]), BOOL

    def missing(self, node: exp.Expression) -> Made:
        if not isinstance(node.expression, exp.Null):
            raise self.fail(f"{node.sql()!r}", "IS stands only before NULL or NOT NULL; write = TRUE")
        return self.make(node.this)[0].is_null(), BOOL

    def case(self, node: exp.Expression) -> Made:
        branches = node.args["ifs"]
        default = node.args.get("default")
        values, kind = self.alike([branch.args["true"] for branch in branches] + ([default] if default else []))
        result = values[-1] if default else nw.lit(None)
        for branch, value in reversed(list(zip(branches, values, strict=False))):
            condition = branch.this
            if node.this is not None:
                condition = exp.EQ(this=node.this.copy(), expression=branch.this.copy())
            result = nw.when(self.want(condition, BOOL)).then(value).otherwise(result)
        return result, kind

    def coalesce(self, node: exp.Expression) -> Made:
        values, kind = self.alike([node.this, *node.expressions])
        return reduce(lambda rest, value: nw.when(~value.is_null()).then(value).otherwise(rest), reversed(values)), kind

    def nullif(self, node: exp.Expression) -> Made:
        (value, other), kind = self.alike([node.this, node.expression])
        return nw.when(value == other).then(nw.lit(None)).otherwise(value), kind

    def absolute(self, node: exp.Expression) -> Made:
        return self.want(node.this, NUMBER).abs(), NUMBER

    def extreme(self, node: exp.Expression) -> Made:
        values, kind = self.alike([node.this, *node.expressions])
        if kind not in (NUMBER, NULL):
            raise self.fail(f"{node.sql()!r} takes numbers", "compare texts with CASE")
        result = (nw.min_horizontal if isinstance(node, exp.Least) else nw.max_horizontal)(*values)
        return nw.when(nw.any_horizontal(*[v.is_null() for v in values], ignore_nulls=True)).then(
            nw.lit(None)
        ).otherwise(result), NUMBER

    def rounded(self, node: exp.Expression) -> Made:
        places = node.args.get("decimals")
        if places is not None and not (isinstance(places, exp.Literal) and places.this in "0123"):
            raise self.fail(f"{node.sql()!r} rounds to {places.sql()}", "write 0, 1, 2 or 3 places")
        scale = 10 ** int(places.this) if places is not None else 1
        value = self.want(node.this, NUMBER) * scale
        size = (value.abs() + 0.5).floor()
        return nw.when(value < 0).then(size * -1).otherwise(size) / scale, NUMBER

    def starts(self, node: exp.Expression) -> Made:
        text, prefix = node.this, node.expression
        if not (isinstance(prefix, exp.Literal) and prefix.is_string):
            raise self.fail(f"{node.sql()!r}", "the second argument of starts_with is a text in quotes")
        return self.want(text, TEXT).str.starts_with(prefix.this), BOOL


_COMPARE: Mapping[type[exp.Expression], Callable[[nw.Expr, nw.Expr], nw.Expr]] = {
    exp.EQ: lambda a, b: a == b,
    exp.NEQ: lambda a, b: a != b,
    exp.LT: lambda a, b: a < b,
    exp.LTE: lambda a, b: a <= b,
    exp.GT: lambda a, b: a > b,
    exp.GTE: lambda a, b: a >= b,
}
_HANDLERS: Mapping[type[exp.Expression], Callable[[_Compiler, exp.Expression], Made]] = {
    exp.Column: _Compiler.column,
    exp.Literal: _Compiler.literal,
    exp.Boolean: _Compiler.boolean,
    exp.Null: _Compiler.null,
    exp.Paren: _Compiler.paren,
    exp.Neg: _Compiler.negative,
    exp.Add: _Compiler.arithmetic,
    exp.Sub: _Compiler.arithmetic,
    exp.Mul: _Compiler.arithmetic,
    exp.Div: _Compiler.division,
    **dict.fromkeys(_COMPARE, _Compiler.comparison),
    exp.Between: _Compiler.between,
    exp.And: _Compiler.connective,
    exp.Or: _Compiler.connective,
    exp.Not: _Compiler.negation,
    exp.In: _Compiler.membership,
    exp.Is: _Compiler.missing,
    exp.Case: _Compiler.case,
    exp.Coalesce: _Compiler.coalesce,
    exp.Nullif: _Compiler.nullif,
    exp.Abs: _Compiler.absolute,
    exp.Least: _Compiler.extreme,
    exp.Greatest: _Compiler.extreme,
    exp.Round: _Compiler.rounded,
    exp.StartsWith: _Compiler.starts,
}


def compile_expression(text: str, vocabulary: Vocabulary, where: str, kind: str = "") -> Expression:
    """Parse, check against the vocabulary (column → catalogue type) and compile.

    ``where`` says the place for messages; ``kind`` demands bool, number or text. Raises CatalogueError.
    """
    compiler = _Compiler(text, vocabulary, where)
    made, found = compiler.make(_parsed(compiler))
    if kind and found not in (kind, NULL):
        raise compiler.fail(f"is {found}", f"here a {kind} is needed")
    return Expression(text, found, frozenset(compiler.columns), made)


def compile_conjuncts(text: str, vocabulary: Vocabulary, where: str, names: Collection[str]) -> nw.Expr | None:
    """Those parts of ``a AND b AND …`` that use only ``names``; None when there are none.

    Where the whole is true, these are true: they thin out rows before other columns are joined. Raises CatalogueError.
    """
    tree = _parsed(_Compiler(text, vocabulary, where)).unnest()
    found = []
    parts: list[Any] = list(tree.flatten()) if isinstance(tree, exp.And) else [tree]
    for part in parts:
        compiler = _Compiler(text, vocabulary, where)
        made = compiler.want(part, BOOL)
        if compiler.columns <= set(names):
            found.append(made)
    return reduce(lambda a, b: a & b, found) if found else None


def _parsed(compiler: _Compiler) -> exp.Expression:
    try:
        return _tree(compiler.text)
    except sqlglot.errors.SqlglotError as error:
        reason = str(error).splitlines()[0]
        raise compiler.fail(f"cannot be read: {reason}", "write one SQL scalar expression") from error


@lru_cache(maxsize=8192)
def _tree(text: str) -> exp.Expression:
    """The catalogue's expressions are the same in every run: read once. Whoever gets the tree does not change it."""
    # into=Condition: a column named `use` or `set` must not start a statement
    return sqlglot.parse_one(text, into=exp.Condition, dialect="duckdb")  # type: ignore[return-value]  # at run time it is
