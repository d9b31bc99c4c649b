"""`fupin serve` from an empty folder: pages answer, the queue works, Ctrl-C ends everything."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from fupin.cli import postgres
from fupin.cli.postgres import server


@pytest.fixture(scope="module")
def data() -> Iterator[Path]:
    """Empty for the first test, who makes the tables; the second finds them."""
    folder = Path("/tmp") / f"fupin 服务 {os.getpid()}"
    yield folder
    postgres.destroy(folder)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def get(url: str, process: "subprocess.Popen[str]", seconds: float = 120) -> int:
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
def serving(data: Path) -> Iterator[tuple["subprocess.Popen[str]", str]]:
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
    data: Path, serving: tuple["subprocess.Popen[str]", str]
) -> None:
    process, address = serving
    assert get(f"{address}/static/fupin/fupin.css", process) == 200
    wait_for_worker(data)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=40)
    assert "Traceback" not in said
    assert process.returncode == 0
    assert_nothing_is_left(data)


def test_a_killed_server_leaves_nothing_running(data: Path, serving: tuple["subprocess.Popen[str]", str]) -> None:
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
