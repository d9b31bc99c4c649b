"""Where a page stands: the region asked for, cut down to what the reader may see, its breadcrumb and its parts."""

from __future__ import annotations

from collections.abc import Iterable
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
    """The region ``code`` or the user's own. NotFound outside the scope.

    None for a user without a region, or whose region is not loaded yet, as on a new installation.
    """
    wanted = code or user.region
    if not wanted:
        return None
    if not user.scope.covers(wanted):
        raise registry.NotFound(wanted)
    try:
        region = registry.region(wanted)
    except registry.NotFound:
        if code:
            raise
        return None
    crumbs = [part for part in registry.breadcrumb(wanted) if user.scope.covers(part.code)]
    return Place(region, crumbs, registry.children(user, wanted))


def village_names(codes: Iterable[str]) -> dict[str, str]:
    """Names of regions by code, for the rows of a list; one that is not loaded is missing."""
    return dict(Region.objects.filter(code__in=set(codes)).values_list("code", "name"))
