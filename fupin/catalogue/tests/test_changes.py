"""Kinds of change as data: the shipped ones, and what the loader refuses."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pytest

from fupin.catalogue.changes import ACTS, PAPERS, change_kinds
from fupin.catalogue.load import load_catalogue
from fupin.catalogue.schema import DATA, CatalogueError


def changed(folder: Path, name: str, old: str, new: str) -> Path:
    shutil.copytree(DATA / "changes", folder, dirs_exist_ok=True)
    path = folder / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return folder


def test_every_act_has_a_kind_and_every_paper_a_use() -> None:
    assert {kind.act for kind in change_kinds().values()} == set(ACTS)
    assert {paper for kind in change_kinds().values() for paper in kind.papers} == set(PAPERS)


def test_entry_exit_and_return_come_by_a_case_alone() -> None:
    assert {id_ for id_, kind in change_kinds().items() if kind.by_case} == {"entry", "exit", "return"}


def test_a_death_on_the_first_day_counts_and_a_move_does_not() -> None:
    day = date(2026, 3, 1)
    asked = {"today": day, "born": day, "joined": day}
    assert change_kinds()["death"].day_problem(day, **asked) == ""
    assert change_kinds()["move_out"].day_problem(day, **asked) == "joined"


@pytest.mark.parametrize(
    ("name", "old", "new", "told"),
    [
        ("increase.toml", 'act = "add"', 'act = "conjure"', r"increase.toml \[birth\]: act = 'conjure'; write one of"),
        ("increase.toml", 'level = "village"', 'level = "hamlet"', r"level = 'hamlet'"),
        ("increase.toml", 'papers = ["birth_certificate"]', 'papers = ["rumour"]', r"papers = 'rumour'"),
        ("increase.toml", 'id = "marriage_in"', 'id = "birth"', r"'birth' stands twice"),
        ("increase.toml", 'expect = "passes"', 'expect = "born"', r"is passes, not born"),
        ("increase.toml", 'number = "optional"', 'numbre = "optional"', r"unknown key numbre"),
        ("states.toml", 'begins_in = ["9"]', 'begins_in = ["x"]', r"begins_in = 'x'"),
        ("states.toml", 'ends_in = ["0"]\n', "", r"belong to the act state"),
        ("facts.toml", '"name", "sex"', '"shoe_size", "sex"', r"fields = 'shoe_size'"),
    ],
)
def test_a_faulty_file_is_refused_with_place_and_remedy(
    tmp_path: Path, name: str, old: str, new: str, told: str
) -> None:
    with pytest.raises(CatalogueError, match=told):
        change_kinds(changed(tmp_path, name, old, new))


def test_a_rule_that_proposes_a_change_is_a_rule_and_proposes_one() -> None:
    named = [rule for kind in change_kinds().values() for rule in kind.proposed_by]
    assert len(named) == len(set(named))
    assert set(named) <= set(load_catalogue().rules)
