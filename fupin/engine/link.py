"""Delivered rows → persons of the registry: exact on the keyed ID number, else by Splink; the doubtful go to people."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import polars as pl

from fupin.catalogue.load import Catalogue
from fupin.catalogue.schema import datasets
from fupin.engine.inputs import RunInputs
from fupin.engine.linkage import Model, numbered_pairs, read_model
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
#: persons for each row without a number up to which looking for candidates costs more than it saves
FEW = 4
#: more rows than any delivery has
ROWS = 1 << 40
#: what tells a person without the number
IDENTITY: Mapping[str, pl.DataType] = {
    "name": pl.String(), "birth_date": pl.Date(), "sex": pl.String(), "village_code": pl.String()
}  # fmt: skip
#: a link in memory: ``|place`` stands for data set, delivery and row
_SHORT: Mapping[str, pl.DataType] = {
    "|place": pl.Int64(), "person_id": pl.String(), "household_id": pl.String(), "method": pl.String(),
    "probability": pl.Int32(),
}  # fmt: skip
_EXACT = {"method": pl.lit("exact"), "probability": pl.lit(SURE, pl.Int32)}
#: two hashes of 64 bits tell rows about different persons apart
_SEEDS = (5, 17)
_MODEL_COLUMNS = ["name", "pinyin", "birth_date", "sex", "village", "town", "county"]


def clean_name(name: pl.Expr) -> pl.Expr:
    """Letters only: spaces, dots and marks between the parts of a name say nothing."""
    return name.str.replace_all(r"[^\pL]", "")


def pinyin_of(names: pl.Series) -> pl.Series:
    """Pinyin of cleaned names, letters only and in lower case; each distinct character is looked up once."""
    from pypinyin import lazy_pinyin

    characters = sorted(set("".join(names.drop_nulls().unique().to_list())))
    sounds = [lazy_pinyin(character)[0].lower() for character in characters]
    spelt = names.str.replace_many(characters, sounds) if characters else names
    return spelt.set(names == "", None).alias("pinyin")


def _without_number(stage: Stage, dataset: str) -> pl.LazyFrame:
    """Rows that hold and have no valid ID number, with what else tells a person (null where not delivered)."""
    shape = datasets()[dataset]
    id_ = f"{shape.id_columns[0]}_key"
    here = [name for name in IDENTITY if name in shape.columns]
    rows = surviving_rows(dataset, stage.inputs.of_dataset(dataset), (id_, *here)).filter(pl.col(id_).is_null())
    lacking = [pl.lit(None, type_).alias(name) for name, type_ in IDENTITY.items() if name not in here]
    known = rows.with_columns(pl.lit(dataset).alias("dataset"), *lacking)
    return known.select("dataset", "delivery", "row", *IDENTITY)


def _halves(column: str) -> list[pl.Expr]:
    """The 16 bytes as two numbers: they are joined and compared much faster than bytes, in half the memory."""
    parts = {"|half": pl.col(column).bin.head(8), "|rest": pl.col(column).bin.tail(8)}
    return [part.bin.reinterpret(dtype=pl.UInt64, endianness="little").alias(name) for name, part in parts.items()]


def _by_key(stage: Stage) -> pl.DataFrame:
    """The persons who have a key: its halves, person_id, household_id and the ``registered`` name."""
    persons = stage.table("persons", {"person_id", "key", "name"}).filter(pl.col("key").is_not_null())
    known = persons.select(*_halves("key"), "person_id", "household_id", pl.col("name").alias("registered"))
    return known.collect(engine="streaming")


def _numbered(stage: Stage, dataset: str, ranks: Mapping[tuple[str, str], int]) -> pl.LazyFrame:
    """``|place`` (rank of the delivery and row), the halves of the key and the name of the rows that hold."""
    id_ = f"{datasets()[dataset].id_columns[0]}_key"
    named = "name" in datasets()[dataset].columns
    rows = surviving_rows(dataset, stage.inputs.of_dataset(dataset), (id_, "name") if named else (id_,))
    of_dataset = {delivery: rank for (owner, delivery), rank in ranks.items() if owner == dataset}
    first, *others = of_dataset.values()
    rank = pl.col("delivery").replace_strict(of_dataset) if others else pl.lit(first)
    name = pl.col("name") if named else pl.lit(None, pl.String).alias("name")
    return rows.filter(pl.col(id_).is_not_null()).select(_place(rank), *_halves(id_), name)


def _place(rank: pl.Expr) -> pl.Expr:
    return (rank.cast(pl.Int64) * ROWS + pl.col("row")).alias("|place")


def _exact(rows: pl.LazyFrame, people: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """(places linked by key, those of them whose names differ). ``people``: as :func:`_by_key` gives them."""
    joined = rows.join(people.lazy(), on="|half", how="inner", suffix="|person")
    joined = joined.filter(pl.col("|rest") == pl.col("|rest|person"))
    links = joined.select("|place", "person_id", "household_id")
    unlike = joined.filter(pl.col("name") != pl.col("registered")).select(
        "|place", "person_id", "household_id", "name", "registered"
    )
    exact, differ = pl.collect_all([links, unlike], engine="streaming")
    return exact, differ


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


def _for_model(rows: pl.LazyFrame, pinyin: pl.Expr) -> pl.LazyFrame:
    """With the columns the model compares. ``rows`` has name, birth_date, sex, village_code.

    Regions are compared whole only, and numbers are joined faster than texts.
    """
    levels = {"village": 15, "town": 9, "county": 6}  # digits; a village may be told with its group
    regions = {
        name: pl.col("village_code").str.head(digits).cast(pl.Int64, strict=False) for name, digits in levels.items()
    }
    return rows.with_columns(
        clean_name(pl.col("name")).alias("name"),
        pinyin.alias("pinyin"),
        pl.col("birth_date").dt.strftime("%Y%m%d"),
        **regions,
    )


def _candidates(people: pl.LazyFrame, weak: pl.DataFrame) -> pl.DataFrame:
    """Persons that share a blocking key with some weak row: Splink need not see the others, where they are many."""
    if people.select(pl.len()).collect().item() <= FEW * len(weak):
        return people.collect(engine="streaming")
    keys = (["birth_date", "county"], ["name", "town"], ["pinyin", "birth_date"])
    found = [people.join(weak.lazy().select(key).drop_nulls().unique(), on=key, how="semi") for key in keys]
    return pl.concat(found).unique(subset="person_id").collect(engine="streaming")


def probable(weak: pl.DataFrame, persons: pl.DataFrame | pl.LazyFrame, model: Model, least: float) -> pl.DataFrame:
    """Weak rows against persons: the rows' columns, person_id, household_id and ``p`` (match probability).

    A row appears once for every person that fits with at least ``least``.
    """
    alike = [weak.select(list(IDENTITY)).hash_rows(seed).alias(f"|{seed}") for seed in _SEEDS]
    weak = weak.with_columns(alike)
    same = [series.name for series in alike]
    distinct = weak.unique(same, keep="first", maintain_order=True).filter(pl.col("name").is_not_null())
    spelt = distinct.with_columns(pinyin_of(distinct.select(clean_name(pl.col("name"))).to_series()))
    left = _for_model(spelt.lazy(), pl.col("pinyin")).select(_MODEL_COLUMNS).collect()
    sounds = pl.col("pinyin").str.to_lowercase().str.replace_all("[^a-z]", "")
    people = _for_model(persons.lazy(), sounds).select("person_id", "household_id", *_MODEL_COLUMNS)
    right = _candidates(people, left) if len(left) else left
    empty = (
        weak.head(0)
        .drop(same)
        .with_columns(pl.lit("").alias("person_id"), pl.lit("").alias("household_id"), pl.lit(0.0).alias("p"))
    )
    if not len(right) or not len(left):
        return empty
    pairs = numbered_pairs(model, left, right.select(_MODEL_COLUMNS), least)
    who = right.select("person_id", "household_id")[pairs["right"]]
    rows = distinct.select(same)[pairs["left"]]
    matched = pl.concat([rows, who, pairs.select(p="probability")], how="horizontal")
    return weak.join(matched, on=same).select(empty.columns)


def split(found: pl.DataFrame, automatic: float) -> tuple[pl.DataFrame, pl.DataFrame]:
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


def thresholds(catalogue: Catalogue, inputs: RunInputs) -> tuple[float, float]:
    """Match probability from which on a row is linked, and from which on people are asked."""
    automatic, doubtful = (
        catalogue.parameters[id_].at(inputs.as_of, inputs.region) for id_ in ("link_automatic", "link_doubtful")
    )
    return automatic / SURE, doubtful / SURE


def linkable(inputs: RunInputs) -> list[str]:
    """The delivered data sets whose rows are about persons."""
    return [id_ for id_, shape in datasets().items() if shape.id_columns and inputs.of_dataset(id_)]


def accepting(delivered: list[str]) -> list[str]:
    """Those of them whose rows count without a valid ID number too."""
    return [id_ for id_ in delivered if datasets()[id_].weak_id == "accept"]


def _batches(stage: Stage, delivered: list[str]) -> Iterator[list[str]]:
    """Data sets joined at once: one hash table of persons serves them all."""
    batch: list[str] = []
    rows = 0
    for dataset in delivered:
        batch.append(dataset)
        rows += sum(pl.scan_parquet(f.path).select(pl.len()).collect().item() for f in stage.inputs.of_dataset(dataset))
        if rows >= BATCH:
            yield batch
            batch, rows = [], 0
    if batch:
        yield batch


def _ranked(inputs: RunInputs) -> list[tuple[str, str]]:
    """Data set and delivery of all files, in the order of the primary key of the links."""
    return sorted({(file.dataset, file.delivery) for file in inputs.deliveries})


def _placed(inputs: RunInputs, frame: pl.DataFrame) -> pl.DataFrame:
    """With ``|place``. One number says data set, delivery and row: it sorts many times faster than texts."""
    ranks = pl.DataFrame(
        [(dataset, delivery, rank) for rank, (dataset, delivery) in enumerate(_ranked(inputs))],
        schema={"dataset": pl.String, "delivery": pl.String, "|rank": pl.Int64}, orient="row",
    )  # fmt: skip
    ranked = frame.join(ranks, on=["dataset", "delivery"], how="left", maintain_order="left")
    return ranked.with_columns(_place(pl.col("|rank")))


def in_order(inputs: RunInputs, frame: pl.DataFrame) -> pl.DataFrame:
    """Links or doubtful links sorted by the primary key."""
    return _sorted(_placed(inputs, frame)).select(frame.columns)


def link_persons(
    stage: Stage, catalogue: Catalogue, progress: Callable[[float], None] = lambda _: None
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """(links, doubtful) of all deliveries of a run, sorted; columns :data:`LINKS` and :data:`DOUBTFUL`."""
    links, doubtful = find_links(stage, catalogue, progress)
    return links.collect(), doubtful


def find_links(
    stage: Stage, catalogue: Catalogue, progress: Callable[[float], None] = lambda _: None
) -> tuple[pl.LazyFrame, pl.DataFrame]:
    """As :func:`link_persons`; the links are kept short in memory and spelt out when they are read from the frame."""
    files = _ranked(stage.inputs)
    ranks = {pair: rank for rank, pair in enumerate(files)}
    people = _by_key(stage)
    found, doubts = [pl.DataFrame(schema=_SHORT)], [pl.DataFrame(schema=dict(DOUBTFUL))]
    delivered = linkable(stage.inputs)
    done = 0
    for batch in _batches(stage, delivered):
        exact, unlike = _exact(pl.concat([_numbered(stage, dataset, ranks) for dataset in batch]), people)
        found.append(exact.with_columns(**_EXACT))
        strange = name_mismatches(unlike).with_columns(pl.lit("name_mismatch").alias("reason"), **_EXACT)
        doubts.append(_spelt(strange.lazy(), files).select(list(DOUBTFUL)).collect())
        done += len(batch)
        progress(0.8 * done / len(delivered))
    del people
    sure, unsure = _by_model(stage, catalogue, accepting(delivered))
    found.append(_placed(stage.inputs, sure).select(list(_SHORT)))
    progress(1.0)
    return _spelt(_sorted(pl.concat(found)).lazy(), files), in_order(stage.inputs, pl.concat([*doubts, unsure]))


def _by_model(stage: Stage, catalogue: Catalogue, accepted: list[str]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """(links, doubtful) of the rows without a valid number."""
    weak = [_without_number(stage, dataset).collect(engine="streaming") for dataset in accepted]
    if not sum(map(len, weak)):
        return pl.DataFrame(schema=dict(LINKS)), pl.DataFrame(schema=dict(DOUBTFUL))
    automatic, least = thresholds(catalogue, stage.inputs)
    persons = stage.table("persons", {"person_id", "pinyin", *IDENTITY})
    return split(probable(pl.concat(weak), persons, read_model(PERSONS_MODEL), least), automatic)


def _sorted(links: pl.DataFrame) -> pl.DataFrame:
    """By place and person; most links come in order, and to look is much quicker than to sort."""
    above = pl.col("|place").shift()
    if links.select((pl.col("|place") <= above).any()).item():
        return links.sort("|place", "person_id")
    return links


def _spelt(short: pl.LazyFrame, files: list[tuple[str, str]]) -> pl.LazyFrame:
    """Data set, delivery and row instead of the place."""
    rank, ranks = pl.col("|place") // ROWS, list(range(len(files)))
    parts = [
        rank.replace_strict(ranks, [pair[i] for pair in files], return_dtype=pl.String).alias(name)
        for i, name in enumerate(("dataset", "delivery"))
    ]
    made = short.with_columns(*parts, (pl.col("|place") % ROWS).alias("row"))
    return made.select(*LINKS, *(name for name in short.collect_schema().names() if name not in (*LINKS, "|place")))
