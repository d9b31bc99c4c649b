"""The truth: regions, households, persons, yearly survey, monthly ledger."""

from fupin.registry.change_models import RegistryChange
from fupin.registry.dossier_models import Helper, Helping, Progress, TeamMember, TeamRole, VillageProject, VillageYear
from fupin.registry.household_models import Household, HouseholdState, Membership, Person, Region
from fupin.registry.ledger_models import LedgerEntry
from fupin.registry.sealed_models import Kind, LakeVersion, SealedField, SealedValue
from fupin.registry.survey_models import Survey

__all__ = [
    "Helper",
    "Helping",
    "Household",
    "HouseholdState",
    "Kind",
    "LakeVersion",
    "LedgerEntry",
    "Membership",
    "Person",
    "Progress",
    "Region",
    "RegistryChange",
    "SealedField",
    "SealedValue",
    "Survey",
    "TeamMember",
    "TeamRole",
    "VillageProject",
    "VillageYear",
]
