"""The dossier of a region above the village: counted figures of itself and of its parts, exit of its villages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fupin.accounts.api import User
from fupin.catalogue.village_standards import VillageStandards, village_standards
from fupin.console.dossiers.village import judged
from fupin.identify import api as identify
from fupin.registry import api as registry
from fupin.registry.api import Region, Tally

LENGTHS = (2, 4, 6, 9, 12)


@dataclass
class PartLine:
    """A part with its tally. ``stated``: villages with a form, ``ready``: those that meet every standard, ``failing``:
    those that fail one; the others wait for figures. ``monitored``: households under monitoring."""

    code: str
    name: str
    tally: Tally = field(default_factory=Tally)
    villages: int = 0
    stated: int = 0
    ready: int = 0
    failing: int = 0
    monitored: int = 0

    def add(self, tally: Tally, verdicts: Mapping[str, str] | None, monitored: int) -> None:
        self.tally += tally
        self.monitored += monitored
        self.villages += 1
        if verdicts is None:
            return
        found = set(verdicts.values())
        self.stated += 1
        self.ready += found == {"met"}
        self.failing += "unmet" in found


@dataclass(frozen=True)
class StandardCount:
    """How many villages meet one standard, fail it, or cannot be judged."""

    name: tuple[str, str]
    met: int
    unmet: int
    unknown: int


def place_dossier(user: User, code: str, parts: list[Region]) -> dict[str, Any]:
    """``code`` "" = the country; ``parts``: the regions one level below that are shown."""
    tallies = registry.village_tallies(user, code)
    known = village_standards()
    forms = registry.latest_forms(user, code, known.items)
    verdicts = {village: known.verdicts(judged_of(form, tallies.get(village))) for village, form in forms.items()}
    monitored = identify.monitored_by_village(user, code)
    lines = {part.code: PartLine(part.code, part.name) for part in parts}
    length = len(parts[0].code) if parts else 0
    whole = PartLine(code, "")
    for village in sorted({*tallies, *forms}):
        for line in filter(None, (whole, lines.get(village[:length]))):
            line.add(tallies.get(village, Tally()), verdicts.get(village), monitored.get(village, 0))
    helping = registry.helping_counts(user, code)
    return {
        "whole": whole,
        "lines": list(lines.values()),
        "standards": _by_standard(known, list(verdicts.values())),
        "set": known,
        "helping": helping,
        "unhelped": whole.tally.registered_households - helping.households,
        "team": registry.team_counts(user, code),
        "causes": _causes(user, code),
    }


def judged_of(form: Mapping[str, Any], tally: Tally | None) -> dict[str, Any]:
    return dict(form) if tally is None else judged(form, vars(tally))


def _by_standard(known: VillageStandards, verdicts: list[dict[str, str]]) -> list[StandardCount]:
    return [
        StandardCount(
            (one.zh, one.en),
            *(sum(found[one.id] == word for found in verdicts) for word in ("met", "unmet", "unknown")),
        )
        for one in known.standards
    ]


def _causes(user: User, code: str) -> list[tuple[str, int]]:
    """Main cause → registered households of the newest run, the most first; empty before the first one."""
    run = identify.latest_run(user)
    if run is None:
        return []
    wanted = code if len(code) >= len(run.region) else run.region
    if not user.scope.covers(wanted) or not wanted.startswith(run.region):
        return []
    kept = identify.region_aggregate(user, run, wanted)
    return sorted(((cause, n) for cause, n in kept.causes), key=lambda pair: -pair[1]) if kept else []
