from pathlib import Path

import pytest

from fupin.bench.snapshot import fill


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_the_made_registry_is_what_the_snapshot_holds(tmp_path: Path) -> None:
    from fupin.registry import api as registry

    fill(20)
    counts = {"households": 20, "persons": 70, "survey": 20, "ledger": 20, "screen_persons": 70}
    assert registry.snapshot(tmp_path).counts == counts
