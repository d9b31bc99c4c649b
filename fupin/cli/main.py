"""The `fupin` command. Its commands live in the modules beside it; each module adds its own by ``register(app)``."""

import importlib
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


if __name__ == "__main__":
    main()
