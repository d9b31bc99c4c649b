"""What follows when a case has ended: the household's state, by the registry's own service, in the same transaction."""

from __future__ import annotations

from fupin.accounts import api as accounts
from fupin.accounts.api import User
from fupin.catalogue.procedures import edition_of
from fupin.identify.cases.models import Case, Ended
from fupin.registry import api as registry

#: state that a procedure ends in → kind of the change in the registry's log
KINDS = {"0": "entry", "1": "exit", "3": "return"}


def take_effect(*, by: User, case: Case, reason: str) -> None:
    """Call it in the transaction of the last act: the database refuses to commit a passed case without its change."""
    procedure = edition_of(case.procedure, case.edition)
    accounts.record(
        by=by, verb="case_ended", object_kind="household", object_id=case.household_id, region=case.village_code,
        reason=reason, detail={"case": case.pk, "procedure": case.procedure, "ended": case.ended},
    )  # fmt: skip
    if case.ended == Ended.PASSED and procedure.ends_in and case.ended_on is not None:
        why = f"{procedure.zh}：{reason}" if reason else procedure.zh
        registry.change_state(
            by=by, household_id=case.household_id, state=procedure.ends_in, effective=case.ended_on,
            kind=KINDS[procedure.ends_in], reason=why, case_id=case.pk,
        )  # fmt: skip
