"""The README says what is true: every setting and every command it names exists, every link leads somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.main import get_command

from fupin.catalogue.screening import read_screening
from fupin.cli.catalogue_pages import PAGES, catalogue_pages
from fupin.cli.main import build
from fupin.config.environment import ENVIRONMENT

ROOT = Path(__file__).parents[3]
README = (ROOT / "README.md").read_text(encoding="utf-8")
INTERNAL = {"FUPIN_PARENT"}
MARKDOWN = ["README.md", *sorted(path.relative_to(ROOT).as_posix() for path in ROOT.glob("docs/**/*.md"))]


def test_every_setting_stands_in_the_readme() -> None:
    assert [name for name in ENVIRONMENT if name not in INTERNAL and f"`{name}`" not in README] == []


def test_every_command_of_the_readme_exists() -> None:
    known = get_command(build()).commands  # type: ignore[attr-defined]
    named = set(re.findall(r"fupin ([a-z][a-z-]*) ", README)) | set(re.findall(r"`fupin ([a-z][a-z-]*)`", README))
    assert named - set(known) == set()
    assert {"run", "rerun", "explain", "score", "receive", "link"} <= named


@pytest.mark.parametrize("page", MARKDOWN)
def test_every_link_leads_to_a_file(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    targets = [target.split("#")[0] for target in re.findall(r"\]\((?!http)([^)#][^)]*)\)", text)]
    assert [target for target in targets if not (ROOT / page).parent.joinpath(target).exists()] == []


def test_every_screening_rule_stands_on_a_page_with_a_hit_and_a_near_miss() -> None:
    pages = "\n".join(text for name, text in catalogue_pages().items() if name.startswith("screening-"))
    sections = pages.split("\n## `")[1:]
    assert [part.split("`")[0] for part in sections] == list(read_screening().rules)
    assert [part.split("`")[0] for part in sections if "命中 hit:" not in part or "near miss:" not in part] == []


def test_the_catalogue_pages_are_up_to_date() -> None:
    stale = [
        name for name, text in catalogue_pages().items() if (ROOT / PAGES / name).read_text(encoding="utf-8") != text
    ]
    assert stale == []


SECURITY = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")


def test_every_test_that_the_security_page_names_exists() -> None:
    named = set(re.findall(r"`(fupin/[\w/]+\.py)::(test_\w+)`", SECURITY))
    assert len(named) > 60
    gone = [f"{path}::{name}" for path, name in sorted(named) if not _holds(ROOT / path, name)]
    assert gone == []


def _holds(path: Path, name: str) -> bool:
    return path.exists() and re.search(rf"^def {name}\(", path.read_text(encoding="utf-8"), re.MULTILINE) is not None


def test_every_line_of_the_security_page_says_how_it_stands() -> None:
    rows = [
        line.split(" | ") for line in SECURITY.splitlines() if line.startswith("| ") and not line.startswith("| No.")
    ]
    states = {"holds", "partly", "not", "n/a"}
    assert [row[0] for row in rows if len(row) != 5 or row[2] not in states] == []
