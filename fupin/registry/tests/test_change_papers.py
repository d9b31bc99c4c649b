"""Proofs of changes: a file or a sheet that somebody saw; listed, missing, opened in scope alone, resealed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import DatabaseError, connection, transaction

from fupin.accounts.api import acting_as
from fupin.accounts.models import Deed
from fupin.accounts.tests.fixtures import FAR_VILLAGE, VILLAGE, Cast
from fupin.catalogue.changes import change_kinds
from fupin.kernel.errors import Forbidden, NotFound, UserError
from fupin.kernel.keys import Keys
from fupin.kernel.live_keys import LiveKeys
from fupin.registry import api as registry
from fupin.registry.changes.models import ChangeFile, ChangePaper, ChangeRule
from fupin.registry.models import RegistryChange
from fupin.registry.tests.changing import DAY, do
from fupin.registry.tests.fixtures import Homes

PHOTO = b"\xff\xd8\xff\xe0" + b"picture" * 100


def death(cast: Cast, *papers: registry.Paper) -> RegistryChange:
    form = registry.Filing("death", DAY, "入户核实", papers)
    return do(cast.cadre, registry.end_membership, household_id="H-own", person_id="P-child", filing=form)


def photographed(content: bytes = PHOTO) -> registry.Paper:
    return registry.paper_of("death_certificate", name="证明.jpg", content=content)


def test_a_file_is_encrypted_and_comes_back_as_it_was_with_a_deed(cast: Cast, homes: Homes) -> None:
    change = death(cast, photographed())
    (paper,) = registry.papers_of([change])[change.pk]
    assert paper.file is not None
    assert (paper.file.name, paper.file.media, paper.by) == ("证明.jpg", "image/jpeg", cast.cadre)
    assert b"picture" not in bytes(ChangeFile.objects.get().content)
    with acting_as(cast.county_office):
        _file, content = registry.open_paper(by=cast.county_office, change_id=change.pk, mark=paper.file.mark)
    assert content == PHOTO
    deed = Deed.objects.get(verb="open_change_paper")
    assert (deed.by, deed.object_id, deed.detail["change"]) == (cast.county_office, "H-own", change.pk)


def test_a_sheet_seen_on_paper_says_by_whom_and_where_it_lies(cast: Cast, homes: Homes) -> None:
    change = death(cast, registry.paper_of("death_certificate", kept_at=" 村委会档案柜 12 "))
    (paper,) = registry.papers_of([change])[change.pk]
    assert (paper.kept_at, paper.file, paper.by) == ("村委会档案柜 12", None, cast.cadre)
    assert registry.missing_papers(change, [paper]) == []


@pytest.mark.parametrize("paper", [registry.Paper("death_certificate"), registry.Paper("birth_certificate", "村委会")])
def test_what_is_missing_is_named(cast: Cast, homes: Homes, paper: registry.Paper) -> None:
    """A tick alone proves nothing, and another paper not this."""
    with pytest.raises(UserError, match="缺少证明材料：死亡证明或户籍注销证明"):
        death(cast, paper)


@pytest.mark.parametrize(
    ("content", "said"), [(b"", "空文件"), (b"MZ\x90", "不是 PDF"), (b"%PDF-" + b"0" * (8 << 20), "8 MB")]
)
def test_a_file_that_is_no_paper_is_refused(content: bytes, said: str) -> None:
    with pytest.raises(UserError, match=said):
        photographed(content)


def test_a_change_from_before_lacks_its_papers_until_they_are_handed_in(cast: Cast, homes: Homes) -> None:
    """Changes that were only ticked."""
    change = death(cast, registry.paper_of("death_certificate", kept_at="村委会"))
    former = RegistryChange(kind="death", proofs=["death_certificate"])
    assert registry.missing_papers(former, []) == ["death_certificate"]
    added = do(cast.cadre, registry.add_paper, change_id=change.pk, paper=photographed())
    assert [one.pk for one in registry.papers_of([change])[change.pk]][-1] == added.pk
    with pytest.raises(UserError, match="不需要这份材料"):
        do(cast.cadre, registry.add_paper, change_id=change.pk, paper=registry.Paper("judgement", "村委会"))
    with pytest.raises(UserError, match="没有材料"):
        do(cast.cadre, registry.add_paper, change_id=change.pk, paper=registry.Paper("death_certificate"))


def test_a_file_is_opened_by_nobody_outside_and_by_no_onlooker(cast: Cast, homes: Homes) -> None:
    change = death(cast, photographed())
    mark = ChangeFile.objects.get().mark
    wanted: dict[str, Any] = {"change_id": change.pk, "mark": mark}
    with acting_as(cast.stranger), pytest.raises(NotFound):
        registry.open_paper(by=cast.stranger, **wanted)
    with acting_as(cast.decision), pytest.raises(Forbidden):
        registry.open_paper(by=cast.decision, **wanted)
    with acting_as(cast.stranger):
        assert not ChangeFile.objects.exists()
        assert not ChangePaper.objects.exists()
        with pytest.raises(NotFound):
            registry.add_paper(by=cast.stranger, change_id=change.pk, paper=photographed())


def test_papers_are_only_added_to_the_own_villages_changes(cast: Cast, homes: Homes) -> None:
    change = death(cast, photographed())
    columns = "registry_changepaper (change_id, village_code, paper, kept_at, by_id)"
    insert = f"INSERT INTO {columns} VALUES (%s, %s, 'x', 'x', %s)"
    with acting_as(cast.stranger), pytest.raises(DatabaseError, match="another village"), transaction.atomic():
        connection.cursor().execute(insert, [change.pk, FAR_VILLAGE, cast.stranger.pk])
    with acting_as(cast.cadre), connection.cursor() as cursor:
        cursor.execute(insert, [change.pk, change.village_code, cast.office.pk])
        assert ChangePaper.objects.latest("pk").by == cast.cadre
        for statement in ("UPDATE registry_changepaper SET kept_at = 'y'", "DELETE FROM registry_changefile"):
            with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
                cursor.execute(statement)


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_files_come_under_the_new_key(
    cast: Cast, homes: Homes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "keys.json"
    settings.FUPIN_KEYS.now.save(path)
    monkeypatch.setattr(settings, "FUPIN_KEYS", LiveKeys(path, lambda: Keys.load(path)))
    change = death(cast, photographed())
    old = settings.FUPIN_KEYS.now.encryption.id
    done = registry.rotate(by=None, purpose="encryption")
    assert done.rows["change_files"] == 1
    assert registry.keys_used("encryption")[old] == 0
    registry.drop_key(by=None, purpose="encryption", id_=old)
    with acting_as(cast.cadre):
        mark = ChangeFile.objects.get().mark
        assert registry.open_paper(by=cast.cadre, change_id=change.pk, mark=mark)[1] == PHOTO


BY_HAND = """
INSERT INTO registry_change (kind, household_id, person_id, village_code, effective, by_id, reason, proofs)
VALUES (%s, 'H-own', 'P-child', %s, %s, %s, '随便改改', '{death_certificate}') RETURNING id
"""
PAPER = "INSERT INTO registry_changepaper (change_id, village_code, paper, kept_at, by_id) VALUES (%s, %s, %s, %s, %s)"


def by_hand(cast: Cast, kind: str, *papers: tuple[str, str]) -> None:
    """The app's login writes the log without asking a service, and its transaction ends."""
    with acting_as(cast.cadre), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(BY_HAND, [kind, VILLAGE, DAY, cast.cadre.pk])
        (change,) = cursor.fetchone()
        for paper, kept_at in papers:
            cursor.execute(PAPER, [change, VILLAGE, paper, kept_at, cast.cadre.pk])
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


@pytest.mark.parametrize(
    ("kind", "papers", "said"),
    [
        ("death", [], "without its paper death_certificate"),
        ("death", [("birth_certificate", "村委会")], "without its paper death_certificate"),
        ("death", [("death_certificate", "  x ")], "without its paper death_certificate"),
        ("split", [("residence_page", "村委会")], "without its paper split_application"),
        ("gift", [("death_certificate", "村委会")], "of no known kind"),
    ],
)
def test_the_database_asks_for_the_papers_as_well(
    cast: Cast, homes: Homes, kind: str, papers: list[tuple[str, str]], said: str
) -> None:
    with pytest.raises(DatabaseError, match=said):
        by_hand(cast, kind, *papers)


def test_with_its_papers_the_same_statement_passes(cast: Cast, homes: Homes) -> None:
    by_hand(cast, "death", ("death_certificate", "村委会档案柜"))
    assert RegistryChange.objects.filter(reason="随便改改").exists()


@pytest.mark.django_db(transaction=True)
def test_nothing_is_left_of_a_change_without_its_papers(cast: Cast, homes: Homes) -> None:
    """Asked when the transaction ends: all of it goes."""
    with pytest.raises(DatabaseError, match="without its paper"), acting_as(cast.cadre), transaction.atomic():
        connection.cursor().execute(BY_HAND, ["death", VILLAGE, DAY, cast.cadre.pk])
    assert not RegistryChange.objects.filter(reason="随便改改").exists()


@pytest.mark.parametrize(
    "statement",
    ["UPDATE registry_changerule SET papers = '{}'", "DELETE FROM registry_changerule",
     "INSERT INTO registry_changerule VALUES ('gift', '{}')"],
)  # fmt: skip
def test_what_is_asked_for_is_the_owners(cast: Cast, homes: Homes, statement: str) -> None:
    with acting_as(cast.office), pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        connection.cursor().execute(statement)


def test_every_kind_of_the_catalogue_is_known_to_the_database(cast: Cast) -> None:
    written = dict(ChangeRule._default_manager.values_list("kind", "papers"))
    assert written == {one.id: [] if one.by_case else list(one.papers) for one in change_kinds().values()}
