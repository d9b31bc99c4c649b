"""How a run's cost grows: ``python -m fupin.bench.scale DATA --sizes 0.25 1 4 --engines polars spark``.

``DATA`` is a data folder with a run (``make demo``). Its inputs are thinned out or copied to each size, every copy with
its own households, persons, ID numbers and villages. One JSON line a run: seconds by the clock and of all cores, and
the peak memory of the process with all its children (driver, Java, workers; shared pages counted once). Linux only.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from fupin.catalogue.schema import datasets
from fupin.engine.inputs import DeliveryFile, RunInputs
from fupin.engine.run import execute
from fupin.engine.spark.cluster import Cluster

PROVINCE = "45"
#: seconds between looks at the processes
LOOK = 0.5
PARTS = 1000


def pinned(run: Path) -> RunInputs:
    """What a run pinned when it began; its data folder is two above."""
    raw = json.loads((run / "inputs.json").read_text(encoding="utf-8"))
    data = run.parent.parent
    files = [
        DeliveryFile(**{**item, "path": data / item["path"], "cut_off": date.fromisoformat(item["cut_off"])})
        for item in raw["deliveries"]
    ]
    return RunInputs(PROVINCE, date.fromisoformat(raw["as_of"]), data / raw["snapshot"], tuple(files))


def _own_key(name: str, copy: int) -> pl.Expr:
    """The hash with another first byte: random as before, and different in every copy."""
    text = pl.col(name).bin.encode("hex")
    bytes_ = {f"{byte:02x}": f"{byte ^ copy:02x}" for byte in range(256)}
    return (text.str.slice(0, 2).replace(bytes_) + text.str.slice(2)).str.decode("hex").alias(name)


def _copied(rows: pl.LazyFrame, copy: int, unique: list[str]) -> pl.LazyFrame:
    schema = rows.collect_schema()
    made = [_own_key(name, copy) for name, type_ in schema.items() if type_ == pl.Binary]
    own = [name for name in ("household_id", "person_id", *unique) if name in schema]
    made += [(pl.lit(f"{copy:02d}") + pl.col(name)).alias(name) for name in own]
    if "village_code" in schema:
        village = pl.lit(f"{PROVINCE}{copy + 1:02d}") + pl.col("village_code").str.slice(4)
        made.append(village.alias("village_code"))
    if "row" in schema:
        made.append(pl.col("row") + copy * 10_000_000)
    return rows.with_columns(made)


def _sized(source: Path, target: Path, kept: pl.LazyFrame | None, on: str, copies: int, unique: list[str]) -> int:
    """Write the rows whose ``on`` is in ``kept`` (or unknown), so many times; returns their number."""
    rows = pl.scan_parquet(source)
    if kept is not None:
        rows = rows.join(kept, on=on, how="semi", maintain_order="left")
    target.parent.mkdir(parents=True, exist_ok=True)
    whole = pl.concat([_copied(rows, copy, unique) for copy in range(copies)])
    whole.sink_parquet(target, compression="zstd", compression_level=1)
    count: int = pl.scan_parquet(target).select(pl.len()).collect().item()
    return count


def resize(inputs: RunInputs, size: float, folder: Path) -> RunInputs:
    """The inputs at ``size`` times their size: below 1 a share of the households, else whole copies."""
    copies, share = max(1, round(size)), min(1.0, size)
    homes = pl.scan_parquet(inputs.snapshot / "households.parquet").select("household_id")
    homes = homes.filter(pl.col("household_id").hash(1) % PARTS < share * PARTS)
    persons = pl.scan_parquet(inputs.snapshot / "persons.parquet").join(homes, on="household_id", how="semi")
    keys = persons.select("key").filter(pl.col("key").is_not_null())
    thinned = share < 1
    for name in ("households", "survey", "persons", "ledger"):
        path = folder / "snapshot" / f"{name}.parquet"
        _sized(inputs.snapshot / path.name, path, homes if thinned else None, "household_id", copies, [])
    files = [_resized(file, folder, keys if thinned else None, copies) for file in inputs.deliveries]
    return replace(inputs, snapshot=folder / "snapshot", deliveries=tuple(files))


def _resized(file: DeliveryFile, folder: Path, keys: pl.LazyFrame | None, copies: int) -> DeliveryFile:
    shape = datasets()[file.dataset]
    path = folder / "lake" / f"{file.delivery}.parquet"
    unique = [name for name in shape.key if shape.columns[name].type == "text"]
    if keys is None or not shape.id_columns:
        return replace(file, path=path, rows=_sized(file.path, path, None, "", copies, unique))
    on = f"{shape.id_columns[0]}_key"
    named = pl.scan_parquet(file.path).select(on, "row")
    known = named.join(keys.rename({"key": on}), on=on, how="semi").select("row")
    nameless = named.filter(pl.col(on).is_null() & (pl.col("row").hash(1) % 4 == 0)).select("row")
    return replace(file, path=path, rows=_sized(file.path, path, pl.concat([known, nameless]), "row", copies, unique))


def _processes() -> Iterator[tuple[int, int, str, float]]:
    """Number, parent, name and seconds of all cores of every process."""
    ticks = os.sysconf("SC_CLK_TCK")
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = path.read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue  # it ended meanwhile
        name, rest = text[text.index("(") + 1 : text.rindex(")")], text[text.rindex(")") + 2 :].split()
        yield int(path.parent.name), int(rest[1]), name, (int(rest[11]) + int(rest[12])) / ticks


def _memory(process: int) -> int:
    """MiB of a process, shared pages in proportion."""
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text(encoding="utf-8").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) // 1024 for line in lines if line.startswith("Pss:")), 0)


def watch(command: list[str]) -> tuple[str, dict[str, Any]]:
    """Run a command; what it prints, and what it and its children took."""
    started, cores, peak = time.perf_counter(), {}, 0
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        while process.poll() is None:
            family = {process.pid}
            for number, parent, _, seconds in sorted(_processes()):
                if parent in family or number == process.pid:
                    family.add(number)
                    cores[number] = seconds
            peak = max(peak, sum(map(_memory, family)))
            time.sleep(LOOK)
        printed = process.stdout.read() if process.stdout else ""
    took = {"seconds": round(time.perf_counter() - started, 1), "cpu_seconds": round(sum(cores.values()), 1)}
    return printed, {**took, "peak_mib": peak}


def _one(engine: str, inputs: RunInputs, folder: Path) -> None:
    """In a process of its own: a run, its steps and digests as JSON."""
    manifest = execute(inputs, folder, cluster=Cluster() if engine == "spark" else None)
    counts = {name: manifest["counts"][name] for name in ("links", "findings")}
    counts["households"] = manifest["counts"]["index"]
    counts["delivered"] = sum(file.rows for file in inputs.deliveries)
    said = {**counts, "steps": manifest["steps"], "digests": manifest["digests"]}
    sys.stdout.write(json.dumps(said) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m fupin.bench.scale", description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--sizes", type=float, nargs="+", default=[0.25, 1, 4])
    parser.add_argument("--engines", nargs="+", choices=["polars", "spark"], default=["polars"])
    parser.add_argument("--one", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        files = json.loads((given.one / "files.json").read_text(encoding="utf-8"))
        deliveries = tuple(
            DeliveryFile(**{**item, "path": Path(item["path"]), "cut_off": date.fromisoformat(item["cut_off"])})
            for item in files["deliveries"]
        )
        inputs = RunInputs(PROVINCE, date.fromisoformat(files["as_of"]), given.one / "snapshot", deliveries)
        _one(given.engines[0], inputs, given.one / f"run-{given.engines[0]}")
        return
    source = pinned(max((given.data / "runs").glob("*/inputs.json")).parent)
    for size in given.sizes:
        with tempfile.TemporaryDirectory() as folder:
            _measure(source, size, Path(folder), given.engines)


def _measure(source: RunInputs, size: float, folder: Path, engines: list[str]) -> None:
    inputs = resize(source, size, folder)
    record = {"as_of": inputs.as_of, "deliveries": [vars(file) for file in inputs.deliveries]}
    (folder / "files.json").write_text(json.dumps(record, default=str), encoding="utf-8")
    for engine in engines:
        command = [sys.executable, "-m", "fupin.bench.scale", str(folder), "--engines", engine, "--one", str(folder)]
        printed, took = watch(command)
        line = {"engine": engine, "size": size, **took, **json.loads(printed)}
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
