"""Procedures as data: the shipped ones, and what the loader refuses."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from fupin.catalogue.procedures import LASTING, procedures
from fupin.catalogue.schema import DATA, CatalogueError


def changed(folder: Path, old: str, new: str) -> Path:
    """The shipped folder with one text changed in the procedure of identification."""
    shutil.copytree(DATA / "procedures", folder, dirs_exist_ok=True)
    path = folder / "identification.toml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return folder


def test_identification_has_two_notices_and_one_announcement() -> None:
    kinds = [step.kind for step in procedures()["identification"].steps if step.kind in LASTING]
    assert kinds == ["notice", "notice", "announcement"]


def test_a_return_to_poverty_takes_the_steps_of_identification() -> None:
    assert procedures()["return"].steps == procedures()["identification"].steps


def test_the_three_kinds_of_monitored_households_are_named() -> None:
    kinds = procedures()["monitoring"].kinds or {}
    assert [zh for zh, _ in kinds.values()] == ["脱贫不稳定户", "边缘易致贫户", "突发严重困难户"]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('kind = "votes"', 'kind = "vote"', r"identification.toml \[appraisal\]: kind = 'vote'; write one of"),
        ('level = "town"', 'level = "hamlet"', r"\[town_audit\]: level = 'hamlet'"),
        ('lasts = "notice_village_days"', "", r"\[first_notice\]: a notice or announcement"),
        ('lasts = "notice_village_days"', 'lasts = "nobody_knows"', r"no parameter 'nobody_knows'"),
        ('papers = ["minutes"]', 'papers = ["diary"]', r"\[appraisal\]: papers = 'diary'"),
        ('signatures = ["household"]', 'signatures = ["cat"]', r"signatures = 'cat'"),
        ('returns_to = ["survey"]', 'returns_to = ["announcement"]', r"returns_to = 'announcement'"),
        ('id = "survey"', 'id = "application"', r"'application' stands twice"),
        ('begins_in = ["9"]', 'begins_in = ["x"]', r"identification.toml: state = 'x'"),
        ('count = "working"', 'count = "lunar"', r"count = 'lunar'"),
    ],
)
def test_a_faulty_file_is_refused_with_place_and_remedy(tmp_path: Path, old: str, new: str, told: str) -> None:
    with pytest.raises(CatalogueError, match=told):
        procedures(changed(tmp_path, old, new))


def test_steps_of_an_unknown_procedure_are_refused(tmp_path: Path) -> None:
    folder = changed(tmp_path, "两公示一公告：", "")
    path = folder / "return.toml"
    path.write_text(path.read_text(encoding="utf-8").replace('"identification"', '"nothing"'), encoding="utf-8")
    with pytest.raises(CatalogueError, match="steps_of = 'nothing'"):
        procedures(folder)


@pytest.mark.parametrize(
    ("head", "told"),
    [
        ("edition = 3\nsince = 2027-01-01", "edition = 3; write 2"),
        ("edition = 2", "since is the first day"),
        ("", "'identification' stands twice"),
    ],
)
def test_an_edition_that_does_not_follow_is_refused(tmp_path: Path, head: str, told: str) -> None:
    folder = changed(tmp_path, "两公示一公告：", "")
    text = (folder / "identification.toml").read_text(encoding="utf-8")
    text = text.replace('id = "identification"', f'id = "identification"\n{head}', 1)
    (folder / "identification_2.toml").write_text(text, encoding="utf-8")
    with pytest.raises(CatalogueError, match=told):
        procedures(folder)
