"""Linkage without ID numbers: ours against bare Splink with the same model, and F1 on data whose truth is public.

Ours is ``engine.link.probable``: cleaning, pinyin, the choice of candidates, Splink, the pairs joined back to rows and
households. Bare Splink gets the same columns ready-made (its preparation is not timed) and gives scored pairs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import polars as pl

from fupin.bench.compare_data import days
from fupin.bench.frame import Result, Work, alternate, made
from fupin.engine.evaluate import Score, score_entities, score_labels
from fupin.engine.link import PERSONS_MODEL, pinyin_of, probable
from fupin.engine.linkage import Model, link_frames, prepare, read_model, splink_settings

REACH = 1.3
LEAST = 0.5
DATA = PERSONS_MODEL.parent
SURNAMES = "韦黄李覃陆梁蒙农罗莫陈潘卢何杨谭蓝周王张刘林吴苏邓唐廖玉石甘"
GIVEN = "春秋建国志明秀美玉金桂海兰英芳强军平生林凤莲文华丽红燕飞龙光荣贵福兴德成万月彩小大"


@dataclass(frozen=True)
class Known:
    """A published data set: its files and the F1 that others reached."""

    name: str
    files: tuple[str, ...]
    truth: str
    f1: float


KNOWN = (
    Known("febrl3", ("febrl3.csv",), "rec_id", 0.9944),
    Known("febrl4", ("febrl4a.csv", "febrl4b.csv"), "rec_id", 0.9994),
    Known("fake_1000", ("fake_1000.csv",), "cluster", 0.9349),
)


# ── generated persons ──


def _names(random: np.random.Generator, size: int) -> pl.DataFrame:
    """Surname and two given characters, the frequent ones much more often than the rare."""
    drawn = {}
    for part, pool in (("a", SURNAMES), ("b", GIVEN), ("c", GIVEN)):
        at = (len(pool) * random.random(size) ** 1.6).astype(np.uint32)
        drawn[part] = pl.Series(list(pool)).gather(at)
    return pl.DataFrame(drawn)


def _people(number: int, random: np.random.Generator) -> pl.DataFrame:
    """Persons of twelve counties with twelve towns of thirteen villages each."""
    county, town, village = (random.integers(1, n, number) for n in (13, 13, 14))
    people = _names(random, number).with_columns(
        (pl.col("a") + pl.col("b") + pl.col("c")).alias("name"),
        days(random, number, "1930-01-01", 32_000).alias("birth_date"),
        pl.Series("sex", random.integers(1, 3, number)).cast(pl.String),
        pl.Series("village_code", 450_100_000_000 + county * 1_000_000 + town * 1_000 + 200 + village).cast(pl.String),
        pl.Series("person_id", np.arange(number)).cast(pl.String).str.pad_start(9, "0"),
        (pl.Series("household_id", np.arange(number)) // 4).cast(pl.String).str.pad_start(9, "0"),
    )
    return people.with_columns(pinyin_of(people["name"]))


def _mistaken(people: pl.DataFrame, random: np.random.Generator) -> pl.DataFrame:
    """The same persons as hand-kept lists write them: a character exchanged, swapped or lost, a day wrong, moved."""
    draws = {f"|{name}": pl.Series(random.random(len(people))) for name in ("name", "birth", "sex", "village")}
    a, b, c, other = pl.col("a"), pl.col("b"), pl.col("c"), pl.col("|other")
    birth, village = pl.col("birth_date"), pl.col("village_code")
    return people.with_columns(_names(random, len(people))["c"].alias("|other"), **draws).select(
        pl.when(pl.col("|name") < 0.05).then(a + b + other).when(pl.col("|name") < 0.07).then(a + c + b)
        .when(pl.col("|name") < 0.09).then(a + c).otherwise("name").alias("name"),
        pl.when(pl.col("|birth") < 0.02).then(birth.dt.offset_by("10d")).when(pl.col("|birth") < 0.04)
        .then(birth.dt.offset_by("1d")).otherwise(birth).alias("birth_date"),
        pl.when(pl.col("|sex") >= 0.02).then("sex").alias("sex"),
        pl.when(pl.col("|village") < 0.08).then(village.shuffle(1)).otherwise(village).alias("village_code"),
    )  # fmt: skip


def make_people(folder: Path, number: int) -> None:
    """``persons.parquet`` and as many ``rows.parquet`` with mistakes; one row in eleven is about somebody else."""
    random = np.random.default_rng(20201231)
    everybody = _people(number + number // 10, random)
    everybody.head(number).drop("a", "b", "c").write_parquet(folder / "persons.parquet")
    rows = _mistaken(everybody.sample(number, seed=1, shuffle=True), random)
    rows.with_row_index("row", 2).write_parquet(folder / "rows.parquet")


def ours(folder: Path) -> Work:
    model, persons = read_model(PERSONS_MODEL), pl.read_parquet(folder / "persons.parquet")
    rows = pl.read_parquet(folder / "rows.parquet")
    _imported()

    def work() -> tuple[int, int]:
        found = probable(rows, persons, model, LEAST)
        return len(found), _summed(found["p"])

    return work


def _imported() -> None:
    """Libraries that take seconds to import once in the life of a process: not timed, on either side."""
    import duckdb  # noqa: F401
    import pypinyin  # noqa: F401
    import splink  # noqa: F401
    from splink.backends.duckdb import DuckDBAPI  # noqa: F401


def _summed(probabilities: pl.Series) -> int:
    """Both sides must find the same pairs with the same probabilities."""
    return int((probabilities * 1_000_000).round().sum())


def bare(folder: Path) -> Work:
    """Splink alone on columns made beforehand."""
    model = read_model(PERSONS_MODEL)
    rows = pl.read_parquet(folder / "rows.parquet").with_columns(pl.format("w{}", "row").alias("uid"))
    rows = rows.with_columns(pinyin_of(rows["name"]))
    persons = pl.read_parquet(folder / "persons.parquet").with_columns(pl.col("person_id").alias("uid"))
    return _bare_splink(model, [_ready(rows), _ready(persons)], LEAST)


def _ready(frame: pl.DataFrame) -> pl.DataFrame:
    village = pl.col("village_code")
    return frame.select(
        "uid", "name", "pinyin", pl.col("birth_date").dt.strftime("%Y%m%d"), "sex", village.alias("village"),
        village.str.head(9).alias("town"), village.str.head(6).alias("county"),
    )  # fmt: skip


def _bare_splink(model: Model, frames: list[pl.DataFrame], least: float) -> Work:
    import duckdb
    from splink import Linker
    from splink.backends.duckdb import DuckDBAPI

    api = DuckDBAPI(connection=duckdb.connect())
    tables = [frame.to_arrow(compat_level=pl.CompatLevel.oldest()) for frame in frames]

    def work() -> tuple[int, int]:
        settings = splink_settings(model, "link_only" if len(frames) > 1 else "dedupe_only")
        named = [api.register(table, dataset_display_name=name) for table, name in zip(tables, "ab", strict=False)]
        linker = Linker(named if len(named) > 1 else named[0], settings, log_level=None)
        found = linker.inference.predict(threshold_match_probability=least)
        pairs = pl.DataFrame(found.as_duckdbpyrelation().to_arrow_table())
        return len(pairs), _summed(pairs["match_probability"])

    return work


def known_pairs(known: Known) -> Work:
    model = read_model(DATA / f"{known.name}.toml")
    frames = _frames(known, model)
    _imported()
    return lambda: score(known, model, frames, link_frames(model, *frames)).as_dict()


def known_bare(known: Known) -> Work:
    model = read_model(DATA / f"{known.name}.toml")
    return _bare_splink(model, [prepare(frame, model) for frame in _frames(known, model)], model.threshold)


def _frames(known: Known, model: Model) -> list[pl.DataFrame]:
    """Texts only, without the spaces that FEBRL has after its commas."""
    frames = [pl.read_csv(DATA / file, infer_schema_length=0) for file in known.files]
    named = [frame.rename({name: name.strip() for name in frame.columns}) for frame in frames]
    return [frame.with_columns(pl.col(model.id).str.strip_chars()) for frame in named]


def score(known: Known, model: Model, frames: list[pl.DataFrame], pairs: pl.DataFrame) -> Score:
    if model.labels:
        labelled = pl.read_csv(DATA / model.labels, infer_schema_length=0)
        rows = labelled.select(f"{model.id}_l", f"{model.id}_r", "clerical_match_score").iter_rows()
        return score_labels(pairs, {(min(a, b), max(a, b)): float(value) > 0.5 for a, b, value in rows})
    entities = [
        dict(zip(frame[model.id], frame[known.truth].str.extract(model.truth_pattern), strict=True)) for frame in frames
    ]
    return score_entities(pairs, entities[0], entities[1] if len(entities) > 1 else None)


# ── results ──


def _generated(data: Path, number: int, repeats: int) -> Result:
    folder = made(data / f"link-{number}-v1", partial(make_people, number=number))
    found = alternate({"ours": partial(ours, folder), "bare Splink": partial(bare, folder)}, repeats)
    mine, other = found["ours"], found["bare Splink"]
    if mine.value != other.value:
        raise ValueError(f"pairs and their probabilities differ: ours {mine.value}, bare Splink {other.value}")
    extra = {"pairs": mine.value[0], "ours_cpu_s": mine.cpu, "reference_cpu_s": other.cpu,
             "reference_peak_mb": round(other.peak_mb), "runs": repeats}  # fmt: skip
    return Result("link", number, mine.seconds, other.seconds, mine.peak_mb, "bare Splink, same model", REACH, extra)


def _published(known: Known) -> Result:
    found = alternate({"ours": partial(known_pairs, known), "bare Splink": partial(known_bare, known)}, 1)
    mine, other = found["ours"], found["bare Splink"]
    f1 = mine.value["f1"]
    extra = {"f1": f1, "reference_f1": known.f1, "f1_reached": f1 >= known.f1}
    rows = sum(map(len, _frames(known, read_model(DATA / f"{known.name}.toml"))))
    return Result(f"link {known.name}", rows, mine.seconds, other.seconds, mine.peak_mb, "bare Splink, same model",
                  None, extra)  # fmt: skip


def run(data: Path, quick: bool, number: int = 0) -> Iterator[Result]:
    yield _generated(data, number or (10_000 if quick else 200_000), 1 if quick else 3)
    for known in KNOWN:
        yield _published(known)
