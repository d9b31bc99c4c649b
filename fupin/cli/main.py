"""The `fupin` command. Its commands live in the modules beside it; each module adds its own by ``register(app)``."""

import errno
import importlib
import os
import pkgutil
import sys
from typing import Annotated

import typer

import fupin
from fupin import cli
from fupin.kernel.errors import UserError

ABOUT = "精准扶贫大数据平台 · who is truly poor, why, what helps, and does it arrive"


def modules_with_commands() -> list[str]:
    """The modules of ``fupin.cli`` but this one, in order of their names; a new command is a new file, no list."""
    found = [info.name for info in pkgutil.iter_modules(cli.__path__) if not info.ispkg and info.name != "main"]
    return [f"{cli.__name__}.{name}" for name in found]


def build() -> typer.Typer:
    """The whole command line."""
    # No markup in help texts: the renderer for it takes longer to load than everything else together.
    app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False, rich_markup_mode=None)
    app.callback(help=ABOUT)(about)
    for name in modules_with_commands():
        module = importlib.import_module(name)
        if register := getattr(module, "register", None):
            register(app)
    return app


def print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"fupin {fupin_version()}")
        raise typer.Exit


def about(
    version: Annotated[
        bool, typer.Option("--version", callback=print_version, is_eager=True, help="版本 · version")
    ] = (False),
) -> None:
    """What `fupin` is; Typer needs a function to hang the options of the whole command on."""


def fupin_version() -> str:
    """The version of the installed package."""
    import importlib.metadata

    return importlib.metadata.version(fupin.__name__)


def main() -> None:
    """Run; an error meant for people is printed without a traceback and ends with 2."""
    try:
        build()()
    except UserError as error:
        print(f"{error}", file=sys.stderr)
        sys.exit(2)
    except Exception as error:
        told = known_problem(error)
        if told is None:
            raise
        print(f"{told}", file=sys.stderr)
        sys.exit(2)


def known_problem(error: Exception) -> UserError | None:
    """A full disk, a database that cannot be reached or that this command was told to do without; else None.

    Names no address: the one in ``DATABASE_URL`` holds a password.
    """
    if isinstance(error, OSError):
        return disk_problem(error)
    from django.core.exceptions import ImproperlyConfigured
    from django.db import OperationalError

    if isinstance(error, OperationalError):
        return UserError(
            "数据库连不上，或者中断了连接",
            "the database cannot be reached or has closed the connection",
            "请检查 DATABASE_URL 的地址、账号和密码，以及数据库是否在运行；不设此变量则使用内嵌数据库",
            "check address, login and password in DATABASE_URL and that the server runs; unset it for the embedded one",
        )
    if isinstance(error, ImproperlyConfigured) and os.environ.get("FUPIN_NO_DATABASE"):
        return UserError(
            "这个命令要用数据库，而 FUPIN_NO_DATABASE 说不用",
            "this command needs the database, but FUPIN_NO_DATABASE says to do without",
            "请去掉环境变量 FUPIN_NO_DATABASE",
            "unset the environment variable FUPIN_NO_DATABASE",
        )
    return None


def disk_problem(error: OSError) -> UserError | None:
    """No room or no leave to write; None for other faults of the system. (numpy's tofile gives no errno.)"""
    reasons = {
        errno.ENOSPC: ("磁盘空间不足", "no room on the disk"),
        errno.EDQUOT: ("磁盘配额已满", "the quota of the disk is used up"),
        errno.EROFS: ("磁盘只读", "the disk is read-only"),
        errno.EACCES: ("没有写入权限", "no leave to write"),
    }
    number = errno.ENOSPC if error.errno is None and "requested and" in str(error) else error.errno
    if number not in reasons:
        return None
    zh, en = reasons[number]
    where = f"：{error.filename}" if error.filename else ""
    return UserError(
        f"{zh}{where}",
        f"{en}{where.replace('：', ': ')}",
        "没有完成的部分不会生效；请腾出空间或改用可写的目录（FUPIN_DATA_DIR）后重做",
        "nothing half done counts; make room or choose a writable folder (FUPIN_DATA_DIR) and do it again",
    )


if __name__ == "__main__":
    main()
