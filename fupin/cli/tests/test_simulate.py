"""``fupin simulate`` on the command line."""

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from fupin.cli.simulate import register
from fupin.kernel.errors import UserError


@pytest.fixture
def app() -> typer.Typer:
    app = typer.Typer()
    app.callback()(lambda: None)
    register(app)
    return app


def test_it_prints_counts_as_json(app: typer.Typer, tmp_path: Path) -> None:
    arguments = ["simulate", "--out", str(tmp_path), "--households", "20", "--others", "30", "--seed", "3", "--json"]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0
    assert json.loads(result.stdout)["households"] == 50


def test_a_region_without_villages_says_what_to_do(app: typer.Typer, tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["simulate", "--out", str(tmp_path), "--region", "99"])
    assert isinstance(result.exception, UserError)
    assert "--region" in str(result.exception)


def test_a_date_that_is_none_is_refused(app: typer.Typer, tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["simulate", "--out", str(tmp_path), "--as-of", "2026-13-01"])
    assert isinstance(result.exception, UserError)
