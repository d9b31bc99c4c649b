"""A procedure whose steps change: open cases go on by the edition they began with, new ones take the new."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from fupin.accounts.api import acting_as
from fupin.accounts.tests.fixtures import VILLAGE, Cast
from fupin.catalogue import procedures as catalogue
from fupin.catalogue.schema import DATA
from fupin.identify.cases import in_database
from fupin.identify.cases.in_database import write_rules
from fupin.identify.cases.models import Notice
from fupin.identify.cases.queries import case_for, mine, procedure_of, to_hang, waits_for
from fupin.identify.cases.services import attach_paper
from fupin.identify.cases.tests.play import apply_for, compared, hang, ordinary_household, take, to_step
from fupin.kernel.errors import UserError
from fupin.registry.models import Household
from fupin.registry.tests.fixtures import Homes

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])
Wait = Callable[[int], None]
#: the second edition: a shorter survey with another paper, no second notice
CHANGES = (
    ('id = "identification"', 'id = "identification"\nedition = 2\nsince = {since}'),
    ('papers = ["survey_form"]', 'papers = ["survey_form", "authorisation"]'),
    ('days = "village_check_days", count = "working"', 'days = "answer_objection_days", count = "calendar"'),
)


def second_edition(folder: Path) -> None:
    shutil.copytree(DATA / "procedures", folder, dirs_exist_ok=True)
    text = (folder / "identification.toml").read_text(encoding="utf-8")
    for old, new in CHANGES:
        assert old in text
        text = text.replace(old, new.format(since=timezone.localdate() + timedelta(5)), 1)
    begin, end = text.index('[[step]]\nid = "second_notice"'), text.index('[[step]]\nid = "county_decision"')
    (folder / "identification_2.toml").write_text(text[:begin] + text[end:], encoding="utf-8")


@pytest.fixture
def amended(transactional_db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The second edition is in force in five days."""
    second_edition(tmp_path / "procedures")
    monkeypatch.setattr(catalogue, "FOLDER", tmp_path / "procedures")
    write_rules()
    yield
    monkeypatch.setattr(catalogue, "FOLDER", DATA / "procedures")
    monkeypatch.setattr(in_database, "_in_use", set)
    write_rules()


def test_open_cases_go_on_by_the_edition_they_began_with_and_new_ones_take_the_new(
    cast: Cast, homes: Homes, applicant: Household, amended: None, wait: Wait
) -> None:
    other = ordinary_household("H-later", VILLAGE, "覃大山")
    compared(applicant.pk, other.pk)
    old = take(cast.cadre, apply_for(cast.cadre, applicant))
    wait(5)
    new = take(cast.cadre, apply_for(cast.cadre, other))
    assert (old.edition, new.edition) == (1, 2)
    assert new.due_on == timezone.localdate() + timedelta(10)  # calendar days; the old one counts working days
    with acting_as(cast.cadre):
        assert [one.zh for one in waits_for(old)] == ["缺少材料：入户调查表"]
        assert [one.zh for one in waits_for(new)] == ["缺少材料：入户调查表", "缺少材料：信息核查授权书"]
        assert set(mine(cast.cadre, type(old).objects.all())) == {old, new}
    old, new = (to_step(cast, one, "town_audit", wait) for one in (old, new))
    assert [take(cast.town, one).step for one in (old, new)] == ["second_notice", "county_decision"]
    assert to_step(cast, case_for(cast.town, old.pk), "", wait).ended == "passed"
    assert to_step(cast, case_for(cast.town, new.pk), "", wait).ended == "passed"


def test_each_edition_hangs_on_a_notice_of_its_own(
    cast: Cast, homes: Homes, applicant: Household, amended: None, wait: Wait
) -> None:
    other = ordinary_household("H-later", VILLAGE, "覃大山")
    compared(applicant.pk, other.pk)
    old = to_step(cast, apply_for(cast.cadre, applicant), "first_notice", wait)
    wait(5)
    new = to_step(cast, apply_for(cast.cadre, other), "first_notice", wait)
    with acting_as(cast.cadre):
        assert [one["edition"] for one in to_hang(cast.cadre)] == [1, 2]
    hang(cast.cadre, old)
    hang(cast.cadre, new)
    assert sorted(Notice.objects.values_list("edition", flat=True)) == [1, 2]


def test_a_return_takes_the_editions_of_the_steps_it_takes_over(amended: None) -> None:
    assert [one.edition for one in catalogue.editions()["return"]] == [1, 2]
    assert catalogue.procedures_at(timezone.localdate())["return"].edition == 1
    assert catalogue.procedures_at(timezone.localdate() + timedelta(5))["return"].edition == 2


def test_the_database_demands_the_papers_of_the_cases_own_edition(
    cast: Cast, applicant: Household, amended: None, wait: Wait, monkeypatch: pytest.MonkeyPatch
) -> None:
    wait(5)
    case = take(cast.cadre, apply_for(cast.cadre, applicant))
    assert procedure_of(case).edition == 2
    with acting_as(cast.cadre):
        attach_paper(by=cast.cadre, case=case, paper="survey_form", kept_at="档案柜 7")
    monkeypatch.setattr("fupin.identify.cases.tests.play.papers", lambda *_given: None)
    monkeypatch.setattr("fupin.identify.cases.services.blocks_of", lambda *_given: [])
    with pytest.raises(UserError, match="a paper is missing"):
        take(cast.cadre, case)


def test_an_edition_in_use_is_not_changed_in_place(
    transactional_db: None, cast: Cast, homes: Homes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    apply_for(cast.cadre, homes.own, "exit")
    write_rules()
    shutil.copytree(DATA / "procedures", tmp_path / "procedures")
    path = tmp_path / "procedures" / "exit.toml"
    path.write_text(path.read_text(encoding="utf-8").replace('["minutes"]', "[]"), encoding="utf-8")
    monkeypatch.setattr(catalogue, "FOLDER", tmp_path / "procedures")
    with pytest.raises(UserError, match="exit 第 1 版的步骤有改动"):
        write_rules()
    path.unlink()
    monkeypatch.setattr(catalogue, "FOLDER", tmp_path / "procedures" / ".." / "procedures")  # read anew
    with pytest.raises(UserError, match="exit 第 1 版的步骤有改动"):
        write_rules()
