"""Pages and tables of Markdown, as `fupin docs` writes them."""

from __future__ import annotations

from collections.abc import Iterable

NOTE = "*Made by `fupin docs` from the files of the catalogue; do not edit.*"


def page(title: str, parts: Iterable[str]) -> str:
    return "\n".join([f"# {title}", "", NOTE, "", *parts]).rstrip() + "\n"


def table(head: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> list[str]:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(_cell(value) for value in row) + " |" for row in rows]
    return [*lines, ""]


def _cell(value: object) -> str:
    return "" if value is None else str(value).replace("|", "\\|").replace("\n", " ")
