"""A cluster from nothing: ``initdb`` with SCRAM, three logins with random passwords, the settings of the server."""

import json
import os
import secrets
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from fupin.cli.postgres import places
from fupin.cli.postgres.places import Account, run_as
from fupin.kernel.errors import UserError

if TYPE_CHECKING:  # psycopg is needed the first time only, and importing it takes a third of a second
    from psycopg import Connection

DATABASE = "fupin"
SUPERUSER = "fupin_root"
OWNER = "fupin_owner"
APP = "fupin_app"


@dataclass(frozen=True)
class Plan:
    """What ``database.json`` in the data folder remembers: where the cluster lies and the passwords of its logins."""

    cluster: str  # absolute, or "postgres" when it lies in the data folder (which may be moved)
    superuser: str
    owner: str
    app: str

    def folder(self, data: Path) -> Path:
        return data / self.cluster

    def url(self, login: str, socket: Path) -> str:
        """A libpq URL over the unix socket, also understood by ADBC."""
        password = {SUPERUSER: self.superuser, OWNER: self.owner, APP: self.app}[login]
        return f"postgresql://{login}:{password}@/{DATABASE}?host={quote(str(socket), safe='')}"


def read_or_make_plan(data: Path) -> Plan:
    """The plan of this data folder; the first time it is made and written with mode 0600."""
    file = data / "database.json"
    if file.exists():
        return read_plan(data)
    cluster = places.place_cluster(data)
    set_aside_orphan(cluster)
    inside = cluster.parent == data
    passwords = [secrets.token_urlsafe(32) for _ in range(3)]
    plan = Plan(cluster.name if inside else str(cluster), *passwords)
    places.private_file(file, json.dumps(asdict(plan), indent=2))
    return plan


def read_plan(data: Path) -> Plan:
    """Read ``database.json``. Raises ``UserError`` when it is unreadable or damaged."""
    file = data / "database.json"
    try:
        return Plan(**json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise UserError(
            f"读不出内嵌数据库的记录：{file}",
            f"cannot read the record of the embedded database: {file}",
            "请检查该文件的权限与内容，或从备份恢复；其中的密码无法重建。",
            "check the file's rights and content, or restore it from a backup; its passwords cannot be remade.",
        ) from error


def set_aside_orphan(cluster: Path) -> None:
    """A cluster without its passwords (its data folder was deleted) is kept under another name, never deleted."""
    if cluster.exists():
        aside = Path(tempfile.mkdtemp(prefix=f"{cluster.name}-orphan-", dir=cluster.parent))
        cluster.rename(aside / cluster.name)
        places.say(
            f"{cluster} 的密码文件已不在，旧数据库移到 {aside}。",
            f"the passwords of {cluster} are gone; the old database was moved to {aside}.",
        )


def make_cluster(cluster: Path, plan: Plan, account: Account, binaries: Path, socket: Path) -> None:
    """Run ``initdb`` beside the final place and move it there when complete, so that a kill leaves no half cluster."""
    places.make_cluster_parent(cluster)
    fresh = cluster.with_name(f"{cluster.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=0o700)
    account.owns(fresh)
    password = socket / "initdb.password"  # PostgreSQL's account must read it, so it lies in its private folder
    password.unlink(missing_ok=True)
    with os.fdopen(os.open(password, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(plan.superuser)
    account.owns(password)
    options = [f"--username={SUPERUSER}", f"--pwfile={password}", "--auth=scram-sha-256", "--encoding=UTF8"]
    locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
    done = run_as(account, [str(binaries / "initdb"), "-D", str(fresh), "--no-instructions", *options, *locale])
    password.unlink()
    if done.returncode != 0:
        raise UserError(
            f"初始化数据库失败：{cluster}\n{done.stderr.strip()}",
            f"initdb failed: {cluster}",
            "请看上面 PostgreSQL 的原话；常见原因是磁盘已满或目录不可写。",
            "see PostgreSQL's own words above; usually the disk is full or the folder cannot be written.",
        )
    with (fresh / "postgresql.conf").open("a", encoding="utf-8") as conf:
        conf.write("include 'fupin.conf'\n")
    fresh.rename(cluster)


def write_settings(cluster: Path, account: Account, socket: Path) -> None:
    """Write ``fupin.conf``, read by the server at its start."""
    file = cluster / "fupin.conf"
    file.unlink(missing_ok=True)
    lines = [f"{name} = '{value}'" for name, value in settings(socket).items()]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    file.chmod(0o600)
    account.owns(file)


def settings(socket: Path) -> Mapping[str, str]:
    """Settings for one machine that also runs the web server and the engine."""
    chosen = {
        "listen_addresses": "",
        "unix_socket_directories": str(socket).replace("'", "''"),
        "shared_buffers": f"{shared_buffers_mb()}MB",
        "work_mem": "32MB",
        "maintenance_work_mem": "256MB",
        "max_wal_size": "4GB",
        "checkpoint_timeout": "15min",
        "wal_level": "minimal",  # no replicas hang on this server; COPY into a new table then skips the log
        "max_wal_senders": "0",
        "jit": "off",  # pages ask short questions
        "dynamic_shared_memory_type": "mmap",  # containers often have 64 MB of /dev/shm
        # The log must not repeat personal data: no statement text, no parameters, no "Key (…)=(…)" details.
        "log_min_error_statement": "panic",
        "log_error_verbosity": "terse",
        "log_parameter_max_length": "0",
        "logging_collector": "on",
        "log_directory": "log",
        "log_filename": "postgresql-%a.log",
        "log_rotation_age": "1d",
        "log_rotation_size": "0",
        "log_truncate_on_rotation": "on",
    }
    if os.environ.get("FUPIN_PG_FAST") == "1":  # the tests' throw-away clusters only: a power cut would ruin them
        chosen |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
    return chosen


def shared_buffers_mb() -> int:
    """An eighth of the machine's memory, between 32 and 512 MB."""
    total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return max(32, min(512, total // 8 // 2**20))


def make_logins(plan: Plan, socket: Path) -> None:
    """Make (or repair) the owner's and the app's login and the database; safe to repeat."""
    import psycopg
    from psycopg import sql

    admin = psycopg.connect(plan.url(SUPERUSER, socket), dbname="postgres", autocommit=True)
    with admin:
        for login, password in ((OWNER, plan.owner), (APP, plan.app)):
            exists = admin.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (login,)).fetchone()
            verb = sql.SQL("ALTER ROLE" if exists else "CREATE ROLE")
            rest = sql.SQL("{} LOGIN PASSWORD {}").format(sql.Identifier(login), sql.Literal(password))
            admin.execute(sql.SQL(" ").join([verb, rest]))
        if not admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,)).fetchone():
            make_database(admin, DATABASE)
    with psycopg.connect(plan.url(SUPERUSER, socket), autocommit=True) as inside:
        grant(inside)


def make_database(
    admin: "Connection[tuple[object, ...]]", name: str, owner: str = OWNER, template: str = "template0"
) -> None:
    """Create a database, empty or a copy, that only its owner and, after ``grant``, the app may enter."""
    from psycopg import sql

    create = sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {}")
    admin.execute(create.format(*map(sql.Identifier, (name, owner, template))))


def grant(inside: "Connection[tuple[object, ...]]", *, owner: str = OWNER, app: str = APP) -> None:
    """In the connected database: the owner makes tables, the app reads and writes rows, nobody else enters.

    The app may make temporary tables (COPY goes through them) but nothing that lasts.
    """
    from psycopg import sql

    database = sql.Identifier(inside.info.dbname)
    names = {"database": database, "owner": sql.Identifier(owner), "app": sql.Identifier(app)}
    for statement in (
        "REVOKE ALL ON DATABASE {database} FROM PUBLIC",
        "GRANT CONNECT, TEMPORARY ON DATABASE {database} TO {owner}, {app}",
        "ALTER SCHEMA public OWNER TO {owner}",
        "REVOKE ALL ON SCHEMA public FROM PUBLIC",
        "GRANT USAGE ON SCHEMA public TO {app}",
        "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {app}",
        "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} GRANT SELECT, USAGE, UPDATE ON SEQUENCES TO {app}",
    ):
        inside.execute(sql.SQL(statement).format(**names))
