"""Reading of catalogue entries: every key known, every needed key there, errors that say where and what to do."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any, TypeVar

from fupin.catalogue.schema import CatalogueError, read_toml

T = TypeVar("T")


def entry_place(path: Path, raw: Mapping[str, Any]) -> str:
    """Where an entry stands, for messages: ``housing.toml [floor_area]``."""
    return f"{path.name} [{raw.get('id', '?')}]"


def read_list(path: Path, key: str, make: Callable[[Mapping[str, Any], str], T], *optional: str) -> tuple[Any, list[T]]:
    """A file that is one list: ``id zh en reference`` and the table array ``key``, whose ids stand once.

    What the file says of itself, and its entries made one by one (with where each stands). Raises CatalogueError.
    """
    raw = read_toml(path)
    demand_keys(raw, ("id", "zh", "en", "reference", key), optional, path.name)
    seen: set[str] = set()
    made = []
    for one in raw[key]:
        place = entry_place(path, one)
        demand_new(one.get("id", ""), seen, place)
        seen.add(one.get("id", ""))
        made.append(make(one, place))
    return raw, made


def demand_keys(raw: Mapping[str, Any], needed: Collection[str], allowed: Collection[str], where: str) -> None:
    """Refuse an entry that lacks a needed key, leaves it empty, or has a key nobody reads.

    Raises CatalogueError.
    """
    missing = [key for key in needed if raw.get(key) in (None, "")]
    if missing:
        raise CatalogueError(f"{where}: missing {', '.join(missing)}; write it")
    unknown = sorted(set(raw) - set(needed) - set(allowed))
    if unknown:
        known = ", ".join(sorted({*needed, *allowed}))
        raise CatalogueError(f"{where}: unknown key {', '.join(unknown)}; known keys: {known}")


def demand_choice(value: object, choices: Collection[str], key: str, where: str) -> None:
    """Refuse a value outside a closed list. Raises CatalogueError."""
    if value not in choices:
        raise CatalogueError(f"{where}: {key} = {value!r}; write one of {', '.join(choices)}")


def demand_new(id_: str, seen: Collection[str], where: str) -> None:
    """Refuse an id that stands twice. Raises CatalogueError."""
    if id_ in seen:
        raise CatalogueError(f"{where}: the id {id_!r} stands twice; rename or remove one")
