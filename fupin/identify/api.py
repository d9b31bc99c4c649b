"""The only door to identification for other apps."""

from fupin.identify.aggregates import HISTOGRAM_STEP, INCOME_BINS, INCOME_STEP, SCATTER_STEP
from fupin.identify.doubts import REASONS as DOUBT_REASONS
from fupin.identify.doubts import Doubt, doubts_for
from fupin.identify.explaining import (
    catalogue_rule,
    explain,
    message_of,
    rule_title,
    run_folder,
)
from fupin.identify.kept import pinned_runs, run_files_kept
from fupin.identify.loading import complete_runs
from fupin.identify.measure_models import RegionMeasure
from fupin.identify.measure_queries import measures_below, region_measure, region_measures
from fupin.identify.measure_rows import registry_spec
from fupin.identify.measure_told import measures_told, told_line
from fupin.identify.models import (
    Band,
    Finding,
    HouseholdIndex,
    RegionAggregate,
    RegionResult,
    Run,
    RunState,
)
from fupin.identify.queries import (
    Counts,
    RegionRow,
    RuleCount,
    counts_known,
    findings_for,
    histogram,
    index_for,
    latest_run,
    previous_run,
    region_aggregate,
    region_result,
    region_results,
    region_rows,
    rule_counts,
    run_for,
    runs_for,
)
from fupin.identify.services import (
    differing_digests,
    execute_run,
    repeat_run,
    start_run,
)
from fupin.identify.sharing import Raised, about, announce_run, raised_from, shared_rows, shared_run
from fupin.kernel.errors import NotFound

__all__ = [
    "DOUBT_REASONS",
    "HISTOGRAM_STEP",
    "INCOME_BINS",
    "INCOME_STEP",
    "SCATTER_STEP",
    "Band",
    "Counts",
    "Doubt",
    "Finding",
    "HouseholdIndex",
    "NotFound",
    "Raised",
    "RegionAggregate",
    "RegionMeasure",
    "RegionResult",
    "RegionRow",
    "RuleCount",
    "Run",
    "RunState",
    "about",
    "announce_run",
    "catalogue_rule",
    "complete_runs",
    "counts_known",
    "differing_digests",
    "doubts_for",
    "execute_run",
    "explain",
    "findings_for",
    "histogram",
    "index_for",
    "latest_run",
    "measures_below",
    "measures_told",
    "message_of",
    "pinned_runs",
    "previous_run",
    "raised_from",
    "region_aggregate",
    "region_measure",
    "region_measures",
    "region_result",
    "region_results",
    "region_rows",
    "registry_spec",
    "repeat_run",
    "rule_counts",
    "rule_title",
    "run_files_kept",
    "run_folder",
    "run_for",
    "runs_for",
    "shared_rows",
    "shared_run",
    "start_run",
    "told_line",
]
