"""Confirm or dismiss a finding; what change of the registry a confirmed one proposes. People apply it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.db import transaction

from fupin.accounts import api as accounts
from fupin.accounts.api import User
from fupin.catalogue.changes import ChangeKind, change_kinds
from fupin.identify.models import Finding
from fupin.identify.queries import in_scope
from fupin.identify.verdict_models import FindingVerdict, Said
from fupin.kernel.errors import NotFound, UserError
from fupin.kernel.masks import mask_name
from fupin.registry import api as registry
from fupin.registry.api import RegistryChange

SHORTEST_REASON = 4


@dataclass(frozen=True)
class Proposal:
    """A form of a change, filled in as far as the finding tells: "" and None where it does not."""

    kind: ChangeKind
    household_id: str
    person_id: str
    effective: date | None
    key: str


def finding_key(finding: Finding) -> str:
    """As a change names the finding that proposed it."""
    return f"{finding.run_id}/{finding.finding_id}"


@transaction.atomic
def judge_finding(*, by: User, finding: Finding, verdict: str, reason: str) -> FindingVerdict:
    """Raises Forbidden, UserError (no reason, an unknown verdict)."""
    accounts.require(by, "judge_finding", finding.village_code)
    if verdict not in Said.values:
        raise UserError("请选择属实或不属实", "choose confirmed or dismissed", "", "")
    if len(reason.strip()) < SHORTEST_REASON:
        raise UserError(
            "请写明核实情况", "say what was found on the spot",
            f"至少 {SHORTEST_REASON} 个字", f"at least {SHORTEST_REASON} characters",
        )  # fmt: skip
    made = FindingVerdict.objects.create(
        run_id=finding.run_id, finding_id=finding.finding_id, rule=finding.rule, household_id=finding.household_id,
        village_code=finding.village_code, verdict=verdict, reason=reason.strip()[:200], by=by,
    )  # fmt: skip
    accounts.record(
        by=by, verb="judge_finding", object_kind="household", object_id=finding.household_id,
        region=finding.village_code, reason=made.reason, detail={"finding": finding_key(finding), "verdict": verdict},
    )  # fmt: skip
    return made


def verdict_of(user: User, finding: Finding) -> FindingVerdict | None:
    """The newest."""
    rows = FindingVerdict.objects.filter(in_scope(user.scope, "village_code"))
    return rows.filter(run_id=finding.run_id, finding_id=finding.finding_id).select_related("by").first()


def proposal_of(user: User, finding: Finding) -> Proposal | None:
    """What a confirmed finding proposes; None where its rule proposes nothing, or nobody confirmed it."""
    said = verdict_of(user, finding)
    if said is None or said.verdict != Said.CONFIRMED:
        return None
    kind, told = _kind_of(finding)
    return None if kind is None else Proposal(
        kind, finding.household_id, _person_of(user, finding), _day_of(finding, told), finding_key(finding)
    )  # fmt: skip


def proposed_by(user: User, key: str) -> Proposal | None:
    """The proposal behind a key of an address; None for a key that proposes nothing."""
    run, _slash, number = key.partition("/")
    rows = Finding.objects.filter(in_scope(user.scope, "village_code"), run_id=run, finding_id=number)
    found = rows.first()
    return None if found is None else proposal_of(user, found)


def change_of(user: User, finding: Finding) -> RegistryChange | None:
    """The change that was made of it and still stands."""
    rows = registry.changes_for(user).filter(finding=finding_key(finding), reversed_by__isnull=True)
    return rows.first()


def proposes(rule: str) -> bool:
    return any(rule in kind.proposed_by for kind in change_kinds().values())


def _kind_of(finding: Finding) -> tuple[ChangeKind | None, str]:
    for kind in change_kinds().values():
        if finding.rule in kind.proposed_by:
            return kind, kind.proposed_by[finding.rule]
    return None, ""


def _person_of(user: User, finding: Finding) -> str:
    """The only member of the name that the finding tells, masked as it is; "" when there is none or two."""
    name = str(finding.params.get("name") or "")
    try:
        members = registry.members_of(user, finding.household_id)
    except NotFound:
        return ""
    same = [one.person_id for one in members if name and one.name in (name, mask_name(name))]
    return same[0] if len(same) == 1 else ""


def _day_of(finding: Finding, told: str) -> date | None:
    try:
        return date.fromisoformat(str(finding.params.get(told) or "")[:10])
    except ValueError:
        return None
