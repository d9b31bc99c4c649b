"""`fupin serve` from an empty folder: pages answer, the queue works, Ctrl-C ends everything.

Killed with ``kill -9``, the whole of it or its database under load, it loses nothing that it acknowledged.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from fupin.cli import postgres
from fupin.cli.postgres import server

ENOUGH = 6  # deliveries acknowledged before the kill
SET_UP = """
from fupin.cli.house import migrate_now
migrate_now()
from fupin.accounts.api import Role, User
from fupin.accounts.tokens import token_for
User.objects.create(username="shiban", role=Role.OFFICE, region="4501")
clerk = User.objects.create(username="caizheng", role=Role.DEPARTMENT, region="4501", department="finance")
print(token_for(by=clerk, user=clerk, name="test"))
"""


@pytest.fixture(scope="module")
def data() -> Iterator[Path]:
    """Empty for the first test, who makes the tables; the others find them."""
    folder = Path("/tmp") / f"fupin 服务 {os.getpid()}"
    yield folder
    postgres.destroy(folder)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def get(url: str, process: subprocess.Popen[str], seconds: float = 120) -> int:
    """The status of the page, as soon as the server answers."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            time.sleep(0.1)
    raise AssertionError("the server did not answer")


@pytest.fixture
def serving(data: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`fupin serve`, and its address, once it answers."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("FUPIN", "DATABASE"))}
    environment = inherited | {"FUPIN_DATA_DIR": str(data), "FUPIN_PG_IDLE_SECONDS": "1", "FUPIN_PG_FAST": "1"}
    port = free_port()
    command = [sys.executable, "-m", "fupin.cli.main", "serve", "--port", str(port)]
    process = subprocess.Popen(command, env=environment, text=True, stderr=subprocess.PIPE, start_new_session=True)
    assert get(f"http://127.0.0.1:{port}/sign-in/", process) == 200
    yield process, f"http://127.0.0.1:{port}"
    process.kill()
    process.wait()


def test_it_serves_works_off_the_queue_and_ends_on_ctrl_c(
    data: Path, serving: tuple[subprocess.Popen[str], str]
) -> None:
    process, address = serving
    assert get(f"{address}/static/fupin/fupin.css", process) == 200
    wait_for_worker(data)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=40)
    assert "Traceback" not in said
    assert process.returncode == 0
    assert_nothing_is_left(data)


def test_a_killed_server_leaves_nothing_running(data: Path, serving: tuple[subprocess.Popen[str], str]) -> None:
    process, _ = serving
    process.kill()
    process.wait()
    assert_nothing_is_left(data)


def assert_nothing_is_left(data: Path, seconds: float = 90) -> None:
    """The database stops, so no process of ours is left: each of them holds the database up."""
    deadline = time.monotonic() + seconds
    while postgres.status(data).running:
        assert time.monotonic() < deadline
        time.sleep(0.1)


def wait_for_worker(data: Path, seconds: float = 30) -> None:
    """Until the queue's worker has signed in at the queue."""
    deadline = time.monotonic() + seconds
    with psycopg.connect(postgres.ensure_server(data).app_url, autocommit=True) as connection:
        while not connection.execute("SELECT 1 FROM procrastinate_workers").fetchone():
            assert time.monotonic() < deadline
            time.sleep(0.2)
    server.let_go(data)


def environment(data: Path) -> dict[str, str]:
    """As in production, where every commit is on the disk before it is acknowledged: no word of FUPIN_PG_FAST."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("FUPIN", "DATABASE"))}
    return inherited | {"FUPIN_DATA_DIR": str(data), "FUPIN_PG_IDLE_SECONDS": "1"}


@pytest.fixture(scope="module")
def house(data: Path) -> tuple[Path, str]:
    """The folder with tables and two accounts, and a token of the second."""
    done = subprocess.run(
        [sys.executable, "-c", SET_UP], env=environment(data), stdout=subprocess.PIPE, text=True, check=True
    )
    return data, done.stdout.split()[-1]


def ask(data: Path, query: str) -> list[Any]:
    with psycopg.connect(postgres.ensure_server(data).app_url) as connection:
        return [row[0] for row in connection.execute(query.encode()).fetchall()]


def wait_until(happens: Callable[[], object], seconds: float = 180) -> None:
    deadline = time.monotonic() + seconds
    while not happens():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.1)


class Writer:
    """One writing process and what it was told is kept."""

    def __init__(self, data: Path, name: str) -> None:
        command = [sys.executable, "-m", "fupin.cli.tests.writer", name]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, env=environment(data), stdin=pipe, stdout=pipe, text=True)
        self.acknowledged: list[str] = []
        self.reader = threading.Thread(target=self.read)
        self.reader.start()

    def read(self) -> None:
        assert self.process.stdout is not None
        self.acknowledged.extend(line.strip() for line in self.process.stdout if line.endswith("\n"))

    def end(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(timeout=120)
        self.reader.join()


def children_of(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in children]


def kill_server(data: Path) -> None:
    """The postmaster and all its children at once, as a power cut would."""
    pid = postgres.status(data).pid
    assert pid is not None
    for victim in [pid, *children_of(pid)]:
        os.kill(victim, signal.SIGKILL)


def kill_backend(data: Path) -> None:
    """One backend that serves a writer: PostgreSQL then throws all others out and recovers."""
    pids = ask(data, "SELECT pid FROM pg_stat_activity WHERE usename = 'fupin_app' AND pid <> pg_backend_pid()")
    os.kill(pids[0], signal.SIGKILL)


def test_a_database_killed_under_load_loses_nothing_that_it_acknowledged(house: tuple[Path, str]) -> None:
    data, _ = house
    assert ask(data, "SELECT current_setting('fsync') || current_setting('synchronous_commit')") == ["onon"]
    writers = [Writer(data, f"w{number}") for number in range(3)]
    for kill in (kill_server, kill_backend, kill_server):
        reached = [len(writer.acknowledged) + 5 for writer in writers]
        wait_until(lambda: all(len(one.acknowledged) >= more for one, more in zip(writers, reached, strict=True)))  # noqa: B023
        kill(data)
    time.sleep(1)
    writers[0].process.kill()  # one of the writers, too, in the middle of whatever it does
    for writer in writers:
        writer.end()
    acknowledged = [delivery for writer in writers for delivery in writer.acknowledged]
    rows = ask(data, "SELECT id FROM exchange_delivery")
    assert set(acknowledged) <= set(rows)
    assert len(acknowledged) == len(set(acknowledged)) > 15
    jobs = ask(data, "SELECT args->>'delivery_id' FROM procrastinate_jobs WHERE task_name = 'exchange.receive'")
    assert sorted(jobs) == sorted(rows)
    assert {path.stem for path in (data / "raw").iterdir()} >= set(rows)
    with psycopg.connect(postgres.ensure_server(data).app_url) as connection:
        connection.execute("DELETE FROM procrastinate_jobs")  # the next test waits for its own only


def post(address: str, token: str, number: int) -> str:
    """One delivery by the API; its id."""
    said = {"dataset": "fi_card", "provider": "市财政局", "batch": str(number), "cut_off": "2026-10-31"}
    fields = "".join(
        f'--x\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n' for key, value in said.items()
    )
    row = f"身份证号,姓名,补贴项目,发放金额,发放日期\r\n450123198001011234,韦小明,08,{number}.50,2019-02-28\r\n"
    head = f'--x\r\nContent-Disposition: form-data; name="file"; filename="{number}.csv"\r\n\r\n'
    file = f"{head}{row}\r\n--x--\r\n"
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "multipart/form-data; boundary=x"}
    request = urllib.request.Request(f"{address}/api/deliveries", (fields + file).encode(), headers)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return str(json.load(answer)["id"])


def test_a_killed_serve_ends_its_children_and_works_off_its_queue_when_it_comes_back(house: tuple[Path, str]) -> None:
    data, token = house
    acknowledged: list[str] = []
    serving, address = serve(data)
    started = threading.Event()

    def deliver() -> None:
        for number in range(10_000):
            try:
                acknowledged.append(post(address, token, number))
            except (OSError, ValueError):
                return
            if number == ENOUGH:
                started.set()

    sender = threading.Thread(target=deliver)
    sender.start()
    assert started.wait(180)
    serving.kill()
    serving.wait()
    sender.join()
    server.let_go(data)
    wait_until(lambda: not postgres.status(data).running)
    again, _ = serve(data)
    try:
        open_ones = "SELECT id FROM exchange_delivery WHERE state NOT IN ('accepted', 'refused')"
        wait_until(lambda: not set(acknowledged) & set(ask(data, open_ones)))
        assert set(acknowledged) <= set(ask(data, "SELECT id FROM exchange_delivery"))
    finally:
        again.send_signal(signal.SIGINT)
        again.wait()


def serve(data: Path) -> tuple[subprocess.Popen[str], str]:
    port = free_port()
    command = [sys.executable, "-m", "fupin.cli.main", "serve", "--port", str(port)]
    process = subprocess.Popen(command, env=environment(data), text=True, start_new_session=True)
    try:
        assert get(f"http://127.0.0.1:{port}/sign-in/", process, 240) == 200
    except BaseException:
        process.kill()
        raise
    return process, f"http://127.0.0.1:{port}"
