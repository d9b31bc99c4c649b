"""The door to the embedded server for every process: be a client, ask how it is, stop it."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from fupin.cli.postgres import cluster as clusters
from fupin.cli.postgres import locks, places, postmaster
from fupin.cli.postgres.places import KEEP, STATE
from fupin.kernel.errors import UserError

WAIT_SECONDS = 180.0
LOG = "database.supervisor.log"

_held: dict[Path, locks.Lock] = {}  # the client locks of this process, kept open until it dies


@dataclass(frozen=True)
class Server:
    """A running server. The URLs hold passwords: never print or log them, so they are left out of ``repr``."""

    socket: Path
    pid: int
    owner_url: str = field(repr=False)
    app_url: str = field(repr=False)
    superuser_url: str = field(repr=False)


@dataclass(frozen=True)
class Status:
    """How the embedded database of a data folder is."""

    data: Path
    cluster: Path | None
    running: bool
    pid: int | None
    socket: Path | None
    supervised: bool
    in_use: bool
    kept: bool


def ensure_server(data: Path | None = None) -> Server:
    """Start the server of ``data`` if it is not running, and hold it for the life of this process.

    Safe to call again, from several processes at once, and after any of them, the supervisor or the server was killed.
    Raises ``UserError`` with PostgreSQL's own words when it cannot start.
    """
    data = data or places.data_folder()
    if sys.platform == "win32":
        raise UserError(
            "内嵌数据库只在 Linux 与 macOS 上运行。",
            "the embedded database runs on Linux and macOS only.",
            "请用 DATABASE_URL 指定已有的 PostgreSQL，或使用 WSL。",
            "name an existing PostgreSQL in DATABASE_URL, or use WSL.",
        )
    places.make_data_folder(data)
    with as_user_error(data), locks.holding(data, locks.START):
        plan = clusters.read_or_make_plan(data)
        hold(data)
        # Done here, not by the supervisor: a notice about copied programs must reach the terminal.
        places.find_binaries(places.server_account(plan.folder(data)))
        return connectable(data, plan)


def hold(data: Path) -> None:
    """Share the clients' lock until this process dies."""
    if data not in _held:
        lock = locks.Lock(data, locks.CLIENTS)
        lock.share()
        _held[data] = lock


def client_descriptor(data: Path) -> int:
    """The descriptor of our client lock, for a program that we turn into."""
    return _held[data].descriptor


def let_go(data: Path) -> None:
    """Stop being a client of ``data``."""
    if lock := _held.pop(data, None):
        lock.close()


def connectable(data: Path, plan: clusters.Plan) -> Server:
    """Wait until a supervisor lives and its server answers; start the supervisor when there is none."""
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        if not locks.is_held(data, locks.SUPERVISOR):
            start_supervisor(data)
        server = postmaster.find(plan.folder(data))
        if server is not None and read_state(data)[0] == "ready" and server.answers():
            urls = {name: plan.url(name, server.socket) for name in (clusters.OWNER, clusters.APP, clusters.SUPERUSER)}
            return Server(server.socket, server.pid, *urls.values())
        time.sleep(0.02)
    raise UserError(
        f"等了 {WAIT_SECONDS:.0f} 秒，内嵌数据库仍未就绪：{data}",
        f"the embedded database was not ready within {WAIT_SECONDS:.0f} s: {data}",
        f"请看 {data / LOG}，再运行 fupin db stop 后重试。",
        f"see {data / LOG}, then run: fupin db stop, and try again.",
    )


def start_supervisor(data: Path) -> None:
    """Start the supervisor, detached, and wait for its first word. Raises its ``UserError``."""
    (data / STATE).unlink(missing_ok=True)
    log = os.open(data / LOG, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    places.belong_to_folder(data / LOG)
    command = [sys.executable, "-m", "fupin.cli.postgres.supervisor", str(data)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/", env=environment, start_new_session=True
    )
    os.close(log)
    deadline = time.monotonic() + WAIT_SECONDS
    while read_state(data)[0] == "" and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    state, _, message = read_state(data)
    if state == "failed":
        raise UserError(*message)
    if process.poll() not in (None, 0):
        words = (data / LOG).read_text(encoding="utf-8", errors="replace").strip().splitlines()
        raise UserError(
            f"内嵌数据库的看护进程退出了：{words[-1] if words else ''}",
            "the supervisor of the embedded database ended",
            f"详情见 {data / LOG}",
            f"details in {data / LOG}",
        )


def read_state(data: Path) -> tuple[str, int, list[str]]:
    """What the supervisor last said: state (empty when nothing), its pid, the four texts of its error."""
    try:
        said = json.loads((data / STATE).read_text(encoding="utf-8"))
        return said["state"], said["pid"], list(said["message"])
    except (OSError, ValueError, KeyError):
        return "", 0, []


def status(data: Path | None = None) -> Status:
    """How the embedded database is; starts nothing."""
    data = data or places.data_folder()
    if not (data / "database.json").exists():
        return Status(data, None, False, None, None, False, False, False)
    with as_user_error(data):
        cluster = clusters.read_plan(data).folder(data)
        server = postmaster.find(cluster)
        return Status(
            data=data,
            cluster=cluster,
            running=server is not None and server.answers(),
            pid=server.pid if server else None,
            socket=server.socket if server else None,
            supervised=locks.is_held(data, locks.SUPERVISOR),
            in_use=locks.is_held(data, locks.CLIENTS),
            kept=(data / KEEP).exists(),
        )


def keep_running(data: Path | None = None) -> None:
    """Keep the server up without clients, until ``stop``."""
    data = data or places.data_folder()
    places.private_file(data / KEEP, "")


def stop(data: Path | None = None) -> bool:
    """Stop supervisor and server, also under living clients. True when something was running."""
    data = data or places.data_folder()
    if not (data / "database.json").exists():
        return False
    with as_user_error(data):
        (data / KEEP).unlink(missing_ok=True)
        cluster = clusters.read_plan(data).folder(data)
        ran = postmaster.find(cluster) is not None
        if locks.is_held(data, locks.SUPERVISOR):
            ask_supervisor_to_stop(data)
        if postmaster.find(cluster) is not None:
            account = places.server_account(cluster)
            postmaster.stop(cluster, account, places.find_binaries(account))
        return ran


def ask_supervisor_to_stop(data: Path, seconds: float = 70.0) -> None:
    """Signal the supervisor and wait for its end."""
    with suppress(ProcessLookupError):
        os.kill(read_state(data)[1], signal.SIGTERM)
    deadline = time.monotonic() + seconds
    while locks.is_held(data, locks.SUPERVISOR) and time.monotonic() < deadline:
        time.sleep(0.05)


def destroy(data: Path) -> None:
    """Stop the server and delete the whole data folder and its cluster, wherever that lies. For tests."""
    let_go(data)
    stop(data)
    if (data / "database.json").exists():
        cluster = clusters.read_plan(data).folder(data)
        shutil.rmtree(cluster if cluster.parent == data else cluster.parent, ignore_errors=True)
    for socket in Path(places.SHORT).glob(f"fupin-{places.key_of(data)}*"):  # left by a killed server
        shutil.rmtree(socket, ignore_errors=True)
    shutil.rmtree(data, ignore_errors=True)


class as_user_error:  # noqa: N801 - reads as a word in `with as_user_error(data):`
    """Turn a refusal of the file system in the data folder into words for its reader."""

    def __init__(self, data: Path) -> None:
        self.data = data

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if isinstance(error, PermissionError):
            raise UserError(
                f"没有权限使用数据目录中的文件：{error.filename or self.data}",
                f"no right to a file of the data folder: {error.filename or self.data}",
                "请用建立该目录的账户运行，或用 FUPIN_DATA_DIR 另选一个目录。",
                "run as the account that made the folder, or choose another with FUPIN_DATA_DIR.",
            ) from error
