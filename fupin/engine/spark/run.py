"""A run with Spark: link natively, then the engine's own steps for each bucket of households, then merge in order."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

from fupin.catalogue.schema import datasets
from fupin.engine.inputs import RunInputs
from fupin.engine.link import linkable
from fupin.engine.spark.cluster import Cluster, demand_writable, session
from fupin.engine.spark.dialect import ddl, delivered_schema, read_parquet, union
from fupin.engine.spark.executors import demand_executors
from fupin.engine.spark.homes import PACKED, PARTNERS, REPORT, Order, bucket_folder, compute_bucket, is_done
from fupin.engine.spark.match import Matching, link_with_spark, merge, people
from fupin.engine.spark.pack import Packing, pack, slices_of
from fupin.engine.staging import Stage
from fupin.engine.steps import STEPS, Work
from fupin.kernel.errors import UserError

#: households that one task computes: some 300 MiB
HOMES = 20_000
#: delivered rows of one task of a shuffle
SHUFFLED = 500_000
#: seconds between looks at how many buckets are done
LOOK = 1.0

Doing = Any


@dataclass
class SparkRun:
    """The session is begun when the first step needs it."""

    cluster: Cluster
    fingerprint: str
    catalogue: Path
    ends: ExitStack
    folders: set[Path] = field(default_factory=set)

    def folder(self, work: Work) -> Path:
        """For what is kept between jobs; another computation has another folder."""
        if self.cluster.storage is None:
            return work.folder / f".spark-{self.fingerprint[:12]}"
        return self.cluster.storage / f"{work.folder.name}-{self.fingerprint[:12]}"

    def begin(self, work: Work) -> tuple[Any, RunInputs]:
        folder = self.folder(work)
        demand_writable(folder)
        self.folders.add(folder)
        for other in folder.parent.glob(f"{folder.name[:-12]}" + "[0-9a-f]" * 12):
            if other != folder:
                shutil.rmtree(other, ignore_errors=True)  # of another computation of this run
        inputs = self.inputs(work)
        if "spark" not in self.__dict__:
            self.spark = self.ends.enter_context(session(self.cluster, folder / "scratch"))
            if not self.cluster.local:
                demand_executors(self.spark, folder)
            tasks = 1 + sum(file.rows for file in inputs.deliveries) // SHUFFLED
            self.spark.conf.set("spark.sql.shuffle.partitions", str(tasks))
        return self.spark, inputs

    def clean(self) -> None:
        """Remove what was kept between jobs."""
        for folder in self.folders:
            shutil.rmtree(folder, ignore_errors=True)

    def inputs(self, work: Work) -> RunInputs:
        """The inputs where executors see them: with a shared storage, copies in it."""
        if self.cluster.storage is None:
            return work.inputs
        folder = self.folder(work) / "inputs"
        for path in sorted(work.inputs.snapshot.glob("*.parquet")):
            _copy(path, folder / "snapshot" / path.name)
        moved = [replace(file, path=folder / f"{file.delivery}.parquet") for file in work.inputs.deliveries]
        for before, after in zip(work.inputs.deliveries, moved, strict=True):
            _copy(before.path, after.path)
        return replace(work.inputs, snapshot=folder / "snapshot", deliveries=tuple(moved))

    def link(self, work: Work) -> None:
        spark, inputs = self.begin(work)
        link_with_spark(Matching(spark, inputs, self.folder(work)), work)

    def households(self, work: Work) -> Mapping[str, Any]:
        spark, inputs = self.begin(work)
        folder = self.folder(work)
        ids = Stage(work.inputs).households.get_column("household_id")
        bounds = tuple(ids.gather_every(HOMES)[1:])
        count = len(bounds) + 1
        links = folder / "all-links.parquet"
        _copy(work.path("links"), links)
        _cross(spark, inputs, folder)
        parts = folder / "parts"
        done = frozenset(bucket for bucket in range(count) if is_done(parts, bucket))
        packing = Packing(slices_of(inputs), bounds, done, links, folder)
        reports = pl.DataFrame(schema=dict(REPORT))
        if len(done) < count:
            reports = _computed(spark, packing, Order(inputs, self.catalogue, parts), count, work)
        for result in STEPS["households"]:
            merge([bucket_folder(parts, bucket) / f"{result}.parquet" for bucket in range(count)], work.partial(result))
        return {"buckets": count, "tasks_peak_mib": reports["peak_mib"].max()}


def _copy(path: Path, target: Path) -> None:
    if target.is_file() and target.stat().st_size == path.stat().st_size:
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    partial_ = target.with_name(f".{target.name}.partial")
    shutil.copyfile(path, partial_)
    partial_.replace(target)


def _cross(spark: Any, inputs: RunInputs, folder: Path) -> None:
    """What crosses households: ``shared`` (key, key_count of several persons) and ``partners`` (person_id, key)."""
    from pyspark.sql import functions as f

    keys = read_parquet(spark, inputs.snapshot / "persons.parquet", "key binary").where("key is not null")
    shared = keys.groupBy("key").agg(f.count("*").alias("key_count")).where("key_count > 1")
    pl.DataFrame(shared.toArrow()).write_parquet(folder / "shared.parquet")
    named = []
    for dataset in linkable(inputs):
        shape = datasets()[dataset]
        for name in shape.id_columns[1:]:
            for file in inputs.of_dataset(dataset):
                rows = read_parquet(spark, file.path, delivered_schema(shape))
                named.append(rows.select(f.col(f"{name}_key").alias("key")))
    partners = pl.DataFrame(schema=dict(PARTNERS))
    if named:
        persons = people(spark, inputs).join(union(named).distinct(), "key", "left_semi")
        firsts = persons.groupBy("key").agg(f.min("person_id").alias("person_id"))
        partners = pl.DataFrame(firsts.select(*PARTNERS).toArrow())
    partners.write_parquet(folder / "partners.parquet")


def _computed(spark: Any, packing: Packing, order: Order, count: int, work: Work) -> pl.DataFrame:
    """Compute the buckets that are not done. Raises the UserError of a bucket."""
    tasks = len(packing.slices)
    packets = spark.range(0, tasks, 1, tasks).mapInArrow(partial(pack, packing), ddl(PACKED))
    buckets = packets.repartition(count, "bucket").groupBy("bucket")
    reports = buckets.applyInArrow(partial(compute_bucket, order), ddl(REPORT))
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(reports.toArrow)
        while not wait([future], timeout=LOOK).done:
            work.progress("households", sum(1 for _ in order.folder.glob("[0-9]*")) / count)
        found = pl.DataFrame(future.result())
    problems = found.get_column("problem").drop_nulls()
    if len(problems):
        raise UserError(*json.loads(problems[0]))
    return found


@contextmanager
def spark_steps(cluster: Cluster, fingerprint: str, catalogue: Path) -> Iterator[Mapping[str, Doing]]:
    """Step → what does it. The session and its spilled files end with the block."""
    with ExitStack() as ends:
        run = SparkRun(cluster, fingerprint, catalogue, ends)
        yield {"link": run.link, "households": run.households}
    run.clean()  # a run that fails keeps what it has
