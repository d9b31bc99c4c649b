"""Folders as the simulator writes them, small: for the tests of loading."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl

from fupin.accounts.tests.fixtures import FAR_VILLAGE, VILLAGE
from fupin.registry.dossiers.incoming import HELPERS
from fupin.registry.incoming import ALSO_READ, TYPES, columns_of
from fupin.registry.tests.fixtures import HEAD_ID, PHONE

Rows = dict[str, list[dict[str, Any]]]


def plain_rows() -> Rows:
    """Two households, three persons (one number 15 digits long, one wrong), one survey, ledger of two months."""
    return {
        "households": [
            {"household_id": "H1", "village_code": VILLAGE, "state": "1", "registered_on": "2015-11-30",
             "exited_on": "2018-12-31", "phone": PHONE},
            {"household_id": "H2", "village_code": FAR_VILLAGE, "state": "9", "phone": None},
        ],
        "persons": [
            {"person_id": "P2", "household_id": "H1", "name": "韦小月", "relation": "04", "birth_date": "2019-06-01",
             "id_number": "45012419190601002"},
            {"person_id": "P1", "household_id": "H1", "name": "韦大山", "relation": "01", "id_number": HEAD_ID.lower()},
            {"person_id": "P3", "household_id": "H2", "name": "覃远", "relation": "01", "id_number": HEAD_ID},
        ],
        "survey": [{"household_id": "H2", "year": 2026, "surveyed_on": "2026-06-01", "house_area": 82.505}],
        "ledger": [
            {"household_id": "H1", "month": 202608},
            {"household_id": "H1", "month": 202609, "wage_work": 120_000},
        ],
    }  # fmt: skip


def write_folder(folder: Path, rows: Rows) -> Path:
    """Parquet files with all columns of the catalogue; what a row leaves out is null (in the ledger 0, period 1)."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, entries in rows.items():
        types = {column.name: TYPES[column.type] for column in columns_of(name)}
        types |= dict.fromkeys(ALSO_READ.get(name, ()), pl.String)
        blank = {column: 0 if name == "ledger" and type_ == pl.Int64 else None for column, type_ in types.items()}
        blank |= {"period_months": 1} if name == "ledger" else {}
        full = [{**blank, **entry} for entry in entries]
        texts = {column: pl.String if type_ == pl.Date else type_ for column, type_ in types.items()}
        dates = [pl.col(column).str.to_date() for column, type_ in types.items() if type_ == pl.Date]
        pl.DataFrame(full, schema=texts).with_columns(dates).write_parquet(folder / f"{name}.parquet")
    return folder


def write_helpers(folder: Path, *rows: dict[str, Any]) -> Path:
    """``helpers.parquet`` beside the other tables."""
    schema = dict(HELPERS)
    frame = pl.DataFrame([dict.fromkeys(schema) | row for row in rows], schema=schema)
    frame.write_parquet(folder / "helpers.parquet")
    return folder
