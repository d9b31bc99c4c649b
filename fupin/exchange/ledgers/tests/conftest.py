"""A folder of its own for each test: batches are numbered by the database, and two workers share a data folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(autouse=True)
def own_folder(settings: Any, tmp_path: Path) -> None:
    settings.FUPIN_DATA_DIR = tmp_path
