"""What counts as deprived: a multidimensional index as a TOML file. Format: docs/measures.md."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import polars as pl

from fupin.catalogue.entries import demand_choice, demand_keys, demand_new
from fupin.catalogue.schema import CatalogueError
from fupin.engine.expressions import BOOL, KINDS, Expression, Vocabulary, compile_expression
from fupin.kernel.errors import UserError

SHIPPED = Path(__file__).parent / "specs"
YES, NO = ("true", "1", "1.0", "yes", "是"), ("false", "0", "0.0", "no", "否")
_HEAD = ("id", "zh", "en", "unit_zh", "unit_en", "cutoff", "source", "indicator")
_INDICATOR = ("id", "zh", "en", "weight")
_CONDITION = ("column", "below", "codes", "where", "dimension")


@dataclass(frozen=True)
class Deprivation:
    """One indicator: ``condition`` is true where a row is deprived, null where that is not known."""

    id: str
    zh: str
    en: str
    weight: Fraction
    condition: Expression
    dimension: str = ""


@dataclass(frozen=True)
class Spec:
    """``cutoff``: a row is poor whose weights of deprivation add up to at least this."""

    id: str
    zh: str
    en: str
    unit_zh: str
    unit_en: str
    cutoff: Fraction
    source: str
    indicators: tuple[Deprivation, ...]
    types: Mapping[str, str]
    trial: bool = False

    @property
    def columns(self) -> list[str]:
        """Columns that the conditions read, in alphabetical order."""
        return sorted(frozenset().union(*(one.condition.columns for one in self.indicators)))

    @property
    def weights(self) -> list[Fraction]:
        return [one.weight for one in self.indicators]

    def typed(self, name: str, column: pl.Series) -> pl.Series:
        """A column of a file in the type that the conditions expect; what does not fit becomes null."""
        wanted = KINDS[self.types[name]][1]
        if wanted == pl.Boolean() and column.dtype != pl.Boolean:
            words = column.cast(pl.String).str.to_lowercase()
            known = words.is_in([*YES, *NO])
            return words.is_in(YES).set(~known, None).alias(name)
        return column.cast(pl.String).cast(wanted) if column.dtype == pl.Categorical else column.cast(wanted)

    def deprived(self, frame: pl.DataFrame) -> pl.DataFrame:
        """A flag column per indicator; null where not known."""
        return pl.DataFrame([one.condition.over(frame).cast(pl.Boolean).alias(one.id) for one in self.indicators])


def read_spec(path: Path, vocabulary: Vocabulary | None = None) -> Spec:
    """The file, or the shipped spec of that name. ``vocabulary``: column → catalogue type; None: as the file says.

    Raises UserError: what is wrong in which indicator.
    """
    found = path if path.is_file() else SHIPPED / f"{path.name.removesuffix('.toml')}.toml"
    if not found.is_file():
        shipped = ", ".join(sorted(one.stem for one in SHIPPED.glob("*.toml")))
        raise UserError(
            f"找不到多维贫困规格：{path}", f"no such specification: {path}",
            f"给出 TOML 文件，或随附规格之一：{shipped}", f"give a TOML file, or one of the shipped: {shipped}",
        )  # fmt: skip
    try:
        return _spec(tomllib.loads(found.read_text(encoding="utf-8")), found.name, vocabulary)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, CatalogueError) as error:
        raise UserError(
            f"规格文件 {found.name} 有误：{error}", f"specification {found.name} is wrong: {error}",
            "按 docs/measures.md 的格式改正", "mend it after the format in docs/measures.md",
        ) from error  # fmt: skip


def _spec(raw: Mapping[str, Any], where: str, vocabulary: Vocabulary | None) -> Spec:
    demand_keys(raw, _HEAD, ("trial", "columns"), where)
    known = vocabulary if vocabulary is not None else _declared(raw, where)
    seen: dict[str, Deprivation] = {}
    for entry in raw["indicator"]:
        place = f"{where} [{entry.get('id', '?')}]"
        one = _indicator(entry, known, place)
        demand_new(one.id, seen, place)
        seen[one.id] = one
    total = sum(one.weight for one in seen.values())
    if total != 1:
        raise CatalogueError(f"{where}: the weights add up to {total}, not to 1; write fractions such as '1/6'")
    cutoff = fraction(raw["cutoff"], "cutoff", where)
    if not 0 < cutoff <= 1:
        raise CatalogueError(f"{where}: cutoff = {cutoff}; write a share above 0, at most 1")
    head = {key: raw[key] for key in ("id", "zh", "en", "unit_zh", "unit_en", "source")}
    names = frozenset().union(*(one.condition.columns for one in seen.values()))
    types = {name: known[name] for name in sorted(names)}
    return Spec(
        **head, cutoff=cutoff, indicators=tuple(seen.values()), types=types, trial=bool(raw.get("trial", False))
    )


def _indicator(raw: Mapping[str, Any], vocabulary: Vocabulary, where: str) -> Deprivation:
    demand_keys(raw, _INDICATOR, _CONDITION, where)
    weight = fraction(raw["weight"], "weight", where)
    if weight <= 0:
        raise CatalogueError(f"{where}: weight = {weight}; write a share above 0")
    condition = compile_expression(_condition(raw, where), vocabulary, where, BOOL)
    return Deprivation(raw["id"], raw["zh"], raw["en"], weight, condition, raw.get("dimension", ""))


def _condition(raw: Mapping[str, Any], where: str) -> str:
    """The condition in SQL: written as such, or ``column`` with ``below`` (a number) or ``codes``."""
    ways = [way for way in ("where", "below", "codes") if way in raw]
    if len(ways) != 1 or ("where" in raw) == ("column" in raw):
        raise CatalogueError(f"{where}: write either `where`, or `column` with one of `below` and `codes`")
    if "where" in raw:
        return str(raw["where"])
    column = f'"{raw["column"]}"'
    if "below" in raw:
        return f"{column} < {float(raw['below'])!r}"
    codes = ", ".join("'{}'".format(str(code).replace("'", "''")) for code in raw["codes"])
    return f"{column} IN ({codes})"


class _Declared(dict[str, str]):
    """Column → type; a column of which nothing is said holds numbers."""

    def __contains__(self, name: object) -> bool:
        return True

    def __missing__(self, name: str) -> str:
        return "decimal"


def _declared(raw: Mapping[str, Any], where: str) -> _Declared:
    """Types as ``[columns]`` says; a column with ``codes`` is a code."""
    coded = {one["column"]: "code" for one in raw["indicator"] if "codes" in one and "column" in one}
    for name, type_ in raw.get("columns", {}).items():
        demand_choice(type_, tuple(KINDS), f"columns.{name}", where)
    return _Declared({**coded, **raw.get("columns", {})})


def fraction(value: object, key: str, where: str) -> Fraction:
    """ "1/6", "0.25", 0.25 or 1 as an exact fraction. Raises CatalogueError."""
    try:
        return Fraction(str(value))
    except (ValueError, ZeroDivisionError):
        raise CatalogueError(f"{where}: {key} = {value!r}; write a number or a fraction such as '1/6'") from None
