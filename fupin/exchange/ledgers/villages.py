"""Which village a row means: by its code, else by the names of county, township and village inside the region."""

from __future__ import annotations

import re
from collections import defaultdict

import polars as pl

from fupin.exchange.ledgers.refusing import Refusing
from fupin.registry import api as registry

CODE = "households.village_code"
NAMES = ("households.county", "households.town", "households.village")
_ENDINGS = re.compile(r"(村民委员会|居民委员会|村委会|居委会|社区|嘎查|街道办事处|街道|乡|镇|苏木|村|县|区|市)$")


def with_villages(rows: pl.DataFrame, region: str, refusing: Refusing) -> pl.DataFrame:
    """CODE filled in where names tell it; rows of an unknown or foreign village are refused."""
    if CODE not in rows.columns:
        rows = rows.with_columns(pl.lit(None, pl.String).alias(CODE))
    by_name = [name for name in NAMES if name in rows.columns]
    if not rows.height:
        return rows.drop(*by_name)
    known = [code for code in _names(region) if len(code) == 12]
    nowhere = pl.col(CODE).is_not_null() & ~pl.col(CODE).is_in(known)
    rows = refusing.rows(rows, nowhere, "unknown_village", pl.col(CODE))
    foreign = pl.col(CODE).is_not_null() & ~pl.col(CODE).str.starts_with(region)
    rows = refusing.rows(rows, foreign, "other_region", pl.col(CODE))
    if "households.village" not in by_name:
        return rows.drop(*by_name)
    rows = _by_name(rows, by_name, region)
    unknown = pl.col(CODE).is_null() & pl.col("households.village").is_not_null()
    rows = refusing.rows(rows, unknown, "unknown_village", pl.concat_str(by_name, separator=" ", ignore_nulls=True))
    return rows.drop(*by_name)


def _by_name(rows: pl.DataFrame, by_name: list[str], region: str) -> pl.DataFrame:
    triples = rows.select(by_name).unique()
    index = _by_names(region)
    found = []
    for values in triples.iter_rows():
        said = dict(zip(by_name, values, strict=True))
        village = _plain(said.get("households.village") or "")
        among = index.get(village, ())
        for place, name in enumerate(("households.county", "households.town")):
            if told := _plain(said.get(name) or ""):
                among = tuple(one for one in among if one[place] == told)
        found.append(among[0][2] if len(among) == 1 else None)
    table = triples.with_columns(pl.Series("found", found, dtype=pl.String))
    joined = rows.join(table, on=by_name, how="left", nulls_equal=True, maintain_order="left")
    return joined.with_columns(pl.coalesce(CODE, "found").alias(CODE)).drop("found")


def _plain(name: str) -> str:
    plain = re.sub(r"\s", "", name)
    short = _ENDINGS.sub("", plain)
    return short if len(short) >= 2 else plain


def _names(region: str) -> dict[str, str]:
    """Of the whole prefecture: a village elsewhere in it is known, but foreign."""
    return registry.region_names(region[:4])


def _by_names(region: str) -> dict[str, tuple[tuple[str, str, str], ...]]:
    """Village's name → (county, town, code) of each village of this name."""
    names = _names(region)
    index: dict[str, list[tuple[str, str, str]]] = defaultdict(list)
    for code, name in names.items():
        if len(code) == 12 and code.startswith(region):
            above = _plain(names.get(code[:6], "")), _plain(names.get(code[:9], ""))
            index[_plain(name)].append((*above, code))
    return {name: tuple(places) for name, places in index.items()}
