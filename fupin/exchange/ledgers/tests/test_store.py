"""Files of ledgers: sealed, taken along by backups, gone when a batch is given up; who sees a batch and a mapping."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection

from fupin.accounts.api import acting_as
from fupin.accounts.tests.fixtures import Cast
from fupin.exchange.api import files_kept
from fupin.exchange.ledgers import store
from fupin.exchange.ledgers.queries import batch_for, batches_for
from fupin.exchange.ledgers.services import drop_batch
from fupin.exchange.ledgers.tests.books import applied, looked_at, person_row, two_homes
from fupin.kernel.errors import NotFound

pytestmark = pytest.mark.django_db(transaction=True)


def test_backups_take_every_file_of_an_applied_batch(cast: Cast, regions: None) -> None:
    batch = applied(cast.county_office, two_homes())
    kept = {file.path: file.fleeting for file in files_kept() if file.path.startswith("ledgers/")}
    assert kept == {f"ledgers/{batch.pk}/{name}": False for name in ("0.sealed", "1.sealed", "differences.sealed")}
    number = person_row(1)[4].encode()
    for path in kept:
        assert number not in Path(settings.FUPIN_DATA_DIR, path).read_bytes()


def test_a_batch_that_is_given_up_leaves_no_file(cast: Cast, regions: None) -> None:
    batch = looked_at(cast.county_office, two_homes())
    drop_batch(by=cast.county_office, batch_id=batch.pk)
    assert not store.folder_of(batch.pk).exists()
    assert not [file for file in files_kept() if file.path.startswith(f"ledgers/{batch.pk}/")]


def test_only_offices_that_cover_its_region_see_a_batch(cast: Cast, regions: None) -> None:
    batch = looked_at(cast.office, two_homes(), region="4501")
    assert batch_for(cast.office, batch.pk) == batch
    with pytest.raises(NotFound):
        batch_for(cast.county_office, batch.pk)
    assert not batches_for(cast.cadre).exists()
    with acting_as(cast.county_office), connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM registry_ledgerbatch")
        assert cursor.fetchone() == (0,)
