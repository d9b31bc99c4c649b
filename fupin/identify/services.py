"""Begin a run, carry it out, repeat it. A killed run is taken up where it stood."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from procrastinate.contrib.django import app as queue

from fupin.accounts import api as accounts
from fupin.accounts.api import User
from fupin.engine import run as engine_run
from fupin.engine.run import RunInputs
from fupin.exchange import api as exchange
from fupin.identify.explaining import pinned_inputs, run_folder
from fupin.identify.loading import load_results
from fupin.identify.models import Run, RunState
from fupin.kernel.errors import UserError
from fupin.registry import api as registry

RUN_TASK = "identify.run"

Progress = Callable[[str, float], None]


def start_run(*, by: User, region: str, as_of: date, in_background: bool = True) -> Run:
    """Create a run and hand it to the queue (or leave it to the caller with ``in_background=False``)."""
    accounts.require(by, "start_run", region)
    run = _new_run(by=by, region=region, as_of=as_of)
    if in_background:
        _defer(run)
    return run


def repeat_run(*, by: User, run: Run) -> Run:
    """A run over the same pinned inputs; its digests are then compared with the first run's."""
    accounts.require(by, "start_run", run.region)
    _same_catalogue_and_code(run)
    again = _new_run(by=by, region=run.region, as_of=run.as_of, rerun_of=run)
    folder = run_folder(again)
    folder.mkdir(parents=True, exist_ok=True)
    _write_whole(folder / "inputs.json", (run_folder(run) / "inputs.json").read_text(encoding="utf-8"))
    return again


def execute_run(run: Run, progress: Progress | None = None) -> Run:
    """Snapshot → link → fields → compare → index → database. Safe to call again after a kill."""
    folder = run_folder(run)
    folder.mkdir(parents=True, exist_ok=True)
    report = _reporter(run, progress)
    Run.objects.filter(pk=run.pk).update(state=RunState.RUNNING, problem={}, folder=f"runs/{run.id}")
    try:
        inputs = _pin_inputs(run, folder, report)
        manifest = engine_run.execute(inputs, folder, _span(report, 0.25, 0.85))
        load_results(run, folder, manifest, inputs.snapshot, _span(report, 0.85, 1.0))
    except Exception as error:
        _mark_failed(run, error)
        raise
    run.refresh_from_db()
    return run


def differing_digests(first: Run, again: Run) -> list[str]:
    """Names of the results whose digest is not the same in both runs; empty = repeated exactly."""
    one, two = first.manifest.get("digests", {}), again.manifest.get("digests", {})
    return sorted(name for name in one.keys() | two.keys() if one.get(name) != two.get(name))


def _new_run(*, by: User, region: str, as_of: date, rerun_of: Run | None = None) -> Run:
    registry.region(region)  # an unknown region is refused here, not after minutes of work
    stamp = timezone.localtime().strftime("%Y%m%d-%H%M%S-%f")[:19]
    with transaction.atomic():
        run = Run.objects.create(
            id=f"{region}-{as_of:%Y%m%d}-{stamp}", region=region, as_of=as_of, started_by=by, rerun_of=rerun_of
        )
        accounts.record(by=by, verb="start_run", object_kind="run", object_id=run.id, region=region)
    return run


def _defer(run: Run) -> None:
    task = queue.configure_task(RUN_TASK)
    transaction.on_commit(lambda: task.defer(run_id=run.id))


def _pin_inputs(run: Run, folder: Path, report: Progress) -> RunInputs:
    if not (folder / "inputs.json").exists():
        snapshot = Path("runs") / run.id / "snapshot"
        registry.snapshot(Path(settings.FUPIN_DATA_DIR) / snapshot, _span(report, 0.0, 0.25))
        _write_whole(folder / "inputs.json", json.dumps(_inputs_record(run, snapshot), ensure_ascii=False, indent=1))
    return pinned_inputs(folder)


def _inputs_record(run: Run, snapshot: Path) -> dict[str, Any]:
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
        }
        for d in exchange.usable_deliveries(run.as_of)
    ]
    return {
        "region": run.region,
        "as_of": run.as_of.isoformat(),
        "snapshot": str(snapshot),
        "registry": "current state when the run began, not the state at the cut-off date",
        "deliveries": deliveries,
    }


def _write_whole(path: Path, text: str) -> None:
    partial = path.with_suffix(".partial")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)


def _same_catalogue_and_code(run: Run) -> None:
    now = engine_run.versions_in_use()
    changed = [name for name, value in now.items() if run.manifest.get(name) != value]
    if changed:
        names = ", ".join(changed)
        raise UserError(
            zh=f"不能原样重跑：自运行 {run.id} 以来已改变：{names}",
            en=f"cannot repeat run {run.id} exactly: changed since then: {names}",
            hint_zh="请换回当时的版本，或发起一次新的运行",
            hint_en="go back to that version, or start a new run",
        )


def _mark_failed(run: Run, error: Exception) -> None:
    if isinstance(error, UserError):
        problem = {"zh": error.zh, "en": error.en}
    else:
        problem = {"zh": f"内部错误：{type(error).__name__}", "en": f"internal error: {type(error).__name__}"}
    Run.objects.filter(pk=run.pk).update(state=RunState.FAILED, problem=problem, finished_at=timezone.now())


def _reporter(run: Run, progress: Progress | None) -> Progress:
    """Tells the caller and, at most once for each percent, the database."""
    last = -1

    def report(step: str, share: float) -> None:
        nonlocal last
        percent = min(100, int(share * 100))
        if percent != last:
            last = percent
            Run.objects.filter(pk=run.pk).update(step=step[:60], progress=percent)
        if progress is not None:
            progress(step, share)

    return report


def _span(report: Progress, low: float, high: float) -> Progress:
    return lambda step, share: report(step, low + (high - low) * share)
