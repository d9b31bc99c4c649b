"""Requests that the API's own description allows, and many that it does not: no fault, every answer as described."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from hypothesis import HealthCheck, given, settings
from schemathesis import Case, GenerationMode
from schemathesis.checks import CHECKS
from schemathesis.specs.openapi.schemas import OpenApiSchema

from fupin.accounts.api import Role, User, token_for

EXAMPLES = 60
#: whose data set it is and which day may be meant, no schema can say
SAID_ELSEWHERE: list[Any] = CHECKS.get_by_names(["positive_data_acceptance"])


@pytest.fixture
def token(db: None, settings: Any, tmp_path: Path) -> str:
    settings.FUPIN_DATA_DIR = tmp_path
    clerk = User.objects.create(username="caizheng", role=Role.DEPARTMENT, region="4501", department="finance")
    return token_for(by=clerk, user=clerk, name="fuzz")


@pytest.fixture
def office(token: str) -> str:
    """Of an account that reads the registry's changes, which no department does."""
    user = User.objects.create(username="shiban", role=Role.OFFICE, region="4501")
    return token_for(by=user, user=user, name="fuzz")


@pytest.fixture
def one_connection() -> Iterator[None]:
    """As Django's own test client does: a request does not close the connection that the test's transaction is on."""
    kept = (request_started, request_finished)
    for signal in kept:
        signal.disconnect(close_old_connections)
    yield
    for signal in kept:
        signal.connect(close_old_connections)


@pytest.fixture
def described(token: str, one_connection: None) -> OpenApiSchema:
    return schemathesis.openapi.from_wsgi("/api/openapi.json", get_wsgi_application())


def test_no_request_makes_the_api_fail(described: OpenApiSchema, token: str, office: str) -> None:
    found: list[Any] = list(described.get_all_operations())
    operations = [one.ok() for one in found]
    assert len(operations) == 6

    def shown(path: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {office if path == '/api/changes' else token}"}

    for operation in operations:

        @settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
        @given(case=operation.as_strategy() | operation.as_strategy(generation_mode=GenerationMode.NEGATIVE))
        def ask(case: Case[Any]) -> None:
            case.call_and_validate(headers=shown(case.operation.path), excluded_checks=SAID_ELSEWHERE)

        ask()
