"""Names → pinyin without tones: for sorting, searching and linking. One sound per character, so spelling is stable."""

from __future__ import annotations

from functools import cache

import polars as pl


@cache
def sound(character: str) -> str:
    """zhang for 张; a letter or digit is its own lower-case self."""
    from pypinyin import Style, lazy_pinyin  # its dictionary takes half a second: only for who spells

    return lazy_pinyin(character, style=Style.NORMAL)[0].strip().lower()


def spell(name: str) -> str:
    """张小三 → "zhang xiao san"."""
    return " ".join(found for found in map(sound, name) if found)


def spell_column(names: pl.Series) -> pl.Series:
    """Spell each distinct name once. Null stays null."""
    distinct = names.drop_nulls().unique()
    spelt = pl.Series([spell(name) for name in distinct], dtype=pl.String)
    return names.replace_strict(distinct, spelt, default=None, return_dtype=pl.String)


def initials(spelt: str) -> str:
    """ "zhang xiao san" → "zxs"."""
    return "".join(sound[0] for sound in spelt.split())


def initials_column(spelt: pl.Series) -> pl.Series:
    """The same for a column of spellings."""
    distinct = spelt.drop_nulls().unique()
    made = pl.Series([initials(one) for one in distinct], dtype=pl.String)
    return spelt.replace_strict(distinct, made, default=None, return_dtype=pl.String)
