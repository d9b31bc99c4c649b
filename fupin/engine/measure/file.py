"""Measures of one table: what is asked for, the columns it needs, the answer as a plain structure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np
import polars as pl

from fupin.engine.measure.alkire_foster import alkire_foster
from fupin.engine.measure.design import Design, Floats, Ints
from fupin.engine.measure.intake import Columns, Intake, demand_columns, demand_weights, numbered
from fupin.engine.measure.line import find_line
from fupin.engine.measure.notices import notices
from fupin.engine.measure.report import group_contributions, mpi_report, welfare_report
from fupin.engine.measure.spec import Spec
from fupin.engine.measure.welfare import Welfare
from fupin.kernel.errors import UserError

NUMERIC = ("int", "money", "month", "decimal")
MOST_GROUPS = 10_000
MOST_PARTS = 1_000


@dataclass(frozen=True)
class Question:
    """What to measure. ``welfare`` with ``line``, or ``spec``, or both; "" = not given; 0 parts = none."""

    welfare: str = ""
    line: str = ""
    weight: str = ""
    by: str = ""
    strata: str = ""
    clusters: str = ""
    confidence: float = 0.95
    quantiles: int = 0
    lorenz: int = 0
    spec: Spec | None = None
    cutoff: Fraction | None = None
    drop_missing: bool = False
    logs: bool = False  # the welfare column holds natural logarithms

    @property
    def numbers(self) -> list[str]:
        return [*(name for name in (self.welfare, self.weight) if name), *self._of_spec(numeric=True)]

    @property
    def texts(self) -> list[str]:
        return [*(name for name in (self.by, self.strata, self.clusters) if name), *self._of_spec(numeric=False)]

    def _of_spec(self, *, numeric: bool) -> list[str]:
        if self.spec is None:
            return []
        kinds = self.spec.types
        return [name for name in self.spec.columns if (kinds[name] in NUMERIC) == numeric]


def check_question(asked: Question) -> None:
    """Raises UserError for what does not fit together."""
    if not asked.welfare and asked.spec is None:
        raise UserError(
            "没有说要测什么", "nothing to measure",
            "用 --welfare 列名 --line 贫困线，或 --mpi 规格，或两者",
            "give --welfare COLUMN --line LINE, or --mpi SPEC, or both",
        )  # fmt: skip
    if asked.welfare and not asked.line:
        raise UserError(
            "没有给出贫困线",
            "no poverty line given",
            "加 --line 数字，或 --line mean",
            "add --line NUMBER or --line mean",
        )
    if not 0 < asked.confidence < 1:
        raise UserError(
            f"置信水平应在 0 和 1 之间：{asked.confidence}", f"confidence lies between 0 and 1: {asked.confidence}",
            "例如 0.95", "for example 0.95",
        )  # fmt: skip
    for name, parts in (("quantiles", asked.quantiles), ("lorenz", asked.lorenz)):
        if parts and not 2 <= parts <= MOST_PARTS:
            raise UserError(
                f"--{name} 应为 2 至 {MOST_PARTS}：{parts}", f"--{name} must be 2 to {MOST_PARTS}: {parts}",
                "例如 10", "for example 10",
            )  # fmt: skip


def measure_table(
    asked: Question, known: Sequence[str], pieces: Callable[[Sequence[str]], Iterable[pl.DataFrame]]
) -> dict[str, Any]:
    """``pieces(columns)``: the table with its row numbers. The answer's keys: docs/measures.md. Raises UserError."""
    check_question(asked)
    wanted = list(dict.fromkeys([*asked.numbers, *asked.texts]))
    demand_columns(wanted, known)
    intake = Intake(asked.numbers, asked.texts, drop_missing=asked.drop_missing)
    for piece in pieces(wanted):
        intake.take(piece)
    columns = intake.columns()
    if asked.weight:
        demand_weights(columns.numbers[asked.weight], asked.weight, columns.rows)
    return _answer(asked, columns)


@dataclass(frozen=True)
class _Drawn:
    """Arrays over the rows of positive weight: what every design of the table is built from."""

    weight: Floats
    stratum: Ints | None
    cluster: Ints | None
    group: Ints
    names: list[str]
    confidence: float

    def design(self, grouped: bool) -> Design:
        group, names = (self.group, self.names) if grouped else (np.zeros_like(self.group), ["all"])
        return Design.of_rows(self.weight, group, names, self.stratum, self.cluster, self.confidence)

    def welfare(self, values: Floats, grouped: bool) -> Welfare:
        group, names = (self.group, self.names) if grouped else (np.zeros_like(self.group), ["all"])
        drawn = {"stratum": self.stratum, "cluster": self.cluster, "confidence": self.confidence}
        return Welfare.of_rows(values, self.weight, group, names, **drawn)


def _answer(asked: Question, columns: Columns) -> dict[str, Any]:
    weight = columns.numbers[asked.weight] if asked.weight else np.ones(len(columns))
    kept = weight > 0
    drawn = _drawn(asked, columns, weight, kept)
    answer: dict[str, Any] = {
        "rows": len(columns),
        "zero_weight": int((~kept).sum()),
        "excluded": {"missing": columns.excluded.count, "rows": columns.excluded.first},
        "design": _described(asked, drawn),
    }
    groups: list[dict[str, Any]] = [{"group": name} for name in drawn.names] if asked.by else []
    given = columns.numbers[asked.welfare][kept] if asked.welfare else None
    if given is not None:
        _add_welfare(asked, np.exp(given) if asked.logs else given, drawn, answer, groups)
    if asked.spec is not None:
        _add_mpi(asked, asked.spec, columns, kept, drawn, answer, groups)
    answer["notices"] = notices(answer, None if asked.logs else given)
    return answer | ({"by": asked.by, "groups": groups} if asked.by else {})


def _drawn(asked: Question, columns: Columns, weight: Floats, kept: Any) -> _Drawn:
    def coded(name: str) -> tuple[Ints, list[str]]:
        return numbered(columns.texts[name].filter(pl.Series(kept)))

    group, names = coded(asked.by) if asked.by else (np.zeros(int(kept.sum()), dtype=np.int64), ["all"])
    if len(names) > MOST_GROUPS:
        raise UserError(
            f"列“{asked.by}”有 {len(names)} 个不同的值，最多 {MOST_GROUPS} 组",
            f"column {asked.by!r} has {len(names)} different values, at most {MOST_GROUPS} groups are measured",
            "换一个分组列", "group by another column",
        )  # fmt: skip
    stratum = coded(asked.strata)[0] if asked.strata else None
    cluster = coded(asked.clusters)[0] if asked.clusters else None
    return _Drawn(weight[kept], stratum, cluster, group, names, asked.confidence)


def _described(asked: Question, drawn: _Drawn) -> dict[str, Any]:
    design = drawn.design(grouped=False)
    rule = "adjust" if design.lonely_strata else None
    return {
        "kind": "stratified clusters" if design.is_complex else "simple random",
        "strata": asked.strata or None,
        "clusters": asked.clusters or None,
        "lonely_strata": design.lonely_strata,
        "lonely_rule": rule,
        "confidence": asked.confidence,
    }


def _add_welfare(
    asked: Question, values: Floats, drawn: _Drawn, answer: dict[str, Any], groups: list[dict[str, Any]]
) -> None:
    line = find_line(asked.line, values, drawn.weight)
    answer |= {"welfare": asked.welfare, "line": line.value, "line_as": line.text}
    answer["negative"] = int((values < 0).sum())
    answer |= welfare_report(drawn.welfare(values, grouped=False), line.value, asked.quantiles, asked.lorenz)[0]
    if groups:
        parts = welfare_report(drawn.welfare(values, grouped=True), line.value, asked.quantiles, asked.lorenz)
        for entry, part in zip(groups, parts, strict=True):
            entry.update(part)


def _add_mpi(
    asked: Question, spec: Spec, columns: Columns, kept: Any, drawn: _Drawn, answer: dict[str, Any],
    groups: list[dict[str, Any]],
) -> None:  # fmt: skip
    used = spec if asked.cutoff is None else replace(spec, cutoff=asked.cutoff)
    flags = used.deprived(_frame(used, columns)).filter(pl.Series(kept))
    demand_known(flags, columns.rows[kept])
    answer["mpi"] = {"spec": used.id, "zh": used.zh, "en": used.en, "cutoff": float(used.cutoff)}
    answer["mpi"] |= {"trial": used.trial, "source": used.source}
    whole = _mpi_groups(used, flags, drawn.design(grouped=False))[0]
    answer["undefined"] = {**answer.get("undefined", {}), **whole.pop("undefined")}
    answer |= whole
    if groups:
        parts = _mpi_groups(used, flags, drawn.design(grouped=True))
        group_contributions(whole, parts)
        for entry, part in zip(groups, parts, strict=True):
            part["undefined"] = {**entry.get("undefined", {}), **part["undefined"]}
            entry.update(part)


def _mpi_groups(spec: Spec, flags: pl.DataFrame, design: Design) -> list[dict[str, Any]]:
    matrix = flags.to_numpy()[design.rows].astype(bool)
    return mpi_report(design, spec, alkire_foster(design, matrix, spec.weights, spec.cutoff))


def _frame(spec: Spec, columns: Columns) -> pl.DataFrame:
    """The columns of the spec in the types that its conditions expect."""
    held: Mapping[str, Any] = {**columns.texts, **columns.numbers}
    return pl.DataFrame([spec.typed(name, pl.Series(name, held[name])) for name in spec.columns])


def demand_known(flags: pl.DataFrame, rows: Ints) -> None:
    """Every condition gave yes or no. Raises UserError: which indicator, which rows."""
    for column in flags.get_columns():
        gone = rows[column.is_null().to_numpy()]
        if len(gone):
            named = ", ".join(map(str, gone[:10]))
            raise UserError(
                f"指标“{column.name}”有 {len(gone)} 行判断不出（第 {named} 行）",
                f"indicator {column.name!r} is neither true nor false in {len(gone)} rows (row {named})",
                "条件里用 COALESCE 或 IS NULL 说明未知怎么算",
                "say in the condition with COALESCE or IS NULL what holds when a value is not known",
            )
