"""The truth: regions, households, persons, yearly survey, monthly ledger."""

from fupin.registry.change_models import RegistryChange
from fupin.registry.changes.models import ChangeFile, ChangePaper, ChangeRule
from fupin.registry.dossier_models import Helper, Helping, Progress, TeamMember, TeamRole, VillageProject, VillageYear
from fupin.registry.household_models import Household, HouseholdState, Membership, Person, Region
from fupin.registry.ledger_models import LedgerEntry
from fupin.registry.ledgers.models import BatchState, LedgerBatch, LedgerCells, LedgerMapping
from fupin.registry.sealed_models import FormerValue, Kind, LakeVersion, SealedField, SealedValue
from fupin.registry.survey_models import Survey

__all__ = [
    "BatchState",
    "ChangeFile",
    "ChangePaper",
    "ChangeRule",
    "FormerValue",
    "Helper",
    "Helping",
    "Household",
    "HouseholdState",
    "Kind",
    "LakeVersion",
    "LedgerBatch",
    "LedgerCells",
    "LedgerEntry",
    "LedgerMapping",
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
