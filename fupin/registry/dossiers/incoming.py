"""What a folder may bring beside the registry's own tables: who helps whom, villages' forms, teams, projects.

Files ``helpers.parquet villages.parquet teams.parquet projects.parquet``, each of them optional. No message quotes a
phone number.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from fupin.catalogue.village_form import village_form
from fupin.kernel.errors import UserError
from fupin.registry.models import Progress, TeamRole

FIRST_YEAR, LAST_YEAR = 2000, 2100
TYPES: Mapping[str, type[pl.DataType]] = {
    "int": pl.Int64, "money": pl.Int64, "decimal": pl.Float64, "flag": pl.Boolean, "text": pl.String,
}  # fmt: skip
Schema = Mapping[str, type[pl.DataType]]
HELPERS: Schema = {
    "household_id": pl.String, "helper_id": pl.String, "name": pl.String, "unit": pl.String, "post": pl.String,
    "phone": pl.String, "since": pl.Date, "until": pl.Date,
}  # fmt: skip
TEAMS: Schema = {
    "village_code": pl.String, "name": pl.String, "role": pl.String, "unit": pl.String, "post": pl.String,
    "since": pl.Date, "until": pl.Date,
}  # fmt: skip
PROJECTS: Schema = {
    "village_code": pl.String, "name": pl.String, "year": pl.Int64, "funds": pl.Int64, "source": pl.String,
    "progress": pl.String,
}  # fmt: skip
NEEDED = {
    "helpers": ("household_id", "helper_id", "name", "unit", "since"),
    "villages": ("village_code", "year"),
    "teams": ("village_code", "name", "role", "unit", "since"),
    "projects": ("village_code", "name", "year", "progress"),
}


@dataclass(frozen=True)
class More:
    """The four tables, empty where the folder has no such file."""

    helpers: pl.DataFrame
    villages: pl.DataFrame
    teams: pl.DataFrame
    projects: pl.DataFrame


def villages_schema() -> Schema:
    items = village_form().items.values()
    head: Schema = {"village_code": pl.String, "year": pl.Int64, "stated_by": pl.String, "stated_on": pl.Date}
    return {**head, **{item.name: TYPES[item.column.type] for item in items}}


def read_more(folder: Path, households: pl.Series, villages: Collection[str]) -> More:
    """Raises UserError for whatever is wrong: which table, row and column, and how to mend it."""
    schemas = {"helpers": HELPERS, "villages": villages_schema(), "teams": TEAMS, "projects": PROJECTS}
    found = {name: _read(folder / f"{name}.parquet", name, schema) for name, schema in schemas.items()}
    _demand("helpers", found["helpers"], "household_id", pl.col("household_id").is_in(households.implode()))
    for name in ("villages", "teams", "projects"):
        _demand(name, found[name], "village_code", pl.col("village_code").is_in(list(villages)))
    _check_periods(found)
    _check_form(found["villages"])
    _demand("teams", found["teams"], "role", pl.col("role").is_in(TeamRole.values))
    _demand("projects", found["projects"], "progress", pl.col("progress").is_in(Progress.values))
    _demand("projects", found["projects"], "funds", pl.col("funds").is_null() | (pl.col("funds") >= 0))
    return More(**found)


def _read(path: Path, name: str, schema: Schema) -> pl.DataFrame:
    if not path.exists():
        return pl.DataFrame(schema=schema)
    try:
        raw = pl.read_parquet(path)
        blank = [pl.lit(None, type_).alias(column) for column, type_ in schema.items() if column not in raw.columns]
        frame = raw.with_columns(blank).select(pl.col(column).cast(type_) for column, type_ in schema.items())
    except (pl.exceptions.PolarsError, OSError) as error:
        raise UserError(
            f"{path.name}：读不出来，或列的类型不对（{type(error).__name__}）",
            f"{path.name}: cannot be read, or a column has the wrong type ({type(error).__name__})",
            "列和类型见 docs/catalogue/village.md，改正后重新载入",
            "columns and types stand in docs/catalogue/village.md; mend it and load again",
        ) from None
    for column in NEEDED[name]:
        _demand(name, frame, column, pl.col(column).is_not_null())
    return frame


def _check_periods(found: Mapping[str, pl.DataFrame]) -> None:
    """An end is no earlier than its beginning; nobody helps the same household twice at a time."""
    for name in ("helpers", "teams"):
        _demand(name, found[name], "until", pl.col("until").is_null() | (pl.col("until") >= pl.col("since")))
    pair = ["household_id", "helper_id"]
    until = pl.col("until").fill_null(pl.date(9999, 12, 31))
    before = until.shift(1).over(pair, order_by="since")
    _demand("helpers", found["helpers"], "since", before.is_null() | (pl.col("since") > before))
    secretaries = (pl.col("role") == TeamRole.FIRST_SECRETARY.value) & pl.col("until").is_null()
    _demand("teams", found["teams"], "role", ~secretaries | (secretaries.sum().over("village_code") == 1))


def _check_form(frame: pl.DataFrame) -> None:
    _demand("villages", frame, "year", pl.col("year").is_between(FIRST_YEAR, LAST_YEAR))
    _demand("villages", frame, "year", ~pl.struct("village_code", "year").is_duplicated())
    for item in village_form().items.values():
        low, high = item.column.min, item.column.max
        if low is not None:
            _demand("villages", frame, item.name, pl.col(item.name) >= low)
        if high is not None:
            _demand("villages", frame, item.name, pl.col(item.name) <= high)


def _demand(name: str, frame: pl.DataFrame, column: str, right: pl.Expr) -> None:
    """Every row of the frame must be right, or have no value to judge."""
    wrong = frame.with_row_index("row", 1).filter(~right.fill_null(True))
    if not wrong.height:
        return
    row, value = wrong["row"][0], wrong[column][0]
    raise UserError(
        f"{name} 第 {row} 行「{column}」的值 {value!r} 不允许（共 {wrong.height} 行）",
        f"{name}, row {row}, column {column}: value {value!r} is not allowed ({wrong.height} rows)",
        "户和村须在登记库和区划里，起止不能颠倒或重叠，数值范围见 docs/catalogue/village.md",
        "households and villages must be known, periods in order and apart; limits: docs/catalogue/village.md",
    )
