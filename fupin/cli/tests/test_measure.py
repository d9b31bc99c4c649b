"""`fupin measure` on files: kinds of files, what it prints, what it says to wrong input."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import typer
import xlsxwriter
from typer.testing import CliRunner

from fupin.cli.measure import register
from fupin.engine.measure.tests.rows import DATA
from fupin.kernel.errors import UserError

ROWS = [("村甲", 10.5, 1), ("村甲", 20, 2), ("村乙", 30, 1), ("村乙", 45, 1)]
FGT0 = pytest.approx(3 / 5)


def run(*arguments: object) -> str:
    app = typer.Typer()
    register(app)
    app.callback()(lambda: None)
    result = CliRunner().invoke(app, ["measure", *map(str, arguments)])
    if isinstance(result.exception, UserError):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.output


def told(*arguments: object) -> dict[str, Any]:
    return json.loads(run(*arguments, "--json"))  # type: ignore[no-any-return]


def csv_text() -> str:
    return "村,人均收入,权数\n" + "".join(f"{village},{income},{weight}\n" for village, income, weight in ROWS)


def workbook(path: Path) -> None:
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet()
        for number, row in enumerate([("村", "人均收入", "权数"), *ROWS]):
            sheet.write_row(number, 0, row)


def written(folder: Path, kind: str) -> Path:
    path = folder / f"居民.{kind}"
    if kind == "xlsx":
        workbook(path)
    elif kind == "parquet":
        pl.DataFrame(ROWS, schema=["村", "人均收入", "权数"], orient="row", strict=False).write_parquet(path)
    else:
        path.write_text(csv_text(), encoding=kind)
    return path


@pytest.mark.parametrize("kind", ["utf-8", "utf-8-sig", "gb18030", "xlsx", "parquet"])
def test_every_kind_of_file_gives_the_same_figures(tmp_path: Path, kind: str) -> None:
    answer = told(written(tmp_path, kind), "--welfare", "人均收入", "--weight", "权数", "--line", 25, "--by", "村")
    assert (answer["rows"], answer["weight_sum"], answer["fgt0"]) == (4, 5, FGT0)
    assert [(group["group"], group["fgt0"]) for group in answer["groups"]] == [("村乙", 0), ("村甲", 1)]


def test_json_has_every_measure_with_error_and_interval() -> None:
    answer = told(DATA / "wbpip_0.csv", "--welfare", "welfare", "--weight", "weight", "--line", "mean")
    for name in ("fgt0", "fgt1", "fgt2", "watts", "gini", "mld"):
        assert 0 < answer[f"{name}_se"] < answer[name]
        assert answer[f"{name}_low"] < answer[name] < answer[f"{name}_high"]


def test_confidence_quantiles_and_lorenz_are_as_asked() -> None:
    arguments = (DATA / "wbpip_0.csv", "--welfare", "welfare", "--weight", "weight", "--line", "mean")
    wide, narrow = (told(*arguments, "--confidence", level, "--quantiles", 4, "--lorenz", 5) for level in (0.99, 0.8))
    assert wide["gini_high"] - wide["gini_low"] > narrow["gini_high"] - narrow["gini_low"]
    assert [step["p"] for step in wide["quantiles"]] == [0.25, 0.5, 0.75]
    assert [step["p"] for step in wide["lorenz"]] == [0, 0.2, 0.4, 0.6, 0.8, 1]
    assert (wide["lorenz"][0]["share"], wide["lorenz"][-1]["share"]) == (0, pytest.approx(1))


def test_clusters_widen_and_strata_are_named() -> None:
    arguments = (DATA / "wbpip_0.csv", "--welfare", "welfare", "--weight", "weight", "--line", "mean")
    design = told(*arguments, "--strata", "area", "--clusters", "gender")["design"]
    assert (design["kind"], design["strata"], design["clusters"]) == ("stratified clusters", "area", "gender")


def test_mexico_by_its_shipped_specification_and_another_cutoff() -> None:
    file = DATA / "mexico_coneval_2014.parquet"
    answer = told(file, "--mpi", "mexico", "--weight", "factor_hog", "--cutoff", "1/6")
    assert (answer["rows"], round(answer["h"], 4)) == (58_121, 0.8059)
    assert {"a", "m0", "a_se", "m0_low"} <= answer.keys()


def test_money_and_many_dimensions_can_be_asked_together() -> None:
    file = DATA / "mexico_coneval_2014.parquet"
    text = run(file, "--welfare", "ict_norm", "--logs", "--line", "60%median", "--mpi", "mexico", "--by", "tam_loc")
    assert "基尼系数 Gini" in text
    assert "多维贫困指数 M0" in text
    assert text.count("tam_loc = ") == 4


def test_a_separator_other_than_the_comma_is_found(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(csv_text().replace(",", ";"), encoding="utf-8")
    assert told(path, "--welfare", "人均收入", "--weight", "权数", "--line", 25)["fgt0"] == FGT0


@pytest.mark.parametrize(
    ("content", "arguments", "said"),
    [
        (None, ["--welfare", "x", "--line", "1"], "no such file"),
        ("", ["--welfare", "x", "--line", "1"], "the file is empty"),
        ("x,y\n", ["--welfare", "x", "--line", "1"], "no rows to measure"),
        ("x,x\n1,2\n", ["--welfare", "x", "--line", "1"], "columns stand twice: x"),
        ("x,y\n1,2\n3,\n", ["--welfare", "y", "--line", "1"], r"missing values: 'y' 1 row \(row 3\)"),
        ("x,y\n1,2\nabc,2\n", ["--welfare", "x", "--line", "1"], r"not a number: 1 row \(row 3\)"),
        ("x,w\n1,-1\n", ["--welfare", "x", "--line", "1", "--weight", "w"], "negative weights"),
        ("x,w\n1,0\n", ["--welfare", "x", "--line", "1", "--weight", "w"], "are zero"),
        ("income\n1\n", ["--welfare", "incme", "--line", "1"], "did you mean: income"),
        ("x\n1\n", ["--welfare", "x", "--line", "0"], "must be positive"),
        ("x\n1\n", ["--welfare", "x", "--line", "1", "--cutoff", "1/3"], "--cutoff does not fit"),
        ("x\n1\n", ["--mpi", "nowhere"], "no such specification"),
        ("x\n1\n", ["--mpi", "mexico"], "no column 'ic_ali'"),
        ("x\n1\n", ["--welfare", "x"], "no poverty line"),
    ],
)
def test_wrong_input_is_answered_in_both_tongues(
    tmp_path: Path, content: str | None, arguments: list[str], said: str
) -> None:
    path = tmp_path / "file.csv"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    with pytest.raises(UserError, match=said) as caught:
        run(path, *arguments)
    assert caught.value.zh
    assert caught.value.hint_zh


def test_a_pdf_is_no_table_whatever_its_name(tmp_path: Path) -> None:
    path = tmp_path / "income.csv"
    path.write_bytes(b"%PDF-1.7 and so on")
    with pytest.raises(UserError, match="a PDF document"):
        run(path, "--welfare", "x", "--line", 1)


def test_a_broken_parquet_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    path.write_bytes(b"PAR1 this is not one")
    with pytest.raises(UserError, match="Parquet"):
        run(path, "--welfare", "x", "--line", 1)


def test_without_file_and_run_it_says_what_to_give() -> None:
    with pytest.raises(UserError, match="--run latest"):
        run("--welfare", "x", "--line", 1)


def test_a_run_is_measured_alone() -> None:
    with pytest.raises(UserError, match="not together with a file"):
        run("t.csv", "--run", "latest")
