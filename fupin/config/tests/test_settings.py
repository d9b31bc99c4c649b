"""What must hold for the settings whatever the environment says."""

import os
import subprocess
import sys
from pathlib import Path

from django.conf import settings
from django.core.files.uploadhandler import load_handler
from django.http import HttpRequest


def test_the_face_is_chinese_and_time_is_chinas() -> None:
    assert settings.LANGUAGE_CODE == "zh-hans"
    assert settings.TIME_ZONE == "Asia/Shanghai"
    assert settings.USE_TZ


def test_a_session_ends_after_thirty_idle_minutes() -> None:
    assert settings.SESSION_COOKIE_AGE == 1800
    assert "fupin.ui.sessions.note_presence" in settings.MIDDLEWARE


def test_uploads_never_stay_in_memory() -> None:
    (name,) = settings.FILE_UPLOAD_HANDLERS
    assert type(load_handler(name, HttpRequest())).__name__ == "TemporaryFileUploadHandler"
    assert str(settings.FILE_UPLOAD_TEMP_DIR).startswith(str(settings.FUPIN_DATA_DIR))


def test_every_app_of_the_package_is_installed() -> None:
    apps = {path.parent.name for path in settings.FUPIN_PACKAGE.glob("*/apps.py")}
    assert {f"fupin.{name}" for name in apps} <= set(settings.INSTALLED_APPS)


def test_a_command_that_reads_only_code_passes_the_checks_where_no_data_is_and_makes_none(tmp_path: Path) -> None:
    data = tmp_path / "not yet"
    environ = os.environ | {"FUPIN_NO_DATABASE": "1", "FUPIN_DATA_DIR": str(data)}
    code = "import sys; from django.core.management import execute_from_command_line as run; run(sys.argv)"
    environ["DJANGO_SETTINGS_MODULE"] = "fupin.config.settings"
    done = subprocess.run(
        [sys.executable, "-c", code, "check"], env=environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert not data.exists()
