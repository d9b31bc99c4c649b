"""The command line: every module's commands are mounted, help is quick, errors are words."""

import importlib
import os
import pkgutil
import resource
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from fupin import cli
from fupin.cli import house, main, serve
from fupin.kernel.errors import UserError


def run(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """The real command in a process of its own, outside the project, away from the tests' settings."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("FUPIN", "DATABASE"))}
    command = [sys.executable, "-m", "fupin.cli.main", *arguments]
    return subprocess.run(command, env=inherited | environment, capture_output=True, text=True, check=False)


def commands_of(app: typer.Typer) -> set[str]:
    named = {command.name for command in app.registered_commands} | {group.name for group in app.registered_groups}
    return {name for name in named if name}


def test_every_module_with_a_register_is_mounted() -> None:
    mounted = commands_of(main.build())
    modules = [importlib.import_module(f"{cli.__name__}.{info.name}") for info in pkgutil.iter_modules(cli.__path__)]
    registering = [module for module in modules if hasattr(module, "register")]
    assert house in registering
    for module in registering:
        alone = typer.Typer()
        module.register(alone)
        assert commands_of(alone) <= mounted
        assert commands_of(alone) != set()


def test_no_two_modules_claim_the_same_command() -> None:
    app = main.build()
    names = [command.name for command in app.registered_commands] + [group.name for group in app.registered_groups]
    assert len(names) == len(set(names))


def test_help_is_quick_and_touches_nothing(tmp_path: Path) -> None:
    start = children_seconds()
    subprocess.run([sys.executable, "-c", "import typer, rich.progress"], check=True)
    least = children_seconds() - start
    done = run("--help", FUPIN_DATA_DIR=str(tmp_path / "var"), DATABASE_URL="nonsense")
    seconds = children_seconds() - start - least
    assert done.returncode == 0, done.stderr
    assert "serve" in done.stdout
    assert not (tmp_path / "var").exists()
    assert seconds < 4 * least  # a measure that holds on a busy machine: 0.5 s on an idle one


def children_seconds() -> float:
    """Processor time of the processes started so far."""
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime


def test_help_loads_neither_django_nor_the_engine() -> None:
    code = "import sys; from fupin.cli.main import build; build(); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert {"django", "polars", "pyarrow", "psycopg"} & set(done.stdout.split()) == set()


def test_a_wrong_setting_is_told_in_words_and_ends_with_2(tmp_path: Path) -> None:
    done = run("migrate", FUPIN_DATA_DIR=str(tmp_path / "var"), DATABASE_URL="mysql://a:secret@h/x")
    assert done.returncode == 2
    assert "DATABASE_URL" in done.stderr
    assert "办法" in done.stderr
    assert "hint" in done.stderr
    assert "Traceback" not in done.stderr
    assert "secret" not in done.stderr


def test_version() -> None:
    result = CliRunner().invoke(main.build(), ["version"])
    assert result.output.startswith(f"fupin {main.fupin_version()}")
    assert CliRunner().invoke(main.build(), ["--version"]).output.strip() == f"fupin {main.fupin_version()}"


def test_work_on_tables_is_done_as_the_owner() -> None:
    assert house.as_owner(["migrate", "accounts"]) == ["migrate", "--database=owner", "accounts"]
    assert house.as_owner(["migrate", "--database", "default"]) == ["migrate", "--database", "default"]
    assert house.as_owner(["makemigrations"]) == ["makemigrations"]
    assert house.as_owner([]) == []


def test_a_taken_port_is_named() -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(UserError, match=str(port)):
            serve.free_port(port)
    serve.free_port(port)


def test_the_catalogue_check_counts_problems(monkeypatch: pytest.MonkeyPatch) -> None:
    from fupin.engine import check

    for problems, code in ([], 0), (["indicators/1.toml: weights"], 1):
        monkeypatch.setattr(check, "check_catalogue", lambda found=problems: found)
        result = CliRunner().invoke(main.build(), ["check"])
        assert result.exit_code == code
        assert all(problem in result.output for problem in problems)


def test_a_database_that_cannot_be_reached_is_told_without_its_password(tmp_path: Path) -> None:
    url = "postgresql://fupin:geheim@127.0.0.1:1/fupin"
    done = run("runs", DATABASE_URL=url, FUPIN_DATA_DIR=str(tmp_path / "var"))
    assert done.returncode == 2
    assert "DATABASE_URL" in done.stderr
    assert "Traceback" not in done.stderr
    assert "geheim" not in done.stderr


def test_a_command_that_needs_data_says_that_it_was_told_to_do_without(tmp_path: Path) -> None:
    done = run("runs", FUPIN_NO_DATABASE="1", FUPIN_DATA_DIR=str(tmp_path / "var"))
    assert done.returncode == 2
    assert "FUPIN_NO_DATABASE" in done.stderr
    assert "Traceback" not in done.stderr
