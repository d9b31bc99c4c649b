"""From a run's fields to the rows of ``RegionMeasure``: the line of the catalogue, persons as weights."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from functools import cache
from pathlib import Path

import polars as pl

from fupin.catalogue.load import load_catalogue
from fupin.engine.measure.regions import INCOME, PERSONS, VILLAGE, RegionMeasures, measure_regions
from fupin.engine.measure.spec import Spec, read_spec
from fupin.engine.vocabulary import field_vocabulary

#: the national line; the exit line is another series and must not be mixed with it
LINE = "poverty_line_national"
SPEC = "registry"
COLUMNS = ("fgt0", "fgt1", "fgt2", "watts", "gini", "mld", "mean", "h", "a", "m0")
_COUNTS = (
    "households", "persons", "unknown_households", "unknown_persons", "poor_households", "poor_persons",
    "undecided_persons",
)  # fmt: skip


@cache
def registry_spec() -> Spec:
    """The shipped specification, its conditions checked against the fields of the catalogue."""
    return read_spec(Path(SPEC), field_vocabulary(load_catalogue().fields))


def line_at(as_of: date, region: str) -> int:
    """The poverty line on a day in a region, in 分 per person and year."""
    return int(load_catalogue().parameters[LINE].at(as_of, region))


def measure_rows(
    folder: Path, households: pl.DataFrame, lengths: Sequence[int], as_of: date, region: str
) -> pl.DataFrame:
    """One row for each region, columns as in ``RegionMeasure``. ``folder``: the run's; ``households``: its summary."""
    spec, line = registry_spec(), line_at(as_of, region)
    wanted = dict.fromkeys(["household_id", INCOME, *spec.columns])
    fields = pl.scan_parquet(folder / "fields.parquet").select(*wanted).collect()
    whole = households.select("household_id", VILLAGE, PERSONS).join(fields, on="household_id", how="left")
    found = measure_regions(whole, lengths, float(line), spec)
    return pl.DataFrame([_row(one, line, spec.id) for one in found], infer_schema_length=None)


def _row(one: RegionMeasures, line: int, spec: str) -> dict[str, object]:
    return {
        "region": one.region,
        "level": one.level,
        "line": line,
        "line_id": LINE,
        "spec_id": spec,
        "small": one.small,
        **{name: getattr(one, name) for name in _COUNTS},
        **{name: one.values.get(name) for name in COLUMNS},
        "values": json.dumps(one.values),
        "lorenz": json.dumps(one.lorenz),
        "mpi": json.dumps(one.mpi),
    }
