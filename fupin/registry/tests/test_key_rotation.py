"""Rotating keys: nothing is lost, nothing stops, a rotation that was broken off goes on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connections

from fupin.accounts.models import Deed
from fupin.accounts.tests.fixtures import Cast
from fupin.kernel.errors import UserError
from fupin.kernel.keys import Keys
from fupin.kernel.live_keys import LiveKeys
from fupin.registry import api as registry
from fupin.registry import key_rotation
from fupin.registry.models import Household, Person
from fupin.registry.tests.fixtures import HEAD_ID, PHONE, Homes

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])


@pytest.fixture
def homes(transactional_db: None, live: LiveKeys, homes: Homes) -> Iterator[Homes]:
    yield homes
    connections["owner"].close()


def everything_works(cast: Cast) -> None:
    assert registry.reveal_id(by=cast.cadre, person_id="P-own", reason="入户核对") == HEAD_ID
    assert registry.masked_phone(cast.cadre, "H-own") == "138****0001"
    assert registry.members_of(cast.cadre, "H-own")[0].id_masked.endswith(HEAD_ID[-4:])
    for text in (HEAD_ID, HEAD_ID[-4:], HEAD_ID[-6:], PHONE, PHONE[-4:]):
        assert "H-own" in {found.pk for found in registry.search_households(cast.office, text)}, text


@pytest.mark.parametrize("suite", ["aes", "sm4"])
@pytest.mark.parametrize("purpose", ["encryption", "lookup"])
def test_everything_is_under_the_new_key_and_the_old_one_can_go(
    cast: Cast, homes: Homes, live: LiveKeys, purpose: str, suite: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "FUPIN_CIPHER", suite)
    old, before = getattr(live.now, purpose), registry.keys_used(purpose)
    done = registry.rotate(by=None, purpose=purpose)
    assert registry.keys_used(purpose) == {done.key: before[old.id]}
    assert (done.made, getattr(live.now, purpose).suite) == (True, suite)
    everything_works(cast)
    registry.drop_key(by=None, purpose=purpose, id_=old.id)
    assert live.now.former(purpose) == ()
    everything_works(cast)


@pytest.mark.parametrize("purpose", ["encryption", "lookup"])
def test_a_rotation_that_was_broken_off_goes_on_without_another_key(
    cast: Cast, homes: Homes, live: LiveKeys, purpose: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(key_rotation, "BATCH", 1)
    written = key_rotation._write

    def killed(*arguments: object) -> None:
        written(*arguments)  # type: ignore[arg-type]
        monkeypatch.setattr(key_rotation, "_write", broken)

    def broken(*_arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(key_rotation, "_write", killed)
    with pytest.raises(KeyboardInterrupt):
        registry.rotate(by=None, purpose=purpose)
    assert len(registry.keys_used(purpose)) == 2
    everything_works(cast)
    with pytest.raises(UserError, match="不能删除"):
        registry.drop_key(by=None, purpose=purpose, id_=live.now.former(purpose)[0].id)
    monkeypatch.setattr(key_rotation, "_write", written)
    done = registry.rotate(by=None, purpose=purpose)
    assert (done.made, set(registry.keys_used(purpose))) == (False, {done.key})
    everything_works(cast)


def test_another_process_learns_of_the_new_key_by_itself(live: LiveKeys) -> None:
    assert live.path is not None
    other = LiveKeys(live.path, lambda: Keys.load(live.path or Path()))
    before = other.now
    live.put(live.now.rotated("encryption"))
    assert (before.encryption.id, other.now.encryption.id) == ("e1", "e2")
    assert other.now.retired == (before.encryption,)


def test_opening_many_values_stands_in_the_trail(homes: Homes, live: LiveKeys) -> None:
    registry.rotate(by=None, purpose="encryption")
    begun, done = Deed.objects.filter(object_kind="keys").order_by("pk")
    assert (begun.verb, begun.detail["to"]) == ("rotate_key", "e2")
    assert done.detail["opened_and_written_anew"]["registry_sealedvalue"] == 4


def test_keys_stand_neither_in_the_database_nor_in_the_log(
    homes: Homes, live: LiveKeys, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level("DEBUG")
    registry.rotate(by=None, purpose="encryption")
    registry.rotate(by=None, purpose="lookup")
    assert live.path is not None
    content = json.loads(live.path.read_text())
    entries = [entry for found in content.values() for entry in (found if isinstance(found, list) else [found])]
    assert len(entries) == 5
    keys = live.now
    secrets = [
        key.secret.hex() for one in ("encryption", "lookup", "lake") for key in (getattr(keys, one), *keys.former(one))
    ]
    told = caplog.text + "".join(capsys.readouterr()) + "".join(dump())
    assert "450124" in told  # the dump does hold the rows
    assert not [secret for secret in (*secrets, *(entry["key"] for entry in entries)) if secret in told]


def dump() -> Iterator[str]:
    """Every table as text, bytes as hex; the owner reads the closed one, too."""
    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace")
        for (table,) in cursor.fetchall():
            cursor.execute(f"SELECT t::text FROM {table} t")
            yield from (row for (row,) in cursor.fetchall())


def test_a_key_that_is_present_or_unknown_is_not_dropped(homes: Homes) -> None:
    for id_ in ("e1", "e9"):
        with pytest.raises(UserError, match="没有编号"):
            registry.drop_key(by=None, purpose="encryption", id_=id_)
    with pytest.raises(UserError, match="没有用途"):
        registry.rotate(by=None, purpose="trail")


def test_rows_that_come_in_under_the_old_key_meanwhile_keep_it(cast: Cast, homes: Homes, live: LiveKeys) -> None:
    """A load that took its keys before the rotation: nothing is lost, the next rotation goes on with them."""
    keys = live.now
    registry.rotate(by=None, purpose="lookup")
    Person.objects.filter(pk="P-own").update(id_lookup=keys.lookup_hash(HEAD_ID), lookup_key=keys.lookup.id)
    everything_works(cast)
    assert not registry.rotate(by=None, purpose="lookup").made
    assert set(registry.keys_used("lookup")) == {"p2"}
    assert Household.objects.filter(lookup_key="p2").count() == 3


def test_only_one_rotation_at_a_time(homes: Homes) -> None:
    with key_rotation.one_rotation():
        other = connections["owner"].copy()
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(%s)", [key_rotation.LOCK])
            assert cursor.fetchone() == (False,)
        other.close()


def test_new_keys_never_take_an_old_id() -> None:
    keys = Keys.generate().rotated("encryption").rotated("encryption")
    assert (keys.encryption.id, [key.id for key in keys.retired]) == ("e3", ["e2", "e1"])
    assert keys.without("encryption", "e2").rotated("encryption").encryption.id == "e4"
    assert replace(keys).lookup == keys.lookup
