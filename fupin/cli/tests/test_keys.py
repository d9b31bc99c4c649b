"""`fupin keys`: which key is in use, rotating and dropping in words."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner, Result

from fupin.cli import main
from fupin.exchange import api as exchange
from fupin.exchange.tests import conftest as people
from fupin.exchange.tests import test_key_rotation as rotations
from fupin.kernel.errors import UserError
from fupin.kernel.live_keys import LiveKeys
from fupin.registry import api as registry

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])
data, office, live, delivered = people.data, people.office, rotations.live, rotations.delivered


def keys(*words: str) -> Result:
    return CliRunner().invoke(main.build(), ["keys", *words], catch_exceptions=True)


def test_a_lake_key_is_rotated_and_dropped(live: LiveKeys, delivered: list[exchange.Delivery]) -> None:
    registry.rotate(by=None, purpose="lake")
    refused = keys("drop", "lake", "l1").exception
    assert isinstance(refused, UserError)
    assert "2 files in the lake" in refused.en
    told = keys("rotate", "lake")
    assert told.exit_code == 0, told.output
    assert "lake: l2 (接着做 went on)" in told.output
    assert keys("drop", "lake", "l1").exit_code == 0
    lines = [line for line in keys("list").output.splitlines() if line.startswith("lake")]
    assert [line.split()[1] for line in lines] == ["l2"]
    assert lines[0].endswith("在用 present")


def test_the_list_says_which_version_is_in_use(live: LiveKeys, delivered: list[exchange.Delivery]) -> None:
    registry.rotate(by=None, purpose="lake")
    coming, present = [line for line in keys("list").output.splitlines() if line.startswith("lake")]
    assert ("l2" in coming, coming.endswith("轮换中 on its way")) == (True, True)
    assert ("l1" in present, present.endswith("在用 present")) == (True, True)
    assert present.split()[4] == "2"
