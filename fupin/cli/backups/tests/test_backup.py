"""A backup taken while deliveries come in and a run goes on is brought back whole, or refused with words."""

from __future__ import annotations

import json
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import connection

from fupin.cli import postgres
from fupin.cli.backups import restore_backup, take_backup
from fupin.cli.backups.programs import find_program
from fupin.cli.backups.take import LEFT_OUT
from fupin.cli.backups.tests.house import ask, command, fupin
from fupin.kernel.errors import UserError
from fupin.kernel.keys import Keys


@dataclass(frozen=True)
class Taken:
    """A house, its backup taken under load, the keys kept elsewhere, and what the house was before the load."""

    home: Path
    data: Path
    backup: Path
    keys: Path
    before: dict[str, Any]

    @property
    def manifest(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads((self.backup / "manifest.json").read_text())
        return told

    def empty(self) -> Path:
        """A place for another data folder."""
        return self.home / f"back-{secrets.token_hex(3)}"


@pytest.fixture(scope="module")
def taken() -> Iterator[Taken]:
    """Not below pytest's folder: as root, PostgreSQL's account must pass through."""
    home = Path("/tmp") / f"fupin 备份 {secrets.token_hex(3)}"
    home.mkdir(mode=0o711)
    data = home / "var"
    try:
        yield take_under_load(home, data)
    finally:
        postgres.destroy(data)
        shutil.rmtree(home)


def take_under_load(home: Path, data: Path) -> Taken:
    ask("build", data=data)
    before = ask("facts", data=data)
    assert fupin("audit", "seal", "--once", data=data).returncode == 0
    words, environment = command("fupin.cli.backups.tests.house", "write", data=data)
    writer = subprocess.Popen(words, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    assert writer.stdout.readline().strip() == "working"
    done = fupin("backup", str(home / "one"), "--keys", str(home / "keys"), data=data)
    writer.communicate("")
    assert done.returncode == 0, done.stderr
    return Taken(home, data, home / "one", home / "keys", before)


@pytest.fixture
def here(taken: Taken, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is refused before anything is read or written is asked for in this process: starting one takes seconds."""
    settings.FUPIN_DATA_DIR = taken.data
    monkeypatch.setenv("FUPIN_NO_DATABASE", "1")
    for name in ("DATABASE_URL", "DATABASE_OWNER_URL"):
        monkeypatch.delenv(name, raising=False)


def silent(step: str, share: float) -> None:
    """Nobody watches the progress."""


@pytest.fixture(scope="module")
def after(back: Path) -> dict[str, Any]:
    facts: dict[str, Any] = ask("facts", data=back)
    return facts


@pytest.fixture(scope="module")
def back(taken: Taken) -> Iterator[Path]:
    """Brought back into another data folder."""
    data = taken.home / "back"
    done = fupin("restore", str(taken.backup), "--keys", str(taken.keys), data=data)
    try:
        assert done.returncode == 0, done.stderr
        yield data
    finally:
        postgres.destroy(data)


def test_what_comes_back_is_what_was_there(taken: Taken, after: dict[str, Any]) -> None:
    said, tables = taken.manifest, dict(after["tables"])
    # the key of the tickets is written anew at the end of the restore, and that stands in the trail
    trails = tables.pop("accounts_trail"), said["tables"].pop("accounts_trail")
    assert trails[0] == trails[1] + 1
    assert tables == said["tables"]
    assert tables["exchange_delivery"] >= taken.before["tables"]["exchange_delivery"] + 4
    for run, digests in taken.before["digests"].items():
        assert after["digests"][run] == digests == after["pinned digests"][run]
    assert after["signs in"]
    assert after["numbers"] == taken.before["numbers"] != []


def test_every_file_that_a_row_names_is_there_though_files_came_and_went_meanwhile(taken: Taken, back: Path) -> None:
    found = ask("work_off", data=back)
    assert found["missing"] == taken.manifest["problems"] == []
    assert set(found["states"]) <= {"accepted", "refused"}


def test_sessions_and_the_key_of_the_tickets_are_not_brought_back(taken: Taken, after: dict[str, Any]) -> None:
    with psycopg.connect(postgres.ensure_server(taken.data).owner_url) as owner:
        sessions = owner.execute("SELECT count(*) FROM django_session").fetchone()
    assert sessions is not None
    assert sessions[0] > after["sessions"] == 0
    program = str(find_program("pg_restore", 18))
    listed = subprocess.check_output([program, "--list", str(taken.backup / "database.dump")], text=True)
    assert "TABLE DATA public accounts_user " in listed
    assert not [name for name in LEFT_OUT if f"TABLE DATA public {name} " in listed]


def test_the_trail_is_proved_whole_where_it_was_brought_back(back: Path) -> None:
    done = fupin("audit", "verify", data=back)
    assert done.returncode == 0, done.stderr
    assert "seals 0" not in done.stdout


@pytest.mark.django_db
def test_nothing_that_is_kept_points_to_what_is_left_out() -> None:
    """Else no backup could be restored."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT conrelid::regclass::text FROM pg_constraint WHERE contype = 'f'"
            " AND confrelid::regclass::text = ANY(%s) AND NOT conrelid::regclass::text = ANY(%s)",
            [list(LEFT_OUT), list(LEFT_OUT)],
        )
        assert cursor.fetchall() == []


def test_logins_get_new_passwords_and_keys_stay_closed(taken: Taken, back: Path) -> None:
    old, new = (json.loads((folder / "database.json").read_text()) for folder in (taken.data, back))
    assert not {old["app"], old["owner"]} & {new["app"], new["owner"]}
    assert all((back / name).stat().st_mode & 0o077 == 0 for name in ("keys.json", "secret-key", "database.json"))


def test_no_key_and_no_password_lies_in_the_backup(taken: Taken) -> None:
    secrets_of_house = [taken.data / name for name in ("keys.json", "secret-key", "database.json")]
    words = [json.loads(secrets_of_house[0].read_text())["lake"]["key"], secrets_of_house[1].read_text().strip()]
    words += [json.loads(secrets_of_house[2].read_text())["owner"]]
    told = (taken.backup / "manifest.json").read_text()
    assert not any(word in told for word in words)
    names = {path.name for path in taken.backup.rglob("*")}
    assert not names & {"keys.json", "secret-key", "database.json"}
    assert (taken.backup / "manifest.json").stat().st_mode & 0o077 == 0


def test_the_check_restores_into_a_throw_away_server(taken: Taken) -> None:
    done = fupin("backup", "--verify", "--restore-test", str(taken.backup), data=taken.empty())
    assert done.returncode == 0, done.stderr
    assert "备份完好" in done.stdout


def test_a_damaged_file_is_named_and_nothing_is_written(taken: Taken, here: None) -> None:
    victim = next(path for path in sorted((taken.backup / "data" / "lake").rglob("*.parquet")))
    whole = victim.read_bytes()
    victim.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    target = taken.empty()
    try:
        with pytest.raises(UserError, match=victim.name):
            restore_backup(source=taken.backup, data=target, keys=taken.keys, report=silent)
        checked = fupin("backup", "--verify", str(taken.backup), data=target)
    finally:
        victim.write_bytes(whole)
    assert checked.returncode == 2
    assert victim.name in checked.stderr
    assert "another backup" in checked.stderr
    assert not target.exists()


def test_other_keys_are_refused(taken: Taken, here: None, tmp_path: Path) -> None:
    Keys.generate().save(tmp_path / "keys.json")
    target = taken.empty()
    with pytest.raises(UserError) as refused:
        restore_backup(source=taken.backup, data=target, keys=tmp_path, report=silent)
    assert "not this backup's: e1, l1, p1" in refused.value.en
    assert not target.exists()


def test_a_backup_of_a_later_version_is_refused(taken: Taken, here: None, tmp_path: Path) -> None:
    copy = tmp_path / "later"
    copy.mkdir()
    told = taken.manifest
    told["migrations"].append("registry.9999_later")
    (copy / "manifest.json").write_text(json.dumps(told))
    with pytest.raises(UserError) as refused:
        restore_backup(source=copy, data=taken.empty(), keys=taken.keys, report=silent)
    assert "registry.9999_later" in refused.value.en
    assert "upgrade the program" in refused.value.hint_en


def test_the_next_backup_shares_what_has_not_changed(taken: Taken) -> None:
    target = taken.home / "two"
    done = fupin("backup", str(target), "--without-keys", "--since", str(taken.backup), data=taken.data)
    assert done.returncode == 0, done.stderr
    lake = list((taken.backup / "data" / "lake").rglob("*.parquet"))
    assert lake
    assert all((target / path.relative_to(taken.backup)).samefile(path) for path in lake)
    assert json.loads((target / "manifest.json").read_text())["key_folder"] == ""
    shutil.rmtree(target)


def test_where_the_keys_go_has_to_be_said(taken: Taken) -> None:
    done = fupin("backup", f"{taken.home}/new", data=taken.data)
    assert done.returncode == 2
    assert "say where the keys are" in done.stderr
    assert not (taken.home / "new").exists()


@pytest.mark.parametrize(
    ("target", "keys", "since", "words"),
    [
        ("new", "new", None, "must not lie with the backup"),
        ("new", "new/keys", None, "must not lie with the backup"),
        ("one", None, None, "not an empty folder"),
        ("var/backup", None, None, "must not lie in the data folder"),
        ("new", None, "keys", "is no backup"),
    ],
)
def test_a_backup_that_cannot_be_is_refused_with_words(
    taken: Taken, here: None, target: str, keys: str | None, since: str | None, words: str
) -> None:
    home = taken.home
    with pytest.raises(UserError) as refused:
        take_backup(
            target=home / target,
            keys=home / keys if keys else None,
            since=home / since if since else None,
            report=silent,
        )
    assert words in refused.value.en
    assert not (home / "new").exists()


def test_an_occupied_data_folder_is_not_touched(taken: Taken, here: None) -> None:
    with pytest.raises(UserError) as refused:
        restore_backup(source=taken.backup, data=taken.data, keys=taken.keys, report=silent)
    assert "the data folder is not empty" in refused.value.en


def test_a_backup_without_its_manifest_is_none(taken: Taken, here: None) -> None:
    with pytest.raises(UserError) as refused:
        restore_backup(source=taken.backup / "data", data=taken.empty(), keys=taken.keys, report=silent)
    assert "was not finished" in refused.value.en
