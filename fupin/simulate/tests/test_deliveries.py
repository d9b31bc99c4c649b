"""The raw files of the departments: all there, and as untidy as real ones."""

import re
import zipfile
from pathlib import Path

import polars as pl
import pytest
from python_calamine import CalamineWorkbook

from fupin.catalogue.schema import Dataset, datasets
from fupin.kernel.identity import normalise
from fupin.simulate.api import Summary


def manifest(city: Summary) -> pl.DataFrame:
    return pl.read_csv(city.out / "deliveries" / "manifest.csv")


def text_of(path: Path) -> str:
    raw = path.read_bytes()
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("gb18030")


def files(city: Summary, dataset: str) -> list[Path]:
    return [city.out / "deliveries" / name for name in manifest(city).filter(dataset=dataset)["file"]]


def rows_of(path: Path) -> list[list[object]]:
    if path.suffix == ".xlsx":
        return [list(row) for row in CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()]
    return [list(re.split(r"[,;\t]", line)) for line in text_of(path).splitlines()]


def words(city: Summary) -> str:
    """All delivered text, spreadsheets too."""
    parts = []
    for name in manifest(city)["file"]:
        rows = rows_of(city.out / "deliveries" / name)
        parts += ["\n".join(",".join(map(str, row)) for row in rows)]
    return "\n".join(parts)


@pytest.fixture(scope="module")
def everything(city: Summary) -> str:
    return words(city)


def test_every_department_delivers_every_data_set(city: Summary) -> None:
    assert set(manifest(city)["dataset"]) == set(datasets())
    assert len({Path(name).parts[0] for name in manifest(city)["file"]}) == 19


def test_the_manifest_lists_exactly_the_files_and_says_they_are_generated(city: Summary) -> None:
    folder = city.out / "deliveries"
    found = {str(path.relative_to(folder)) for path in folder.glob("*/*")}
    assert set(manifest(city)["file"]) == found
    assert set(manifest(city)["note"]) == {"模拟数据 generated data"}
    assert "GENERATED DATA" in (city.out / "README.txt").read_text(encoding="utf-8")


def test_some_data_sets_come_in_an_older_and_a_newer_batch(city: Summary) -> None:
    days = manifest(city).group_by("dataset").agg(pl.col("cut_off").n_unique().alias("n"))
    assert set(days.filter(pl.col("n") == 2)["dataset"]) >= {"ca_subsistence", "ps_vehicles"}
    assert set(manifest(city)["cut_off"]) == {"2026-06-30", "2026-09-30"}


@pytest.mark.parametrize("dataset", datasets().values(), ids=lambda d: d.id)
def test_the_required_columns_stand_in_a_header_row(city: Summary, dataset: Dataset) -> None:
    for path in files(city, dataset.id):
        head = [{str(cell) for cell in row} for row in rows_of(path)[:4]]
        known = [{c.zh, *c.aliases} for c in dataset.columns.values() if c.required]
        assert any(all(names & cells for names in known) for cells in head), path.name


def test_both_encodings_and_all_separators_are_used(city: Summary) -> None:
    raw = [(city.out / "deliveries" / name).read_bytes() for name in manifest(city)["file"] if name.endswith("csv")]
    starts = {data[:3] == b"\xef\xbb\xbf" for data in raw}
    assert starts == {True, False}
    firsts = {data.split(b"\n")[2] for data in raw}
    assert all(any(mark in line for line in firsts) for mark in (b",", b"\t", b";"))
    gb = [data for data in raw if "姓名".encode("gb18030") in data or "身份证".encode("gb18030") in data]
    assert gb
    assert len(gb) < len(raw)


@pytest.mark.parametrize(
    "pattern",
    [
        r"\d{17}x", r"[０-９]{17}", r"2026年\d{1,2}月\d{1,2}日", r"2026/\d{1,2}/\d{1,2}", r"\b2026[01]\d[0-3]\d\b",
        r"2026-\d\d-\d\d", r"合计", r"2019/2/30", r"-100\.00", r"其它未知", r"模拟数据", r"\b\d{15}\b",
        r"\b4[56]\d{3}\b",
    ],
)  # fmt: skip
def test_a_way_of_writing_occurs(everything: str, pattern: str) -> None:
    assert re.search(pattern, everything), pattern


def test_some_id_numbers_are_wrong_and_some_are_missing(city: Summary) -> None:
    rows = rows_of(files(city, "ps_residents")[0])
    column = rows[0].index("身份证号") if "身份证号" in rows[0] else 0
    numbers = [normalise(str(row[column])) for row in rows[1:] if len(row) == len(rows[0])]
    problems = [n.problem for n in numbers if n.number is None]
    assert "check_digit" in problems
    assert "missing" in problems
    assert len(problems) < 0.05 * len(numbers)


def test_spreadsheets_hold_real_dates_and_fixed_times(city: Summary) -> None:
    path = files(city, "rl_households")[0]
    cells = [type(cell).__name__ for row in rows_of(path) for cell in row]
    assert "date" in cells
    with zipfile.ZipFile(path) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_some_rows_come_twice(city: Summary) -> None:
    rows = [tuple(map(str, row)) for row in rows_of(files(city, "ps_residents")[0])]
    assert len(set(rows)) < len(rows)


def test_money_is_in_the_unit_of_the_data_set(city: Summary) -> None:
    rows = rows_of(files(city, "mr_enterprises")[0])
    capital = [
        float(str(row[rows[0].index("注册资本")])) for row in rows[1:] if str(row[rows[0].index("注册资本")]) > "0"
    ]
    assert 1 < sorted(capital)[len(capital) // 2] < 500
