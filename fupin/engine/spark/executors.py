"""What executors must share with the driver: the engine's code and a folder. Asked before the work begins."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa

from fupin.engine.digest import source_hash
from fupin.engine.spark.dialect import ddl, to_arrow
from fupin.kernel.errors import UserError

ANSWER = {"code": pl.String(), "sees": pl.Boolean()}
#: tasks for every core, so that hardly an executor is left out
EACH = 2


def _look(marker: Path, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Inside an executor."""
    for _ in batches:
        yield from to_arrow(
            pl.DataFrame([(source_hash(), marker.is_file())], schema=ANSWER, orient="row"), ANSWER
        ).to_batches()


def demand_executors(spark: Any, folder: Path) -> None:
    """Raises UserError when an executor has other code or does not see the folder."""
    marker = folder / "marker"
    marker.write_bytes(b"")
    tasks = EACH * spark.sparkContext.defaultParallelism
    try:
        seen = pl.DataFrame(spark.range(0, tasks, 1, tasks).mapInArrow(partial(_look, marker), ddl(ANSWER)).toArrow())
    except Exception as error:  # the worker's own words: a missing module, another Python
        raise _fault("执行节点不能运行本程序", f"executors cannot run this code: {_last_line(error)}") from error
    if set(seen["code"]) != {source_hash()}:
        raise _fault("执行节点上的代码版本与本机不同", "executors have another version of the code")
    if not seen["sees"].all():
        raise UserError(
            f"执行节点看不到文件夹 {folder}", f"executors do not see the folder {folder}",
            "请用 FUPIN_SPARK_STORAGE 指明各机器以相同路径挂载的共享文件夹",
            "name with FUPIN_SPARK_STORAGE a shared folder that every machine mounts under the same path",
        )  # fmt: skip


def _fault(zh: str, en: str) -> UserError:
    return UserError(
        zh, en,
        "每台机器装相同版本：pip install -r requirements-spark.lock 及本程序；用 PYSPARK_PYTHON 指明其 python",
        "install the same version on every machine: pip install -r requirements-spark.lock and this program; "
        "name its python with PYSPARK_PYTHON",
    )  # fmt: skip


def _last_line(error: Exception) -> str:
    lines = [line for line in str(error).splitlines() if line.strip()]
    return lines[-1].strip() if lines else type(error).__name__
