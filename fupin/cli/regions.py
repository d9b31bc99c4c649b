"""`fupin regions load`: divisions and boundaries into the registry."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fupin.cli.acting import acting_user
from fupin.cli.django_setup import django_ready
from fupin.cli.progress import step_progress
from fupin.kernel.errors import UserError
from fupin.kernel.regions import level_name


def register(app: typer.Typer) -> None:
    regions = typer.Typer(help="行政区划 / administrative divisions", no_args_is_help=True)
    regions.callback()(about)
    regions.command("load")(load_command)
    app.add_typer(regions, name="regions")


def about() -> None:
    """行政区划 / administrative divisions."""


def load_command(
    villages: Annotated[Path | None, typer.Option(help="村 CSV：code,name / villages")] = None,
    towns: Annotated[Path | None, typer.Option(help="乡镇 CSV：code,name / towns")] = None,
    counties: Annotated[Path | None, typer.Option(help="县 CSV：code,name，可省 / counties, optional")] = None,
    boundaries: Annotated[Path | None, typer.Option(help="县界 GeoJSON / county boundaries")] = None,
    user: Annotated[str | None, typer.Option("--as", help="账号 / account to act for")] = None,
) -> None:
    """载入区划；不给文件则载入随附的南宁市 / load divisions; without files the shipped ones of Nanning."""
    django_ready()
    from fupin.registry import api as registry

    by = acting_user(user)
    with step_progress() as report:
        if villages is None and towns is None and boundaries is None:
            counts = registry.load_shipped_regions(by=by, progress=report)
        elif villages is None or towns is None or boundaries is None:
            raise _incomplete()
        else:
            counts = registry.load_regions(
                by=by,
                villages_csv=villages,
                towns_csv=towns,
                counties_csv=counties,
                boundaries_geojson=boundaries,
                progress=report,
            )
    for level, count in sorted(counts.items()):
        typer.echo(f"{level_name(level)} / {level_name(level, 'en')}: {count:,}")


def _incomplete() -> UserError:
    return UserError(
        "区划文件不全",
        "some of the files are missing",
        "同时给出 --villages、--towns、--boundaries",
        "give --villages, --towns and --boundaries together",
    )
