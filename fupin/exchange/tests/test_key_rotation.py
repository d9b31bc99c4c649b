"""Rotating keys over what was delivered: nothing is lost, nothing waits, what was broken off goes on."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connections, transaction

from fupin.accounts.api import Deed, User
from fupin.exchange import api as exchange
from fupin.exchange import key_rotation, services
from fupin.exchange.intake import take_in
from fupin.exchange.models import LakeFile
from fupin.exchange.rules import dataset_named
from fupin.exchange.tests.files import CUT_OFF, HEADER, csv_bytes, person, row, written
from fupin.exchange.tests.test_receive import BAD, deliver, files_of
from fupin.kernel.errors import UserError
from fupin.kernel.keys import Keys, keyed_hash
from fupin.kernel.live_keys import LiveKeys
from fupin.registry import api as registry
from fupin.registry.models import Person
from fupin.registry.tests.fixtures import HEAD_ID, Homes

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])
LATER = date(2020, 1, 1)


@pytest.fixture
def live(transactional_db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LiveKeys]:
    path = tmp_path / "keys.json"
    Keys.generate().save(path)
    found = LiveKeys(path, lambda: Keys.load(path))
    monkeypatch.setattr(settings, "FUPIN_KEYS", found)
    monkeypatch.setattr(key_rotation, "PAUSE", 0)
    yield found
    connections["owner"].close()


@pytest.fixture
def homes(live: LiveKeys, homes: Homes) -> Homes:
    """Their numbers are under the keys of the test."""
    return homes


@pytest.fixture
def delivered(data: Path, live: LiveKeys, office: User, tmp_path: Path) -> list[exchange.Delivery]:
    """Two deliveries; the first has a quarantined row."""
    tables = [[row(1), BAD], [row(3), row(4)]]
    return [
        deliver(office, written(tmp_path, csv_bytes([HEADER, *rows]), f"{number}.csv"))
        for number, rows in enumerate(tables)
    ]


def once(doing: Callable[..., object], then: Callable[[], object]) -> Callable[..., object]:
    """``doing``, and after its first call ``then``."""
    calls = []

    def wrapped(*arguments: object, **named: object) -> object:
        made = doing(*arguments, **named)
        calls.append(1)
        if len(calls) == 1:
            then()
        return made

    return wrapped


def breaking(doing: Callable[..., object]) -> Callable[..., object]:
    """``doing`` the first time; then the process is interrupted."""
    calls: list[int] = []

    def wrapped(*arguments: object) -> object:
        calls.append(1)
        if len(calls) > 1:
            raise KeyboardInterrupt
        return doing(*arguments)

    return wrapped


def under(version: str) -> list[str]:
    """Deliveries that a run under this version of the lake key could read."""
    return [one.delivery for one in exchange.usable_deliveries(LATER, version)]


def hashes_of(version: str) -> set[bytes]:
    files = exchange.usable_deliveries(LATER, version)
    return {key for one in files for key in pl.read_parquet(one.path)["id_number_key"]}


def test_every_file_lies_under_the_new_key_beside_the_old_one(
    data: Path, live: LiveKeys, delivered: list[exchange.Delivery]
) -> None:
    before = {path.name: path.read_bytes() for path in (data / "lake").rglob("*.parquet")}
    done = exchange.rotate_key(by=None, purpose="lake")
    assert (done.key, done.made, done.rows["lake"], registry.lake_key_in_use()) == ("l2", True, 2, "l2")
    assert under("l1") == under("l2")
    assert hashes_of("l2") == {keyed_hash(live.now.lake, person(number)) for number in (1, 3, 4)}
    assert all((data / "lake" / "fi_card" / name).read_bytes() == content for name, content in before.items())
    kept = {file.path: file.sha256 for file in exchange.files_kept()}
    assert {one.path.relative_to(data).as_posix() for one in exchange.usable_deliveries(LATER)} < set(kept)
    assert Deed.objects.get(verb="lake_turned").detail == {"from": "l1", "to": "l2"}


def test_persons_have_both_hashes_until_the_turn(homes: Homes, live: LiveKeys, data: Path) -> None:
    registry.rotate(by=None, purpose="lake")
    found = Person.objects.get(pk="P-own")
    assert registry.lake_key_in_use() == "l1"
    assert bytes(found.lake_key or b"") == keyed_hash(live.now.lake, HEAD_ID)
    assert bytes(found.lake_former or b"") == keyed_hash(live.now.lake_key("l1"), HEAD_ID)
    assert seen_in_snapshot(data / "during") == ("l1", keyed_hash(live.now.lake_key("l1"), HEAD_ID))
    assert not exchange.rotate_key(by=None, purpose="lake").made
    assert seen_in_snapshot(data / "after") == ("l2", keyed_hash(live.now.lake, HEAD_ID))
    exchange.drop_key(by=None, purpose="lake", id_="l1")
    assert not Person.objects.exclude(lake_former=None).exists()
    assert seen_in_snapshot(data / "last") == ("l2", keyed_hash(live.now.lake, HEAD_ID))


def test_a_key_that_goes_during_the_next_rotation_takes_no_hash_in_use(
    homes: Homes, live: LiveKeys, data: Path
) -> None:
    exchange.rotate_key(by=None, purpose="lake")
    registry.rotate(by=None, purpose="lake")
    exchange.drop_key(by=None, purpose="lake", id_="l1")
    assert seen_in_snapshot(data / "during") == ("l2", keyed_hash(live.now.lake_key("l2"), HEAD_ID))


def seen_in_snapshot(folder: Path) -> tuple[str, bytes]:
    info = registry.snapshot(folder)
    persons = pl.read_parquet(folder / "persons.parquet")
    return info.lake_key, persons.row(by_predicate=pl.col("person_id") == "P-own", named=True)["key"]


def test_a_rotation_that_was_broken_off_goes_on_without_another_key(
    data: Path, live: LiveKeys, delivered: list[exchange.Delivery], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(key_rotation, "_derive", breaking(key_rotation._derive))
        with pytest.raises(KeyboardInterrupt):
            exchange.rotate_key(by=None, purpose="lake")
    assert (registry.lake_key_in_use(), len(under("l1")), LakeFile.objects.count()) == ("l1", 2, 1)
    with pytest.raises(UserError, match="l2"):
        under("l2")
    with pytest.raises(UserError, match="不能删除"):
        exchange.drop_key(by=None, purpose="lake", id_="l1")
    done = exchange.rotate_key(by=None, purpose="lake")
    assert (done.key, done.made, done.rows["lake"], len(under("l2"))) == ("l2", False, 1, 2)
    assert files_of(data / "work") == []


def test_a_delivery_that_arrives_meanwhile_is_there_under_both(
    live: LiveKeys, delivered: list[exchange.Delivery], office: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def arrive() -> None:
        deliver(office, written(tmp_path, csv_bytes([HEADER, row(7)]), "late.csv"))

    monkeypatch.setattr(key_rotation, "_derive", once(key_rotation._derive, arrive))
    assert exchange.rotate_key(by=None, purpose="lake").rows["lake"] == 3
    assert len(under("l1")) == len(under("l2")) == 3


def test_a_delivery_that_was_being_read_at_the_turn_is_read_again(
    live: LiveKeys, delivered: list[exchange.Delivery], office: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    turn = once(take_in, lambda: exchange.rotate_key(by=None, purpose="lake"))
    monkeypatch.setattr(services, "take_in", turn)
    late = deliver(office, written(tmp_path, csv_bytes([HEADER, row(7)]), "late.csv"))
    assert (late.lake_key, len(under("l2"))) == ("l2", 3)
    assert keyed_hash(live.now.lake, person(7)) in hashes_of("l2")


def test_the_platform_does_not_turn_while_hashes_are_being_written(
    live: LiveKeys, delivered: list[exchange.Delivery], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(key_rotation, "TURNS", 2)
    with transaction.atomic():
        assert registry.hold_lake_key().id == "l1"
        with pytest.raises(UserError, match="原来的密钥"):
            exchange.rotate_key(by=None, purpose="lake")
    assert registry.lake_key_in_use() == "l1"
    assert not exchange.rotate_key(by=None, purpose="lake").made
    assert registry.lake_key_in_use() == "l2"


def test_a_file_that_cannot_be_derived_is_named_and_the_old_key_stays_in_use(
    data: Path, live: LiveKeys, delivered: list[exchange.Delivery]
) -> None:
    raw = data / "raw" / f"{delivered[0].pk}.sealed"
    content = raw.read_bytes()
    raw.write_bytes(content[:-1] + b"?")
    with pytest.raises(UserError, match=delivered[0].pk):
        exchange.rotate_key(by=None, purpose="lake")
    assert (registry.lake_key_in_use(), LakeFile.objects.get().delivery_id) == ("l1", delivered[1].pk)
    raw.write_bytes(content)
    assert exchange.rotate_key(by=None, purpose="lake").rows["lake"] == 1
    assert len(under("l2")) == 2


def test_a_key_can_go_when_nothing_needs_it_and_the_next_rotation_does_without(
    live: LiveKeys, delivered: list[exchange.Delivery]
) -> None:
    with pytest.raises(UserError, match="没有编号"):
        exchange.drop_key(by=None, purpose="lake", id_="l1")
    exchange.rotate_key(by=None, purpose="lake")
    exchange.drop_key(by=None, purpose="lake", id_="l1")
    assert exchange.rotate_key(by=None, purpose="lake").key == "l3"
    assert len(under("l3")) == 2
    assert exchange.keys_used("lake") == {"l3": 2}


def test_sealed_files_and_quarantined_rows_follow_the_encryption_key(
    data: Path, live: LiveKeys, delivered: list[exchange.Delivery], office: User
) -> None:
    assert exchange.keys_used("encryption") == {"e1": 3}
    done = exchange.rotate_key(by=None, purpose="encryption")
    assert (done.rows["raw"], done.rows["quarantine"]) == (2, 1)
    assert exchange.keys_used("encryption") == {"e2": 3}
    exchange.drop_key(by=None, purpose="encryption", id_="e1")
    sheet = io.BytesIO()
    assert exchange.write_bad_rows(by=office, delivery=delivered[0], stream=sheet) == 1
    assert BAD[0].encode() in sheet.getvalue()
    assert exchange.rotate_key(by=None, purpose="lake").rows["lake"] == 2


def test_sealing_anew_that_was_broken_off_goes_on_without_another_key(
    live: LiveKeys, delivered: list[exchange.Delivery], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(key_rotation, "_reseal_file", breaking(key_rotation._reseal_file))
        with pytest.raises(KeyboardInterrupt):
            exchange.rotate_key(by=None, purpose="encryption")
    with pytest.raises(UserError, match="1 sealed files or rows"):
        exchange.drop_key(by=None, purpose="encryption", id_="e1")
    assert not exchange.rotate_key(by=None, purpose="encryption").made
    assert exchange.keys_used("encryption") == {"e2": 3}


def test_a_file_that_waits_in_the_queue_is_read_after_the_rotation(
    data: Path, live: LiveKeys, clerk: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when its reader had looked at the keys before."""
    file = SimpleUploadedFile("f.csv", csv_bytes([HEADER, row(1)]))
    one = exchange.enqueue(by=clerk, dataset="fi_card", uploaded_file=file, provider="p", batch="b", cut_off=CUT_OFF)
    named = once(dataset_named, lambda: exchange.rotate_key(by=None, purpose="encryption"))
    monkeypatch.setattr(services, "dataset_named", named)
    assert exchange.process(one.pk).state == exchange.DeliveryState.ACCEPTED
    assert exchange.keys_used("encryption") == {"e2": 1}
