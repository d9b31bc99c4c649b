"""People who deliver, and a data folder of their own for each test."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from fupin.accounts.api import User


@pytest.fixture
def data(settings: Any, tmp_path: Path) -> Path:
    """An empty data folder."""
    root = tmp_path / "data"
    root.mkdir()
    settings.FUPIN_DATA_DIR = root
    return root


def account(name: str, role: str, region: str = "", department: str = "") -> User:
    from fupin.accounts.api import User  # the settings are loaded after this file

    return User.objects.create(username=name, role=role, region=region, department=department)


@pytest.fixture
def office(db: None) -> User:
    return account("office", "office", "4501")


@pytest.fixture
def clerk(db: None) -> User:
    return account("clerk", "department", "4501", "finance")


@pytest.fixture
def stranger(db: None) -> User:
    return account("stranger", "department", "4501", "water")


@pytest.fixture
def county_office(db: None) -> User:
    return account("county", "office", "450124")


@pytest.fixture
def cadre(db: None) -> User:
    return account("cadre", "cadre", "450124100201")
