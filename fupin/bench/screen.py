"""Logic screening: every rule over a registry on disk, and twelve of them beside the same twelve written by hand.

Ours is what a screening does up to the database: fields rolled up, rules judged, hits with what was seen. The reference
reads only the columns of its twelve rules, and gives the same hits; what it cannot show is the other rules.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

from fupin.bench.frame import Result, Side, Work, alternate, made, measure
from fupin.bench.screen_data import AS_OF, make
from fupin.catalogue.load import load_catalogue
from fupin.catalogue.screening import Screening, read_screening
from fupin.engine.inputs import RunInputs
from fupin.engine.screening import screen
from fupin.engine.staging import Stage, age_at

REACH = 2.0
FULL, QUICK = 2_000_000, 40_000
#: rules of the hand-written side: of persons, of households, across rows, over the ledger
TWELVE = ("I01", "L01", "L02", "L05", "E01", "F07", "F01", "F13", "G05", "A08", "M01", "S20")
LISTED = ("0", "1", "2", "3")


def _some(rules: tuple[str, ...]) -> Screening:
    known = read_screening()
    return replace(known, rules={id_: known.rules[id_] for id_ in rules})


def ours(folder: Path, rules: tuple[str, ...], target: Path | None = None) -> Work:
    """``rules``: () = all."""
    catalogue, screening = load_catalogue(), _some(rules) if rules else read_screening()

    def work() -> dict[str, Any]:
        found = screen(Stage(RunInputs("45", AS_OF, folder / "snapshot", ())), catalogue, screening)
        if target is not None:
            found.hits.write_parquet(target)
        lines = found.rules.filter("applicable")
        return {"hits": len(found.hits), "rules": len(lines), "most": _most(lines)}

    return work


def _most(lines: pl.DataFrame) -> list[tuple[str, int]]:
    return list(lines.sort("hits", descending=True).select("rule", "hits").head(5).iter_rows())


def _persons(snapshot: Path) -> pl.LazyFrame:
    rows = pl.scan_parquet(snapshot / "persons.parquet").select(
        "person_id", "household_id", "key", "birth_date", "sex", "relation", "schooling", "labour", "health",
        "work_months", age_at("birth_date", AS_OF).alias("age"),
    )  # fmt: skip
    return rows.with_columns(pl.when(pl.col("key").is_not_null()).then(pl.len().over("key")).alias("key_count"))


def _person_rules() -> dict[str, tuple[pl.Expr, tuple[str, ...]]]:
    age, labour, schooling = pl.col("age"), pl.col("labour"), pl.col("schooling")
    grown = age.is_between(16, 59) & (pl.col("health") == "01") & (schooling == "01")
    male = pl.col("relation").is_in(["03", "06", "07", "09", "11", "13", "15", "17", "19"])
    return {
        "I01": (pl.col("key_count") > 1, ("key_count",)),
        "L01": ((age < 16) & (labour != "04"), ("age", "labour")),
        "L02": (grown & labour.is_in(["03", "04"]), ("age", "labour")),
        "L05": (labour.is_in(["03", "04"]) & (pl.col("work_months") >= 1), ("labour", "work_months")),
        "E01": ((schooling == "03") & ((age < 6) | (age > 14)), ("age",)),
        "F07": (male & (pl.col("sex") == "2"), ("relation", "sex")),
    }


def _home_rules() -> dict[str, tuple[pl.Expr, tuple[str, ...]]]:
    head, child = pl.col("head"), pl.col("child")
    nothing = (pl.col("able") == 0) & (pl.col("half") == 0) & (pl.col("dibao") == 0) & (pl.col("extreme") == 0)
    return {
        "F01": (pl.col("heads") == 0, ("members",)),
        "F13": ((head > child) & (head - child < 16), ("head", "child")),
        "G05": ((pl.col("state") == "1") & pl.col("house_grade").is_in(["C", "D"]), ("house_grade",)),
        "A08": (pl.col("irrigated_mu") > pl.col("farmland_mu"), ("farmland_mu", "irrigated_mu")),
        "M01": (pl.col("head_income") < 0, ("head_income",)),
        "S20": ((pl.col("members") > 0) & nothing, ("members",)),
    }


def _homes(snapshot: Path, persons: pl.LazyFrame) -> pl.LazyFrame:
    relation, age, labour = pl.col("relation"), pl.col("age"), pl.col("labour")
    able = age.is_between(16, 59) & labour.is_in(["01", "02"]) & (pl.col("schooling") == "01")
    sums = persons.group_by("household_id").agg(
        pl.len().alias("members"), (relation == "01").sum().alias("heads"), able.sum().alias("able"),
        (labour == "05").sum().alias("half"), age.filter(relation == "01").max().alias("head"),
        age.filter(relation.is_in(["03", "04"])).max().alias("child"),
    )  # fmt: skip
    income = pl.sum_horizontal(pl.col("^(wage|business|property|transfer)_.*$")) - pl.sum_horizontal("^cost_.*$")
    money = pl.scan_parquet(snapshot / "ledger.parquet").select(
        "household_id", income.alias("income"), pl.col("transfer_subsistence").alias("dibao"),
        pl.col("transfer_extreme").alias("extreme"),
    )  # fmt: skip
    survey = pl.scan_parquet(snapshot / "survey.parquet").select(
        "household_id", "house_grade", "farmland_mu", "irrigated_mu"
    )
    homes = pl.scan_parquet(snapshot / "households.parquet").select("household_id", "village_code", "state")
    for part in (sums, money, survey):
        homes = homes.join(part, on="household_id", how="left")
    return homes.with_columns((pl.col("income") / pl.col("members")).alias("head_income"))


def by_hand(folder: Path, target: Path) -> Work:
    snapshot = folder / "snapshot"

    def work() -> dict[str, Any]:
        persons = _persons(snapshot).collect()
        homes = _homes(snapshot, persons.lazy()).filter(pl.col("state").is_in(LISTED)).collect()
        around = homes.lazy().select("household_id", "village_code")
        rows = persons.lazy().join(around, on="household_id", how="inner").collect()
        parts = [_hits(rows, "person_id", rule, *made_) for rule, made_ in _person_rules().items()]
        parts += [_hits(homes, "household_id", rule, *made_) for rule, made_ in _home_rules().items()]
        hits = pl.concat(parts).sort("rule", "object_id")
        hits.write_parquet(target)
        return {"hits": len(hits)}

    return work


def _hits(rows: pl.DataFrame, object_: str, rule: str, where: pl.Expr, shown: tuple[str, ...]) -> pl.DataFrame:
    return rows.filter(where).select(
        pl.lit(rule).alias("rule"), pl.col(object_).alias("object_id"), "village_code",
        pl.struct(shown).struct.json_encode().alias("params"),
    )  # fmt: skip


def demand_equal(mine: Path, hand: Path) -> None:
    """Raises ValueError when the two sides did not find the same."""
    one, two = (pl.read_parquet(path).select("rule", "object_id") for path in (mine, hand))
    if not one.equals(two):
        counts = [dict(part.group_by("rule").len().sort("rule").iter_rows()) for part in (one, two)]
        raise ValueError(f"the reference finds something else: {counts}")


def run(data: Path, quick: bool, households: int = 0) -> Iterator[Result]:
    households = households or (QUICK if quick else FULL)
    folder = made(data / f"screen-{households}-v1", partial(make, households=households))
    mine, hand = folder / "ours.parquet", folder / "by-hand.parquet"
    sides: dict[str, Side] = {"ours": partial(ours, folder, TWELVE, mine), "by hand": partial(by_hand, folder, hand)}
    found = alternate(sides, 1 if quick else 2)
    demand_equal(mine, hand)
    whole = measure(partial(ours, folder, ()))
    one, two = found["ours"], found["by hand"]
    persons = pl.scan_parquet(folder / "snapshot" / "persons.parquet").select(pl.len()).collect().item()
    extra = {
        "persons": persons, "rules": len(TWELVE), "hits": one.value["hits"], "reference_peak_mb": round(two.peak_mb),
        "all_rules": whole.value["rules"], "all_rules_s": whole.seconds, "all_rules_cpu_s": whole.cpu,
        "all_rules_hits": whole.value["hits"], "all_rules_peak_mb": round(whole.peak_mb),
    }  # fmt: skip
    yield Result("screen", households, one.seconds, two.seconds, one.peak_mb,
                 "hand-written Polars, the same twelve rules", REACH, extra)  # fmt: skip
