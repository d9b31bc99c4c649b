"""Many rows into a table, in the caller's transaction.

``copy_in`` is for the app: COPY into a temporary staging table, then INSERT … SELECT. COPY straight into a table is
refused under row-level security; through the staging table its policies, checks and foreign keys hold as for any other
insert. ``copy_to`` writes straight, for the owner (see ``first_loading``).
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import polars as pl
from django.db import connection, connections, models

CHUNK_ROWS = 50_000
NULL = "\\N"
CopyIn = Callable[[type[models.Model], Iterable[pl.DataFrame]], int]


def quoted(model: type[models.Model]) -> str:
    """The name of the model's table as it stands in a statement."""
    name: str = connection.ops.quote_name(model._meta.db_table)
    return name


def copy_in(model: type[models.Model], frames: Iterable[pl.DataFrame]) -> int:
    """Insert frames whose columns are the model's database columns; returns the number of rows."""
    table, stage = quoted(model), f'"stage_{model._meta.model_name}"'
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TEMPORARY TABLE {stage} ({typed_columns(model)}) ON COMMIT DROP")
        columns: list[str] = []
        rows = copy_to(cursor, stage, _noting(frames, columns))
        if rows:
            names = _names(columns)
            cursor.execute(f"INSERT INTO {table} ({names}) SELECT {names} FROM {stage}")  # noqa: S608
        cursor.execute(f"DROP TABLE {stage}")
    return rows


def copy_to(cursor: Any, table: str, frames: Iterable[pl.DataFrame], *options: str) -> int:
    """COPY frames into a (quoted) table; returns the number of rows."""
    rows = 0
    settings = ", ".join(["FORMAT csv", f"NULL '{NULL}'", *options])
    for frame, encoded in _ahead(frames):
        with cursor.copy(f"COPY {table} ({_names(frame.columns)}) FROM STDIN ({settings})") as copy:
            copy.write(encoded)
        rows += frame.height
    return rows


def analyze(tables: Iterable[type[models.Model]], using: str) -> None:
    """Fresh statistics for the planner. A login without the right is only warned; autovacuum follows."""
    with connections[using].cursor() as cursor:
        cursor.execute("ANALYZE " + ", ".join(quoted(model) for model in tables))


def _names(columns: Iterable[str]) -> str:
    return ", ".join(connection.ops.quote_name(name) for name in columns)


def _noting(frames: Iterable[pl.DataFrame], columns: list[str]) -> Iterator[pl.DataFrame]:
    for frame in frames:
        columns[:] = frame.columns
        yield frame


def typed_columns(model: type[models.Model]) -> str:
    """Names and types from the model: ``LIKE`` would need the right to read the table. The real one checks the rest."""
    quote = connection.ops.quote_name
    fields = [field for field in model._meta.concrete_fields if field.column]
    return ", ".join(f"{quote(str(field.column))} {field.rel_db_type(connection)}" for field in fields)


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
