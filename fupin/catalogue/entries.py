"""Reading of catalogue entries: every key known, every needed key there, errors that say where and what to do."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from fupin.catalogue.schema import CatalogueError


def entry_place(path: Path, raw: Mapping[str, Any]) -> str:
    """Where an entry stands, for messages: ``housing.toml [floor_area]``."""
    return f"{path.name} [{raw.get('id', '?')}]"


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
