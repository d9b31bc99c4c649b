"""What changed in the registry, told to a machine: of the token's scope, page by page; nothing closed or missed."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from fupin.accounts.api import Deed, Forbidden, User, token_for, token_verbs
from fupin.accounts.tests.fixtures import COUNTY, OTHER_COUNTY, VILLAGE, Cast
from fupin.gateway import changes
from fupin.registry import api as registry
from fupin.registry.changes import known
from fupin.registry.models import Person, RegistryChange
from fupin.registry.tests.changing import do, filing, number_of
from fupin.registry.tests.fixtures import HEAD_ID, Homes

NUMBER = number_of("45012419580103001")
BORN = {"birth_date": "1958-01-03"}


@pytest.fixture(autouse=True)
def data(db: None, settings: Any, tmp_path: Path) -> None:
    settings.FUPIN_DATA_DIR = tmp_path


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test is one open transaction: what it wrote is not settled before it ends."""
    monkeypatch.setattr(known, "_settled", lambda: 2**62)


def client_of(user: User) -> Client:
    return Client(headers={"Authorization": f"Bearer {token_for(by=user, user=user, name='test')}"})


def asked(client: Client, **query: str) -> dict[str, Any]:
    answer = client.get(f"/api/changes?{urlencode(query)}")
    assert answer.status_code == 200, answer.content
    told: dict[str, Any] = answer.json()
    return told


@pytest.fixture
def written(cast: Cast, homes: Homes, settled: None) -> list[RegistryChange]:
    """A correction with health, a birth and an end of membership; beside them one of another county's household."""
    common: dict[str, Any] = {"by": cast.county_office, "household_id": "H-own"}
    facts = {"health": "04", "labour": "04", "name": "韦小玥"}
    born = {"name": "韦小九", "birth_date": "2026-02-03", "sex": "2"}
    found = [
        do(verb=registry.correct_person, filing=filing("correct_person"), person_id="P-child", facts=facts, **common),
        do(
            verb=registry.add_member, filing=filing("birth", date(2026, 2, 3)), relation="04", facts=born, number="",
            **common,
        ),
        do(verb=registry.end_membership, filing=filing("move_out"), person_id="P-child", **common),
    ]  # fmt: skip
    far = filing("correct_household")
    do(cast.office, registry.correct_household, household_id="H-far", filing=far, facts={"cause_main": "03"})
    return found


def test_a_county_reads_its_own_changes_the_oldest_first(cast: Cast, written: list[RegistryChange]) -> None:
    told = asked(client_of(cast.county_office))
    assert [one["id"] for one in told["changes"]] == [one.pk for one in written]
    assert (told["region"], told["more"]) == (COUNTY, False)
    assert [one["kind"] for one in told["changes"]] == ["correct_person", "birth", "move_out"]
    first, _born, gone = told["changes"]
    assert (first["household"], first["person"], first["village"]) == ("H-own", "P-child", VILLAGE)
    (row,) = first["rows"]
    assert (row["table"], row["id"], row["after"]["labour"]) == ("person", "P-child", "04")
    assert row["closed"] == ["name"]
    assert any(one["table"] == "membership" and one["after"]["valid_to"] for one in gone["rows"])


def test_no_name_birth_date_health_or_number_is_in_it(cast: Cast, written: list[RegistryChange]) -> None:
    """Also for an account that may see health itself: no token carries that right."""
    head = Person.objects.get(name="韦大山").pk
    do(
        cast.county_office, registry.correct_number, household_id="H-own", person_id=head, number=NUMBER, facts=BORN,
        filing=filing("correct_number"),
    )  # fmt: skip
    told = asked(client_of(cast.county_office))
    text = json.dumps(told, ensure_ascii=False)
    for closed in ("韦小玥", "韦小九", "韦小月", '"health"', HEAD_ID, NUMBER, NUMBER[6:14], '"birth_date": "'):
        assert closed not in text
    (row,) = [row for row in told["changes"][-1]["rows"] if row["table"] == "number"]
    assert row == {"table": "number", "id": head, "before": None, "after": None, "closed": ["id_number"]}
    assert "birth_date" in {name for one in told["changes"] for row in one["rows"] for name in row["closed"]}


@pytest.mark.parametrize("who", ["cadre", "decision", "department"])
def test_an_account_of_another_role_reads_none(cast: Cast, homes: Homes, who: str) -> None:
    user = getattr(cast, who)
    assert changes.VERB not in token_verbs(user.role)
    with pytest.raises(Forbidden):
        changes.page_of(user, region="", household="", since="", after="")


def test_absent_and_outside_are_the_same(cast: Cast, written: list[RegistryChange]) -> None:
    client = client_of(cast.county_office)
    for query in ({"region": OTHER_COUNTY}, {"region": "999999"}, {"household": "H-far"}, {"household": "H-nothing"}):
        answer = client.get("/api/changes", query)
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")
    assert [one["household"] for one in asked(client_of(cast.office), region=OTHER_COUNTY)["changes"]] == ["H-far"]


def test_a_misspelt_question_is_not_answered_with_everything(cast: Cast, written: list[RegistryChange]) -> None:
    answer = client_of(cast.county_office).get("/api/changes", {"housholds": "H-own"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "wrong_request")


def test_one_household_and_a_moment(cast: Cast, written: list[RegistryChange]) -> None:
    client = client_of(cast.county_office)
    assert len(asked(client, household="H-own")["changes"]) == 3
    assert asked(client, household="H-next") == {"region": COUNTY, "next": "", "more": False, "changes": []}
    later = (timezone.now() + timedelta(hours=1)).isoformat()
    assert asked(client, since=later)["changes"] == []
    assert len(asked(client, since="2026-01-01T00:00:00")["changes"]) == 3  # without a zone: the platform's own


def test_pages_follow_one_another_and_the_mark_goes_on_later(
    cast: Cast, written: list[RegistryChange], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes, "PAGE", 2)
    client = client_of(cast.county_office)
    first = asked(client)
    second = asked(client, after=first["next"])
    assert (first["more"], second["more"]) == (True, False)
    assert [one["id"] for one in first["changes"] + second["changes"]] == [one.pk for one in written]
    assert asked(client, after=second["next"]) == {**second, "changes": []}
    fourth = do(
        cast.county_office, registry.correct_household, household_id="H-own", filing=filing("correct_household"),
        facts={"cause_main": "03"},
    )  # fmt: skip
    assert [one["id"] for one in asked(client, after=second["next"])["changes"]] == [fourth.pk]
    assert len(asked(client, since="1983-06-25T16:50:41-23:08")["changes"]) == 2
    assert len(client.get("/api/changes?since=2026-01-01T08:00:00+08:00").json()["changes"]) == 2  # + not encoded
    for since in ("0001-01-01T00:00:00+14:00", "gestern", "2026-13-01", "32007"):
        assert client.get("/api/changes", {"since": since}).status_code == 400
    for mark in ("nonsense", "1", "1.2.3", "²².1", "9" * 30 + ".1"):
        answer = client.get("/api/changes", {"after": mark})
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "wrong_request")


def test_what_goes_out_is_written_down_and_an_empty_answer_is_not(cast: Cast, written: list[RegistryChange]) -> None:
    client = client_of(cast.county_office)
    asked(client, household="H-next")
    asked(client)
    deed = Deed.objects.get(verb=changes.VERB)
    assert (deed.by, deed.object_id, deed.detail) == (cast.county_office, COUNTY, {"changes": 3})


def test_what_an_open_transaction_could_still_be_before_is_not_told_yet(cast: Cast, homes: Homes) -> None:
    """Else it would appear behind the mark of a reader who has gone on, who would never see it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_xact_id()")  # the test's own transaction is one that is open
    do(
        cast.county_office, registry.correct_household, household_id="H-own", filing=filing("correct_household"),
        facts={"cause_main": "03"},
    )  # fmt: skip
    assert asked(client_of(cast.county_office)) == {"region": COUNTY, "next": "", "more": False, "changes": []}
