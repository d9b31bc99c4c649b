"""One run: link → fields → compare → index, each step written whole or not at all, then the manifest."""

from __future__ import annotations

import hashlib
import json
import platform
import resource
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from importlib.metadata import version
from pathlib import Path
from typing import Any

import polars as pl

from fupin.catalogue.load import catalogue_hash, load_catalogue
from fupin.catalogue.schema import DATA
from fupin.engine.digest import digest_file, source_hash
from fupin.engine.inputs import DeliveryFile, RunInputs
from fupin.engine.spark.cluster import Cluster, demand_spark
from fupin.engine.steps import STEPS, Progress, Work, compare_step, fields_step, index_step, link_step
from fupin.kernel.errors import UserError

__all__ = [
    "DeliveryFile",
    "RunInputs",
    "execute",
    "read_manifest",
    "same_versions",
    "source_hash",
    "versions_in_use",
]

#: result → primary key
RESULTS: Mapping[str, tuple[str, ...]] = {
    "links": ("dataset", "delivery", "row", "person_id"),
    "doubtful": ("dataset", "delivery", "row", "person_id"),
    "fields": ("household_id",),
    "index": ("household_id",),
    "indicators": ("household_id",),
    "findings": ("household_id", "rule"),
}
#: writes the results of a step; may return figures of its own
Doing = Callable[[Work], Mapping[str, Any] | None]
_WORK: Mapping[str, Doing] = {"link": link_step, "fields": fields_step, "compare": compare_step, "index": index_step}


def _described_inputs(inputs: RunInputs) -> dict[str, Any]:
    files = [
        {"dataset": d.dataset, "delivery": d.delivery, "file": d.path.name, "sha256": d.sha256, "rows": d.rows,
         "cut_off": d.cut_off.isoformat(), "provider": d.provider, "lake_key_id": d.lake_key_id,
         "correction": d.correction}
        for d in sorted(inputs.deliveries, key=lambda d: (d.dataset, d.age))
    ]  # fmt: skip
    snapshot = {path.name: _sha256(path) for path in sorted(inputs.snapshot.glob("*.parquet"))}
    return {"region": inputs.region, "as_of": inputs.as_of.isoformat(), "snapshot": snapshot, "deliveries": files}


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def versions_in_use(catalogue_folder: Path = DATA, engine: str = "polars") -> dict[str, Any]:
    """What a repeated run must share with the first: catalogue, code, engine and their versions. Raises UserError."""
    names = ["polars", "narwhals", "splink", "duckdb", "sqlglot", "pyarrow"]
    if engine == "spark":
        demand_spark()
        names.append("pyspark")
    versions = {name: version(name) for name in names}
    return {
        "catalogue": catalogue_hash(catalogue_folder),
        "code": {"fupin": version("fupin"), "engine": source_hash()},
        "engine": {"name": engine, "python": platform.python_version(), "versions": versions},
    }


def same_versions(before: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    """Whether two engines (``engine`` of a manifest) share Python and the versions of the libraries both use."""
    one, two = before.get("versions", {}), now.get("versions", {})
    return before.get("python") == now.get("python") and all(one[name] == two[name] for name in one.keys() & two.keys())


def _fingerprint(inputs: RunInputs, catalogue_folder: Path, cluster: Cluster | None) -> dict[str, Any]:
    used = versions_in_use(catalogue_folder, "polars" if cluster is None else "spark")
    if cluster is not None:
        used["engine"]["master"] = cluster.master
    return {"inputs": _described_inputs(inputs), **used}


def _write_json(path: Path, value: Mapping[str, Any]) -> None:
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(json.dumps(value, ensure_ascii=False, indent=1, default=str) + "\n", encoding="utf-8")
    partial.replace(path)


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of a finished run. Raises UserError when there is none."""
    path = folder / "manifest.json"
    if not path.is_file():
        raise UserError(
            f"{folder.name} 不是完成的运行：没有 manifest.json",
            f"{folder.name} is not a finished run: no manifest.json",
            "先完成该运行", "finish the run first",
        )  # fmt: skip
    manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return manifest


def _demand_inputs(inputs: RunInputs) -> None:
    wanted = [inputs.snapshot / f"{name}.parquet" for name in ("households", "survey", "persons", "ledger")]
    gone = [path for path in (*wanted, *(delivery.path for delivery in inputs.deliveries)) if not path.is_file()]
    if gone:
        names = ", ".join(path.name for path in gone[:5])
        raise UserError(
            f"缺少输入文件：{names}（共 {len(gone)} 个）", f"input files are missing: {names} ({len(gone)} in all)",
            "重新生成快照或恢复交付文件", "make the snapshot again or restore the deliveries",
        )  # fmt: skip


def _demand_one_lake_key(inputs: RunInputs) -> None:
    """Under two versions the same person would have two hashes, and nothing would say so."""
    manifest = inputs.snapshot / "manifest.json"
    pinned = json.loads(manifest.read_text(encoding="utf-8")).get("lake_key") if manifest.is_file() else None
    ids = {delivery.lake_key_id for delivery in inputs.deliveries} | ({pinned} if pinned else set())
    if len(ids) > 1:
        names = ", ".join(sorted(ids))
        raise UserError(
            f"输入数据用了不同的数据湖密钥：{names}，不能一起比对",
            f"the inputs are under different lake keys: {names}; they cannot be joined",
            "请管理员把密钥轮换做完（fupin keys rotate lake），再发起一次新的运行",
            "have the rotation finished (`fupin keys rotate lake`), then start a new run",
        )


def _resume(folder: Path, pinned: Mapping[str, Any]) -> dict[str, Any]:
    """Seconds and memory of the steps already done by the same computation; other leftovers are dropped."""
    state = folder / "progress.json"
    if state.is_file():
        before: dict[str, Any] = json.loads(state.read_text(encoding="utf-8"))
        if before["pinned"] == json.loads(json.dumps(pinned, default=str)):
            steps: dict[str, Any] = before["steps"]
            return steps
    for result in RESULTS:
        (folder / f"{result}.parquet").unlink(missing_ok=True)
    return {}


def execute(
    inputs: RunInputs,
    folder: Path,
    progress: Progress = lambda _step, _part: None,
    catalogue_folder: Path = DATA,
    cluster: Cluster | None = None,
) -> dict[str, Any]:
    """Run all steps into ``folder`` and return the manifest. A killed run is taken up where it stopped.

    ``progress(step, part)``: a step of the engine or digest; part from 0 to 1. With a ``cluster`` Spark does the work;
    the results are the same. Raises UserError.
    """
    _demand_inputs(inputs)
    _demand_one_lake_key(inputs)
    folder.mkdir(parents=True, exist_ok=True)
    pinned = _fingerprint(inputs, catalogue_folder, cluster)
    run = Work(inputs, folder, load_catalogue(catalogue_folder), progress)
    steps = _resume(folder, pinned)
    with _engine(cluster, pinned, catalogue_folder) as work:
        for step, do in work.items():
            if step not in steps or not all(run.path(result).is_file() for result in STEPS[step]):
                steps[step] = _carry_out(step, do, run)
                _write_json(folder / "progress.json", {"pinned": pinned, "steps": steps})
            progress(step, 1.0)
    manifest = {**pinned, "steps": steps, "counts": _counts(run), "digests": _digests(run)}
    _write_json(folder / "manifest.json", manifest)
    return manifest


def _engine(
    cluster: Cluster | None, pinned: Mapping[str, Any], catalogue_folder: Path
) -> AbstractContextManager[Mapping[str, Doing]]:
    """Step → what does it."""
    if cluster is None:
        return nullcontext(_WORK)
    from fupin.engine.spark.run import spark_steps

    fingerprint = hashlib.sha256(json.dumps(pinned, sort_keys=True, default=str).encode()).hexdigest()
    return spark_steps(cluster, fingerprint, catalogue_folder)


def _carry_out(step: str, do: Doing, run: Work) -> dict[str, Any]:
    """Do a step and say what it took."""
    run.progress(step, 0.0)
    started = time.perf_counter()
    figures = do(run) or {}
    run.finish(step)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return {"seconds": round(time.perf_counter() - started, 2), "peak_mib": peak, **figures}


def _digests(run: Work) -> dict[str, str]:
    found = {}
    for done, (result, key) in enumerate(RESULTS.items()):
        found[result] = digest_file(run.path(result), key)
        run.progress("digest", (done + 1) / len(RESULTS))
    return found


def _table(path: Path, column: str) -> dict[str, int]:
    counts = pl.scan_parquet(path).group_by(column).len().sort(column).collect()
    return dict(zip(counts[column], counts["len"], strict=True))


def _counts(run: Work) -> dict[str, Any]:
    lengths = {result: pl.scan_parquet(run.path(result)).select(pl.len()).collect().item() for result in RESULTS}
    return {
        **lengths,
        "bands": _table(run.path("index"), "band"),
        "rules": _table(run.path("findings"), "rule"),
        "methods": _table(run.path("links"), "method"),
        "doubts": _table(run.path("doubtful"), "reason"),
    }
