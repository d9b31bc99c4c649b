import json
import time
from functools import partial
from pathlib import Path

import pytest

from fupin.bench.__main__ import BENCHMARKS, main, markdown
from fupin.bench.frame import Result, Work, alternate, made, measure


def big(megabytes: int) -> Work:
    return lambda: len(bytes(megabytes * 1_000_000).replace(b"\0", b"1"))


def slow_to_prepare(seconds: float) -> Work:
    time.sleep(seconds)
    return lambda: "done"


def broken() -> Work:
    raise ValueError("no such column")


def test_a_line_holds_both_sides_the_ratio_and_whether_the_reach_was_kept() -> None:
    line = json.loads(Result("index", 10, 2.6, 2.0, 99.6, "Polars", 1.2, {"floor_s": 0.01234567}).as_line())
    assert line["ratio"] == 1.3
    assert line["reached"] is False
    assert (line["peak_mb"], line["floor_s"]) == (100, 0.01235)


def test_a_side_is_measured_in_a_process_of_its_own_with_its_own_memory() -> None:
    large, small = measure(partial(big, 300)), measure(partial(big, 1))
    assert large.value == 300_000_000
    assert large.peak_mb > 300
    assert small.peak_mb < large.peak_mb - 200


def test_preparing_is_not_timed() -> None:
    assert measure(partial(slow_to_prepare, 0.3)).seconds < 0.2


def test_the_error_of_a_side_reaches_the_caller() -> None:
    with pytest.raises(RuntimeError, match="no such column"):
        measure(broken)


def test_sides_take_turns_and_the_last_value_is_kept() -> None:
    found = alternate({"a": partial(big, 1), "b": partial(big, 2)}, 2)
    assert {name: one.value for name, one in found.items()} == {"a": 1_000_000, "b": 2_000_000}


def test_data_are_made_once_and_never_left_half_made(tmp_path: Path) -> None:
    def fails(folder: Path) -> None:
        (folder / "half").touch()
        raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011
        made(tmp_path / "data", fails)
    assert not (tmp_path / "data").exists()
    made(tmp_path / "data", lambda folder: (folder / "whole").touch())
    assert [p.name for p in made(tmp_path / "data", fails).iterdir()] == ["whole"]


def test_stored_lines_become_a_table() -> None:
    text = markdown([Result("index", 2_000_000, 3.0, 2.0, 900, "Polars", 1.3, {"floor_s": 0.5}).as_line()])
    assert text.splitlines()[-1] == "| index | 2,000,000 | 3.0 | 2.0 | 1.5 | 1.3 | no | 900 | Polars | floor_s 0.5 |"


def test_an_unknown_name_is_answered_with_the_names_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["indx"]) == 2
    assert ", ".join(BENCHMARKS) in capsys.readouterr().err


def test_a_failed_benchmark_does_not_stop_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[str] = []

    def run_one(name: str, data: Path, quick: bool) -> bool:
        tried.append(name)
        return name != "index"

    monkeypatch.setattr("fupin.bench.__main__._in_own_process", run_one)
    assert main(["link", "index", "--data", str(tmp_path)]) == 1
    assert tried == ["index", "link"]
