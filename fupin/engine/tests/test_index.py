import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fupin
from fupin.catalogue.fields import Field
from fupin.catalogue.indicators import Band, Dimension, Indicator
from fupin.catalogue.load import Catalogue
from fupin.engine.index import UNIT, Limits, index_of, score_fields
from fupin.engine.scoring import score_catalogue
from fupin.engine.unknowns import grounds, rank_unknown, rank_unknown_of_one
from fupin.kernel.errors import UserError

DOCS = Path(fupin.__file__).parents[1] / "docs" / "index.md"


def _indicator(id_: str, points: int, applies: str = "") -> Indicator:
    return Indicator(
        id_,
        id_,
        id_,
        f"f_{id_}",
        points,
        "survey",
        "test",
        (Band(1, 0), Band(2, points // 3), Band(None, points)),
        None,
        applies,
    )


#: two dimensions: 60 points in three indicators, 40 in two that apply only to homes with students
_HOUSING = (_indicator("a", 3000), _indicator("b", 2000), _indicator("c", 1000, "kids > 0"))
_EDUCATION = (_indicator("d", 2500, "students > 0"), _indicator("e", 1500, "students > 0"))
DIMENSIONS = (
    Dimension("housing", "住房", "housing", "house", 60, _HOUSING),
    Dimension("education", "教育", "education", "study", 40, _EDUCATION),
)
NAMES = ("f_a", "f_b", "f_c", "f_d", "f_e", "kids", "students")
CATALOGUE = Catalogue(
    {n: Field(n, n, n, "int", "survey", "", table="survey", take="value", of="beds") for n in NAMES}, DIMENSIONS, {}, {}
)
INDICATORS = ("a", "b", "c", "d", "e")


def _index(rows: list[dict[str, Any]]) -> pl.DataFrame:
    schema = {"household_id": pl.String, **dict.fromkeys(INDICATORS, pl.Int16)}
    return index_of(pl.DataFrame(rows, schema=schema), DIMENSIONS, Limits())


def _fields(rows: Sequence[Mapping[str, int | None]]) -> pl.DataFrame:
    named = [{"household_id": f"H{i}", **{name: row.get(name) for name in NAMES}} for i, row in enumerate(rows)]
    return pl.DataFrame(named, schema={"household_id": pl.String, **dict.fromkeys(NAMES, pl.Int64)})


def _scored(rows: Sequence[Mapping[str, int | None]]) -> pl.DataFrame:
    return index_of(score_fields(_fields(rows), score_catalogue(CATALOGUE)), DIMENSIONS, Limits())


def _examples() -> list[tuple[str, list[int], str, str, str]]:
    """Rows of the table of worked examples: | case | a | b | c | d | e | low | high | band |."""
    rows = re.findall(
        r"^\| (\w[^|]*) \|((?: *[−\d]+ *\|){5}) *([\d.]+) *\| *([\d.]+) *\| *(\w+) *\|$",
        DOCS.read_text("utf-8"),
        re.MULTILINE,
    )
    return [
        (name, [int(n.replace("−", "-")) for n in points.split("|")[:5]], low, high, band)
        for name, points, low, high, band in rows
    ]


def test_the_worked_examples_of_the_document_hold() -> None:
    examples = _examples()
    assert len(examples) >= 8
    found = _index(
        [{"household_id": name, **dict(zip(INDICATORS, points, strict=True))} for name, points, *_ in examples]
    )
    got = [
        (row["household_id"], f"{row['low'] / UNIT:.4f}", f"{row['high'] / UNIT:.4f}", row["band"])
        for row in found.to_dicts()
    ]
    assert got == [(name, low, high, band) for name, _, low, high, band in examples]


def test_a_household_to_which_nothing_applies_is_an_error_with_its_number() -> None:
    with pytest.raises(UserError, match="H7"):
        _index([{"household_id": "H7", **dict.fromkeys(INDICATORS, -2)}])


def test_unknown_zero_and_not_applicable_differ() -> None:
    full: dict[str, int | None] = {"f_a": 2, "f_b": 2, "f_c": 2, "kids": 1, "f_d": 2, "f_e": 2, "students": 1}
    rows = [full, {**full, "f_a": 0}, {**full, "f_a": None}, {**full, "kids": 0}, {**full, "kids": None}]
    found = _scored(rows)
    assert found.select("low", "high").rows() == [
        (1_000_000, 1_000_000),
        (700_000, 700_000),
        (700_000, 1_000_000),
        (1_000_000, 1_000_000),
        (900_000, 1_000_000),
    ]
    assert found.get_column("unknown").to_list() == [0, 0, 1, 0, 1]


def test_no_student_gives_the_weight_of_education_to_the_others() -> None:
    found = _scored([{"f_a": 2, "f_b": 0, "f_c": 0, "kids": 1, "students": 0, "f_d": 0, "f_e": 0}])
    assert found.row(0, named=True)["education_weight"] == 0
    assert found.row(0, named=True)["low"] == 500_000


@pytest.mark.parametrize(
    ("low", "high", "band"),
    [(0, 599_999, "poor"), (0, 600_000, "undecided"), (600_000, 800_000, "possibly"), (600_000, 800_001, "undecided"),
     (800_000, 800_001, "undecided"), (800_001, 1_000_000, "stable")],
)  # fmt: skip
def test_a_band_holds_only_when_the_whole_interval_lies_in_it(low: int, high: int, band: str) -> None:
    import narwhals as nw

    from fupin.engine.index import _band

    frame = nw.from_native(pl.DataFrame({"low": [low], "high": [high]}))
    assert frame.select(_band(Limits()).alias("band")).to_native().item() == band


VALUES = st.one_of(st.none(), st.integers(0, 2))
HOMES = st.lists(st.fixed_dictionaries(dict.fromkeys(NAMES, VALUES)), min_size=1, max_size=6)


@settings(max_examples=15, deadline=None)
@given(HOMES)
def test_low_never_exceeds_high_and_the_order_of_rows_does_not_matter(rows: list[dict[str, int | None]]) -> None:
    found = _scored(rows)
    assert found.select((pl.col("low") <= pl.col("high")).all()).item()
    turned = _scored(rows[::-1])
    assert turned.drop("household_id").reverse().equals(found.drop("household_id"))


@settings(max_examples=20, deadline=None)
@given(st.fixed_dictionaries(dict.fromkeys(NAMES, VALUES)), st.sampled_from(NAMES), st.integers(0, 2))
def test_knowing_a_field_never_widens_the_interval(row: dict[str, int | None], name: str, value: int) -> None:
    if row[name] is not None:
        row = {**row, name: None}
    before, after = _scored([row, {**row, name: value}]).select("low", "high").rows()
    assert before[0] <= after[0] <= after[1] <= before[1]


def test_unknown_fields_are_ranked_by_what_they_would_narrow() -> None:
    known = {"f_a": None, "f_b": None, "f_c": 2, "kids": 1, "f_d": 2, "f_e": None, "students": 1}
    fields = _fields([known, {**known, "f_b": 1}])
    ranked = rank_unknown(fields, score_fields(fields, score_catalogue(CATALOGUE)), CATALOGUE)
    assert [(open_.field, open_.narrows, open_.households) for open_ in ranked] == [
        ("f_a", 600_000, 2),
        ("f_e", 300_000, 2),
        ("f_b", 200_000, 1),
    ]


@settings(max_examples=25, deadline=None)
@given(st.fixed_dictionaries(dict.fromkeys(NAMES, VALUES)))
def test_one_household_is_ranked_as_a_table_of_one_row(row: dict[str, int | None]) -> None:
    fields = _fields([row])
    points = score_fields(fields, score_catalogue(CATALOGUE))
    alone = rank_unknown_of_one(fields.row(0, named=True), points.row(0, named=True), CATALOGUE, grounds(CATALOGUE))
    assert alone == rank_unknown(fields, points, CATALOGUE)
