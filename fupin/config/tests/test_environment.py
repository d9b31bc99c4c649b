"""Settings work with none given and fail loudly, with a way out, when one is wrong."""

from pathlib import Path

import pytest

from fupin.config import environment
from fupin.kernel.errors import UserError


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in environment.ENVIRONMENT:
        monkeypatch.delenv(name, raising=False)


def test_a_database_url_is_taken_apart() -> None:
    found = environment.database("DATABASE_URL", "postgresql://wang:p%40ss@db.example:6432/fupin?sslmode=require")
    assert (found["USER"], found["PASSWORD"], found["HOST"]) == ("wang", "p@ss", "db.example")
    assert (found["PORT"], found["NAME"], found["OPTIONS"]) == ("6432", "fupin", {"sslmode": "require"})


def test_a_socket_folder_in_the_url_is_the_host() -> None:
    found = environment.database("", "postgresql://fupin_app:x@/fupin?host=%2Ftmp%2Ffupin-1")
    assert (found["HOST"], found["PORT"], found["OPTIONS"]) == ("/tmp/fupin-1", "", {})


@pytest.mark.parametrize(
    "url",
    [
        "mysql://wang:secret@host/fupin",
        "postgresql://wang:secret@host",
        "postgresql://wang:secret@host:port/fupin",
        "postgresql://wang:secret@host:99999/fupin",
        "fupin.db",
        "postgresql://wang:secret@host/a/b",
    ],
)
def test_a_wrong_url_is_refused_with_a_hint_and_without_its_password(url: str) -> None:
    with pytest.raises(UserError) as refused:
        environment.database("DATABASE_URL", url)
    assert "DATABASE_URL" in str(refused.value)
    assert environment.URL_SHAPE in refused.value.hint_zh
    assert "secret" not in str(refused.value)


def test_the_owner_signs_in_for_migrations_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://app:a@h/fupin")
    monkeypatch.setenv("DATABASE_OWNER_URL", "postgresql://owner:o@h/fupin")
    found = environment.databases()
    assert {alias: entry["USER"] for alias, entry in found.items()} == {"default": "app", "owner": "owner"}


def test_a_pool_belongs_to_web_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://app:a@h/fupin")
    assert "pool" not in environment.databases()["default"]["OPTIONS"]
    monkeypatch.setenv("FUPIN_DB_POOL", "7")
    found = environment.databases()
    assert found["default"]["OPTIONS"]["pool"]["max_size"] == 7
    assert "pool" not in found["owner"]["OPTIONS"]


@pytest.mark.parametrize(("text", "meaning"), [("1", True), ("YES", True), ("0", False), ("", False), ("off", False)])
def test_flags(monkeypatch: pytest.MonkeyPatch, text: str, meaning: bool) -> None:
    monkeypatch.setenv("FUPIN_DEBUG", text)
    assert environment.flag("FUPIN_DEBUG") is meaning


@pytest.mark.parametrize(("name", "value"), [("FUPIN_DEBUG", "maybe"), ("FUPIN_NO_DATABASE", "否")])
def test_a_flag_that_is_neither_yes_nor_no_is_refused(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(UserError, match=name):
        environment.flag(name)


def test_a_number_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FUPIN_DB_POOL", "-1")
    with pytest.raises(UserError, match="FUPIN_DB_POOL"):
        environment.number("FUPIN_DB_POOL", 0)


def test_keys_are_made_once_and_closed_to_others(tmp_path: Path) -> None:
    first = environment.keys(tmp_path)
    assert environment.keys(tmp_path) == first
    assert (tmp_path / "keys.json").stat().st_mode & 0o077 == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["keys.json", "keys.made"]


def test_the_secret_key_is_made_once_and_closed_to_others(tmp_path: Path) -> None:
    first = environment.secret_key(tmp_path)
    assert len(first) >= 50
    assert environment.secret_key(tmp_path) == first
    assert (tmp_path / "secret-key").stat().st_mode & 0o077 == 0


def test_a_short_secret_key_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FUPIN_SECRET_KEY", "short")
    with pytest.raises(UserError, match="FUPIN_SECRET_KEY"):
        environment.secret_key(tmp_path)


def test_a_named_keys_file_is_never_made_up(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FUPIN_KEYS_FILE", str(tmp_path / "absent.json"))
    with pytest.raises(UserError):
        environment.keys(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_commands_that_only_read_code_make_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FUPIN_NO_DATABASE", "1")
    environment.keys(tmp_path)
    environment.secret_key(tmp_path)
    assert environment.databases()["default"]["ENGINE"] == "django.db.backends.dummy"
    assert list(tmp_path.iterdir()) == []


def test_every_variable_that_the_code_reads_is_listed() -> None:
    package = Path(environment.__file__).parent.parent
    sources = [path for path in package.rglob("*.py") if "tests" not in path.parts]
    read = {word for path in sources for word in names_in(path.read_text(encoding="utf-8"))}
    assert "FUPIN_PG_IDLE_SECONDS" in read
    assert read <= set(environment.ENVIRONMENT)


def names_in(source: str) -> set[str]:
    """The variables that a source reads by way of ``os.environ`` or of our own readers."""
    import re

    readers = r"environ\.get\(|environ\[|environ\.setdefault\(|flag\(|number\(|words\("
    return set(re.findall(rf'(?:{readers})"((?:FUPIN|DATABASE)_\w+)"', source))


def test_only_https_origins_are_trusted_behind_tls() -> None:
    assert environment.trusted_origins(["fupin.example", ".gx.example"], https=True) == [
        "https://fupin.example",
        "https://gx.example",
    ]
    assert environment.trusted_origins(["fupin.example"], https=False) == []


def test_a_second_maker_of_a_secret_takes_the_first_ones(tmp_path: Path) -> None:
    for text in ("first", "second"):
        fresh = tmp_path / f"fresh-{text}"
        fresh.write_text(text)
        environment.put_once(fresh, tmp_path / "secret")
    assert (tmp_path / "secret").read_text() == "first"
    assert [path.name for path in tmp_path.iterdir()] == ["secret"]


def test_lost_keys_are_never_replaced_silently(tmp_path: Path) -> None:
    first = environment.keys(tmp_path)
    (tmp_path / "keys.json").rename(tmp_path / "elsewhere.json")
    with pytest.raises(UserError, match="密钥文件 keys"):
        environment.keys(tmp_path)
    (tmp_path / "elsewhere.json").rename(tmp_path / "keys.json")
    assert environment.keys(tmp_path) == first


def test_the_keys_of_another_installation_are_refused(tmp_path: Path) -> None:
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    for folder in (ours, theirs):
        folder.mkdir()
        environment.keys(folder)
    (ours / "keys.json").write_bytes((theirs / "keys.json").read_bytes())
    with pytest.raises(UserError, match="不是这套数据的"):
        environment.keys(ours)


def test_a_blank_variable_counts_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FUPIN_HOSTS", " ")
    assert environment.words("FUPIN_HOSTS", "localhost,127.0.0.1") == ["localhost", "127.0.0.1"]
