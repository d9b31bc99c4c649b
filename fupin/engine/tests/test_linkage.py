from pathlib import Path

import polars as pl
import pytest

from fupin.engine.evaluate import Score, score_entities, score_labels, true_pairs
from fupin.engine.linkage import Model, clusters, link_frames, predict, read_model
from fupin.kernel.errors import UserError

DATA = Path(__file__).parents[1] / "data" / "linkage"


def test_entities_count_every_true_pair() -> None:
    assert true_pairs(["a", "a", "a", "b"]) == 3
    assert true_pairs(["a", "b"], ["a", "a", "c"]) == 2


def test_a_score_counts_right_wrong_and_missed_links() -> None:
    pairs = pl.DataFrame({"left": ["1", "1"], "right": ["2", "3"]})
    score = score_entities(pairs, {"1": "x", "2": "x", "3": "y", "4": "y"})
    assert score == Score(tp=1, fp=1, fn=1)
    assert score.as_dict()["f1"] == 0.5
    assert score_labels(pairs, {("1", "2"): True, ("3", "4"): True, ("1", "4"): False}) == Score(1, 0, 1)


def test_links_reach_through_others_in_a_cluster() -> None:
    pairs = pl.DataFrame({"left": ["b", "c", "x"], "right": ["a", "b", "y"]})
    assert clusters(pairs) == {"a": "a", "b": "a", "c": "a", "x": "x", "y": "x"}


def _model(**changes: object) -> Model:
    levels = [{"exact": True, "m": 0.9, "u": 0.01}, {"else": True, "m": 0.1, "u": 0.99}]
    values = {
        "comparison": ({"column": "name", "levels": levels},),
        "blocking": ("1=1",),
        "prior": 0.1,
        "threshold": 0.5,
        "id": "id",
    }
    return Model(**{**values, **changes})  # type: ignore[arg-type]


def test_a_model_links_equal_names_with_the_probability_of_bayes() -> None:
    left = pl.DataFrame({"id": ["1", "2"], "name": ["ann", "bob"]})
    right = pl.DataFrame({"id": ["8", "9"], "name": ["bob", "cid"]})
    pairs = link_frames(_model(), left, right)
    assert pairs.select("left", "right").rows() == [("2", "8")]
    assert pairs["probability"][0] == pytest.approx(0.1 * 0.9 / (0.1 * 0.9 + 0.9 * 0.01))


@pytest.mark.parametrize("across", [True, False])
def test_the_order_of_the_rows_does_not_change_the_pairs(across: bool) -> None:
    rows = pl.DataFrame({"id": ["2", "10", "3", "1"], "name": ["ann", "bob", "bob", "ann"]})
    other = rows.with_columns(pl.col("id") + "x") if across else None
    pairs = predict(_model(), rows, other, 0.5)
    assert len(pairs) == (8 if across else 2)
    assert pairs.equals(predict(_model(), rows.reverse(), None if other is None else other.sort("name"), 0.5))
    assert across or pairs.select("left", "right").rows() == [("1", "2"), ("10", "3")]


def test_either_of_two_conditions_of_a_rule_is_enough() -> None:
    left = pl.DataFrame({"id": ["1", "2"], "name": ["ann", "bob"], "no": ["7", "8"]})
    right = pl.DataFrame({"id": ["8", "9"], "name": ["bob", "ann"], "no": ["7", "8"]})
    model = _model(blocking=("l.name = r.name or l.no = r.no",))
    assert predict(model, left, right).select("left", "right").rows() == [
        ("1", "8"),
        ("1", "9"),
        ("2", "8"),
        ("2", "9"),
    ]


def test_a_deterministic_rule_links_what_the_model_would_not() -> None:
    rows = pl.DataFrame({"id": ["1", "2"], "name": ["ann", "anna"], "no": [" 7", "7 "]})
    model = _model(deterministic=(("no",),), clean={"no": ["strip"]})
    assert link_frames(model, rows).select("left", "right").rows() == [("1", "2")]


BAD_LEVEL = "comparison = [{column='a', levels=[{exact=true}]}]\nblocking=[]\nprior=.1\nthreshold=.5"


@pytest.mark.parametrize(
    "text",
    [
        "x = [",
        "id = 'a'",
        "idd = 'a'",
        BAD_LEVEL,
    ],
)
def test_a_wrong_configuration_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "model.toml"
    path.write_text(text)
    with pytest.raises(UserError, match=r"model\.toml"):
        read_model(path)


def test_the_committed_configurations_can_be_read() -> None:
    assert {path.stem: read_model(path).threshold for path in DATA.glob("f*.toml")} == {
        "febrl3": 0.5,
        "febrl4": 0.5,
        "fake_1000": 0.5,
    }
