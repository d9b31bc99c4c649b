"""HTML that is written by functions instead of templates, where a page has hundreds of the same thing.

Everything put into it is escaped unless it says that it is HTML, as Django's ``format_html`` does.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from html import escape
from typing import Any

from django.urls import get_script_prefix, reverse
from django.utils.safestring import SafeString


def escaped(text: Any) -> str:
    """As ``conditional_escape``, without its detour for texts that are not translated yet: they are now."""
    html = getattr(text, "__html__", None)
    return escape(str(text)) if html is None else html()


def filled(form: str, *values: Any) -> SafeString:
    """``form`` is HTML of the programme's own with ``{}`` for each value; a value is escaped unless it is HTML."""
    return SafeString(form.format(*map(escaped, values)))


def options(pairs: Iterable[tuple[Any, Any]], chosen: Any) -> SafeString:
    """The choices of a box, (value, word) each; ``chosen`` is compared with the value as text."""
    wanted = str(chosen)
    lines = [
        f'<option value="{escaped(value)}"{" selected" if str(value) == wanted else ""}>{escaped(word)}</option>'
        for value, word in pairs
    ]
    return SafeString("".join(lines))


def address(view: str, *names: str) -> str:
    """As ``reverse`` with names in the address; the pattern of a view is looked up once, not for every row."""
    if not all(name.isascii() and name.replace("-", "0").isalnum() for name in names):
        return reverse(view, args=names)
    parts = _pattern(view, len(names), get_script_prefix())
    return "".join([part + name for part, name in zip(parts, (*names, ""), strict=True)])


@lru_cache(maxsize=256)
def _pattern(view: str, count: int, prefix: str) -> tuple[str, ...]:  # noqa: ARG001  # the answer depends on it
    """The address cut at its names: a view without any has one part."""
    marks = [f"fupin{number}mark" for number in range(count)]
    text, parts = reverse(view, args=marks), []
    for mark in marks:
        head, text = text.split(mark)
        parts.append(head)
    return (*parts, text)
