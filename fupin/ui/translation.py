"""Texts of the pages: which there are, and the compiled English translation. Pure Python, no gettext tools needed."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import polib
from django.template.base import Lexer, TokenType

HERE = Path(__file__).parent
CATALOGUE = HERE / "locale" / "en" / "LC_MESSAGES" / "django.po"
FACES = ("ui", "console", "command", "portal", "config")
CHOICES = (  # words of states, bands and roles
    "accounts/models.py",
    "exchange/models.py",
    "exchange/agreement_models.py",
    "exchange/push_models.py",
    "identify/models.py",
    "identify/cases/models.py",
)
MARKS = {"_", "gettext", "gettext_lazy"}
TRANSLATE = re.compile(r"""^translate\s+"([^"]+)"(\s+as\s+\w+)?(\s+noop)?$""")


def compile_english(target: Path | None = None) -> Path:
    """Write ``django.mo`` beside the translation (or at ``target``), where Django looks for it."""
    target = target or CATALOGUE.with_suffix(".mo")
    polib.pofile(str(CATALOGUE)).save_as_mofile(str(target))
    return target


def texts() -> set[str]:
    """Every text that the pages, forms and models hand to gettext."""
    found: set[str] = set()
    for path in _sources():
        reader = _of_code if path.suffix == ".py" else _of_template
        found |= set(reader(path.read_text(encoding="utf-8")))
    return found


def _sources() -> Iterator[Path]:
    for face in FACES:
        for path in sorted((HERE.parent / face).rglob("*")):
            if path.suffix in (".py", ".html") and "tests" not in path.parts:
                yield path
    yield from (HERE.parent / name for name in CHOICES)


def _of_code(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in MARKS:
            yield from (arg.value for arg in node.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str))


def _of_template(source: str) -> Iterator[str]:
    """``translate`` with a literal, and the text between ``blocktranslate`` tags as Django looks it up."""
    block: list[str] | None = None
    trimmed = False
    for token in Lexer(source).tokenize():
        tag = token.contents.strip()
        if token.token_type == TokenType.BLOCK and (hit := TRANSLATE.match(tag)):
            yield hit.group(1).replace("%", "%%")  # as Django looks it up
        elif token.token_type == TokenType.BLOCK and tag.startswith("blocktranslate"):
            block, trimmed = [], " trimmed" in tag
        elif token.token_type == TokenType.BLOCK and tag == "endblocktranslate" and block is not None:
            text = "".join(block)
            yield " ".join(line.strip() for line in text.splitlines() if line.strip()) if trimmed else text
            block = None
        elif block is not None:
            block.append(f"%({tag})s" if token.token_type == TokenType.VAR else token.contents.replace("%", "%%"))
