"""The steps of a run on one machine: link → fields → compare → index, each writing its results into a folder.

The engine on many machines does the first with Spark and the others, unchanged, for some households at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from fupin.catalogue.load import Catalogue
from fupin.engine.compare import compare
from fupin.engine.fields import compute_fields
from fupin.engine.index import GROUP, limits_of, write_index
from fupin.engine.inputs import RunInputs
from fupin.engine.link import find_links
from fupin.engine.staging import Stage

Progress = Callable[[str, float], None]
ROW_GROUP = 16_384
#: step → results; with Spark all that is said household by household is one step, ``households``
STEPS: Mapping[str, tuple[str, ...]] = {
    "link": ("links", "doubtful"),
    "fields": ("fields",),
    "compare": ("findings",),
    "index": ("indicators", "index"),
    "households": ("fields", "findings", "indicators", "index"),
}


@dataclass
class Work:
    """Where the steps read and write."""

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


def link_step(work: Work) -> None:
    links, doubtful = find_links(work.stage(), work.catalogue, lambda part: work.progress("link", part))
    links.sink_parquet(work.partial("links"), compression="zstd", compression_level=1, row_group_size=ROW_GROUP)
    work.write("doubtful", doubtful)


def fields_step(work: Work) -> None:
    fields = compute_fields(work.stage(), work.catalogue)
    # the streaming sink encodes columns on all cores; small row groups let one household be read quickly
    fields.lazy().sink_parquet(work.partial("fields"), compression="zstd", compression_level=1, row_group_size=GROUP)


def compare_step(work: Work) -> None:
    fields = pl.scan_parquet(work.path("fields"))
    work.write("findings", compare(work.stage(), work.catalogue, fields, lambda part: work.progress("compare", part)))


def index_step(work: Work) -> None:
    limits = limits_of(work.catalogue, work.inputs.as_of, work.inputs.region)
    targets = (work.partial("indicators"), work.partial("index"))
    homes = work.stage().households
    write_index(work.path("fields"), homes, work.catalogue, limits, targets, lambda part: work.progress("index", part))
