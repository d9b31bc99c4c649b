"""Begin a run, carry it out, repeat it. A killed run is taken up where it stood."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from procrastinate.contrib.django import app as queue

from fupin.accounts import api as accounts
from fupin.accounts.api import User
from fupin.catalogue.load import load_catalogue
from fupin.engine import run as engine_run
from fupin.engine.run import RunInputs
from fupin.engine.spark.cluster import Cluster, demand_cluster
from fupin.exchange import api as exchange
from fupin.identify.explaining import pinned_inputs, run_folder
from fupin.identify.loading import load_results
from fupin.identify.long_work import Progress, mark_failed, reporter
from fupin.identify.models import Run, RunState
from fupin.identify.rules import check_day
from fupin.kernel.errors import NotFound, UserError
from fupin.registry import api as registry

RUN_TASK = "identify.run"
PIECES_TASK = "identify.pieces"
ANNOUNCE_TASK = "identify.announce"
BEHIND = -10  # priority of work that nobody waits for


def start_run(*, by: User, region: str, as_of: date, in_background: bool = True, engine: str = "") -> Run:
    """Create a run and hand it to the queue (or leave it to the caller with ``in_background=False``).

    An ``engine`` that cannot work here is refused now, not after the snapshot.
    """
    accounts.require(by, "start_run", region)
    cluster_for(engine or settings.FUPIN_ENGINE)
    run = _new_run(by=by, region=region, as_of=as_of)
    if in_background:
        _defer(run)
    return run


def repeat_run(*, by: User, run: Run, engine: str = "") -> Run:
    """A run over the same pinned inputs, with the same engine unless another is named; digests are then compared."""
    accounts.require(by, "start_run", run.region)
    engine = engine or run.manifest.get("engine", {}).get("name", "polars")
    cluster_for(engine)
    _same_catalogue_and_code(run, engine)
    again = _new_run(by=by, region=run.region, as_of=run.as_of, rerun_of=run)
    folder = run_folder(again)
    folder.mkdir(parents=True, exist_ok=True)
    record = json.loads((run_folder(run) / "inputs.json").read_text(encoding="utf-8"))
    _write_record(folder, {**record, "engine": engine})
    return again


def cluster_for(engine: str) -> Cluster | None:
    """Where the engine works: None for Polars in this process. Raises UserError when it cannot work here."""
    if engine != "spark":
        return None
    cluster = Cluster(settings.FUPIN_SPARK_MASTER, settings.FUPIN_SPARK_MEMORY, settings.FUPIN_SPARK_STORAGE)
    demand_cluster(cluster)
    return cluster


def execute_run(run: Run, progress: Progress | None = None, engine: str = "") -> Run:
    """Snapshot → link → fields → compare → index → database. Safe to call again after a kill.

    ``engine``: polars or spark; the one the run began with by default, FUPIN_ENGINE for a new one.
    """
    with accounts.acting_for(run.started_by, run.region):
        return _execute(run, progress, engine)


def _execute(run: Run, progress: Progress | None, engine: str) -> Run:
    folder = run_folder(run)
    folder.mkdir(parents=True, exist_ok=True)
    report = reporter(run, progress)
    Run.objects.filter(pk=run.pk).update(state=RunState.RUNNING, problem={}, folder=f"runs/{run.id}")
    try:
        inputs, pinned = _pin_inputs(run, folder, report, engine or settings.FUPIN_ENGINE)
        manifest = engine_run.execute(inputs, folder, _span(report, 0.25, 0.85), cluster=cluster_for(engine or pinned))
        load_results(run, folder, manifest, inputs.snapshot, _span(report, 0.85, 1.0))
    except Exception as error:
        mark_failed(run, error)
        raise
    for behind in (PIECES_TASK, ANNOUNCE_TASK):
        queue.configure_task(behind, priority=BEHIND).defer(run_id=run.pk)
    run.refresh_from_db()
    return run


def differing_digests(first: Run, again: Run) -> list[str]:
    """Names of the results whose digest is not the same in both runs; empty = repeated exactly."""
    one, two = first.manifest.get("digests", {}), again.manifest.get("digests", {})
    return sorted(name for name in one.keys() | two.keys() if one.get(name) != two.get(name))


def _new_run(*, by: User, region: str, as_of: date, rerun_of: Run | None = None) -> Run:
    check_day(as_of, region, timezone.localdate(), load_catalogue())  # refused here, not after minutes of work
    demand_region(by, region)
    stamp = timezone.localtime().strftime("%y%m%d%H%M%S%f")[:15]
    with transaction.atomic():
        run = Run.objects.create(
            id=f"{region}-{as_of:%Y%m%d}-{stamp}", region=region, as_of=as_of, started_by=by, rerun_of=rerun_of
        )
        accounts.record(by=by, verb="start_run", object_kind="run", object_id=run.id, region=region)
    return run


def demand_region(by: User, region: str) -> None:
    """Known, and somebody lives there. Raises UserError."""
    try:
        registry.region(region)
    except NotFound:
        raise UserError(
            f"没有区划 {region}",
            f"there is no region {region}",
            "请核对区划代码；新的区划先用 fupin regions load 载入",
            "check the code; load new divisions with `fupin regions load` first",
        ) from None
    if not registry.households_for(by).filter(village_code__gte=region, village_code__lt=region + ":").exists():
        raise UserError(
            f"登记库里没有 {region} 的农户",
            f"the registry holds no household of {region}",
            "请先用 fupin registry load 载入农户，或换一个辖区",
            "load households with `fupin registry load` first, or choose another region",
        )


def _defer(run: Run) -> None:
    task = queue.configure_task(RUN_TASK)
    transaction.on_commit(lambda: task.defer(run_id=run.id))


def _pin_inputs(run: Run, folder: Path, report: Progress, engine: str) -> tuple[RunInputs, str]:
    """The inputs of the run and its engine, as they were when it began."""
    if not (folder / "inputs.json").exists():
        _write_record(folder, {**_fresh_inputs(run, report), "engine": engine})
    record = json.loads((folder / "inputs.json").read_text(encoding="utf-8"))
    return pinned_inputs(folder), record.get("engine", "polars")


def _fresh_inputs(run: Run, report: Progress) -> dict[str, Any]:
    """Registry and deliveries under one version of the lake key; once more when the platform turned to another
    between the two. Raises UserError when a delivery is not there under it.
    """
    snapshot = Path("runs") / run.id / "snapshot"
    while True:
        info = registry.snapshot(Path(settings.FUPIN_DATA_DIR) / snapshot, _span(report, 0.0, 0.25))
        try:
            return _inputs_record(run, snapshot, info.lake_key)
        except UserError:
            if registry.lake_key_in_use() == info.lake_key:
                raise


def _inputs_record(run: Run, snapshot: Path, lake_key: str) -> dict[str, Any]:
    data = Path(settings.FUPIN_DATA_DIR)
    deliveries = [
        {
            "dataset": d.dataset,
            "delivery": d.delivery,
            "path": str(Path(d.path).relative_to(data)),
            "sha256": d.sha256,
            "cut_off": d.cut_off.isoformat(),
            "provider": d.provider,
            "rows": d.rows,
            "lake_key_id": d.lake_key_id,
            "correction": d.correction,
        }
        for d in exchange.usable_deliveries(run.as_of, lake_key)
    ]
    return {
        "region": run.region,
        "as_of": run.as_of.isoformat(),
        "snapshot": str(snapshot),
        "lake_key": lake_key,
        "registry": "current state when the run began, not the state at the cut-off date",
        "deliveries": deliveries,
    }


def _write_record(folder: Path, record: dict[str, Any]) -> None:
    _write_whole(folder / "inputs.json", json.dumps(record, ensure_ascii=False, indent=1))


def _write_whole(path: Path, text: str) -> None:
    partial = path.with_suffix(".partial")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)


def _same_catalogue_and_code(run: Run, engine: str) -> None:
    """Another engine may be wanted, to prove the results; the versions of what both use must be the same."""
    now = engine_run.versions_in_use(engine=engine)
    changed = [name for name in ("catalogue", "code") if run.manifest.get(name) != now[name]]
    if not engine_run.same_versions(run.manifest.get("engine", {}), now["engine"]):
        changed.append("engine")
    if changed:
        names = ", ".join(changed)
        raise UserError(
            zh=f"不能原样重跑：自运行 {run.id} 以来已改变：{names}",
            en=f"cannot repeat run {run.id} exactly: changed since then: {names}",
            hint_zh="请换回当时的版本，或发起一次新的运行",
            hint_en="go back to that version, or start a new run",
        )


def give_up(run_id: str) -> None:
    """The queue will not try again: a run that has killed its worker several times has failed."""
    problem = {
        "zh": "运行多次中断（内存不足或进程被终止），已停止重试",
        "en": "the run was killed several times and is not tried again",
    }
    stopped = Run.objects.filter(pk=run_id, state__in=(RunState.WAITING, RunState.RUNNING))
    stopped.update(state=RunState.FAILED, problem=problem, finished_at=timezone.now())


def _span(report: Progress, low: float, high: float) -> Progress:
    return lambda step, share: report(step, low + (high - low) * share)
