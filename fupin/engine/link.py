"""Delivered rows → persons of the registry: exact on the keyed ID number, else by Splink; the doubtful go to people."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import polars as pl

from fupin.catalogue.load import Catalogue
from fupin.catalogue.schema import datasets
from fupin.engine.linkage import Model, predict, read_model
from fupin.engine.staging import Stage, surviving_rows

PERSONS_MODEL = Path(__file__).parent / "data" / "linkage" / "persons.toml"
SURE = 10_000
SIMILAR = 0.88
#: delivered rows matched at once
BATCH = 3_000_000
LINKS: Mapping[str, pl.DataType] = {
    "dataset": pl.String(), "delivery": pl.String(), "row": pl.Int64(), "person_id": pl.String(),
    "household_id": pl.String(), "method": pl.String(), "probability": pl.Int32(),
}  # fmt: skip
#: ``reason``: probable (between the two thresholds), ambiguous (several persons fit) or name_mismatch (the key fits)
DOUBTFUL: Mapping[str, pl.DataType] = {**LINKS, "reason": pl.String()}
#: more rows than any delivery has
ROWS = 1 << 40
_MODEL_COLUMNS = ["uid", "name", "pinyin", "birth_date", "sex", "village", "town", "county"]


def clean_name(name: pl.Expr) -> pl.Expr:
    """Letters only: spaces, dots and marks between the parts of a name say nothing."""
    return name.str.replace_all(r"[^\pL]", "")


def pinyin_of(names: pl.Series) -> pl.Series:
    """Pinyin of cleaned names, letters only and in lower case; each distinct character is looked up once."""
    from pypinyin import lazy_pinyin

    characters = sorted(set("".join(names.drop_nulls().unique().to_list())))
    sounds = pl.DataFrame({"c": characters, "s": [lazy_pinyin(character)[0] for character in characters]},
                          schema={"c": pl.String, "s": pl.String})  # fmt: skip
    distinct = names.drop_nulls().unique().to_frame("n")
    letters = distinct.select("n", pl.col("n").str.split("").alias("c")).explode("c").filter(pl.col("c") != "")
    spelt = letters.join(sounds, on="c", how="left", maintain_order="left")
    spelt = spelt.group_by("n", maintain_order=True).agg(pl.col("s").str.join("").str.to_lowercase())
    joined = names.to_frame("n").join(spelt, on="n", how="left", maintain_order="left")
    return joined.get_column("s").alias("pinyin")


def _delivered_people(stage: Stage, dataset: str) -> pl.DataFrame:
    """Rows that hold, with what tells a person: key, name, birth_date, sex, village_code (null where not delivered)."""
    shape = datasets()[dataset]
    id_ = f"{shape.id_columns[0]}_key"
    here = [name for name in ("name", "birth_date", "sex", "village_code") if name in shape.columns]
    rows = surviving_rows(dataset, stage.inputs.of_dataset(dataset), (id_, *here))
    missing = {"name": pl.String, "birth_date": pl.Date, "sex": pl.String, "village_code": pl.String}
    lacking = [pl.lit(None, type_).alias(name) for name, type_ in missing.items() if name not in here]
    known = rows.with_columns(pl.lit(dataset).alias("dataset"), *lacking).rename({id_: "key"})
    return known.select("dataset", "delivery", "row", "key", *missing).collect()


def _persons(stage: Stage) -> pl.DataFrame:
    columns = {"person_id", "key", "name", "pinyin", "birth_date", "sex", "village_code"}
    return stage.table("persons", columns).collect()


def _exact(rows: pl.DataFrame, people: pl.DataFrame) -> pl.DataFrame:
    """Links by key, with both names for the guard against a wrong number. ``people``: as :func:`_by_key` gives them."""
    keyed = rows.lazy().select("dataset", "delivery", "row", "key", "name").filter(pl.col("key").is_not_null())
    joined = keyed.with_columns(_half("key")).join(people.lazy(), on="|half", how="inner")
    return joined.filter(pl.col("key") == pl.col("whole")).drop("|half", "whole").collect()


def _half(column: str) -> pl.Expr:
    """The first 8 of the 16 bytes as a number: joins on numbers are quick, and the whole key is compared afterwards."""
    return pl.col(column).bin.head(8).bin.reinterpret(dtype=pl.UInt64, endianness="little").alias("|half")


def _by_key(persons: pl.DataFrame) -> pl.DataFrame:
    return persons.filter(pl.col("key").is_not_null()).select(
        _half("key"), pl.col("key").alias("whole"), "person_id", "household_id", pl.col("name").alias("registered")
    )


def name_mismatches(exact: pl.DataFrame) -> pl.DataFrame:
    """Links whose names differ totally: neither the same sounds nor similar by Jaro–Winkler."""
    unlike = exact.filter(pl.col("name") != pl.col("registered"))  # before the costly cleaning: only few are left
    names = unlike.with_columns(clean_name(pl.col("name")).alias("a"), clean_name(pl.col("registered")).alias("b"))
    differ = names.filter((pl.col("a") != pl.col("b")) & (pl.col("a") != ""))
    if not len(differ):
        return differ
    import duckdb

    pairs = differ.select("a", "b").unique()
    pairs = pairs.with_columns(pinyin_of(pairs["a"]).alias("pa"), pinyin_of(pairs["b"]).alias("pb"))
    pairs = pairs.filter(pl.col("pa") != pl.col("pb"))
    with duckdb.connect() as connection:
        connection.register("pairs", pairs.to_arrow(compat_level=pl.CompatLevel.oldest()))
        sql = "SELECT a, b FROM pairs WHERE jaro_winkler_similarity(a, b) < ?"
        strange = pl.DataFrame(connection.sql(sql, params=[SIMILAR]).to_arrow_table())
    return differ.join(strange, on=["a", "b"], how="semi")


def _for_model(rows: pl.DataFrame, pinyin: pl.Series) -> pl.DataFrame:
    """The columns the model compares. ``rows`` has uid, name, birth_date, sex, village_code."""
    village = pl.col("village_code")
    return rows.with_columns(
        clean_name(pl.col("name")).alias("name"),
        pinyin.alias("pinyin"),
        pl.col("birth_date").dt.strftime("%Y%m%d"),
        village.alias("village"),
        village.str.slice(0, 9).alias("town"),
        village.str.slice(0, 6).alias("county"),
    ).select(_MODEL_COLUMNS)


def _candidates(people: pl.DataFrame, weak: pl.DataFrame) -> pl.DataFrame:
    """Persons that share a blocking key with some weak row: Splink need not see the others."""
    keys = (["birth_date", "county"], ["name", "town"], ["pinyin", "birth_date"])
    found = [people.join(weak.select(key).drop_nulls().unique(), on=key, how="semi") for key in keys]
    return pl.concat(found).unique(subset="uid", maintain_order=True).sort("uid")


def probable(weak: pl.DataFrame, persons: pl.DataFrame, model: Model, least: float) -> pl.DataFrame:
    """Weak rows against persons: the rows' columns, person_id, household_id and ``p`` (match probability).

    A row appears once for every person that fits with at least ``least``.
    """
    identity = ["name", "birth_date", "sex", "village_code"]
    distinct = weak.select(identity).unique(maintain_order=True).filter(pl.col("name").is_not_null())
    distinct = distinct.with_row_index("uid").with_columns(pl.format("w{}", pl.col("uid")).alias("uid"))
    left = _for_model(distinct, pinyin_of(distinct.select(clean_name(pl.col("name"))).to_series()))
    people = persons.with_columns(pl.col("person_id").alias("uid"))
    right = _for_model(people, people.get_column("pinyin").str.to_lowercase().str.replace_all("[^a-z]", ""))
    right = _candidates(right, left)
    empty = weak.head(0).with_columns(
        pl.lit("").alias("person_id"), pl.lit("").alias("household_id"), pl.lit(0.0).alias("p")
    )
    if not len(right) or not len(left):
        return empty
    pairs = predict(model, left, right, least)
    matched = pairs.join(distinct.rename({"uid": "left"}), on="left").rename({"right": "person_id", "probability": "p"})
    matched = matched.join(persons.select("person_id", "household_id"), on="person_id")
    return weak.join(matched.drop("left"), on=identity, how="inner", nulls_equal=True).select(empty.columns)


def _split(found: pl.DataFrame, automatic: float) -> tuple[pl.DataFrame, pl.DataFrame]:
    """(links, doubtful): a link is sure enough and the only one that is."""
    row = ["dataset", "delivery", "row"]
    scored = found.with_columns(
        (pl.col("p") >= automatic).sum().over(row).alias("sure"),
        (pl.col("p") * SURE).round().cast(pl.Int32).alias("probability"),
        pl.lit("probable").alias("method"),
    )
    linked = scored.filter((pl.col("p") >= automatic) & (pl.col("sure") == 1))
    rest = scored.join(linked.select(row), on=row, how="anti")
    reason = pl.when(pl.col("sure") > 1).then(pl.lit("ambiguous")).otherwise(pl.lit("probable"))
    return linked.select(list(LINKS)), rest.with_columns(reason.alias("reason")).select(list(DOUBTFUL))


def _batches(stage: Stage, delivered: list[str]) -> Iterator[tuple[int, pl.DataFrame]]:
    """Rows of many data sets at once (one hash table of persons serves them all), with the number of data sets done."""
    parts: list[pl.DataFrame] = []
    for done, dataset in enumerate(delivered, 1):
        parts.append(_delivered_people(stage, dataset))
        if sum(map(len, parts)) >= BATCH or done == len(delivered):
            yield done, pl.concat(parts)
            parts = []


def _order(stage: Stage, frame: pl.DataFrame) -> pl.DataFrame:
    """Sorted by the primary key. One number says data set, delivery and row: it sorts many times faster than texts."""
    files = sorted({(file.dataset, file.delivery) for file in stage.inputs.deliveries})
    ranks = pl.DataFrame(
        [(dataset, delivery, rank) for rank, (dataset, delivery) in enumerate(files)],
        schema={"dataset": pl.String, "delivery": pl.String, "|rank": pl.Int64}, orient="row",
    )  # fmt: skip
    ranked = frame.join(ranks, on=["dataset", "delivery"], how="left", maintain_order="left")
    place = (pl.col("|rank") * ROWS + pl.col("row")).alias("|place")
    ranked = ranked.with_columns(place).sort("|place", maintain_order=True)
    if ranked.select((pl.col("|place") == pl.col("|place").shift()).any()).item():
        ranked = ranked.sort("|place", "person_id")
    return ranked.select(frame.columns)


def link_persons(
    stage: Stage, catalogue: Catalogue, progress: Callable[[float], None] = lambda _: None
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """(links, doubtful) of all deliveries of a run, sorted; columns :data:`LINKS` and :data:`DOUBTFUL`."""
    persons = _persons(stage)
    people = _by_key(persons)
    links, doubts, weak = [pl.DataFrame(schema=dict(LINKS))], [pl.DataFrame(schema=dict(DOUBTFUL))], []
    delivered = [id_ for id_, shape in datasets().items() if shape.id_columns and stage.delivered(id_)]
    accepting = [id_ for id_ in delivered if datasets()[id_].weak_id == "accept"]
    for done, rows in _batches(stage, delivered):
        exact = _exact(rows, people).with_columns(
            pl.lit("exact").alias("method"), pl.lit(SURE, pl.Int32).alias("probability")
        )
        links.append(exact.select(list(LINKS)))
        strange = name_mismatches(exact)
        doubts.append(strange.with_columns(pl.lit("name_mismatch").alias("reason")).select(list(DOUBTFUL)))
        weak.append(rows.filter(pl.col("key").is_null() & pl.col("dataset").is_in(accepting)))
        progress(0.8 * done / len(delivered))
    if sum(map(len, weak)):
        on, region = stage.inputs.as_of, stage.inputs.region
        automatic, least = (
            catalogue.parameters[id_].at(on, region) / SURE for id_ in ("link_automatic", "link_doubtful")
        )
        sure, unsure = _split(probable(pl.concat(weak), persons, read_model(PERSONS_MODEL), least), automatic)
        links.append(sure)
        doubts.append(unsure)
    progress(1.0)
    return _order(stage, pl.concat(links)), _order(stage, pl.concat(doubts))
