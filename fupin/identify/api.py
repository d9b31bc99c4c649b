"""The only door to identification for other apps."""

from fupin.identify.doubts import Doubt, doubts_for
from fupin.identify.explaining import (
    catalogue_rule,
    explain,
    message_of,
    rule_title,
    run_folder,
)
from fupin.identify.models import (
    Band,
    Finding,
    HouseholdIndex,
    RegionResult,
    Run,
    RunState,
)
from fupin.identify.queries import (
    RuleCount,
    findings_for,
    histogram,
    index_for,
    latest_run,
    previous_run,
    region_result,
    region_results,
    rule_counts,
    run_for,
    runs_for,
    village_means,
)
from fupin.identify.services import (
    differing_digests,
    execute_run,
    repeat_run,
    start_run,
)
from fupin.kernel.errors import NotFound

__all__ = [
    "Band",
    "Doubt",
    "Finding",
    "HouseholdIndex",
    "NotFound",
    "RegionResult",
    "RuleCount",
    "Run",
    "RunState",
    "catalogue_rule",
    "differing_digests",
    "doubts_for",
    "execute_run",
    "explain",
    "findings_for",
    "histogram",
    "index_for",
    "latest_run",
    "message_of",
    "previous_run",
    "region_result",
    "region_results",
    "repeat_run",
    "rule_counts",
    "rule_title",
    "run_folder",
    "run_for",
    "runs_for",
    "start_run",
    "village_means",
]
