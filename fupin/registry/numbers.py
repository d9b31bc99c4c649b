"""ID numbers of a whole registry at once: recognised, encrypted, hashed. Each distinct number is hashed once."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import polars as pl
from cryptography.hazmat.primitives.hashes import SHA256, SM3
from cryptography.hazmat.primitives.hmac import HMAC

from fupin.kernel.identity import CHECK_DIGITS, WEIGHTS, normalise
from fupin.kernel.keys import HASH_BYTES, TAIL_BYTES, Key, Keys
from fupin.registry.sealing import seal_many


def canonical(written: pl.Series) -> pl.Series:
    """The 18-character number of each writing, null where there is no valid one."""
    distinct = pl.DataFrame({"written": written.drop_nulls().unique()})
    exact = distinct.filter(well_formed(pl.col("written"))).with_columns(number=pl.col("written"))
    others = distinct.join(exact, on="written", how="anti").get_column("written")
    read = pl.Series([normalise(text).number for text in others], dtype=pl.String)
    found = pl.concat([exact, pl.DataFrame({"written": others, "number": read})])
    return pl.DataFrame({"written": written}).join(found, on="written", how="left", maintain_order="left")["number"]


def well_formed(text: pl.Expr) -> pl.Expr:
    """True for what ``kernel.identity`` surely accepts; what is doubtful goes there one by one.

    One digit seventeen times cannot get here: the century is 19 or 20.
    """
    shaped = text.str.contains(r"^[1-8]\d{5}(19|20)\d{9}[\dX]$") & ~text.str.starts_with("999999")
    born = text.str.slice(6, 8).str.to_date("%Y%m%d", strict=False).is_not_null()
    total = pl.sum_horizontal(
        text.str.slice(place, 1).cast(pl.Int32, strict=False) * weight for place, weight in enumerate(WEIGHTS)
    )
    marks = dict(enumerate(CHECK_DIGITS))
    checked = (total % 11).replace_strict(marks, return_dtype=pl.String, default=None) == text.str.slice(17, 1)
    return (shaped & born & checked).fill_null(False)


def hashes(key: Key, numbers: pl.Series) -> pl.Series:
    """Binary(16) keyed hash of each number; null stays null."""
    distinct = numbers.drop_nulls().unique()
    # the key is worked in once; a copy costs half of beginning anew
    fresh = HMAC(key.secret, SM3() if key.digest == "sm3" else SHA256()).copy
    made = []
    for number in distinct:
        keyed = fresh()
        keyed.update(number.encode())
        made.append(keyed.finalize()[:HASH_BYTES])
    table = pl.DataFrame({"number": distinct, "hash": pl.Series(made, dtype=pl.Binary)})
    return pl.DataFrame({"number": numbers}).join(table, on="number", how="left", maintain_order="left")["hash"]


def tails(key: Key, numbers: pl.Series, length: int) -> pl.Series:
    """Binary(8) keyed hash of the last characters of each number (``kernel.keys.tail_hash``); null stays null."""
    return hashes(key, f"tail{length}:" + numbers.str.tail(length)).bin.slice(0, TAIL_BYTES)


def masked(numbers: pl.Series, mask: Callable[[str], str]) -> pl.Series:
    """The masked form of each number; null stays null."""
    return pl.Series([None if number is None else mask(number) for number in numbers], dtype=pl.String)


def sealed(keys: Keys, texts: pl.Series, records: Sequence[str]) -> pl.Series:
    """Encrypted text of each record; null stays null."""
    frame = pl.DataFrame({"text": texts, "record": records}).with_row_index()
    full = frame.drop_nulls("text")
    made = pl.Series(seal_many(keys, full["text"], full["record"]), dtype=pl.Binary)
    return frame.join(full.select("index", made=made), on="index", how="left", maintain_order="left")["made"]
