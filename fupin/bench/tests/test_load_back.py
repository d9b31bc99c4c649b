from pathlib import Path

import pytest
from django.db import connection, transaction

from fupin.bench.load_back import AS_OF, FINDINGS_EACH, TABLES, make


@pytest.mark.django_db
def test_the_made_results_are_loaded_by_the_product(tmp_path: Path) -> None:
    from fupin.identify import loading
    from fupin.identify.models import Finding, HouseholdIndex, Run

    make(tmp_path, 200)
    run = Run.objects.create(id="bench", region="4501", as_of=AS_OF)
    results = loading.read_results(run, tmp_path, tmp_path)
    with transaction.atomic():
        loading.replace_results(run, results, lambda _step, _share: None)
    assert HouseholdIndex.objects.filter(run=run).count() == 200
    assert Finding.objects.filter(run=run).count() == 200 * FINDINGS_EACH


#: of screenings, cases, verdicts, applications: no run fills them
OTHERS = (
    "screen", "case", "bulk", "sample", "notice", "objection", "monitored", "step", "standard", "dated",
    "findingverdict", "application", "overdue", "calendar", "reminder",
)  # fmt: skip


@pytest.mark.django_db
def test_every_table_that_a_run_fills_is_measured() -> None:
    filled = {name for name in connection.introspection.table_names() if name.startswith("identify_")}
    filled = {name for name in filled if not name.removeprefix("identify_").startswith(OTHERS)}
    assert filled == {*TABLES, "identify_run"}
