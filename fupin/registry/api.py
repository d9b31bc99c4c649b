"""The door to the registry."""

from fupin.kernel.errors import NotFound
from fupin.registry.borders import borders_version, bounds_of, cells_json, home_points, region_names
from fupin.registry.models import Household, HouseholdState, LedgerEntry, Membership, Person, Region, Survey
from fupin.registry.queries import (
    MemberView,
    breadcrumb,
    children,
    has_households,
    has_regions,
    holds_generated,
    household_for,
    households_for,
    label,
    ledger_of,
    members_of,
    person_for,
    region,
    survey_of,
)
from fupin.registry.reference import (
    NATION,
    Exit,
    ReferencePlace,
    exits,
    reference_bounds,
    reference_cells,
    reference_levels,
    reference_names,
    reference_place,
    reference_version,
)
from fupin.registry.region_loading import load_regions, load_shipped_regions
from fupin.registry.registry_loading import Loaded, load_registry
from fupin.registry.sealing import seal, seal_many, unseal
from fupin.registry.searching import search_households
from fupin.registry.services import reveal_id
from fupin.registry.snapshot import SnapshotInfo, snapshot
from fupin.registry.spelling import spell, spell_column
from fupin.registry.timeline import Act, Answer, Change, Touched, answering_for, answers_of, timeline_of

__all__ = [
    "NATION",
    "Act",
    "Answer",
    "Change",
    "Exit",
    "Household",
    "HouseholdState",
    "LedgerEntry",
    "Loaded",
    "MemberView",
    "Membership",
    "NotFound",
    "Person",
    "ReferencePlace",
    "Region",
    "SnapshotInfo",
    "Survey",
    "Touched",
    "answering_for",
    "answers_of",
    "borders_version",
    "bounds_of",
    "breadcrumb",
    "cells_json",
    "children",
    "exits",
    "has_households",
    "has_regions",
    "holds_generated",
    "home_points",
    "household_for",
    "households_for",
    "label",
    "ledger_of",
    "load_regions",
    "load_registry",
    "load_shipped_regions",
    "members_of",
    "person_for",
    "reference_bounds",
    "reference_cells",
    "reference_levels",
    "reference_names",
    "reference_place",
    "reference_version",
    "region",
    "region_names",
    "reveal_id",
    "seal",
    "seal_many",
    "search_households",
    "snapshot",
    "spell",
    "spell_column",
    "survey_of",
    "timeline_of",
    "unseal",
]
