"""The tests themselves run as production does: the app's login on tables of the owner."""

import pytest
from django.contrib.sessions.models import Session
from django.db import ProgrammingError, connection, transaction
from django.utils import timezone
from playwright.sync_api import Page


@pytest.mark.django_db
def test_the_app_signs_in_without_the_right_to_change_tables() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user = tableowner FROM pg_tables WHERE tablename = 'django_migrations'")
        assert cursor.fetchone() == (False,)
    with (
        pytest.raises(ProgrammingError, match="permission denied"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("CREATE TABLE mine (x int)")


@pytest.mark.django_db
def test_the_queue_is_usable_by_the_app() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM procrastinate_jobs")
        assert cursor.fetchone() == (0,)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("turn", [1, 2])
def test_tests_that_commit_leave_nothing_behind(turn: int) -> None:
    assert not Session.objects.exists()
    Session.objects.create(session_key="left-behind", expire_date=timezone.now())


def test_the_browser_runs_scripts_and_reads_chinese(page: Page) -> None:
    page.set_content("<p id=a></p><script>document.getElementById('a').textContent = navigator.language</script>")
    assert page.inner_text("#a") == "zh-CN"
