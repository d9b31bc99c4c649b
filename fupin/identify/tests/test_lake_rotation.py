"""Runs before, during and after a rotation of the lake key find the same; no run mixes two versions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from django.conf import settings
from django.db import connections

from conftest import create_database, drop_database, in_database, logins
from fupin.engine import run as engine_run
from fupin.exchange import api as exchange
from fupin.identify import api as identify
from fupin.identify.explaining import pinned_inputs
from fupin.identify.models import Run
from fupin.identify.tests.small_city import AS_OF, TAKEN, City
from fupin.kernel.errors import UserError
from fupin.kernel.keys import Keys
from fupin.kernel.live_keys import LiveKeys
from fupin.registry import api as registry


@pytest.fixture
def rotating(
    city: City,
    runs_database: str,
    django_db_blocker: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[City]:
    """A copy of the city's database and of its keys: the other tests go on with the first version."""
    name, path = f"{runs_database}_lake", tmp_path / "keys.json"
    settings.FUPIN_KEYS.now.save(path)
    monkeypatch.setattr(settings, "FUPIN_KEYS", LiveKeys(path, lambda: Keys.load(path)))
    with django_db_blocker.unblock():
        connections.close_all()
        drop_database(logins(), name)
        create_database(logins(), name, template=runs_database)
        with in_database(name):
            yield city
        drop_database(logins(), name)


def run_again(city: City) -> Run:
    run = identify.start_run(by=city.cast["office"], region="4501", as_of=AS_OF, in_background=False)
    return identify.execute_run(run)


def versions_of(run: Run) -> set[str]:
    """Lake keys of the snapshot and of the deliveries that a run read."""
    folder = pinned_inputs(identify.run_folder(run)).snapshot
    snapshot = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    return {snapshot["lake_key"], *(one["lake_key_id"] for one in run.manifest["inputs"]["deliveries"])}


def hashes_of(run: Run) -> set[bytes]:
    persons = pl.read_parquet(identify.run_folder(run) / "snapshot" / "persons.parquet")
    return set(persons["key"].drop_nulls())


def test_the_findings_are_the_same_before_during_and_after(rotating: City) -> None:
    """Also when an old run is repeated after its key has gone: it pinned files, not keys."""
    before = rotating.run
    registry.rotate(by=None, purpose="lake")
    during = run_again(rotating)
    exchange.rotate_key(by=None, purpose="lake")
    after = run_again(rotating)
    assert [versions_of(run) for run in (before, during, after)] == [{"l1"}, {"l1"}, {"l2"}]
    assert not hashes_of(before) & hashes_of(after)
    exchange.drop_key(by=None, purpose="lake", id_="l1")
    repeated = identify.execute_run(identify.repeat_run(by=rotating.cast["office"], run=before))
    assert versions_of(repeated) == {"l1"}
    for run in (during, after, repeated):
        assert identify.differing_digests(before, run) == []
    household = pl.read_parquet(identify.run_folder(before) / "links.parquet")["household_id"][0]
    told = [identify.explain(rotating.cast["office"], run, household) for run in (before, after)]
    assert told[0] == told[1]


def test_a_turn_between_snapshot_and_deliveries_makes_the_run_begin_again(
    rotating: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The delivery that came last lies under the new version only."""
    taken = registry.snapshot
    told: list[str] = []

    def snapshot(*arguments: Any) -> registry.SnapshotInfo:
        made = taken(*arguments)
        told.append(made.lake_key)
        if len(told) == 1:
            exchange.rotate_key(by=None, purpose="lake")
            receive_late(rotating)
        return made

    monkeypatch.setattr("fupin.identify.services.registry.snapshot", snapshot)
    run = run_again(rotating)
    assert (told, versions_of(run)) == (["l1", "l2"], {"l2"})


def receive_late(city: City) -> None:
    files = sorted((city.folder / "deliveries").rglob("*.csv"))
    dataset, path = next((found, one) for one in files if (found := exchange.guess_dataset(one)) in TAKEN)
    exchange.receive(
        by=city.cast["office"],
        dataset=dataset or "",
        path=path,
        provider="李科长",
        batch="late",
        cut_off=date(2026, 10, 30),
    )


def test_inputs_under_two_keys_are_refused(rotating: City, tmp_path: Path) -> None:
    inputs = pinned_inputs(identify.run_folder(rotating.run))
    first, *others = inputs.deliveries
    mixed = replace(inputs, deliveries=(replace(first, lake_key_id="l2"), *others))
    with pytest.raises(UserError, match="l1, l2"):
        engine_run.execute(mixed, tmp_path / "run")
