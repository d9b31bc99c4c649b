"""Where a page stands: the region asked for, cut down to what the reader may see, its breadcrumb and its parts."""

from __future__ import annotations

from dataclasses import dataclass

from fupin.accounts.api import User
from fupin.registry import api as registry
from fupin.registry.api import Region


@dataclass(frozen=True)
class Place:
    region: Region
    crumbs: list[Region]
    parts: list[Region]

    @property
    def code(self) -> str:
        return self.region.code


def place_of(user: User, code: str = "") -> Place | None:
    """The region ``code`` or the user's own. None for a user without a region; NotFound outside the scope."""
    wanted = code or user.region
    if not wanted:
        return None
    if not user.scope.covers(wanted):
        raise registry.NotFound(wanted)
    crumbs = [part for part in registry.breadcrumb(wanted) if user.scope.covers(part.code)]
    return Place(registry.region(wanted), crumbs, registry.children(user, wanted))
