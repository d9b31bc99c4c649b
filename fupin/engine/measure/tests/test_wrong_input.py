"""Wrong input is answered with what, where and how to mend it; odd but right input with a figure and a notice."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

from fupin.engine.measure.file import Question, measure_table
from fupin.engine.measure.tests.rows import asked, pieces
from fupin.kernel.errors import UserError

GOOD = {"income": ["10", "20", "30", "40"], "w": ["1", "1", "2", "1"], "place": ["a", "a", "b", "b"]}


def refusal(columns: dict[str, list[Any]], **question: Any) -> UserError:
    with pytest.raises(UserError) as caught:
        asked({**GOOD, **columns}, **{"welfare": "income", "line": "25", **question})
    return caught.value


def codes(answer: dict[str, Any]) -> list[str]:
    return [notice["code"] for notice in answer["notices"]]


def test_text_among_numbers_is_named_by_its_rows() -> None:
    error = refusal({"income": ["10", "1,000", "30", "many"]})
    assert "2 rows (row 3, 5)" in error.en
    assert "第 3、5 行" in error.zh


def test_many_wrong_rows_are_counted_and_the_first_named() -> None:
    error = refusal({"income": ["x"] * 30, "w": ["1"] * 30, "place": ["a"] * 30})
    assert error.en.startswith("column 'income' holds text that is not a number: 30 rows (row 2, 3, 4")
    assert error.en.endswith("11, …)")


def test_missing_values_are_refused_with_their_rows_and_the_way_out() -> None:
    error = refusal({"income": ["10", "", "NA", "40"]})
    assert "'income' 2 rows (row 3, 4)" in error.en
    assert "--drop-missing" in error.hint_en


def test_missing_values_can_be_left_out_and_are_counted() -> None:
    answer = asked({**GOOD, "income": ["10", "", "30", "40"]}, welfare="income", line="25", drop_missing=True)
    assert (answer["rows"], answer["excluded"]) == (3, {"missing": 1, "rows": [3]})
    assert codes(answer) == ["missing"]
    assert answer["fgt0"] == pytest.approx(1 / 3)


@pytest.mark.parametrize("word", ["NaN", "inf", "-inf"])
def test_numbers_that_are_none_are_refused(word: str) -> None:
    assert "row 4" in refusal({"income": ["10", "20", word, "40"]}).en


def test_nan_of_a_parquet_column_is_refused_too() -> None:
    frame = pl.DataFrame({"income": [1.0, float("nan")]})
    with pytest.raises(UserError, match="NaN or infinity: 1 row"):
        measure_table(Question(welfare="income", line="3"), frame.columns, pieces(frame))


def test_negative_weights_are_refused() -> None:
    error = refusal({"w": ["1", "-2", "1", "1"]}, weight="w")
    assert "negative weights: 1 row (row 3)" in error.en


def test_weights_that_are_all_zero_are_refused() -> None:
    assert "all weights in column 'w' are zero" in refusal({"w": ["0"] * 4}, weight="w").en


def test_rows_of_weight_zero_do_not_count() -> None:
    answer = asked({**GOOD, "w": ["0", "1", "1", "1"]}, welfare="income", line="25", weight="w")
    assert (answer["n"], answer["zero_weight"], answer["fgt0"]) == (3, 1, pytest.approx(1 / 3))


@pytest.mark.parametrize("line", ["0", "-5", "nan", "inf"])
def test_a_line_that_is_not_positive_is_refused(line: str) -> None:
    assert "must be positive" in refusal({}, line=line).en


def test_a_line_that_cannot_be_read_is_refused_with_what_can_be_written() -> None:
    assert "60%median" in refusal({}, line="middling").hint_en


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("mean", 25),
        ("median", 25),
        ("weighted-mean", 26),
        ("weighted-median", 30),
        ("60%median", 15),
        ("0.5*mean", 12.5),
    ],
)
def test_a_line_can_be_relative(line: str, value: float) -> None:
    answer = asked(GOOD, welfare="income", line=line, weight="w")
    assert (answer["line"], answer["line_as"]) == (pytest.approx(value), line)


def test_an_unknown_column_is_answered_with_the_nearest() -> None:
    error = refusal({}, welfare="Incom")
    assert (error.en, error.hint_en) == ("no column 'Incom'", "did you mean: income")


def test_nobody_below_the_line_is_a_proper_zero() -> None:
    answer = asked(GOOD, welfare="income", line="5")
    assert [answer[name] for name in ("fgt0", "fgt1", "fgt2", "watts", "fgt0_se")] == [0] * 5
    assert answer["gini"] > 0
    assert codes(answer) == ["none_poor"]


def test_everybody_below_the_line_asks_after_the_unit() -> None:
    answer = asked(GOOD, welfare="income", line="4000")
    assert answer["fgt0"] == 1
    assert codes(answer) == ["all_poor"]


def test_incomes_that_are_all_zero_have_no_inequality_and_it_says_why() -> None:
    answer = asked({"income": ["0"] * 3}, welfare="income", line="25")
    assert (answer["fgt0"], answer["fgt1"], answer["fgt2"]) == (1, 1, 1)
    assert [answer[name] for name in ("gini", "mld", "watts", "gini_se")] == [None] * 4
    assert set(answer["undefined"]) == {"gini", "mld", "watts"}


def test_negative_incomes_count_as_zero_and_it_says_so() -> None:
    answer = asked({"income": ["-50", "20", "30"]}, welfare="income", line="25")
    zero = asked({"income": ["0", "20", "30"]}, welfare="income", line="25")
    assert answer["fgt2"] == zero["fgt2"]
    assert {"negative", "zero"} <= set(codes(answer))


def test_a_single_row_has_figures_but_no_standard_errors() -> None:
    answer = asked({"income": ["10"]}, welfare="income", line="25")
    assert (answer["fgt0"], answer["fgt0_se"], answer["gini"]) == (1, None, 0)
    assert "one_draw" in codes(answer)


def test_a_stratum_with_one_cluster_is_told() -> None:
    answer = asked(
        {**GOOD, "s": ["1", "1", "1", "2"], "c": ["1", "2", "3", "4"]},
        welfare="income", line="25", strata="s", clusters="c",
    )  # fmt: skip
    assert answer["design"]["lonely_strata"] == 1
    assert answer["design"]["lonely_rule"] == "adjust"
    assert "lonely" in codes(answer)


def test_logarithms_are_noticed_and_can_be_undone() -> None:
    incomes = np.exp(np.random.default_rng(3).normal(9, 0.8, 200))
    logs = [f"{value:.9f}" for value in np.log(incomes)]
    assert "logs" in codes(asked({"x": logs}, welfare="x", line="mean"))
    undone = asked({"x": logs}, welfare="x", line="8000", logs=True)
    plain = asked({"x": [f"{value:.9f}" for value in incomes]}, welfare="x", line="8000")
    assert codes(undone) == []
    assert undone["fgt1"] == pytest.approx(plain["fgt1"])


def test_a_file_of_a_header_only_is_refused() -> None:
    with pytest.raises(UserError, match="no rows to measure"):
        asked({"income": []}, welfare="income", line="25")


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ({}, "nothing to measure"),
        ({"welfare": "income"}, "no poverty line"),
        ({"welfare": "income", "line": "25", "confidence": 95.0}, "between 0 and 1"),
        ({"welfare": "income", "line": "25", "quantiles": 1}, "--quantiles must be"),
        ({"welfare": "income", "line": "25", "lorenz": 5000}, "--lorenz must be"),
    ],
)
def test_a_question_that_does_not_fit_together_is_refused(question: dict[str, Any], said: str) -> None:
    with pytest.raises(UserError, match=said):
        asked(GOOD, **question)
