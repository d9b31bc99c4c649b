"""A list of persons without 户编号: which rows are one household, by the list's own means, and which household it is.

Means, the first that the table has: a number of the household (in every row, or in its first one as merged cells leave
it), the head's name, rows of heads (与户主关系 01) with their members below. The head, known by his ID number, leads to
the registered household; a head whom nobody knows begins a new one. Everything else is ambiguous: listed, not applied.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from fupin.exchange.ledgers.reading import ReadTable
from fupin.exchange.ledgers.refusing import Refusing
from fupin.exchange.ledgers.sides import HOME, ID, ID_HASHES, PERSON, Sides, plain
from fupin.exchange.ledgers.villages import CODE
from fupin.exchange.reading.table import ROW
from fupin.registry.api import Standing

NUMBER, HEAD_NAME, RELATION, NAME = "group.number", "group.head", "persons.relation", "persons.name"
STATE = "households.state"
HEAD, SPOUSE = "01", "02"
MOST = 20  # members: more is a head who was missed
NEW = "+"  # before the number of a household that has no code yet
MEANS = {
    "number": ("按本表的户序号", "by the list's number of the household"),
    "head": ("按户主姓名", "by the head's name"),
    "rows": ("按户主行", "by the rows of heads"),
}
GROUPS = {
    "table": pl.Int64, "row": pl.Int64, "household_id": pl.String, "village_code": pl.String, "name": pl.String,
    "after": pl.String, "zh": pl.String, "en": pl.String,
}  # fmt: skip


@dataclass(frozen=True)
class Grouped:
    """``groups``: GROUPS, one row for each household that was made out."""

    sides: Sides
    groups: pl.DataFrame


def no_groups() -> pl.DataFrame:
    return pl.DataFrame(schema=GROUPS)


def grouped(found: Sides, reads: Sequence[ReadTable], now: Standing, refusing: Refusing) -> Grouped:
    """Rows without 户编号 get that of their household, or ``+`` and a number; what is ambiguous is refused."""
    people, parts, told, count = found.persons, [], [], 0
    for number in people["table"].unique(maintain_order=True):
        rows = people.filter(pl.col("table") == number)
        means = _means(rows)
        if means is None:
            parts.append(rows)
            continue
        blocks = _facts(_blocked(rows, means), now)
        blocks, homes = _decided(blocks, count, refusing)
        state = next(read.found.state for read in reads if read.number == number)
        parts.append(_filled(blocks, state))
        told.append(_told(homes, means))
        count += homes.height
    if not told:
        return Grouped(found, no_groups())
    return Grouped(Sides(pl.concat(parts, how="diagonal"), found.homes), pl.concat(told))


def _means(rows: pl.DataFrame) -> str | None:
    """What tells the households of a table apart; None where every row names its own or nothing does."""
    if not rows.height or rows[HOME].null_count() < rows.height:
        return None
    number = rows[NUMBER] if NUMBER in rows.columns else None
    if number is not None and 0 < number.n_unique() < rows.height and number.null_count() < rows.height:
        return "number"
    if HEAD_NAME in rows.columns and rows[HEAD_NAME].null_count() < rows.height:
        return "head"
    if RELATION in rows.columns and (rows[RELATION] == HEAD).any():
        return "rows"
    return None


def _blocked(rows: pl.DataFrame, means: str) -> pl.DataFrame:
    """``block``: rows of one household; ``lost``: a row of nobody knows which, because those above it are missing."""
    village = pl.col(CODE) if CODE in rows.columns else pl.lit(None, pl.String)
    if means == "rows":
        start, explicit = pl.col(RELATION).eq_missing(HEAD), pl.lit(False)
    else:
        said = pl.col(NUMBER if means == "number" else HEAD_NAME)
        if means == "number" and not rows[NUMBER].null_count():
            keyed = rows.with_columns(key=village.forward_fill().fill_null("") + "|" + said)
            return keyed.with_columns(block=pl.col("key").rank("dense"), lost=pl.lit(False)).drop("key")
        start = said.is_not_null() & (said.ne_missing(said.shift(1)) | (village != village.shift(1)).fill_null(False))
        explicit = said.is_not_null()
    gap = (pl.col(ROW) - pl.col(ROW).shift(1)).fill_null(2) > 1
    marked = rows.with_columns(start=start, lost=gap & ~start & ~explicit)
    marked = marked.with_columns(block=(pl.col("start") | pl.col("lost")).cum_sum())
    return marked.with_columns(pl.col("lost").first().over("block")).drop("start")


def _facts(rows: pl.DataFrame, now: Standing) -> pl.DataFrame:
    """``home``: household of a person who is registered; ``is_head``; ``away``: somebody's elsewhere, or who left."""
    known = now.persons.select(pl.col("person_id").alias(PERSON), home="household_id")
    rows = rows.join(known, on=PERSON, how="left", maintain_order="left")
    names = [name for name in rows.columns if name.startswith(ID_HASHES)]
    by_hash = now.persons.drop_nulls("id_lookup").unique("id_lookup").select("id_lookup", found="household_id")
    for name in names:
        rows = rows.join(by_hash, left_on=name, right_on="id_lookup", how="left", maintain_order="left")
        rows = rows.with_columns(home=pl.coalesce("home", "found")).drop("found")
    away = pl.concat([now.elsewhere, now.gone["id_lookup"].drop_nulls()]).implode()
    rows = rows.with_columns(
        away=pl.any_horizontal(pl.col(name).is_in(away) for name in names).fill_null(False) & pl.col("home").is_null()
    )
    return rows.with_columns(is_head=_is_head(rows).fill_null(False))


def _is_head(rows: pl.DataFrame) -> pl.Expr:
    if RELATION in rows.columns and rows[RELATION].null_count() < rows.height:
        return pl.col(RELATION) == HEAD
    if HEAD_NAME in rows.columns and NAME in rows.columns:
        return plain(pl.col(NAME)) == plain(pl.col(HEAD_NAME).forward_fill().over("block"))
    return pl.col(ROW) == pl.col(ROW).min().over("block")  # the first member's row is the head's


def _decided(rows: pl.DataFrame, count: int, refusing: Refusing) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows with their household, and one row a household."""
    relation = pl.col(RELATION) if RELATION in rows.columns else pl.lit(None, pl.String)
    village = pl.col(CODE) if CODE in rows.columns else pl.lit(None, pl.String)
    name = pl.col(NAME) if NAME in rows.columns else pl.lit(None, pl.String)
    head = pl.col("is_head")
    blocks = rows.group_by("block", maintain_order=True).agg(
        pl.col("table").first(), row=pl.col(ROW).first(), size=pl.len(), heads=head.sum(),
        spouses=(relation == SPOUSE).sum(), villages=village.drop_nulls().n_unique(), lost=pl.col("lost").first(),
        village_code=village.drop_nulls().first(), name=name.filter(head).first(),
        home=pl.col("home").filter(head).first(),
        others=pl.col("home").filter(~head).drop_nulls().first(), away=pl.col("away").filter(head).any(),
        numbered=pl.col(ID).filter(head).is_not_null().any(),
    )  # fmt: skip
    for code, wrong, detail in _ambiguous():
        lost, blocks = blocks.filter(wrong), blocks.filter(~wrong)
        if lost.height:
            details = lost.select("block", detail=detail.cast(pl.String))
            told = rows.join(details, on="block", how="inner", maintain_order="left")
            refusing.note(told, code, pl.col("detail"))
    fresh = pl.lit(NEW) + (pl.col("home").is_null().cum_sum() + count).cast(pl.String).str.zfill(4)
    homes = blocks.with_columns(household_id=pl.coalesce("home", fresh), is_new=pl.col("home").is_null())
    kept = rows.drop("home", "away", HOME).join(
        homes.select("block", "is_new", pl.col("household_id").alias(HOME)), on="block", how="inner",
        maintain_order="left",
    )  # fmt: skip
    return kept, homes


def _ambiguous() -> list[tuple[str, pl.Expr, pl.Expr]]:
    """Why a group is not applied: code, condition on the group, detail."""
    stranger = pl.col("home").is_null()
    return [
        ("group_lost", pl.col("lost"), pl.col("row")),
        ("group_heads", pl.col("heads") != 1, pl.col("heads")),
        ("group_mixed", (pl.col("spouses") > 1) | (pl.col("size") > MOST), pl.col("size")),
        ("group_villages", pl.col("villages") > 1, pl.col("villages")),
        ("group_away", stranger & pl.col("away"), pl.col("row")),
        ("group_members", stranger & pl.col("others").is_not_null(), pl.col("others")),
        ("group_unnumbered", stranger & ~pl.col("numbered"), pl.col("row")),
    ]


def _filled(rows: pl.DataFrame, state: str) -> pl.DataFrame:
    """Of a new household: its state where the list says none, and who is the head where no relations are written."""
    if STATE not in rows.columns:
        rows = rows.with_columns(pl.lit(None, pl.String).alias(STATE))
    if RELATION not in rows.columns:
        rows = rows.with_columns(pl.lit(None, pl.String).alias(RELATION))
    told = pl.when(pl.col("is_new")).then(pl.lit(state or None, pl.String))
    first = pl.when(pl.col("is_new") & pl.col("is_head")).then(pl.lit(HEAD))
    village = pl.col(CODE).drop_nulls().first().over("block") if CODE in rows.columns else None
    rows = rows.with_columns(
        pl.coalesce(STATE, told).alias(STATE), pl.coalesce(RELATION, first).alias(RELATION),
        *([pl.coalesce(CODE, village).alias(CODE)] if village is not None else []),
    )  # fmt: skip
    return rows.drop("block", "lost", "is_head", "is_new")


def _told(homes: pl.DataFrame, means: str) -> pl.DataFrame:
    """How each household was made out, in words."""
    zh, en = MEANS[means]
    size = pl.col("size").cast(pl.String)
    new = pl.col("is_new")
    return homes.select(
        pl.col("table").cast(pl.Int64), "row", "household_id", "village_code", "name", after=size,
        zh=pl.lit(f"{zh}分出 ") + size + pl.when(new).then(pl.lit(" 人；户主没有登记过，新建一户")).otherwise(
            pl.lit(" 人；户主的证件号已登记在户 ") + pl.col("household_id")
        ),
        en=pl.lit(f"{en}: ") + size + pl.when(new).then(
            pl.lit(" persons; the head is not registered: a new household")
        ).otherwise(pl.lit(" persons; the head is registered in household ") + pl.col("household_id")),
    )  # fmt: skip


def with_codes(frame: pl.DataFrame, codes: dict[str, str]) -> pl.DataFrame:
    """``+`` numbers replaced by codes wherever they stand: households, members (two digits more), kept cells."""

    def coded(name: str) -> pl.Expr:
        text = pl.col(name)
        home = text.replace(codes)
        person = text.str.slice(0, text.str.len_chars() - 2).replace(codes) + text.str.tail(2)
        return (
            pl.when(~text.str.starts_with(NEW)).then(text).when(home != text).then(home).otherwise(person).alias(name)
        )

    return frame.with_columns(coded(name) for name in ("household_id", "person_id", "record") if name in frame.columns)
