"""The checks of an installation find what is wrong and say how to mend it."""

from pathlib import Path

import pytest
from django.test import override_settings

from fupin.config import checks


def test_a_closed_installation_on_this_machine_is_in_order(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    keys = tmp_path / "keys.json"
    keys.touch(mode=0o600)
    with override_settings(FUPIN_DATA_DIR=tmp_path, FUPIN_KEYS_FILE=keys, ALLOWED_HOSTS=["localhost"], DEBUG=True):
        assert checks.check_data_folder() + checks.check_keys_file() + checks.check_exposure() == []


def test_an_open_data_folder_is_named(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    with override_settings(FUPIN_DATA_DIR=tmp_path):
        (found,) = checks.check_data_folder()
    assert found.id == "fupin.W001"
    assert found.hint == f"chmod o-rwx {tmp_path}"


def test_a_readable_key_file_is_an_error(tmp_path: Path) -> None:
    keys = tmp_path / "keys.json"
    keys.touch()
    keys.chmod(0o640)
    with override_settings(FUPIN_KEYS_FILE=keys):
        (found,) = checks.check_keys_file()
    assert found.id == "fupin.E002"
    assert found.hint == f"chmod 600 {keys}"


@pytest.mark.parametrize(
    ("debug", "https", "expected"),
    [
        (False, True, []),
        (True, True, ["fupin.E003"]),
        (False, False, ["fupin.W002"]),
        (True, False, ["fupin.E003", "fupin.W002"]),
    ],
)
def test_a_server_that_others_reach(debug: bool, https: bool, expected: list[str]) -> None:
    with override_settings(ALLOWED_HOSTS=["fupin.example"], DEBUG=debug, FUPIN_HTTPS=https):
        assert [found.id for found in checks.check_exposure()] == expected


@pytest.mark.parametrize(
    ("https", "proxies", "expected"), [(True, [], ["fupin.W003"]), (True, ["10.0.0.5"], []), (False, [], [])]
)
def test_a_proxy_that_is_not_named_is_told(https: bool, proxies: list[str], expected: list[str]) -> None:
    with override_settings(FUPIN_HTTPS=https, FUPIN_PROXIES=proxies):
        assert [found.id for found in checks.check_proxies()] == expected
