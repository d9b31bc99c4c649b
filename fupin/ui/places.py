"""Where a page stands: the region asked for, cut down to what the reader may see, its breadcrumb and its parts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q

from fupin.accounts.api import NATION, User
from fupin.kernel.regions import PROVINCE, ancestors, is_code, level_of
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
    """The region ``code`` or the user's own. NotFound outside the scope. For the nation: the one province there is.

    None for a user without a region, or whose region is not loaded yet, as on a new installation.
    """
    wanted = code or user.region or (_only_province() if user.scope.covers(NATION) else "")
    if not wanted:
        return None
    if not user.scope.covers(wanted):
        raise registry.NotFound(wanted)
    found = _around(wanted)
    if wanted not in found:
        if code:
            raise registry.NotFound(wanted)
        return None
    crumbs = [part for part in found.values() if wanted.startswith(part.code) and user.scope.covers(part.code)]
    return Place(found[wanted], crumbs, [part for part in found.values() if len(part.code) > len(wanted)])


def _only_province() -> str:
    """ "" when there are several: their common page is the map of the nation."""
    found = Region.objects.filter(level=PROVINCE).values_list("code", flat=True)[:2]
    return found[0] if len(found) == 1 else ""


def _around(code: str) -> dict[str, Region]:
    """The region, those above it and those one level below it, by code in its order: one question instead of five.

    Whoever may see the region may see its parts.
    """
    if not is_code(code):
        return {}
    line = Q(code__in=[*ancestors(code), code])
    parts = Q(level=level_of(code) + 1, code__gt=code, code__lt=code + ":")
    found = Region.objects.filter(line | parts).order_by("code").defer("geometry")
    return {region.code: region for region in found}


def parts_of(code: str) -> list[Region]:
    """The regions one level below, of "" the provinces; names of places are public."""
    level = level_of(code) + 1 if code else PROVINCE
    found = Region.objects.filter(level=level, code__startswith=code)
    return list(found.order_by("code").defer("geometry"))


def chain_of(code: str) -> list[Region]:
    """The region and those above it, the largest first; one that is not loaded is missing."""
    return list(Region.objects.filter(code__in=[*ancestors(code), code]).order_by("level").defer("geometry"))


def village_names(codes: Iterable[str]) -> dict[str, str]:
    """Names of regions by code, for the rows of a list; one that is not loaded is missing."""
    return dict(Region.objects.filter(code__in=set(codes)).values_list("code", "name"))


def with_region_names(bring: Callable[[Sequence[Any]], list[Any]]) -> Callable[[Sequence[Any]], list[Any]]:
    """Rows with a region, as ``bring`` fetches them by their keys, each with its ``region_name``."""

    def fetch(keys: Sequence[Any]) -> list[Any]:
        found = bring(keys)
        names = village_names(one.region for one in found)
        for one in found:
            one.region_name = names.get(one.region, one.region)
        return found

    return fetch
