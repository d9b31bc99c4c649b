"""One run: link → fields → compare → index, each step written whole or not at all, then the manifest."""

from __future__ import annotations

import hashlib
import json
import platform
import resource
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import polars as pl

from fupin.catalogue.load import Catalogue, catalogue_hash, load_catalogue
from fupin.catalogue.schema import DATA
from fupin.engine.compare import compare
from fupin.engine.digest import digest_file
from fupin.engine.fields import compute_fields
from fupin.engine.index import GROUP, limits_of, write_index
from fupin.engine.inputs import DeliveryFile, RunInputs
from fupin.engine.link import link_persons
from fupin.engine.staging import Stage
from fupin.kernel.errors import UserError

__all__ = ["DeliveryFile", "RunInputs", "execute", "read_manifest", "source_hash", "versions_in_use"]

Progress = Callable[[str, float], None]
ROW_GROUP = 16_384
#: result → primary key
RESULTS: Mapping[str, tuple[str, ...]] = {
    "links": ("dataset", "delivery", "row", "person_id"),
    "doubtful": ("dataset", "delivery", "row", "person_id"),
    "fields": ("household_id",),
    "index": ("household_id",),
    "indicators": ("household_id",),
    "findings": ("household_id", "rule"),
}
STEPS: Mapping[str, tuple[str, ...]] = {
    "link": ("links", "doubtful"),
    "fields": ("fields",),
    "compare": ("findings",),
    "index": ("indicators", "index"),
}


@dataclass
class _Run:
    inputs: RunInputs
    folder: Path
    catalogue: Catalogue
    progress: Progress

    def path(self, result: str) -> Path:
        return self.folder / f"{result}.parquet"

    def stage(self) -> Stage:
        links = self.path("links")
        return Stage(self.inputs, pl.scan_parquet(links) if links.exists() else None)

    def write(self, result: str, frame: pl.DataFrame) -> None:
        """In small groups of rows, so that the explanation of one household reads one group."""
        frame.write_parquet(self.partial(result), compression="zstd", compression_level=1, row_group_size=ROW_GROUP)

    def partial(self, result: str) -> Path:
        return self.folder / f".{result}.parquet.partial"

    def finish(self, step: str) -> None:
        """Rename what the step wrote; the last result is the sign that the step is whole."""
        for result in STEPS[step]:
            self.partial(result).replace(self.path(result))


def _link(run: _Run) -> None:
    links, doubtful = link_persons(run.stage(), run.catalogue, lambda part: run.progress("link", part))
    run.write("links", links)
    run.write("doubtful", doubtful)


def _fields(run: _Run) -> None:
    fields = compute_fields(run.stage(), run.catalogue)
    # the streaming sink encodes columns on all cores; small row groups let one household be read quickly
    fields.lazy().sink_parquet(run.partial("fields"), compression="zstd", compression_level=1, row_group_size=GROUP)


def _compare(run: _Run) -> None:
    fields = pl.scan_parquet(run.path("fields"))
    run.write("findings", compare(run.stage(), run.catalogue, fields, lambda part: run.progress("compare", part)))


def _index(run: _Run) -> None:
    limits = limits_of(run.catalogue, run.inputs.as_of, run.inputs.region)
    targets = (run.partial("indicators"), run.partial("index"))
    homes = run.stage().households
    write_index(run.path("fields"), homes, run.catalogue, limits, targets, lambda part: run.progress("index", part))


_WORK: Mapping[str, Callable[[_Run], None]] = {"link": _link, "fields": _fields, "compare": _compare, "index": _index}


def source_hash(folder: Path = Path(__file__).parent) -> str:
    """SHA-256 over the engine's own sources and models: another hash means another computation."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*"), key=lambda p: p.relative_to(folder).as_posix()):
        name = path.relative_to(folder).as_posix()
        if path.suffix in (".py", ".toml") and "tests" not in path.parts:
            for part in (name.encode(), path.read_bytes()):
                digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()


def _described_inputs(inputs: RunInputs) -> dict[str, Any]:
    files = [
        {"dataset": d.dataset, "delivery": d.delivery, "file": d.path.name, "sha256": d.sha256, "rows": d.rows,
         "cut_off": d.cut_off.isoformat(), "provider": d.provider, "lake_key_id": d.lake_key_id}
        for d in sorted(inputs.deliveries, key=lambda d: (d.dataset, d.cut_off, d.delivery))
    ]  # fmt: skip
    snapshot = {path.name: _sha256(path) for path in sorted(inputs.snapshot.glob("*.parquet"))}
    return {"region": inputs.region, "as_of": inputs.as_of.isoformat(), "snapshot": snapshot, "deliveries": files}


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def versions_in_use(catalogue_folder: Path = DATA) -> dict[str, Any]:
    """What a repeated run must share with the first: catalogue, code, engine and their versions."""
    engines = {name: version(name) for name in ("polars", "narwhals", "splink", "duckdb", "sqlglot", "pyarrow")}
    return {
        "catalogue": catalogue_hash(catalogue_folder),
        "code": {"fupin": version("fupin"), "engine": source_hash()},
        "engine": {"name": "polars", "python": platform.python_version(), "versions": engines},
    }


def _fingerprint(inputs: RunInputs, catalogue_folder: Path) -> dict[str, Any]:
    return {"inputs": _described_inputs(inputs), **versions_in_use(catalogue_folder)}


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
    inputs: RunInputs, folder: Path, progress: Progress = lambda _step, _part: None, catalogue_folder: Path = DATA
) -> dict[str, Any]:
    """Run all steps into ``folder`` and return the manifest. A killed run is taken up where it stopped.

    ``progress(step, part)``: step link, fields, compare, index or digest; part from 0 to 1. Raises UserError.
    """
    _demand_inputs(inputs)
    folder.mkdir(parents=True, exist_ok=True)
    pinned = _fingerprint(inputs, catalogue_folder)
    run = _Run(inputs, folder, load_catalogue(catalogue_folder), progress)
    steps = _resume(folder, pinned)
    for step, work in _WORK.items():
        if step in steps and all(run.path(result).is_file() for result in STEPS[step]):
            progress(step, 1.0)
            continue
        progress(step, 0.0)
        started = time.perf_counter()
        work(run)
        run.finish(step)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        steps[step] = {"seconds": round(time.perf_counter() - started, 2), "peak_mib": peak}
        _write_json(folder / "progress.json", {"pinned": pinned, "steps": steps})
        progress(step, 1.0)
    manifest = {**pinned, "steps": steps, "counts": _counts(run), "digests": _digests(run)}
    _write_json(folder / "manifest.json", manifest)
    return manifest


def _digests(run: _Run) -> dict[str, str]:
    found = {}
    for done, (result, key) in enumerate(RESULTS.items()):
        found[result] = digest_file(run.path(result), key)
        run.progress("digest", (done + 1) / len(RESULTS))
    return found


def _table(path: Path, column: str) -> dict[str, int]:
    counts = pl.scan_parquet(path).group_by(column).len().sort(column).collect()
    return dict(zip(counts[column], counts["len"], strict=True))


def _counts(run: _Run) -> dict[str, Any]:
    lengths = {result: pl.scan_parquet(run.path(result)).select(pl.len()).collect().item() for result in RESULTS}
    return {
        **lengths,
        "bands": _table(run.path("index"), "band"),
        "rules": _table(run.path("findings"), "rule"),
        "methods": _table(run.path("links"), "method"),
        "doubts": _table(run.path("doubtful"), "reason"),
    }
