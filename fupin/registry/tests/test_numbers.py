from __future__ import annotations

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from fupin.kernel.identity import normalise
from fupin.kernel.keys import Key, Keys
from fupin.kernel.tests.strategies import id_numbers
from fupin.registry.numbers import canonical, hashes, sealed
from fupin.registry.sealing import seal, unseal
from fupin.registry.spelling import spell, spell_column

KEYS = Keys.generate()
digits = st.text("0123456789Xx", min_size=15, max_size=18)
writings = st.lists(st.none() | id_numbers() | id_numbers().map(str.lower) | digits | st.text(max_size=20), max_size=8)


@given(writings)
def test_many_numbers_are_read_exactly_as_one_by_one(written: list[str | None]) -> None:
    found = canonical(pl.Series(written, dtype=pl.String))
    assert found.to_list() == [normalise(text).number for text in written]


@given(st.lists(st.none() | id_numbers(), max_size=8))
def test_many_hashes_are_those_of_the_kernel(numbers: list[str | None]) -> None:
    found = hashes(KEYS.lake, pl.Series(numbers, dtype=pl.String))
    assert found.to_list() == [None if number is None else KEYS.lake_hash(number) for number in numbers]


@given(st.lists(st.none() | st.text(min_size=1), max_size=6))
def test_what_is_sealed_opens_again_and_shows_nothing(texts: list[str | None]) -> None:
    records = [f"P{number}" for number in range(len(texts))]
    for text, record, cipher in zip(
        texts, records, sealed(KEYS, pl.Series(texts, dtype=pl.String), records), strict=True
    ):
        assert (None if cipher is None else unseal(KEYS, cipher, record)) == text


def test_the_same_text_never_looks_the_same_twice() -> None:
    assert seal(KEYS, "45012419620304001X", "P1") != seal(KEYS, "45012419620304001X", "P1")


def test_a_retired_key_still_opens() -> None:
    old = seal(KEYS, "13877100001", "H1")
    rotated = Keys(Key.new("e2"), KEYS.lookup, KEYS.lake, (KEYS.encryption,))
    assert unseal(rotated, old, "H1") == "13877100001"


def test_names_are_spelt_once_for_each_and_in_order() -> None:
    assert spell("张小三") == "zhang xiao san"
    assert spell_column(pl.Series(["韦大山", None, "Li 四", "韦大山"])).to_list() == [
        "wei da shan",
        None,
        "l i si",
        "wei da shan",
    ]
