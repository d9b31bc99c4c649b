"""Specifications of multidimensional indices: what may stand in them, and what is refused."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import polars as pl
import pytest

from fupin.catalogue.load import load_catalogue
from fupin.engine.measure.file import Question, measure_table
from fupin.engine.measure.spec import SHIPPED, Spec, read_spec
from fupin.engine.measure.tests.rows import pieces
from fupin.engine.vocabulary import field_vocabulary
from fupin.kernel.errors import UserError

HEAD = 'id = "t"\nzh = "试"\nen = "t"\nunit_zh = "人"\nunit_en = "person"\ncutoff = "1/2"\nsource = "made up"\n'
TWO = """
[[indicator]]
id = "water"
zh = "水"
en = "water"
weight = "1/2"
column = "water"
codes = ["3", "4"]

[[indicator]]
id = "rooms"
zh = "房"
en = "rooms"
weight = 0.5
column = "rooms per head"
below = 1
"""


def spec_of(folder: Path, text: str) -> Spec:
    path = folder / "spec.toml"
    path.write_text(text, encoding="utf-8")
    return read_spec(path)


def refused(folder: Path, text: str) -> str:
    with pytest.raises(UserError) as caught:
        spec_of(folder, text)
    return caught.value.en


def test_codes_and_limits_say_who_is_deprived(tmp_path: Path) -> None:
    spec = spec_of(tmp_path, HEAD + TWO)
    frame = pl.DataFrame({"water": ["1", "3", "4"], "rooms per head": ["2", "0.5", "1"]})
    answer = measure_table(Question(spec=spec), frame.columns, pieces(frame))
    assert [one["headcount"] for one in answer["indicators"]] == pytest.approx([2 / 3, 1 / 3])
    assert (answer["h"], answer["m0"]) == (pytest.approx(2 / 3), pytest.approx(0.5))


def test_a_condition_may_be_an_expression_over_declared_columns(tmp_path: Path) -> None:
    text = HEAD + '[columns]\nsick = "flag"\n' + TWO.replace('column = "rooms per head"\nbelow = 1', 'where = "sick"')
    spec = spec_of(tmp_path, text)
    frame = pl.DataFrame({"water": ["1", "3"], "sick": ["是", "false"]})
    answer = measure_table(Question(spec=spec), frame.columns, pieces(frame))
    assert [one["headcount"] for one in answer["indicators"]] == [0.5, 0.5]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('weight = "1/2"', 'weight = "1/3"', "weights add up to 5/6"),
        ('cutoff = "1/2"', "cutoff = 2", "cutoff = 2; write a share"),
        ('weight = "1/2"', 'weight = "half"', "weight = 'half'"),
        ("below = 1", "limit = 1", "unknown key limit"),
        ("below = 1", 'below = 1\ncodes = ["1"]', "one of `below` and `codes`"),
        ('id = "rooms"', 'id = "water"', "stands twice"),
        ('source = "made up"', "", "missing source"),
        ("[[indicator]]", "[[indicator", "not valid|Expected"),
    ],
)
def test_a_wrong_specification_is_refused(tmp_path: Path, old: str, new: str, said: str) -> None:
    import re

    assert re.search(said, refused(tmp_path, (HEAD + TWO).replace(old, new, 1)))


def test_an_expression_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    text = (HEAD + TWO).replace('column = "rooms per head"\nbelow = 1', "where = \"rooms('x')\"")
    assert "rooms" in refused(tmp_path, text)


def test_a_specification_that_is_not_there_names_the_shipped(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="mexico, registry"):
        read_spec(tmp_path / "none.toml")


def test_the_registrys_specification_fits_the_catalogue() -> None:
    fields = load_catalogue().fields
    spec = read_spec(SHIPPED / "registry.toml", field_vocabulary(fields))
    assert spec.trial
    assert spec.cutoff == Fraction(1, 3)
    assert set(spec.columns) <= set(fields)
    assert {one.dimension for one in spec.indicators} == {"education", "health", "living"}


def test_a_condition_that_gives_no_answer_names_indicator_and_rows(tmp_path: Path) -> None:
    text = HEAD + TWO.replace('column = "rooms per head"\nbelow = 1', 'where = "1 / NULLIF(rooms, 0) > 2"')
    frame = pl.DataFrame({"water": ["1", "3"], "rooms": ["2", "0"]})
    with pytest.raises(UserError, match=r"indicator 'rooms' is neither true nor false in 1 rows \(row 3\)"):
        measure_table(Question(spec=spec_of(tmp_path, text)), frame.columns, pieces(frame))
