"""Results of a run → PostgreSQL: COPY into a staging table, then INSERT … SELECT, all in one transaction."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
from django.db import connection, transaction
from django.utils import timezone
from psycopg import sql

from fupin.identify.models import Finding, HouseholdIndex, RegionResult, Run, RunState
from fupin.identify.summary import (
    DIMENSION_LISTS,
    households_with_persons,
    region_rows,
    run_counts,
)

INDEX_COLUMNS = (
    "household_id", "village_code", "state", "low", "high", "band", "unknown",
    "dim_low", "dim_high", "dim_weight", "findings",
)  # fmt: skip
FINDING_COLUMNS = (
    "finding_id", "rule", "rule_version", "topic", "household_id", "village_code",
    "severity", "direction", "n", "exempted", "params", "evidence",
)  # fmt: skip
SLICE = 100_000


def load_results(
    run: Run, folder: Path, manifest: dict[str, Any], snapshot: Path, progress: Callable[[str, float], None]
) -> None:
    """Replace what the database holds of this run; nothing of it is seen before all of it is."""
    index = households_with_persons(folder, snapshot)
    findings = pl.read_parquet(folder / "findings.parquet")
    regions = region_rows(index, run.region)
    with transaction.atomic():
        for model in (HouseholdIndex, Finding, RegionResult):
            model.objects.filter(run=run).delete()
        _copy(run, HouseholdIndex._meta.db_table, _index_rows(index), INDEX_COLUMNS)
        progress("载入指数", 0.6)
        _copy(run, Finding._meta.db_table, _finding_rows(findings), FINDING_COLUMNS)
        progress("载入疑点", 0.8)
        _copy(run, RegionResult._meta.db_table, _arrays_as_text(regions), tuple(regions.columns))
        Run.objects.filter(pk=run.pk).update(
            state=RunState.FINISHED,
            manifest=manifest,
            counts=run_counts(index, findings),
            progress=100,
            step="",
            finished_at=timezone.now(),
        )
    progress("完成", 1.0)


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
    """``frame`` has the columns in order; the run is added on the way in."""
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    parts = {"table": sql.Identifier(table), "staging": sql.Identifier(f"staging_{table}"), "names": names}
    create = sql.SQL("CREATE TEMP TABLE {staging} ON COMMIT DROP AS SELECT {names} FROM {table} WITH NO DATA")
    fill = sql.SQL("COPY {staging} ({names}) FROM STDIN (FORMAT csv)")
    insert = sql.SQL("INSERT INTO {table} (run_id, {names}) SELECT %s, {names} FROM {staging}")
    with connection.cursor() as cursor:
        cursor.execute(create.format(**parts))
        with cursor.copy(fill.format(**parts)) as copy:
            for part in frame.iter_slices(SLICE):
                copy.write(part.write_csv(include_header=False).encode())
        cursor.execute(insert.format(**parts), [run.pk])
