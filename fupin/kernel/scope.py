"""A scope is the set of region prefixes that somebody may see."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Scope:
    """Region code prefixes; ``""`` is the whole country, an empty set sees nothing."""

    prefixes: frozenset[str]

    @classmethod
    def of(cls, *prefixes: str) -> Scope:
        return cls(frozenset(_outermost(prefixes)))

    @classmethod
    def nothing(cls) -> Scope:
        return cls(frozenset())

    @classmethod
    def everything(cls) -> Scope:
        return cls(frozenset({""}))

    def covers(self, code: str) -> bool:
        """True when the region with this code lies inside the scope."""
        return any(code.startswith(prefix) for prefix in self.prefixes)

    def within(self, region: str) -> Scope:
        """The part of the scope inside one region."""
        if self.covers(region):
            return Scope.of(region)
        return Scope.of(*(prefix for prefix in self.prefixes if prefix.startswith(region)))

    def ranges(self) -> list[tuple[str, str]]:
        """Half-open code ranges [low, high) for the database; codes are digits, so ``:`` follows ``9``."""
        return sorted((prefix, prefix + ":") for prefix in self.prefixes)

    def __bool__(self) -> bool:
        return bool(self.prefixes)


def _outermost(prefixes: Iterable[str]) -> list[str]:
    kept: list[str] = []
    for prefix in sorted(set(prefixes)):
        if not any(prefix.startswith(known) for known in kept):
            kept.append(prefix)
    return kept
