"""The tables of docs/measures.md say what the code computes, and its specification can be read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from fupin.engine.measure.spec import read_spec
from fupin.engine.measure.tests.rows import welfare
from fupin.engine.measure.welfare import all_measures

TEXT = (Path(__file__).parents[4] / "docs" / "measures.md").read_text(encoding="utf-8")
EXAMPLE = TEXT.split("## Worked example")[1].split("\n## ")[0]
ROWS = [tuple(map(float, pair)) for pair in re.findall(r"^\| (\d+) \| (\d+) \|$", EXAMPLE, re.MULTILINE)]
FIGURES = re.findall(r"^\| `(\w+)` \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \|$", EXAMPLE, re.MULTILINE)


@pytest.mark.parametrize("figure", FIGURES, ids=lambda figure: figure[0])
def test_the_worked_example_is_right(figure: tuple[str, ...]) -> None:
    y, w = zip(*ROWS, strict=True)
    found = all_measures(welfare(y, w), 100.0)[figure[0]]
    shown = [f"{float(part[0]):.4f}" for part in (found.value, found.se, found.low, found.high)]
    assert shown == list(figure[1:])


def test_the_worked_example_has_every_measure() -> None:
    assert [figure[0] for figure in FIGURES] == ["fgt0", "fgt1", "fgt2", "watts", "gini", "mld"]


def test_the_specification_of_the_documentation_can_be_read(tmp_path: Path) -> None:
    path = tmp_path / "my-index.toml"
    path.write_text(TEXT.split("```toml\n")[1].split("```")[0], encoding="utf-8")
    assert [one.id for one in read_spec(path).indicators] == ["water", "rooms", "illness"]
