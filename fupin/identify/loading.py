"""Results of a run → PostgreSQL: COPY into a staging table, then INSERT … SELECT, all in one transaction."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
from django.db import connection, transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone
from psycopg import sql

from fupin.identify.aggregates import aggregate_rows, monthly_incomes
from fupin.identify.explaining import pinned_inputs, run_folder
from fupin.identify.measure_rows import measure_rows
from fupin.identify.models import (
    Finding,
    HouseholdIndex,
    RegionAggregate,
    RegionMeasure,
    RegionResult,
    Run,
    RunState,
)
from fupin.identify.summary import DIMENSION_LISTS, code_lengths, households_of_run, region_rows, run_counts
from fupin.kernel.errors import UserError

INDEX_COLUMNS = (
    "household_id", "village_code", "state", "low", "high", "band", "unknown",
    "dim_low", "dim_high", "dim_weight", "findings", "cause", "income_head",
)  # fmt: skip
FINDING_COLUMNS = (
    "finding_id", "rule", "rule_version", "topic", "household_id", "village_code",
    "severity", "direction", "n", "exempted", "params", "evidence",
)  # fmt: skip
SLICE = 100_000


Progress = Callable[[str, float], None]


@dataclass(frozen=True)
class Results:
    """What the database holds of a run, as frames."""

    households: pl.DataFrame
    findings: pl.DataFrame
    regions: pl.DataFrame
    aggregates: pl.DataFrame
    measures: pl.DataFrame


def load_results(run: Run, folder: Path, manifest: dict[str, Any], snapshot: Path, progress: Progress) -> None:
    """Replace what the database holds of this run; nothing of it is seen before all of it is."""
    results = read_results(run, folder, snapshot)
    with transaction.atomic():
        replace_results(run, results, progress)
        Run.objects.filter(pk=run.pk).update(
            state=RunState.FINISHED,
            manifest=manifest,
            counts=run_counts(results.households, results.findings),
            progress=100,
            step="",
            finished_at=timezone.now(),
        )
    progress("完成", 1.0)


def complete_runs() -> dict[str, str]:
    """Fill what the database does not hold yet of runs finished under an older version, from their folders.

    Run → "" when completed, else why it was not: a damaged run must not keep the house from starting. A run whose
    folder is gone is left out and stays as it is; its pages have figures but not all charts.
    """
    lacking = [~Exists(model.objects.filter(run=OuterRef("pk"))) for model in (RegionAggregate, RegionMeasure)]
    runs = Run.objects.filter(lacking[0] | lacking[1], state=RunState.FINISHED)
    return {run.pk: _complete(run) for run in runs if (run_folder(run) / "manifest.json").exists()}


def _complete(run: Run) -> str:
    folder = run_folder(run)
    try:
        results = read_results(run, folder, pinned_inputs(folder).snapshot)
    except (OSError, UserError, ValueError, pl.exceptions.PolarsError) as error:
        return str(error).splitlines()[0]
    with transaction.atomic():
        replace_results(run, results, lambda _step, _share: None)
    return ""


def read_results(run: Run, folder: Path, snapshot: Path) -> Results:
    """From the Parquet files of a run and of its snapshot."""
    households = households_of_run(folder, snapshot)
    findings = pl.read_parquet(folder / "findings.parquet")
    incomes = monthly_incomes(snapshot, run.as_of)
    regions = region_rows(households, run.region)
    aggregates = aggregate_rows(households, findings, incomes, run.region)
    measures = measure_rows(folder, households, code_lengths(run.region), run.as_of, run.region)
    return Results(households, findings, regions, aggregates, measures)


def replace_results(run: Run, results: Results, progress: Progress) -> None:
    """In the caller's transaction."""
    for model in (HouseholdIndex, Finding, RegionResult, RegionAggregate, RegionMeasure):
        model.objects.filter(run=run).delete()
    _copy(run, HouseholdIndex._meta.db_table, _index_rows(results.households), INDEX_COLUMNS)
    progress("载入指数", 0.6)
    _copy(run, Finding._meta.db_table, _finding_rows(results.findings), FINDING_COLUMNS)
    progress("载入疑点", 0.8)
    regions = _arrays_as_text(results.regions)
    kept = ((RegionResult, regions), (RegionAggregate, results.aggregates), (RegionMeasure, results.measures))
    for model, frame in kept:
        _copy(run, model._meta.db_table, frame, tuple(frame.columns))


def _index_rows(index: pl.DataFrame) -> pl.DataFrame:
    return _arrays_as_text(index.select(INDEX_COLUMNS))


def _finding_rows(findings: pl.DataFrame) -> pl.DataFrame:
    evidence = pl.concat_str(pl.lit("["), pl.col("evidence").list.eval(_json_of_struct()).list.join(","), pl.lit("]"))
    named = findings.rename({"version": "rule_version"}) if "version" in findings.columns else findings
    return named.with_columns(evidence=evidence).select(FINDING_COLUMNS)


def _json_of_struct() -> pl.Expr:
    return pl.element().struct.json_encode()


def _arrays_as_text(frame: pl.DataFrame) -> pl.DataFrame:
    """Lists of integers as PostgreSQL writes them: {1,2,3}."""
    lists = [name for name in DIMENSION_LISTS if name in frame.columns]
    return frame.with_columns(
        pl.concat_str(pl.lit("{"), pl.col(name).cast(pl.List(pl.String)).list.join(","), pl.lit("}")).alias(name)
        for name in lists
    )


def _copy(run: Run, table: str, frame: pl.DataFrame, columns: tuple[str, ...]) -> None:
    copy_rows(("run_id", run.pk), table, frame, columns)


def copy_rows(owner: tuple[str, str], table: str, frame: pl.DataFrame, columns: tuple[str, ...]) -> None:
    """``frame`` has the columns in order; the owner's (column, value) is added on the way in."""
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    staging = sql.Identifier(f"staging_{table}")
    parts = {"table": sql.Identifier(table), "staging": staging, "names": names, "owner": sql.Identifier(owner[0])}
    create = sql.SQL("CREATE TEMP TABLE {staging} ON COMMIT DROP AS SELECT {names} FROM {table} WITH NO DATA")
    fill = sql.SQL("COPY {staging} ({names}) FROM STDIN (FORMAT csv)")
    insert = sql.SQL("INSERT INTO {table} ({owner}, {names}) SELECT %s, {names} FROM {staging}")
    with connection.cursor() as cursor:
        cursor.execute(create.format(**parts))
        with cursor.copy(fill.format(**parts)) as copy:
            for encoded in _encoded(frame):
                copy.write(encoded)
        cursor.execute(insert.format(**parts), [owner[1]])


def _encoded(frame: pl.DataFrame) -> Iterator[bytes]:
    """CSV; the next slice is written while the database takes the one before."""
    with ThreadPoolExecutor(1) as pool:
        following: Future[bytes] | None = None
        for part in frame.iter_slices(SLICE):
            ready, following = following, pool.submit(_csv, part)
            if ready is not None:
                yield ready.result()
        if following is not None:
            yield following.result()


def _csv(frame: pl.DataFrame) -> bytes:
    stream = io.BytesIO()
    frame.write_csv(stream, include_header=False)
    return stream.getvalue()
