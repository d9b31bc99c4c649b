"""A run repeated with the other engine has the same digests, from the snapshot to the database."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

import pytest

from fupin.identify import api as identify
from fupin.identify.models import HouseholdIndex
from fupin.identify.tests.small_city import City
from fupin.kernel.errors import UserError


@pytest.fixture(autouse=True)
def open_database(city: City, django_db_blocker: Any) -> Iterator[None]:
    with django_db_blocker.unblock():
        yield


@pytest.mark.skipif(find_spec("pyspark") is None, reason="pyspark is not installed: `make test-spark` installs it")
@pytest.mark.skipif(shutil.which("java") is None, reason="no Java: `make test-spark` says what to install")
def test_a_run_repeated_with_spark_has_the_same_digests(city: City, settings: Any) -> None:
    settings.FUPIN_SPARK_MASTER, settings.FUPIN_SPARK_MEMORY = "local[2]", "1g"
    office = city.cast["office"]
    again = identify.execute_run(identify.repeat_run(by=office, run=city.run, engine="spark"))
    assert again.manifest["engine"]["name"] == "spark"
    assert identify.differing_digests(city.run, again) == []
    assert HouseholdIndex.objects.filter(run=again).count() == HouseholdIndex.objects.filter(run=city.run).count()
    back = identify.execute_run(identify.repeat_run(by=office, run=again, engine="polars"))
    assert back.manifest["engine"]["name"] == "polars"
    assert identify.differing_digests(again, back) == []


def test_spark_that_cannot_work_is_refused_before_a_run_is_made(city: City, settings: Any) -> None:
    settings.FUPIN_SPARK_MEMORY = "two"
    before = identify.runs_for(city.cast["office"]).count()
    with pytest.raises(UserError):
        identify.repeat_run(by=city.cast["office"], run=city.run, engine="spark")
    assert identify.runs_for(city.cast["office"]).count() == before
