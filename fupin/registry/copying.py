"""Many rows into a table: COPY into a temporary staging table, then INSERT … SELECT, in the caller's transaction.

COPY straight into a table is refused under row-level security; through the staging table its policies, checks and
foreign keys hold as for any other insert.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import polars as pl
from django.db import connection, models

CHUNK_ROWS = 50_000
NULL = "\\N"


def copy_in(model: type[models.Model], frames: Iterable[pl.DataFrame]) -> int:
    """Insert frames whose columns are the model's database columns; returns the number of rows."""
    table, stage = model._meta.db_table, f"stage_{model._meta.model_name}"
    rows, columns = 0, ""
    quote = connection.ops.quote_name
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TEMPORARY TABLE {quote(stage)} (LIKE {quote(table)}) ON COMMIT DROP")
        _relax(cursor, stage, model)
        for frame, encoded in _ahead(frames):
            columns = ", ".join(quote(name) for name in frame.columns)
            with cursor.copy(f"COPY {quote(stage)} ({columns}) FROM STDIN (FORMAT csv, NULL '{NULL}')") as copy:
                copy.write(encoded)
            rows += frame.height
        if rows:
            cursor.execute(f"INSERT INTO {quote(table)} ({columns}) SELECT {columns} FROM {quote(stage)}")  # noqa: S608
        cursor.execute(f"DROP TABLE {quote(stage)}")
    return rows


def analyze(tables: Iterable[type[models.Model]]) -> None:
    """Fresh statistics for the planner. A login without the right (MAINTAIN) is only warned; autovacuum follows."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE " + ", ".join(model._meta.db_table for model in tables))


def _relax(cursor: Any, stage: str, model: type[models.Model]) -> None:
    """The staging table need not know identity columns: the real table numbers its rows itself."""
    key = model._meta.auto_field
    if key is not None:
        cursor.execute(f'ALTER TABLE "{stage}" DROP COLUMN "{key.column}"')


def _ahead(frames: Iterable[pl.DataFrame]) -> Iterator[tuple[pl.DataFrame, bytes]]:
    """Encodes the next chunk on the second core while the database takes in the present one."""
    chunks = (chunk for frame in frames for chunk in frame.iter_slices(CHUNK_ROWS))
    with ThreadPoolExecutor(1) as pool:
        waiting = None
        for chunk in chunks:
            following = pool.submit(_encode, chunk)
            if waiting is not None:
                yield waiting.result()
            waiting = following
        if waiting is not None:
            yield waiting.result()


def _encode(frame: pl.DataFrame) -> tuple[pl.DataFrame, bytes]:
    binary = [name for name, type_ in frame.schema.items() if type_ == pl.Binary]
    text = frame.with_columns((pl.lit("\\x") + pl.col(name).bin.encode("hex")).alias(name) for name in binary)
    stream = io.BytesIO()
    text.write_csv(stream, include_header=False, null_value=NULL, float_precision=3)
    return frame, stream.getvalue()
