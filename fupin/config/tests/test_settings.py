"""What must hold for the settings whatever the environment says."""

from django.conf import settings
from django.core.files.uploadhandler import load_handler
from django.http import HttpRequest


def test_the_face_is_chinese_and_time_is_chinas() -> None:
    assert settings.LANGUAGE_CODE == "zh-hans"
    assert settings.TIME_ZONE == "Asia/Shanghai"
    assert settings.USE_TZ


def test_a_session_ends_after_thirty_idle_minutes() -> None:
    assert settings.SESSION_COOKIE_AGE == 1800
    assert settings.SESSION_SAVE_EVERY_REQUEST


def test_uploads_never_stay_in_memory() -> None:
    (name,) = settings.FILE_UPLOAD_HANDLERS
    assert type(load_handler(name, HttpRequest())).__name__ == "TemporaryFileUploadHandler"
    assert settings.FILE_UPLOAD_TEMP_DIR.startswith(str(settings.FUPIN_DATA_DIR))


def test_every_app_of_the_package_is_installed() -> None:
    apps = {path.parent.name for path in settings.FUPIN_PACKAGE.glob("*/apps.py")}
    assert {f"fupin.{name}" for name in apps} <= set(settings.INSTALLED_APPS)
