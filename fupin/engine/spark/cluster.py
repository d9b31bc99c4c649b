"""Where Spark runs: its settings, what must be there before it starts, and the session."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from fupin.engine.spark.dialect import SESSION
from fupin.kernel.errors import UserError

#: versions of Java that PySpark 4.0 runs on begin here
JAVA = 17
WAIT_SECONDS = 5
_MEMORY = re.compile(r"[1-9][0-9]*[mg]")


@dataclass(frozen=True)
class Cluster:
    """``master``: a Spark master URL; ``memory``: of the Java process on the driver and of each executor, as ``2g``;
    ``storage``: a folder that driver and executors see under the same path, None: the folder of the run."""

    master: str = "local[*]"
    memory: str = "2g"
    storage: Path | None = None

    @property
    def local(self) -> bool:
        return self.master == "local" or self.master.startswith("local[")


def demand_spark() -> None:
    """Raises UserError when the extra is not installed."""
    if find_spec("pyspark") is None or find_spec("pandas") is None:
        raise UserError(
            "没有安装 Spark：缺少 Python 包 pyspark 或 pandas",
            "Spark is not installed: the Python package pyspark or pandas is missing",
            "请运行 pip install 'fupin[spark]'（源码目录中：make spark）",
            "run pip install 'fupin[spark]' (in the source folder: make spark)",
        )


def _java() -> str:
    home = os.environ.get("JAVA_HOME", "")
    return str(Path(home) / "bin" / "java") if home else shutil.which("java") or ""


def java_version() -> int:
    """The major version of the Java that Spark would start. Raises UserError when there is none."""
    try:
        asked = subprocess.run([_java(), "-version"], capture_output=True, text=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired):
        asked = None
    found = re.search(r'version "(?:1\.)?(\d+)', asked.stderr if asked else "")
    if found is None:
        raise _java_fault("没有找到 Java", "no Java found")
    return int(found.group(1))


def _java_fault(zh: str, en: str) -> UserError:
    return UserError(
        f"{zh}：Spark 需要 Java {JAVA} 或更新版本", f"{en}: Spark needs Java {JAVA} or newer",
        f"Debian/Ubuntu：apt-get install openjdk-{JAVA}-jre-headless；已装在别处时设置 JAVA_HOME",
        f"on Debian/Ubuntu: apt-get install openjdk-{JAVA}-jre-headless; when it stands elsewhere, set JAVA_HOME",
    )  # fmt: skip


def demand_java() -> None:
    """Raises UserError when Java is missing or too old."""
    found = java_version()
    if found < JAVA:
        raise _java_fault(f"Java 版本是 {found}", f"this is Java {found}")


def demand_master(master: str) -> None:
    """Raises UserError when nobody listens where a standalone master should."""
    if not master.startswith("spark://"):
        return
    try:
        for place in master.removeprefix("spark://").split(","):
            parts = urlsplit(f"spark://{place}")
            with socket.create_connection((parts.hostname or "", parts.port or 7077), WAIT_SECONDS):
                return
    except (OSError, ValueError) as error:
        raise _master_fault(master, str(error)) from error


def _master_fault(master: str, reason: str) -> UserError:
    return UserError(
        f"连不上 Spark 主节点 {master}：{reason}", f"the Spark master {master} does not answer: {reason}",
        "检查 FUPIN_SPARK_MASTER、主节点是否在运行、网络与防火墙；单机可用 local[*]",
        "check FUPIN_SPARK_MASTER, that the master runs, network and firewall; on one machine use local[*]",
    )  # fmt: skip


def demand_memory(memory: str) -> None:
    """Raises UserError when the text is no size that Java understands."""
    if not _MEMORY.fullmatch(memory):
        raise UserError(
            f"FUPIN_SPARK_MEMORY 看不懂：{memory}", f"FUPIN_SPARK_MEMORY cannot be understood: {memory}",
            "请写成 2g 或 1500m 的样子", "write it like 2g or 1500m",
        )  # fmt: skip


def demand_writable(folder: Path) -> None:
    """Make the folder and write a file into it. Raises UserError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / f".probe-{secrets.token_hex(4)}"
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        raise UserError(
            f"Spark 的共享文件夹写不进去：{folder}（{error.strerror}）",
            f"the shared folder of Spark cannot be written: {folder} ({error.strerror})",
            "检查 FUPIN_SPARK_STORAGE：文件夹存在、可写、磁盘未满，并且每台机器上路径相同",
            "check FUPIN_SPARK_STORAGE: it exists, is writable, has room, and is the same path on every machine",
        ) from error


def _options(cluster: Cluster, scratch: Path) -> dict[str, str]:
    options = {
        **SESSION,
        "spark.app.name": "fupin",
        "spark.driver.memory": cluster.memory,
        "spark.executor.memory": cluster.memory,
        "spark.ui.showConsoleProgress": "false",
        "spark.log.level": "FATAL",  # errors come as exceptions
        # a task has one core; Polars by itself would start a thread for every core of the machine
        "spark.executorEnv.POLARS_MAX_THREADS": "1",
    }
    if cluster.local:
        # nothing of ours listens on the network or lies in the system's /tmp
        own = {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1", "spark.ui.enabled": "false"}
        options |= {**own, "spark.local.dir": str(scratch)}
    return options


def demand_cluster(cluster: Cluster) -> None:
    """Everything that can be seen before Spark starts: the extra, Java, master, memory, storage. Raises UserError."""
    demand_spark()
    demand_memory(cluster.memory)
    demand_java()
    demand_master(cluster.master)
    if cluster.storage is not None:
        demand_writable(cluster.storage)


@contextmanager
def session(cluster: Cluster, scratch: Path) -> Iterator[Any]:
    """A SparkSession; it ends with the block. ``scratch``: for what Spark spills on this machine. Raises UserError."""
    demand_cluster(cluster)
    demand_writable(scratch)
    from pyspark.sql import SparkSession

    if cluster.local or not os.environ.get("PYSPARK_PYTHON"):
        os.environ["PYSPARK_PYTHON"] = sys.executable  # Spark would take any python3 of the PATH
    builder = SparkSession.builder.master(cluster.master)
    for name, value in _options(cluster, scratch).items():
        builder = builder.config(name, value)
    try:
        spark = builder.getOrCreate()
    except Exception as error:  # whatever Java says: the first line names the cause
        raise _master_fault(cluster.master, str(error).strip().splitlines()[0]) from error
    try:
        yield spark
    finally:
        spark.stop()
