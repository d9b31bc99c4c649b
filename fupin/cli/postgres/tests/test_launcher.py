"""The embedded server lives as long as somebody needs it, and comes back after any of its parts is killed."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from fupin.cli import postgres
from fupin.cli.postgres import cluster, locks, places, postmaster, server
from fupin.kernel.errors import UserError

CLIENT = "import sys; from pathlib import Path; from fupin.cli.postgres import ensure_server; "
CLIENT += "print(ensure_server(Path(sys.argv[1])).pid, flush=True); sys.stdin.read()"


@pytest.fixture(scope="module")
def data() -> Iterator[Path]:
    """A data folder of our own, in a folder whose name has spaces and Chinese; PostgreSQL's account may pass."""
    parent = Path("/tmp") / f"扶贫 试 {os.getpid()}"
    parent.mkdir(mode=0o711)
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("FUPIN_PG_IDLE_SECONDS", "1")
        environment.delenv("FUPIN_PG_FAST", raising=False)  # as in production
        yield parent / "数据 var"
    postgres.destroy(parent / "数据 var")
    parent.rmdir()


def client(data: Path) -> "subprocess.Popen[str]":
    """Another process that uses the server until its standard input closes."""
    command = [sys.executable, "-c", CLIENT, str(data)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def wait_until(happens: Callable[[], object], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not happens():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def one(url: str, query: str) -> object:
    with psycopg.connect(url) as connection:
        row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return row[0]


def test_it_starts_in_a_folder_with_spaces_and_chinese_and_listens_on_no_network(data: Path) -> None:
    found = postgres.ensure_server(data)
    assert one(found.app_url, "SELECT current_user") == "fupin_app"
    assert one(found.owner_url, "SHOW listen_addresses") == ""
    assert one(found.owner_url, "SHOW server_encoding") == "UTF8"
    assert one(found.owner_url, "SHOW synchronous_commit") == "on"


def test_a_second_start_is_quick_and_finds_the_same_server(data: Path) -> None:
    first = postgres.ensure_server(data)
    began = time.monotonic()
    assert postgres.ensure_server(data) == first
    assert time.monotonic() - began < 1


def test_a_wrong_password_is_refused(data: Path) -> None:
    found = postgres.ensure_server(data)
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(f"postgresql://fupin_owner:wrong@/fupin?host={found.socket}")


def test_secrets_are_readable_by_their_owner_only_and_absent_from_repr(data: Path) -> None:
    found = postgres.ensure_server(data)
    assert (data / "database.json").stat().st_mode & 0o077 == 0
    assert found.socket.stat().st_mode & 0o077 == 0
    assert cluster.read_plan(data).app not in repr(found)


def test_the_app_reads_and_writes_the_owners_tables_but_makes_none(data: Path) -> None:
    found = postgres.ensure_server(data)
    with psycopg.connect(found.owner_url) as owner:
        owner.execute("CREATE TABLE village (id bigint GENERATED ALWAYS AS IDENTITY, name text)")
    with psycopg.connect(found.app_url, autocommit=True) as app:
        app.execute("INSERT INTO village (name) VALUES ('平果')")
        app.execute("UPDATE village SET name = '平果市'")
        app.execute("CREATE TEMPORARY TABLE staging (name text)")
        assert app.execute("DELETE FROM village RETURNING name").fetchone() == ("平果市",)
        for refused in ("CREATE TABLE mine (x int)", "DROP TABLE village", "ALTER TABLE village ADD x int"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                app.execute(refused)


def test_a_failing_statement_leaves_no_personal_data_in_the_log(data: Path) -> None:
    found = postgres.ensure_server(data)
    with psycopg.connect(found.owner_url, autocommit=True) as owner:
        owner.execute("CREATE TABLE person (id_number text PRIMARY KEY)")
        for wrong in ("INSERT INTO person VALUES ('110101199003070000'), ('110101199003070000')",):
            with pytest.raises(psycopg.errors.UniqueViolation):
                owner.execute(wrong)
    folder = cluster.read_plan(data).folder(data) / "log"

    def logged() -> str:
        return "".join(log.read_text() for log in folder.glob("*.log"))

    # The server's log collector is a process of its own: the line comes after the refusal.
    wait_until(lambda: "person_pkey" in logged())
    assert "110101199003070000" not in logged()


@pytest.mark.parametrize("name", ["城[1]", "data*", "what?"])
def test_a_folder_whose_name_is_a_pattern_is_refused_before_anything_is_made(tmp_path: Path, name: str) -> None:
    with pytest.raises(UserError, match="FUPIN_DATA_DIR"):
        places.make_data_folder(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_it_survives_a_killed_server(data: Path) -> None:
    before = postgres.ensure_server(data)
    os.kill(before.pid, signal.SIGKILL)
    wait_until(lambda: not postmaster.is_postmaster(before.pid, cluster.read_plan(data).folder(data)))
    after = postgres.ensure_server(data)
    assert after.pid != before.pid
    assert one(after.app_url, "SELECT 1") == 1


def test_the_next_start_adopts_the_server_of_a_killed_supervisor(data: Path) -> None:
    before = postgres.ensure_server(data)
    supervisor = server.read_state(data)[1]
    os.kill(supervisor, signal.SIGKILL)
    wait_until(lambda: not locks.is_held(data, locks.SUPERVISOR))
    assert postgres.ensure_server(data).pid == before.pid
    assert server.read_state(data)[1] != supervisor


def test_it_survives_both_killed_at_once(data: Path) -> None:
    before = postgres.ensure_server(data)
    for pid in (server.read_state(data)[1], before.pid):
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not locks.is_held(data, locks.SUPERVISOR))
    assert one(postgres.ensure_server(data).app_url, "SELECT 1") == 1


def test_it_stops_when_the_last_client_is_killed(data: Path) -> None:
    server.let_go(data)
    first, second = client(data), client(data)
    assert first.stdout is not None
    assert second.stdout is not None
    assert first.stdout.readline() == second.stdout.readline() != ""
    first.kill()
    first.wait()
    time.sleep(2)
    assert postgres.status(data).running
    second.kill()
    second.wait()
    wait_until(lambda: not postgres.status(data).running)
    wait_until(lambda: not postgres.status(data).supervised)


def test_processes_that_start_at_once_share_one_server(data: Path) -> None:
    postgres.stop(data)
    clients = [client(data) for _ in range(4)]
    pids = {each.stdout.readline() for each in clients if each.stdout}
    for each in clients:
        each.communicate()
    assert len(pids) == 1
    assert pids != {""}


def test_threads_that_start_at_once_share_one_server(data: Path) -> None:
    found: list[int] = []
    threads = [threading.Thread(target=lambda: found.append(postgres.ensure_server(data).pid)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert len(set(found)) == 1


def test_a_kept_server_outlives_its_clients_until_it_is_stopped(data: Path) -> None:
    postgres.ensure_server(data)
    postgres.keep_running(data)
    server.let_go(data)
    time.sleep(2.5)
    assert postgres.status(data).running
    assert postgres.stop(data)
    assert not postgres.status(data).running
    assert not postgres.stop(data)


def test_a_stale_pid_file_of_another_process_does_not_hinder_the_start(data: Path) -> None:
    postgres.ensure_server(data)
    postgres.stop(data)
    folder = cluster.read_plan(data).folder(data)
    (folder / "postmaster.pid").write_text(f"{os.getpid()}\n{folder}\n0\n5432\n/tmp\n\n0 0\nready\n")
    assert postmaster.find(folder) is None
    assert one(postgres.ensure_server(data).app_url, "SELECT 1") == 1


def test_a_cluster_that_cannot_start_is_explained_in_postgresqls_words(data: Path) -> None:
    postgres.ensure_server(data)
    postgres.stop(data)
    version = cluster.read_plan(data).folder(data) / "PG_VERSION"
    version.write_text("9.6\n")
    with pytest.raises(UserError) as refused:
        start_once(data)
    version.write_text("18\n")
    assert "database files are incompatible with server" in str(refused.value)


def start_once(data: Path) -> None:
    """Start without the retries that a killed server's children need."""
    folder = cluster.read_plan(data).folder(data)
    account = places.server_account(folder)
    postmaster.start(folder, account, places.find_binaries(account), attempts=1)


def test_a_data_folder_that_cannot_be_written_is_named_with_a_way_out(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="FUPIN_DATA_DIR"):
        postgres.ensure_server(tmp_path / "file" / "var")


def test_a_damaged_record_is_named(tmp_path: Path) -> None:
    (tmp_path / "database.json").write_text("{")
    with pytest.raises(UserError, match=r"database\.json"):
        postgres.status(tmp_path)


def test_somebody_elses_socket_folder_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    squatted = Path("/tmp") / f"fupin-{places.key_of(tmp_path)}"
    squatted.mkdir(mode=0o755)
    try:
        folder = places.socket_folder(tmp_path, places.server_account())
        assert folder == squatted.with_name(f"{squatted.name}-1")
        assert folder.stat().st_mode & 0o077 == 0
        folder.rmdir()
    finally:
        squatted.rmdir()
