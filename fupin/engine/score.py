"""A run against the truth of a generated city: what the rules find, what they miss, what the bands get wrong.

``truth/anomalies.parquet``: household_id, person_id, topic, class (fraud, error, missed, lookalike), described (a rule
describes it). ``truth/households.parquet``: household_id, state, welfare, truly_poor.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl

from fupin.kernel.errors import UserError

LISTED = ("0", "2", "3")
#: the field of reported net income per head
INCOME = "net_income_head"


def _rate(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def _counts(tp: int, found: int, planted: int) -> dict[str, Any]:
    return {"tp": tp, "fp": found - tp, "fn": planted - tp, "precision": _rate(tp, found), "recall": _rate(tp, planted)}


def _read(folder: Path, name: str) -> pl.DataFrame:
    path = folder / f"{name}.parquet"
    if not path.is_file():
        raise UserError(
            f"真值文件夹没有 {path.name}", f"the truth folder has no {path.name}",
            "用 fupin simulate 生成的 truth 文件夹", "use the truth folder that fupin simulate wrote",
        )  # fmt: skip
    return pl.read_parquet(path)


def score_rules(findings: pl.DataFrame, anomalies: pl.DataFrame, truth: pl.DataFrame) -> dict[str, dict[str, Any]]:
    """Per rule: a finding is right when the household has a planted anomaly (no look-alike) of the rule's topic.

    The recall of a rule is over the described anomalies of its topic. ``claim`` is the share of the findings whose
    claim holds in the latent state: a misplaced household is not truly poor, a missed one is; None for inconsistencies,
    which claim nothing about poverty.
    """
    real = anomalies.filter(pl.col("class") != "lookalike").select("household_id", "topic").unique()
    described = anomalies.filter((pl.col("class") != "lookalike") & pl.col("described"))
    planted = dict(described.select("household_id", "topic").unique().group_by("topic").len().iter_rows())
    right = findings.join(real, on=["household_id", "topic"], how="semi")
    tps = dict(right.group_by("rule").len().iter_rows())
    caught = dict(right.join(described, on=["household_id", "topic"], how="semi").group_by("rule").len().iter_rows())
    claims = _claims(findings, truth)
    result = {}
    for rule, topic, found in findings.group_by("rule", "topic").len().sort("rule").iter_rows():
        tp = tps.get(rule, 0)
        recall = _rate(caught.get(rule, 0), planted.get(topic, 0))
        result[rule] = {
            "topic": topic,
            "found": found,
            "tp": tp,
            "fp": found - tp,
            "precision": _rate(tp, found),
            "recall": recall,
            "claim": claims.get(rule),
        }
    return result


def _claims(findings: pl.DataFrame, truth: pl.DataFrame) -> dict[str, float | None]:
    """Rule → share of its findings whose claim about poverty holds."""
    known = findings.join(truth.select("household_id", "truly_poor"), on="household_id")
    holds = pl.when(pl.col("direction") == "missed").then(pl.col("truly_poor")).otherwise(~pl.col("truly_poor"))
    counted = known.filter(pl.col("direction") != "inconsistent").group_by("rule").agg(holds.sum().alias("n"), pl.len())
    return {rule: _rate(n, whole) for rule, n, whole in counted.iter_rows()}


def score_topics(findings: pl.DataFrame, anomalies: pl.DataFrame) -> dict[str, dict[str, Any]]:
    """Per topic: households found and households with a planted anomaly of that topic."""
    real = anomalies.filter((pl.col("class") != "lookalike") & pl.col("topic").is_not_null())
    real = real.select("household_id", "topic").unique()
    found = findings.select("household_id", "topic").unique()
    right = dict(found.join(real, on=["household_id", "topic"], how="semi").group_by("topic").len().iter_rows())
    planted = dict(real.group_by("topic").len().iter_rows())
    counts = dict(found.group_by("topic").len().iter_rows())
    topics = sorted({*planted, *counts})
    return {t: _counts(right.get(t, 0), counts.get(t, 0), planted.get(t, 0)) for t in topics}


def score_undescribed(findings: pl.DataFrame, index: pl.DataFrame, anomalies: pl.DataFrame) -> dict[str, Any]:
    """Errors that no rule describes: found when the household has any finding or its band contradicts its state."""
    hidden = anomalies.filter((pl.col("class") != "lookalike") & ~pl.col("described")).select("household_id").unique()
    listed = pl.col("state").is_in(LISTED)
    against = index.filter((listed & (pl.col("band") == "stable")) | (~listed & (pl.col("band") == "poor")))
    by_finding = hidden.join(findings, on="household_id", how="semi")
    by_band = hidden.join(against, on="household_id", how="semi")
    either = pl.concat([by_finding, by_band]).unique()
    return {
        "planted": len(hidden),
        "by_finding": len(by_finding),
        "by_band": len(by_band),
        "found": len(either),
        "recall": _rate(len(either), len(hidden)),
    }


def _targeting(truth: pl.DataFrame, selected: pl.Series) -> dict[str, Any]:
    """Inclusion error: selected but not poor, of the selected. Exclusion error: poor but not selected, of the poor."""
    poor = truth.get_column("truly_poor")
    both = int((poor & selected).sum())
    chosen, needy = int(selected.sum()), int(poor.sum())
    return {
        "selected": chosen,
        "truly_poor": needy,
        "inclusion_error": _rate(chosen - both, chosen),
        "exclusion_error": _rate(needy - both, needy),
    }


def _lowest(values: pl.Series, number: int) -> pl.Series:
    """Flags the ``number`` smallest values (ties by position; unknown last)."""
    order = pl.DataFrame({"v": values}).with_row_index("i").sort("v", "i", nulls_last=True).get_column("i")
    chosen = set(order.head(number).to_list())
    return pl.Series([i in chosen for i in range(len(values))], dtype=pl.Boolean)


def score_bands(index: pl.DataFrame, income: pl.DataFrame, truth: pl.DataFrame) -> dict[str, Any]:
    """The poor band, and the same number of households taken by the middle of the interval, beside reported income.

    ``income``: household_id, income (reported net income per head).
    """
    known = (
        truth.select("household_id", "truly_poor", "welfare")
        .join(index, on="household_id")
        .join(income, on="household_id", how="left")
        .sort("household_id")
    )
    poor = known.get_column("band") == "poor"
    middle = known.get_column("low") + known.get_column("high")
    number, needy = int(poor.sum()), int(known.get_column("truly_poor").sum())
    table = known.group_by("band").agg(pl.len().alias("households"), pl.col("truly_poor").sum()).sort("band")
    return {
        "bands": {band: {"households": n, "truly_poor": t} for band, n, t in table.iter_rows()},
        "band_poor": _targeting(known, poor),
        "income_same_number": _targeting(known, _lowest(known.get_column("income"), number)),
        "index_as_many_as_poor": _targeting(known, _lowest(middle, needy)),
        "income_as_many_as_poor": _targeting(known, _lowest(known.get_column("income"), needy)),
    }


def _reported_income(folder: Path) -> pl.DataFrame:
    """Reported net income per head: the field of the ledger's year, as the registry knows it."""
    lazy = pl.scan_parquet(folder / "fields.parquet")
    if INCOME not in lazy.collect_schema().names():
        raise UserError(
            f"运行结果中没有字段 {INCOME}（人均纯收入）", f"the run has no field {INCOME}",
            "在 fields 中定义它", "define it in the fields",
        )  # fmt: skip
    return lazy.select("household_id", pl.col(INCOME).cast(pl.Float64).alias("income")).collect()


def score(folder: Path, truth_dir: Path) -> dict[str, Any]:
    """Rules, topics, undescribed errors and bands of a run against a truth folder. Raises UserError."""
    anomalies, truth = _read(truth_dir, "anomalies"), _read(truth_dir, "households")
    index = pl.read_parquet(folder / "index.parquet", columns=["household_id", "state", "low", "high", "band"])
    truth = truth.join(index, on="household_id", how="semi")
    anomalies = anomalies.join(index, on="household_id", how="semi")
    findings = pl.read_parquet(folder / "findings.parquet", columns=["household_id", "rule", "topic", "direction"])
    return {
        "rules": score_rules(findings, anomalies, truth),
        "topics": score_topics(findings, anomalies),
        "undescribed": score_undescribed(findings, index, anomalies),
        "targeting": score_bands(index.drop("state"), _reported_income(folder), truth),
    }
