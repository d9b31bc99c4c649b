"""`fupin db …`: start, stop, look at and talk to the embedded PostgreSQL."""

import json
import os
from dataclasses import asdict
from typing import Annotated

import typer

from fupin.cli import postgres
from fupin.cli.postgres import cluster, places
from fupin.kernel.errors import UserError

app = typer.Typer(no_args_is_help=True, help="内嵌数据库 · the embedded PostgreSQL")


@app.command()
def start() -> None:
    """启动并保持运行，直到 fupin db stop · start it and keep it up until `fupin db stop`."""
    server = postgres.ensure_server()
    postgres.keep_running()
    typer.echo(f"数据库已启动 · database is up: {server.socket} (pid {server.pid})")


@app.command()
def stop() -> None:
    """停止数据库 · stop it, also under running programs."""
    ran = postgres.stop()
    typer.echo("数据库已停止 · database stopped" if ran else "数据库没有在运行 · database was not running")


@app.command()
def status(as_json: Annotated[bool, typer.Option("--json", help="JSON")] = False) -> None:
    """查看状态 · show how it is; the exit code is 3 when it is not running."""
    now = postgres.status()
    if as_json:
        typer.echo(json.dumps(asdict(now), default=str, ensure_ascii=False))
    else:
        for label, value in (
            ("运行 running", now.running),
            ("数据目录 data folder", now.data),
            ("数据库目录 cluster", now.cluster or "—"),
            ("进程 pid", now.pid or "—"),
            ("套接字 socket", now.socket or "—"),
            ("看护进程 supervised", now.supervised),
            ("有程序在用 in use", now.in_use),
            ("保持运行 kept up", now.kept),
        ):
            typer.echo(f"{label}: {value}")
    if not now.running:
        raise typer.Exit(3)


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def psql(context: typer.Context) -> None:
    """以 owner 身份打开 psql，其余参数原样传给它 · open psql as the owner; further arguments are passed on."""
    if os.environ.get("DATABASE_URL"):
        raise UserError(
            "已设置 DATABASE_URL，内嵌数据库不在使用。",
            "DATABASE_URL is set; the embedded database is not in use.",
            "请直接运行 psql 连接该服务器。",
            "run psql on that server yourself.",
        )
    server = postgres.ensure_server()
    data = places.data_folder()
    plan = cluster.read_plan(data)
    program = places.find_binaries(places.server_account(plan.folder(data))) / "psql"
    # The password goes by the environment, where only root and the same account can see it, not by the command line.
    env = os.environ | {"PGPASSWORD": plan.owner, "PGHOST": str(server.socket), "PGPORT": "5432"}
    os.set_inheritable(postgres.client_descriptor(data), True)  # psql goes on holding the clients' lock
    os.execve(program, [str(program), "-U", cluster.OWNER, "-d", cluster.DATABASE, *context.args], env)  # noqa: S606
