"""Published figures, to the last digit given: wbpip (World Bank), mpindex, CONEVAL's survey of 2014."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import polars as pl
import pytest

from fupin.engine.measure.alkire_foster import alkire_foster
from fupin.engine.measure.design import Design
from fupin.engine.measure.file import Question, measure_table
from fupin.engine.measure.spec import SHIPPED, read_spec
from fupin.engine.measure.tests.rows import DATA, pieces

WBPIP = {
    "fgt0": 0.7333513, "fgt1": 0.3957584, "fgt2": 0.2534849, "watts": 0.6899868, "gini": 0.51479988, "mld": 0.47378403,
}  # fmt: skip
MEXICO = {
    "food": 0.2143, "health": 0.3161, "housing": 0.0964, "education": 0.4229, "services": 0.1956,
    "social_security": 0.6860,
}  # fmt: skip


def mexico(cutoff: str = "3/6", **more: Any) -> dict[str, Any]:
    frame = pl.read_parquet(DATA / "mexico_coneval_2014.parquet")
    spec = read_spec(SHIPPED / "mexico.toml")
    question = Question(spec=spec, weight="factor_hog", cutoff=Fraction(cutoff), **more)
    return measure_table(question, frame.columns, pieces(frame, 20_000))


@pytest.mark.parametrize("name", list(WBPIP))
def test_it_equals_the_world_banks_figures(name: str) -> None:
    frame = pl.read_csv(DATA / "wbpip_0.csv")
    answer = measure_table(Question(welfare="welfare", weight="weight", line="mean"), frame.columns, pieces(frame, 999))
    digits = len(str(WBPIP[name])) - 2
    assert round(answer[name], digits) == WBPIP[name]
    assert answer[f"{name}_low"] < answer[name] < answer[f"{name}_high"]


def test_it_equals_the_worked_example_of_alkire_and_foster() -> None:
    """The four strings are the indicators, each over the four persons: 0000, 1001, 1111, 0100 by person."""
    deprived = np.array([[0, 1, 1, 0], [0, 0, 1, 1], [0, 0, 1, 0], [0, 1, 1, 0]], dtype=bool).T
    design = Design.of_rows(np.ones(4), np.zeros(4, dtype=np.int64), ["all"])
    made = alkire_foster(design, deprived, [Fraction(1, 4)] * 4, Fraction(1, 2))
    assert [one.value[0] for one in (made.h, made.a, made.m0)] == [0.5, 0.75, 0.375]


def test_mexicos_households_have_the_published_deprivations() -> None:
    answer = mexico()
    assert answer["rows"] == 58_121
    assert {one["id"]: round(one["headcount"], 4) for one in answer["indicators"]} == MEXICO


@pytest.mark.parametrize(("cutoff", "share"), [("1/6", 0.8059), ("3/6", 0.3328)])
def test_mexicos_households_reach_the_published_numbers_of_deprivations(cutoff: str, share: float) -> None:
    assert round(mexico(cutoff)["h"], 4) == share


def test_the_parts_of_mexico_add_up_to_the_whole() -> None:
    answer = mexico(by="tam_loc")
    groups = answer["groups"]
    assert [group["group"] for group in groups] == ["1", "2", "3", "4"]
    assert sum(group["contribution"] for group in groups) == pytest.approx(1)
    assert sum(one["contribution"] for one in answer["indicators"]) == pytest.approx(1)
    assert sum(group["population_share"] * group["m0"] for group in groups) == pytest.approx(answer["m0"])
