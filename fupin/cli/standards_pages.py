"""The page of the exit standards, made from the catalogue."""

from __future__ import annotations

from collections.abc import Iterator

from fupin.catalogue.standards import FACTS, Item, standards

WORDS = {
    "at_least": "≥", "at_most": "≤", "above": ">", "above_parameter": "> parameter", "one_of": "one of", "holds": "is",
}  # fmt: skip


def standards_parts() -> Iterator[str]:
    """Lines of Markdown, without the title."""
    for one in standards().values():
        used = "everywhere else" if not one.regions else f"in {', '.join(one.regions)}"
        yield from (f"## `{one.id}` {one.zh} {one.en}", "", f"{one.reference} · used {used}", "")
        yield from ("| item | holds when | source |", "|---|---|---|")
        for item in one.items:
            yield f"| `{item.id}` {item.zh} {item.en} | {_tests(item)} | {item.reference} |"
        yield ""


def _tests(item: Item) -> str:
    told = [f"{FACTS[test.fact][0]} `{test.fact}` {WORDS[test.how]} {_value(test.value)}" for test in item.tests]
    return (" or " if item.any_of else " and ").join(told)


def _value(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value).lower()
