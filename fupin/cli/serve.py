"""`fupin serve`: the pages, the queue's worker and the trail's sealer beside them, the database below, until Ctrl-C."""

import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from fupin.cli.house import migrate_now
from fupin.cli.parent import PARENT
from fupin.kernel.errors import UserError

__all__ = ["free_port", "migrate_now", "register", "serve_pages"]

RESTART_SECONDS = 3.0
STOP_SECONDS = 4
WORKERS = min(8, os.cpu_count() or 1)  # Python computes one page at a time in each process
#: what runs beside the pages: name → arguments of `fupin`
BESIDE = {
    "后台任务进程 · the queue's worker": [
        *("manage", "procrastinate", "worker", "--concurrency", "1", "--shutdown-graceful-timeout", "20")
    ],
    "留痕封存进程 · the trail's sealer": ["audit", "seal"],
}
THREADS = 4  # of a worker: pages wait for the database about as long as they compute


def register(app: typer.Typer) -> None:
    app.command("serve")(serve_command)


def serve_command(
    host: Annotated[str, typer.Option(help="监听地址 · address to listen on")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="端口 · port")] = 8000,
) -> None:
    """启动网页服务与后台任务，Ctrl-C 停止 · serve the pages and work off the queue; Ctrl-C stops both."""
    free_port(port, host)
    migrate_now()
    serve_pages(port=port, host=host)


def free_port(port: int, host: str = "127.0.0.1") -> None:
    """Raises ``UserError`` when the port cannot be listened on."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except (OSError, OverflowError) as error:
            raise UserError(
                f"不能在 {host}:{port} 提供网页：{error}",
                f"cannot serve pages on {host}:{port}: {error}",
                "用 --port 换一个端口，或先停掉占用它的程序。",
                "choose another with --port, or stop the program that uses it.",
            ) from error


def serve_pages(*, port: int = 8000, host: str = "127.0.0.1") -> None:
    """Serve until SIGINT or SIGTERM. The tables must be up to date. This process keeps the embedded database up."""
    # A forked child of a process whose threads have computed (a demonstration, a completed run) may wait for ever.
    multiprocessing.set_start_method("spawn", force=True)
    from granian import Granian
    from granian.constants import Interfaces
    from granian.log import LogLevels

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fupin.config.settings")
    os.environ.setdefault("FUPIN_DB_POOL", str(THREADS))  # for the web process; our own connections are made already
    server = Granian(
        "fupin.config.wsgi:application",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=WORKERS,
        blocking_threads=THREADS,
        respawn_failed_workers=True,
        workers_kill_timeout=STOP_SECONDS,  # an open browser connection must not hold up Ctrl-C
        log_level=LogLevels.warning,
        process_name=None,
    )
    os.environ[PARENT] = str(os.getpid())
    close_connections()
    typer.echo(f"网页 · pages: http://{host}:{port}/  （Ctrl-C 停止 · stops）")
    with workers():
        server.serve()


def close_connections() -> None:
    """Give back what preparing has opened: the pages have connections of their own."""
    from django.conf import settings
    from django.db import connections

    if settings.configured:
        connections.close_all()


@contextmanager
def workers() -> Iterator[None]:
    """The queue's worker and the sealer as child processes, started again when they die, ended with the block."""
    ending = threading.Event()
    keepers = [threading.Thread(target=keep_worker, args=(*one, ending), daemon=True) for one in BESIDE.items()]
    for keeper in keepers:
        keeper.start()
    try:
        yield
    finally:
        ending.set()
        for keeper in keepers:
            keeper.join(timeout=30)


def keep_worker(name: str, arguments: list[str], ending: threading.Event) -> None:
    """Run one of them until ``ending``: a job that kills its worker must not stop the queue."""
    command = [sys.executable, "-m", "fupin.cli.main", *arguments]
    environment = os.environ | {"FUPIN_DB_POOL": "0"}
    while not ending.is_set():
        # Its own session: Ctrl-C at the terminal reaches us alone, and we end the worker in good order.
        worker = subprocess.Popen(command, env=environment, start_new_session=True)
        while worker.poll() is None and not ending.wait(0.2):
            pass
        if worker.poll() is None:
            end(worker)
        elif not ending.wait(RESTART_SECONDS):
            typer.echo(f"已重新启动 · started again: {name}", err=True)


def end(worker: "subprocess.Popen[bytes]") -> None:
    """Ask the worker to finish its job, then insist."""
    worker.send_signal(signal.SIGTERM)
    try:
        worker.wait(timeout=25)
    except subprocess.TimeoutExpired:
        worker.kill()
        worker.wait()
