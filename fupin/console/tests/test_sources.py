"""How the source of a value is told, and where the figures of an older run lead."""

from fupin.console.portraits import sources_in_words
from fupin.identify.api import RegionResult
from fupin.ui.figures import dimension_means, region_figures
from fupin.ui.tests.visitor import Visitor

ROW = {"dataset": "ps_vehicles", "cut_off": "2026-09-30", "row": 12}


def test_rows_of_one_delivery_are_named_together() -> None:
    told = sources_in_words([ROW, {**ROW, "row": 15}])
    assert len(told) == 1
    assert told[0].endswith("2026-09-30 · 第 12、15 行")


def test_a_household_without_a_row_in_the_delivery_is_said_so() -> None:
    [told] = sources_in_words([{**ROW, "row": None, "absent": True}])
    assert told.endswith("2026-09-30 · 无此户记录")


def result() -> RegionResult:
    counts = ("households", "persons", "registered_households", "registered_persons", "unexited_households")
    more = ("unexited_persons", "poor", "possibly", "stable", "undecided", "findings", "severe_findings")
    sums = {"dim_low_sum": [60_000, 0], "dim_high_sum": [80_000, 0], "dim_weight_sum": [10, 0]}
    return RegionResult(region="4501", low_sum=1, high_sum=1, **dict.fromkeys((*counts, *more), 1), **sums)


def test_every_figure_of_an_older_run_opens_the_list_of_that_run() -> None:
    figures = region_figures(result(), "older")
    assert figures.figures
    assert all("run=older" in one.href for one in figures.figures)
    assert "run=older" in figures.list_href
    assert not any("run=" in one.href for one in region_figures(result()).figures)


def test_a_dimension_that_applies_to_nobody_has_no_mean() -> None:
    assert dimension_means(result()) == [0.7, None]


def test_the_list_of_a_named_run_keeps_the_run_when_it_is_filtered(visitor: Visitor) -> None:
    run = visitor.city.run.pk
    assert visitor.sign_in("office").open(f"/households/?run={run}&state=listed") == 200
    assert visitor.page.input_value("input[name=run]") == run
    first = visitor.page.get_attribute("tbody tr >> nth=0", "data-href")
    assert first is not None
    assert first.endswith(f"?run={run}")
    assert visitor.open("/households/?run=nothing") == 404


def test_generated_data_are_said_to_be_generated_before_signing_in(visitor: Visitor) -> None:
    visitor.open("/sign-in/")
    assert "演示数据" in visitor.page.inner_text(".banner")
