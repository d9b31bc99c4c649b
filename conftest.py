"""For all tests: one throw-away PostgreSQL per session, a database per worker, a browser.

The server is the embedded one in a temporary data folder, or the one that DATABASE_URL names (its login, or the one of
DATABASE_OWNER_URL, must be allowed to create databases). It starts with the first test that asks for the database;
tests without one need no server. Tables are made by the owner's login and used, as in production, by the app's.
"""

import fcntl
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from playwright.sync_api import Browser, Page, sync_playwright
from psycopg import sql

from fupin.cli import postgres
from fupin.cli.postgres import cluster
from fupin.config import environment

# How long drawing takes says more of a busy machine than of a strategy. Drawn the same way every time: what is green
# once is green wherever the same code runs. `--hypothesis-profile=wide` looks further, differently each time.
PATIENT: dict[str, Any] = {"suppress_health_check": [HealthCheck.too_slow], "deadline": None}
hypothesis_settings.register_profile("same", **PATIENT, derandomize=True)
hypothesis_settings.register_profile("wide", **PATIENT)
hypothesis_settings.load_profile("same")
pytest_plugins = ["fupin.accounts.tests.fixtures", "fupin.registry.tests.fixtures", "fupin.ui.tests.fixtures"]

CHROMIUM_ARGUMENTS = [
    "--no-sandbox",  # tests run as root in containers
    "--disable-background-networking",  # on a closed network Chromium otherwise waits for its maker
    "--disable-component-update",
    "--disable-sync",
    "--disable-gpu",  # a page is painted by the processor, three times quicker than by a simulated graphics card
    "--enable-unsafe-swiftshader",  # the map's WebGL alone needs one
]
#: the files that take longest, longest first (`make test ARGS=--durations=0`): both workers begin with them and end
#: together with small ones
LONGEST = [
    f"fupin/{path}"
    for path in (
        "cli/backups/tests/test_backup.py",
        "console/tests/test_accessible.py",
        "cli/tests/test_serve.py",
        "command/tests/test_map_browser_tools.py",
        "identify/tests/test_screening.py",
        "console/tests/test_second_factor.py",
        "identify/tests/test_killed_worker.py",
        "identify/tests/test_lake_rotation.py",
        "console/tests/test_entrance.py",
        "console/tests/test_measures.py",
        "console/tests/test_screenings.py",
        "command/tests/test_map.py",
        "engine/tests/test_run.py",
        "bench/tests/test_engine_benchmarks.py",
        "console/tests/test_users.py",
        "console/tests/test_lists.py",
        "console/tests/test_hostile.py",
        "cli/postgres/tests/test_launcher.py",
        "engine/spark/tests/test_homes.py",
        "simulate/tests/test_bytes.py",
        "console/tests/test_agreements.py",
        "console/tests/test_findings.py",
        "registry/tests/test_moving_values.py",
        "gateway/tests/test_fuzzed.py",
        "command/tests/test_lists.py",
    )
]
OWN_VARIABLES = [name for name in environment.ENVIRONMENT if name not in ("DATABASE_URL", "FUPIN_CHROMIUM")]


def pytest_configure(config: pytest.Config) -> None:
    """Before any test: settings of their own, whatever the developer's environment says."""
    if not hasattr(config, "workerinput"):
        begin_session()
    import django
    from django.conf import settings

    django.setup()
    quick = "django.contrib.auth.hashers.MD5PasswordHasher"  # slow on purpose otherwise
    settings.PASSWORD_HASHERS = [quick, "fupin.accounts.hashers.DrawnPassword"]
    empty_tables_quickly()


def empty_tables_quickly() -> None:
    """After a test that commits only the tables that have been written to are emptied: 0.1 s instead of 0.7."""
    from django.db import connections
    from django.test.testcases import TransactionTestCase

    def empty(case: TransactionTestCase) -> None:
        aliases = case._databases_names(include_mirrors=False)  # type: ignore[attr-defined]
        for name in {str(connections[alias].settings_dict["NAME"]) for alias in aliases}:
            with closing(psycopg.connect(logins().admin, dbname=name)) as admin, admin:
                empty_written_tables(admin)

    TransactionTestCase._fixture_teardown = empty  # type: ignore[attr-defined]


def empty_written_tables(admin: psycopg.Connection[Any]) -> None:
    """By their size on disk, which row policies do not hide. Almost every table refers to the accounts: were they
    truncated, too, all the files of all these tables would be made anew."""
    from django.db import connection

    kept = ("django_migrations", "django_content_type", "auth_permission")  # as the migrations left them
    names = sorted(set(connection.introspection.django_table_names(only_existing=True)) - set(kept))
    query = "SELECT name FROM unnest(%s::text[]) name WHERE pg_relation_size(name::regclass) > 0"
    written = {row[0] for row in admin.execute(query, [names])}
    accounts = "accounts_user"
    if accounts in written and admin.info.parameter_status("is_superuser") == "on":
        admin.execute("SET session_replication_role = replica")  # nobody asks who refers to them
        admin.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(accounts)))
        written.remove(accounts)
    if written:
        tables = sql.SQL(", ").join(map(sql.Identifier, sorted(written)))
        admin.execute(sql.SQL("TRUNCATE {} CASCADE").format(tables))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files first. Within a file, and among the others, the order stays."""
    place = {path: index for index, path in enumerate(LONGEST)}
    items.sort(key=lambda item: place.get(item.nodeid.split("::")[0], len(LONGEST)))


def begin_session() -> None:
    """Choose the data folder and the server; the workers inherit the environment."""
    app = os.environ.get("DATABASE_URL", "")
    owner = os.environ.get("DATABASE_OWNER_URL", "") or app
    for name in (*OWN_VARIABLES, "PYTHONDONTWRITEBYTECODE"):  # the tests start many processes: compiled once will do
        os.environ.pop(name, None)
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "fupin.config.settings",
        "FUPIN_DATA_DIR": str(Path(tempfile.gettempdir()) / f"fupin-test-{secrets.token_hex(4)}"),
        "FUPIN_PG_FAST": "1",
        "FUPIN_SECOND_FACTOR": "numbers",  # the tests of the second factor ask for more
        "FUPIN_TEST_APP_URL": app,
        "FUPIN_TEST_OWNER_URL": owner,
        "DATABASE_URL": "postgresql://nobody@/set-by-the-fixture",  # settings load without starting a server
    }


def pytest_unconfigure(config: pytest.Config) -> None:
    """The session's server and files go with it."""
    if not hasattr(config, "workerinput") and "FUPIN_TEST_APP_URL" in os.environ:
        postgres.destroy(Path(os.environ["FUPIN_DATA_DIR"]))


@dataclass(frozen=True)
class Logins:
    """How the tests reach the server: one login that may create databases, the owner's, the app's."""

    admin: str
    owner: str
    app: str


@cache
def logins() -> Logins:
    """Our own server is started by the first who asks."""
    if app := os.environ["FUPIN_TEST_APP_URL"]:
        owner = os.environ["FUPIN_TEST_OWNER_URL"]
        return Logins(owner, owner, app)
    server = postgres.ensure_server()
    return Logins(server.superuser_url, server.owner_url, server.app_url)


@pytest.fixture(scope="session")
def django_db_setup(django_db_blocker: Any) -> Iterator[None]:
    """A fresh database for this worker (takes the place of pytest-django's, which knows one login only)."""
    from django.db import connections

    use = logins()
    for alias, url in (("default", use.app), ("owner", use.owner)):
        connections.databases[alias] |= environment.database(alias, url)
    with a_database(use, "", django_db_blocker) as name:
        with django_db_blocker.unblock():
            _switch(name)
        yield
        with django_db_blocker.unblock():
            connections.close_all()


@pytest.fixture(scope="session")
def pages_database(django_db_setup: None, django_db_blocker: Any) -> Iterator[str]:
    """A second database of this worker, for a city that is built once and read by the tests of all pages.

    Its rows are committed; in the worker's first database they would be in the way of the other tests.
    """
    with a_database(logins(), "_pages", django_db_blocker) as name:
        yield name


@pytest.fixture(scope="session")
def runs_database(django_db_setup: None, django_db_blocker: Any) -> Iterator[str]:
    """A third one, for the city of the tests of runs."""
    with a_database(logins(), "_runs", django_db_blocker) as name:
        yield name


@contextmanager
def in_database(name: str) -> Iterator[None]:
    """Both logins work in another database of the same server."""
    from django.db import connections

    before = connections.databases["default"]["NAME"]
    try:
        _switch(name)
        yield
    finally:
        _switch(before)


def _switch(name: str) -> None:
    from django.db import connections

    for alias in ("default", "owner"):
        connections[alias].close()
        connections.databases[alias]["NAME"] = name


@contextmanager
def a_database(use: Logins, suffix: str, blocker: Any) -> Iterator[str]:
    """A copy of the one in which all workers find the tables made; only the first of them migrates."""
    migrated = "test_fupin"
    name = f"test_fupin_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}{suffix}"
    drop_database(use, name)
    with Path(os.environ["FUPIN_DATA_DIR"], "migrated").open("a+") as mark:
        fcntl.flock(mark, fcntl.LOCK_EX)
        if not mark.tell():
            migrate_database(use, migrated, blocker)
            mark.write("done")
            mark.flush()
        create_database(use, name, template=migrated)
    yield name
    if os.environ["FUPIN_TEST_APP_URL"]:  # our own server goes with all it holds
        drop_database(use, name)


def migrate_database(use: Logins, name: str, blocker: Any) -> None:
    from django.core.management import call_command

    drop_database(use, name)
    create_database(use, name, template="template0")
    with blocker.unblock(), in_database(name):
        call_command("migrate", database="owner", verbosity=0, interactive=False)
        write_rules()


def write_rules() -> None:
    """What `fupin migrate` writes into new tables from the catalogue."""
    from fupin.identify import api as identify

    identify.write_rules()


def create_database(use: Logins, name: str, template: str) -> None:
    owner, app = (environment.database("", url)["USER"] for url in (use.owner, use.app))
    with closing(psycopg.connect(use.admin, dbname="postgres", autocommit=True)) as admin:
        # Only a database that nobody is in can be copied: threads of tests before may not have left it yet.
        admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (template,))
        cluster.make_database(admin, name, owner, template)
    with closing(psycopg.connect(use.admin, dbname=name, autocommit=True)) as inside:
        cluster.grant(inside, owner=owner, app=app)
        # Tests that commit are cleaned up by TRUNCATE, which the app's login may not do in production.
        allow = "ALTER DEFAULT PRIVILEGES FOR ROLE {} GRANT TRUNCATE ON TABLES TO {}"
        inside.execute(sql.SQL(allow).format(sql.Identifier(owner), sql.Identifier(app)))


def drop_database(use: Logins, name: str) -> None:
    with closing(psycopg.connect(use.admin, dbname="postgres", autocommit=True)) as admin:
        admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture(autouse=True)
def platform_acts(request: pytest.FixtureRequest) -> Iterator[None]:
    """What a test prepares and looks up by itself, it does for the platform; requests and jobs open their own scope.

    Tests of the guard itself begin with ``nobody_acting``.
    """
    from fupin.accounts.api import acting_for_platform

    marker = request.node.get_closest_marker("django_db")
    for fixture in ("transactional_db", "db"):
        wanted = marker is not None and (fixture == "db" or marker.kwargs.get("transaction"))
        if fixture in request.fixturenames or wanted:
            request.getfixturevalue(fixture)  # its transaction begins first
            break
    with acting_for_platform("test"):
        yield


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium without a window. `make test` installs it; FUPIN_CHROMIUM names another."""
    # Playwright's loop runs in this thread, where Django would refuse the database to protect async code: we have none.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    program = os.environ.get("FUPIN_CHROMIUM") or shutil.which("chromium-headless-shell") or "/usr/bin/chromium"
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=program, args=CHROMIUM_ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page in a fresh profile of a Chinese reader; errors of its scripts and what the policy blocks fail the test."""
    with closing(browser.new_context(locale="zh-CN", timezone_id="Asia/Shanghai")) as context:
        page = context.new_page()
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda said: errors.append(said.text) if "Content Security Policy" in said.text else None)
        yield page
        assert errors == []
