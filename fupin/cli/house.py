"""`fupin version|db|migrate|manage|check`: the house itself."""

import os
import sys
from typing import Annotated

import typer

from fupin.cli.django_setup import django_ready
from fupin.cli.parent import end_with_parent
from fupin.cli.postgres import commands as database

# Commands of Django that change tables: they sign in as the owner, everything else as the app.
OWNERS_WORK = {"migrate", "flush", "sqlflush", "createcachetable"}
APP_RIGHTS = (
    "GRANT USAGE ON SCHEMA public TO {}",
    "ALTER DEFAULT PRIVILEGES GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {}",
    "ALTER DEFAULT PRIVILEGES GRANT SELECT, USAGE, UPDATE ON SEQUENCES TO {}",
)
ONE_LOGIN = (
    "注意：网页与数据表的所有者用同一个数据库账号，数据库不会挡住辖区以外的行；"
    "请另建一个普通账号给 DATABASE_URL，所有者账号写入 DATABASE_OWNER_URL。\n"
    "note: the pages sign in as the owner of the tables, so the database holds back no row outside a region; "
    "make a plain login for DATABASE_URL and name the owner's in DATABASE_OWNER_URL."
)
PASS_ON = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}


def register(app: typer.Typer) -> None:
    app.add_typer(database.app, name="db")
    app.command("version")(version_command)
    app.command("migrate")(migrate_command)
    app.command("manage", context_settings=PASS_ON)(manage_command)
    app.command("check")(check_command)


def version_command() -> None:
    """版本 · versions of fupin and of Python."""
    from fupin.cli.main import fupin_version

    typer.echo(f"fupin {fupin_version()} · Python {sys.version.split()[0]}")


def migrate_command() -> None:
    """建立或更新数据表 · create or update the tables, as the owner of the database."""
    migrate_now(quiet=False)


def migrate_now(*, quiet: bool = True) -> None:
    """Bring the tables up to date, as the owner of the database; older runs get what pages have come to need."""
    django_ready()
    from django.core.management import call_command
    from django.db import connections

    from fupin.accounts.api import acting_for_platform, install_ticket_key
    from fupin.identify.api import complete_runs, write_rules

    let_app_in()
    call_command("migrate", database="owner", interactive=False, verbosity=0 if quiet else 1)
    install_ticket_key()
    write_rules()
    connections["owner"].close()
    with acting_for_platform("fupin migrate"):
        completed = complete_runs()
    for run, problem in completed.items():
        done = (
            f"未能补全运行 {run} · could not complete run {run}: {problem}"
            if problem
            else f"已补全运行 · completed: {run}"
        )
        typer.echo(done, err=bool(problem))


def let_app_in() -> None:
    """Where owner and app are two logins: what the owner makes from now on, the app may read and write, row by row."""
    from django.db import connections
    from psycopg import sql

    app = connections["default"].settings_dict["USER"]
    if app in ("", connections["owner"].settings_dict["USER"]):
        typer.echo(ONE_LOGIN, err=True)
        return
    with connections["owner"].cursor() as cursor:
        for statement in APP_RIGHTS:
            cursor.execute(sql.SQL(statement).format(sql.Identifier(app)))


def manage_command(context: typer.Context) -> None:
    """Django 的管理命令，参数原样传递 · Django's management commands, arguments passed on."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fupin.config.settings")
    from django.core.management import execute_from_command_line

    end_with_parent()
    execute_from_command_line(["fupin manage", *as_owner(context.args)])


def as_owner(arguments: list[str]) -> list[str]:
    """The arguments, signed in as the owner where the command changes tables and says nothing else."""
    if not arguments or arguments[0] not in OWNERS_WORK or any(part.startswith("--database") for part in arguments):
        return arguments
    return [arguments[0], "--database=owner", *arguments[1:]]


def check_command(
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="只说问题 · problems only")] = False,
) -> None:
    """检查目录文件：指标、规则、参数、代码 · check the catalogue: indicators, rules, parameters, codes."""
    from fupin.engine.check import check_catalogue

    problems = check_catalogue()
    for problem in problems:
        typer.echo(problem, err=True)
    if problems:
        typer.echo(f"目录有 {len(problems)} 处问题 · {len(problems)} problems in the catalogue", err=True)
        raise typer.Exit(1)
    if not quiet:
        typer.echo("目录无误 · the catalogue is in order")
