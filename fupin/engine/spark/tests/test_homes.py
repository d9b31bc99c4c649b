"""Buckets of households give what the whole gives. No Spark is needed for that: packets are Arrow tables."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pytest

from fupin.catalogue.schema import DATA
from fupin.engine.digest import digest_file
from fupin.engine.inputs import RunInputs
from fupin.engine.run import RESULTS, execute, read_manifest
from fupin.engine.spark import homes
from fupin.engine.spark.dialect import to_arrow
from fupin.engine.spark.homes import PACKED, PARTNERS, Order, bucket_folder, compute_bucket, is_done
from fupin.engine.spark.match import merge
from fupin.engine.spark.pack import Packing, pack, slices_of
from fupin.engine.spark.tests.hamlet import build
from fupin.engine.staging import Stage
from fupin.engine.steps import STEPS
from fupin.kernel.errors import UserError

BOUNDS = ("H3", "H6", "H8")


@pytest.fixture(scope="module")
def hamlet(tmp_path_factory: pytest.TempPathFactory) -> RunInputs:
    return build(tmp_path_factory.mktemp("hamlet"))


@pytest.fixture(scope="module")
def whole(hamlet: RunInputs, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run over all of it at once."""
    folder: Path = tmp_path_factory.mktemp("whole") / "run"
    execute(hamlet, folder)
    return folder


def _packing(inputs: RunInputs, run: Path, folder: Path, done: frozenset[int] = frozenset()) -> Packing:
    folder.mkdir(exist_ok=True)
    keys = pl.read_parquet(inputs.snapshot / "persons.parquet").drop_nulls("key").group_by("key")
    keys.agg(pl.len().cast(pl.Int64).alias("key_count")).filter(pl.col("key_count") > 1).write_parquet(
        folder / "shared.parquet"
    )
    members = Stage(inputs).members.group_by("key").agg(pl.col("person_id").min())
    members.select(*PARTNERS).write_parquet(folder / "partners.parquet")
    return Packing(slices_of(inputs, rows=3), BOUNDS, done, run / "links.parquet", folder)


def _packets(packing: Packing) -> pl.DataFrame:
    batch = pa.record_batch({"id": list(range(len(packing.slices)))})
    return pl.concat([pl.DataFrame(part) for part in pack(packing, [batch])])


def _compute(inputs: RunInputs, packing: Packing) -> list[dict[str, Any]]:
    order = Order(inputs, DATA, packing.folder / "parts")
    groups = _packets(packing).partition_by("bucket", as_dict=True)
    tables = {bucket: to_arrow(rows, PACKED) for (bucket,), rows in groups.items()}
    return [compute_bucket(order, (pa.scalar(bucket),), tables[bucket]).to_pylist()[0] for bucket in sorted(tables)]


def test_buckets_of_households_give_the_digests_of_the_whole(hamlet: RunInputs, whole: Path, tmp_path: Path) -> None:
    manifest = read_manifest(whole)
    packing = _packing(hamlet, whole, tmp_path / "work")
    reports = _compute(hamlet, packing)
    # the household outside the region travels with its bucket and is left out there
    assert [report["households"] for report in reports] == [2, 3, 2, 2]
    for result in STEPS["households"]:
        parts = [bucket_folder(packing.folder / "parts", i) / f"{result}.parquet" for i in range(4)]
        merge(parts, tmp_path / f"{result}.parquet")
        assert digest_file(tmp_path / f"{result}.parquet", RESULTS[result]) == manifest["digests"][result]


def test_a_bucket_that_is_done_gets_no_rows(hamlet: RunInputs, whole: Path, tmp_path: Path) -> None:
    packets = _packets(_packing(hamlet, whole, tmp_path / "work", done=frozenset({0, 2})))
    assert set(packets["bucket"]) == {1, 3}


def test_a_fault_in_a_bucket_is_reported_in_words_and_leaves_nothing(
    hamlet: RunInputs, whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise UserError("户 H1 有误", "household H1 is wrong", "改", "mend")

    monkeypatch.setattr(homes, "fields_step", refuse)
    packing = _packing(hamlet, whole, tmp_path / "work")
    report = _compute(hamlet, packing)[0]
    assert json.loads(report["problem"]) == ["户 H1 有误", "household H1 is wrong", "改", "mend"]
    assert not is_done(packing.folder / "parts", 0)
    assert list((packing.folder / "parts").iterdir()) == []
