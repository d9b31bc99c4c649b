"""The comparison: departments' rows linked to the registry by key, then five rules, Parquet to Parquet.

Ours is what a run does: ``write_links`` and ``compare``, with its evidence, exemptions and message parameters. The
reference is written by hand for these five rules and gives the same two files, digest for digest. The bare semi-join,
which only counts a department's rows per household, is the floor.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

from fupin.bench.compare_data import AS_OF, Size, make
from fupin.bench.frame import Result, Side, Work, alternate, made, measure
from fupin.catalogue.load import Catalogue, load_catalogue
from fupin.catalogue.rules import Rule
from fupin.engine.compare import compare
from fupin.engine.digest import digest_file
from fupin.engine.inputs import DeliveryFile, RunInputs
from fupin.engine.steps import Work as Step
from fupin.engine.steps import link_step
from fupin.kernel.masks import mask_name

REACH = 1.3
FULL = Size(7_000_000, {"fi_payroll": 3_000_000, "mr_enterprises": 4_000_000, "nr_realestate": 4_000_000,
                        "ps_vehicles": 8_000_000, "tx_payments": 10_000_000}, 2)  # fmt: skip
QUICK = Size(140_000, {name: rows // 50 for name, rows in FULL.rows.items()}, 1)


@dataclass(frozen=True)
class Department:
    """A rule as written by hand. ``where`` and ``exempt`` read the row, ``exited_on`` and ``cooperative`` of the home;
    ``shown``: name in the message → aggregate over the counted rows; ``least``: what one of them must reach."""

    rule: str
    columns: tuple[str, ...]
    where: pl.Expr
    exempt: pl.Expr
    shown: dict[str, pl.Expr]
    least: tuple[str, int] | None = None


def _first(name: str) -> pl.Expr:
    return pl.col(name).first()


def departments() -> dict[str, Department]:
    n, person = pl.len().cast(pl.Int64), _first("person_name")
    state, use, role = pl.col("state"), pl.col("use"), pl.col("role")
    return {
        "fi_payroll": Department(
            "registered_on_payroll", ("employer", "kind", "since", "state"),
            pl.col("kind").is_in(["1", "2", "5"]) & state.fill_null(True),
            (pl.col("kind") == "5") | (pl.col("since") > pl.col("exited_on")),
            {"employer": _first("employer"), "kind": _first("kind"), "name": person},
        ),
        "mr_enterprises": Department(
            "registered_legal_representative", ("credit_code", "company", "role", "state", "employees", "founded_on"),
            (role == "1") & (state == "1"),
            pl.col("credit_code").str.starts_with("93") | (pl.col("employees") == 0)
            | (pl.col("founded_on") > pl.col("exited_on")),
            {"company": _first("company"), "name": person},
        ),
        "nr_realestate": Department(
            "registered_town_home", ("area", "use", "acquired", "registered_on", "urban"),
            pl.col("urban") & use.is_in(["1", "5"]),
            (use == "5") | pl.col("acquired").is_in(["3", "4"]) | ((pl.col("acquired") == "5") & (pl.col("area") <= 30))
            | (pl.col("registered_on") > pl.col("exited_on")),
            {"acquired": _first("acquired"), "area": _first("area"), "n": n, "name": person},
        ),
        "ps_vehicles": Department(
            "registered_with_car", ("vehicle_type", "brand", "state", "registered_on"),
            pl.col("vehicle_type").is_in(["K1", "K3", "K4", "H1", "H3", "C1"]) & state.is_in(["A", "G"]),
            (pl.col("vehicle_type") == "C1") | (pl.col("registered_on") > pl.col("exited_on")),
            {"brand": _first("brand"), "n": n, "name": person},
        ),
        "tx_payments": Department(
            "registered_business_turnover", ("tax", "paid", "turnover"),
            pl.col("tax").is_in(["1", "3"]),
            (pl.col("tax") == "1") & pl.col("cooperative") & (pl.col("paid") == 0),
            {"name": person, "s_turnover": pl.col("turnover").sum()},
            ("s_turnover", 30_000_000),
        ),
    }  # fmt: skip


def catalogue_of_five() -> Catalogue:
    whole = load_catalogue()
    return replace(whole, rules={one.rule: whole.rules[one.rule] for one in departments().values()})


def inputs_of(folder: Path) -> RunInputs:
    files = [
        DeliveryFile(path.stem, f"{path.stem}-20201231-aa5c4d48", path, "", AS_OF, path.stem, 0, "k1")
        for path in sorted((folder / "lake").glob("*.parquet"))
    ]
    return RunInputs("45", AS_OF, folder / "snapshot", tuple(files))


def ours(folder: Path) -> Work:
    catalogue, inputs, target = catalogue_of_five(), inputs_of(folder), folder / "ours"
    target.mkdir(exist_ok=True)
    step = Step(inputs, target, catalogue, lambda _step, _part: None)

    def work() -> None:
        link_step(step)
        step.finish("link")
        findings = compare(step.stage(), catalogue, pl.scan_parquet(folder / "fields.parquet"))
        step.write("findings", findings)
        step.partial("findings").replace(step.path("findings"))

    return work


def by_hand(folder: Path) -> Work:
    """Semi-join first (it gives the link too), then filter, then group; one data set after another."""
    target, snapshot = folder / "by-hand", folder / "snapshot"
    target.mkdir(exist_ok=True)
    rules = load_catalogue().rules

    def work() -> None:
        keys = pl.scan_parquet(snapshot / "persons.parquet").select("key", "person_id", "household_id")
        keys = keys.filter(pl.col("key").is_not_null()).collect().lazy()
        survey = pl.scan_parquet(snapshot / "survey.parquet").select("household_id", "cooperative")
        homes = pl.scan_parquet(snapshot / "households.parquet").filter(pl.col("state").is_in(["0", "2", "3"]))
        homes = homes.select("household_id", "village_code", "exited_on").join(survey, on="household_id", how="left")
        homes = homes.collect().lazy()
        found = []
        for file in inputs_of(folder).deliveries:
            hits = _linked_by_hand(file, keys, homes, target / f"{file.dataset}.parquet")
            people = pl.scan_parquet(snapshot / "persons.parquet").select(
                "person_id", pl.col("name").alias("person_name")
            )
            people = people.join(hits.lazy().select("person_id"), on="person_id", how="semi")
            named = hits.lazy().join(people, on="person_id", how="left").collect()
            found.append(_found_by_hand(named, rules[departments()[file.dataset].rule]))
        pl.concat(found).sort("household_id", "rule").write_parquet(target / "findings.parquet", **_COMPRESSED)
        parts = [pl.scan_parquet(target / f"{file.dataset}.parquet") for file in inputs_of(folder).deliveries]
        pl.concat(parts).sink_parquet(target / "links.parquet", **_COMPRESSED)

    return work


_COMPRESSED: dict[str, Any] = {"compression": "zstd", "compression_level": 1, "row_group_size": 16_384}


def _linked_by_hand(file: DeliveryFile, keys: pl.LazyFrame, homes: pl.LazyFrame, target: Path) -> pl.DataFrame:
    """Write the links of a delivery; return the rows that fulfil the rule, with what is known of the home."""
    department = departments()[file.dataset]
    rows = pl.scan_parquet(file.path).select("row", pl.col("id_number_key").alias("key"), *department.columns)
    linked = rows.join(keys, on="key", how="inner", maintain_order="left").with_columns(
        pl.lit(file.dataset).alias("dataset"), pl.lit(file.delivery).alias("delivery"), pl.lit("exact").alias("method"),
        pl.lit(10_000, pl.Int32).alias("probability"),
    )  # fmt: skip
    links = linked.select("dataset", "delivery", "row", "person_id", "household_id", "method", "probability")
    hits = linked.filter(department.where).join(homes, on="household_id", how="inner")
    written = links.sink_parquet(target, compression="lz4", lazy=True)
    return pl.collect_all([written, hits], engine="streaming")[1]


def _found_by_hand(hits: pl.DataFrame, rule: Rule) -> pl.DataFrame:
    department = departments()[rule.table]
    exempt, home = department.exempt.fill_null(False), pl.col("household_id")
    counted = hits.lazy().with_columns(exempt.alias("exempt")).sort("household_id", "person_id", "row")
    left_out = counted.group_by("household_id").agg(pl.col("exempt").sum().cast(pl.Int64).alias("exempted"))
    lines = (
        counted.filter(~pl.col("exempt"))
        .group_by("household_id", maintain_order=True)
        .agg(
            pl.len().cast(pl.Int64).alias("n"), pl.col("village_code").first(),
            pl.struct("dataset", "delivery", "row", "person_id", "method").alias("evidence"),
            *(value.alias(f"|{name}") for name, value in department.shown.items()),
        )
        .rename({f"|{name}": f"shown|{name}" for name in department.shown})
        .join(left_out, on="household_id", how="left")
        .collect()
    )  # fmt: skip
    if department.least is not None:
        lines = lines.filter(pl.col(f"shown|{department.least[0]}") >= department.least[1])
    names = lines.get_column("shown|name")
    masks = {name: mask_name(name) for name in names.unique()}
    lines = lines.with_columns(names.replace_strict(masks, return_dtype=pl.String))
    digests = [hashlib.sha256(f"{rule.id}\x1f{id_}".encode()).hexdigest()[:32] for id_ in lines["household_id"]]
    return lines.select(
        pl.Series("finding_id", digests, pl.String), pl.lit(rule.id).alias("rule"),
        pl.lit(rule.version, pl.Int32).alias("version"), home, "village_code",
        pl.lit(rule.severity, pl.Int32).alias("severity"), pl.lit(rule.direction).alias("direction"),
        pl.lit(rule.topic).alias("topic"), "n", "exempted",
        pl.struct(pl.col(f"shown|{name}").alias(name) for name in department.shown).struct.json_encode()
        .alias("params"), "evidence",
    )  # fmt: skip


def bare_semi_join(folder: Path) -> Work:
    """The floor: how many rows of each data set belong to each household of the registry, nothing else."""

    def work() -> int:
        persons = pl.scan_parquet(folder / "snapshot" / "persons.parquet").select("key", "household_id").collect()
        total = 0
        for file in inputs_of(folder).deliveries:
            rows = pl.scan_parquet(file.path).select(pl.col("id_number_key").alias("key"))
            counts = rows.join(persons.lazy(), on="key").group_by("household_id").len()
            total += counts.select(pl.col("len").sum()).collect(engine="streaming").item()
        return total

    return work


def digests(folder: Path) -> Work:
    keys = {"links": ("dataset", "delivery", "row", "person_id"), "findings": ("household_id", "rule")}
    return lambda: {name: digest_file(folder / f"{name}.parquet", key) for name, key in keys.items()}


def _counts(folder: Path) -> dict[str, int]:
    return {name: pl.scan_parquet(folder / f"{name}.parquet").select(pl.len()).collect().item()
            for name in ("links", "findings")}  # fmt: skip


def demand_equal(folder: Path) -> None:
    """Raises ValueError when the two sides did not find the same."""
    mine, hand = (measure(partial(digests, folder / side)).value for side in ("ours", "by-hand"))
    if mine != hand:
        counts = (_counts(folder / side) for side in ("ours", "by-hand"))
        raise ValueError(f"the reference finds something else: {mine} {hand}, {list(counts)}")


def run(data: Path, quick: bool, size: Size | None = None) -> Iterator[Result]:
    size = size or (QUICK if quick else FULL)
    rows = sum(size.rows.values())
    folder = made(data / f"compare-{size.persons}-{rows}-v1", partial(make, size=size))
    sides: dict[str, Side] = {"ours": partial(ours, folder), "by hand": partial(by_hand, folder)}
    found = alternate(sides, size.repeats)
    demand_equal(folder)
    mine, hand, floor = found["ours"], found["by hand"], measure(partial(bare_semi_join, folder))
    extra = {"persons": size.persons, **_counts(folder / "ours"), "ours_cpu_s": mine.cpu, "reference_cpu_s": hand.cpu,
             "reference_peak_mb": round(hand.peak_mb), "floor_s": floor.seconds,
             "floor_ratio": mine.seconds / floor.seconds, "runs": size.repeats}  # fmt: skip
    yield Result(
        "compare", rows, mine.seconds, hand.seconds, mine.peak_mb, "hand-written Polars semi-join", REACH, extra
    )
