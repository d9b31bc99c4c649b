"""Tests that need Spark ask for ``spark_here``; without the extra or Java they are skipped, saying why."""

import shutil
from importlib.util import find_spec

import pytest

from fupin.engine.spark.cluster import Cluster


@pytest.fixture(scope="session")
def spark_here() -> Cluster:
    if find_spec("pyspark") is None:
        pytest.skip("pyspark is not installed: `make test-spark` installs it and runs these tests")
    if shutil.which("java") is None:
        pytest.skip("no Java: `make test-spark` says what to install")
    return Cluster("local[2]", "1g")
