"""The running server: what ``postmaster.pid`` says about it, how it is started and stopped."""

import os
import socket as sockets
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from fupin.cli.postgres.places import SOCKET_NAME, Account, run_as
from fupin.kernel.errors import UserError

START_SECONDS = 120  # recovery after a power cut replays the log first


@dataclass(frozen=True)
class Postmaster:
    """A server process found alive over its cluster."""

    pid: int
    socket: Path
    ready: bool

    def answers(self) -> bool:
        """Does it accept connections?"""
        with sockets.socket(sockets.AF_UNIX) as probe:
            probe.settimeout(2)
            return self.ready and probe.connect_ex(str(self.socket / SOCKET_NAME)) == 0


def find(cluster: Path) -> Postmaster | None:
    """The live server of ``cluster``. None when there is none or its pid file is stale."""
    try:
        lines = (cluster / "postmaster.pid").read_text(encoding="utf-8", errors="surrogateescape").splitlines()
        pid = int(lines[0])
    except (OSError, ValueError, IndexError):
        return None
    if not is_postmaster(pid, cluster):
        return None
    ready = len(lines) > 7 and lines[7].strip() == "ready"
    return Postmaster(pid, Path(lines[4]) if len(lines) > 4 else cluster, ready)


def is_postmaster(pid: int, cluster: Path) -> bool:
    """Is ``pid`` alive and the server of this cluster? After a reboot the number may belong to somebody else."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    proc = Path("/proc") / str(pid)
    if not proc.exists():
        return not Path("/proc/self").exists()  # systems without /proc: believe the signal
    try:
        state = (proc / "stat").read_text().rpartition(")")[2].split()[0]
        return state not in "ZX" and os.path.realpath(proc / "cwd") == os.path.realpath(cluster)
    except OSError:
        return False


def start(cluster: Path, account: Account, binaries: Path, attempts: int = 10) -> Postmaster:
    """Start the server and wait until it answers. Raises ``UserError`` with the end of PostgreSQL's log."""
    deadline = time.monotonic() + START_SECONDS
    log = cluster / "start.log"
    for attempt in range(attempts):
        if find(cluster) is None:
            (cluster / "postmaster.pid").unlink(missing_ok=True)
            log.unlink(missing_ok=True)
        command = [str(binaries / "pg_ctl"), "start", "-D", str(cluster), "-l", str(log), "-s"]
        run_as(account, [*command, "-t", str(START_SECONDS)])
        while time.monotonic() < deadline and (server := find(cluster)) is not None:
            if server.answers():
                return server
            time.sleep(0.05)
        # Children of a killed server may live for a moment and hold its shared memory: wait and try again.
        time.sleep(0.2 * (attempt + 1))
    raise UserError(
        f"PostgreSQL 启动失败：{cluster}\n{last_words(cluster)}",
        f"PostgreSQL did not start: {cluster}",
        "请看上面 PostgreSQL 的原话；常见原因是磁盘已满，或版本与数据目录不符。",
        "see PostgreSQL's own words above; usually the disk is full, or the cluster is of another version.",
    )


def last_words(cluster: Path, lines: int = 6) -> str:
    """The ends of the log of the start and of the newest log of the server."""
    running = sorted((cluster / "log").glob("*.log"), key=lambda log: log.stat().st_mtime)[-1:]
    logs = [log for log in (cluster / "start.log", *running) if log.exists()]
    texts = [log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:] for log in logs]
    return "\n".join(line for text in texts for line in text)


def stop(cluster: Path, account: Account, binaries: Path) -> None:
    """Stop the server: open transactions are rolled back, everything committed is on disk."""
    command = [str(binaries / "pg_ctl"), "stop", "-D", str(cluster), "-m", "fast", "-s", "-t", "60"]
    if server := find(cluster):
        run_as(account, command)
        if server.socket.name.startswith("fupin-"):
            with suppress(OSError):  # still in use, or gone: the next start looks for itself
                server.socket.rmdir()
