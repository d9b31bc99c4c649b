"""What is missing is said before Spark starts, with a way out."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from fupin.engine.spark import cluster
from fupin.engine.spark.cluster import Cluster
from fupin.kernel.errors import UserError


def _java(folder: Path, version: str) -> None:
    program = folder / "bin" / "java"
    program.parent.mkdir(parents=True)
    program.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\"' >&2\n")
    program.chmod(0o755)


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "find_spec", lambda _: None)
    with pytest.raises(UserError, match="pyspark") as refused:
        cluster.demand_spark()
    assert "pip install 'fupin[spark]'" in refused.value.hint_en


def test_without_java_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "nowhere"))
    with pytest.raises(UserError, match="no Java") as refused:
        cluster.demand_java()
    assert "openjdk-17-jre-headless" in refused.value.hint_zh


@pytest.mark.parametrize(
    ("version", "fits"), [("1.8.0_402", False), ("11.0.22", False), ("17.0.15", True), ("21", True)]
)
def test_java_must_be_new_enough(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, version: str, fits: bool) -> None:
    _java(tmp_path, version)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    if fits:
        cluster.demand_java()
    else:
        with pytest.raises(UserError, match="Java"):
            cluster.demand_java()


def test_a_master_that_does_not_answer_is_named() -> None:
    with socket.socket() as silent:  # bound and not listening: nobody else can take the port meanwhile
        silent.bind(("127.0.0.1", 0))
        master = f"spark://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(UserError, match=master):
            cluster.demand_master(master)


def test_a_master_that_answers_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as master:
        cluster.demand_master(f"spark://127.0.0.1:{master.getsockname()[1]}")
    cluster.demand_master("local[*]")


def test_a_storage_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot be written"):
        cluster.demand_writable(tmp_path / "file" / "inside")
    cluster.demand_writable(tmp_path / "文件夹")
    assert list((tmp_path / "文件夹").iterdir()) == []


@pytest.mark.parametrize("memory", ["", "2", "2 g", "0g", "two"])
def test_a_memory_that_java_would_not_understand_is_refused(memory: str) -> None:
    with pytest.raises(UserError, match="FUPIN_SPARK_MEMORY"):
        cluster.demand_memory(memory)
    cluster.demand_memory(Cluster().memory)
