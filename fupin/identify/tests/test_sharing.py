"""What a run gives out: once, in the agreement's region, to whom it was agreed; counts for a department's page."""

from __future__ import annotations

import base64
import json
from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from fupin.accounts.api import User, token_for
from fupin.accounts.tests.fixtures import CITY, COUNTY, FAR_VILLAGE, VILLAGE, Cast
from fupin.exchange import api as exchange
from fupin.exchange.api import Agreement, ExchangeEntry, Push, Terms
from fupin.exchange.kept_secret import opened
from fupin.exchange.outgoing import pseudonym
from fupin.identify import api as identify
from fupin.identify.models import Finding, HouseholdIndex, RegionAggregate, Run, RunState
from fupin.identify.sharing import rules_of, shared_rows
from fupin.identify.tests.test_queries import index_row

pytestmark = pytest.mark.django_db
TODAY = timezone.localdate()
OWN = rules_of("civil_affairs")[0]
OTHER = rules_of("public_security")[0]


def finished(name: str, day: date) -> Run:
    return Run.objects.create(
        id=name, region=CITY, as_of=day, state=RunState.FINISHED, finished_at=timezone.now(), manifest={"x": 1}
    )


def found(run: Run, village: str, number: int, rule: str) -> None:
    Finding.objects.create(
        run=run, finding_id=f"f{number}", rule=rule, rule_version=1, topic="subsistence", village_code=village,
        household_id=f"{village}{number:04d}", severity=2, direction="misplaced", n=1, exempted=0,
    )  # fmt: skip


@pytest.fixture
def run(cast: Cast) -> Run:
    run = finished("r1", date(2026, 10, 31))
    found(run, VILLAGE, 1, OWN)
    found(run, VILLAGE, 2, OTHER)
    found(run, FAR_VILLAGE, 3, OWN)
    return run


def signed(cast: Cast, dataset: str, fields: tuple[str, ...], region: str = CITY) -> Agreement:
    until = TODAY + timedelta(days=30)
    wanted = Terms("office", "civil_affairs", dataset, fields, "核实疑点", "国发〔2016〕51号", region, TODAY, until)
    return exchange.agree(by=cast.department, agreement=exchange.propose(by=cast.office, terms=wanted))


def messages(cast: Cast, agreement: Agreement, run: Run, settings: Any) -> list[dict[str, Any]]:
    settings.FUPIN_PUSH_NETWORKS = ["10.0.0.0/8"]
    exchange.subscribe(by=cast.department, agreement=agreement, url="https://10.1.1.1/hook")
    assert identify.announce_run(run) == 1
    return [json.loads(opened(one.body, f"push {one.pk}"))["data"] for one in Push.objects.all()]


def test_a_department_gets_what_its_own_data_raised(cast: Cast, run: Run, settings: Any) -> None:
    agreement = signed(cast, "own_findings", ("finding", "title"))
    (said,) = messages(cast, agreement, run, settings)
    assert (said["run"], said["agreement"]) == ("r1", agreement.number)
    assert [row["finding"] for row in said["rows"]] == ids(agreement, "f1", "f3")
    assert said["rows"][0]["county"] == COUNTY
    assert VILLAGE not in json.dumps(said)
    assert identify.announce_run(run) == 0  # a second call, after a kill, says nothing twice


def test_only_the_agreements_region_is_told(cast: Cast, run: Run, settings: Any) -> None:
    agreement = signed(cast, "findings", ("finding",), COUNTY)
    (said,) = messages(cast, agreement, run, settings)
    assert [row["finding"] for row in said["rows"]] == ids(agreement, "f1", "f2")


def test_changes_are_told_against_the_run_before(cast: Cast, run: Run, settings: Any) -> None:
    later = finished("r2", date(2026, 11, 1))
    rows = [index_row(run, VILLAGE, number, 1, 2, "poor") for number in (1, 2)]
    rows += [index_row(later, VILLAGE, 1, 1, 2, "poor"), index_row(later, VILLAGE, 2, 700_000, 800_000, "stable")]
    HouseholdIndex.objects.bulk_create(rows)
    (said,) = messages(cast, signed(cast, "household_changes", ("band", "band_before")), later, settings)
    assert [(row["band_before"], row["band"]) for row in said["rows"]] == [("poor", "stable")]


def test_a_repeated_run_says_nothing(cast: Cast, run: Run, settings: Any) -> None:
    signed(cast, "findings", ("finding",))
    again = finished("r2", date(2026, 10, 31))
    again.rerun_of = run
    assert identify.announce_run(again) == 0


def ids(agreement: Agreement, *findings: str) -> list[str]:
    """As they leave: a finding's own id would give the household away to who tries all numbers."""
    return [pseudonym(one, exchange.pseudonym_key(agreement)) for one in findings]


def client_of(user: User) -> Client:
    return Client(headers={"Authorization": f"Bearer {token_for(by=user, user=user, name='test')}"})


def test_a_department_reads_agreed_fields_through_the_api(cast: Cast, run: Run) -> None:
    agreement = signed(cast, "findings", ("finding", "severity"))
    client = client_of(cast.department)
    assert [one["id"] for one in client.get("/api/agreements").json()] == [agreement.pk]
    told = client.get(f"/api/agreements/{agreement.pk}/rows").json()
    assert (told["total"], told["next"], told["run"]) == (3, None, "r1")
    assert {tuple(row) for row in told["rows"]} == {("household", "county", "finding", "severity")}
    entry = ExchangeEntry.objects.get()
    assert (entry.way, entry.rows, entry.by, entry.agreement) == ("read", 3, cast.department, agreement)


def test_pages_follow_each_other_in_one_run_and_name_no_household(
    cast: Cast, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fupin.gateway.shared.PAGE", 2)
    agreement = signed(cast, "findings", ("finding",))
    client, address = client_of(cast.department), f"/api/agreements/{agreement.pk}/rows"
    first = client.get(address).json()
    finished("r2", date(2026, 11, 30))  # a newer run in between
    second = client.get(address, {"after": first["next"]}).json()
    assert [one["run"] for one in (first, second)] == ["r1", "r1"]
    assert [one["total"] for one in (first, second)] == [3, 3]
    assert second["next"] is None
    assert [row["finding"] for one in (first, second) for row in one["rows"]] == ids(agreement, "f1", "f2", "f3")
    mark = first["next"]
    assert b"f2" not in base64.urlsafe_b64decode(mark + "=" * (-len(mark) % 4))
    other = signed(cast, "findings", ("finding",), COUNTY)
    assert client.get(f"/api/agreements/{other.pk}/rows", {"after": mark}).status_code == 400


@pytest.mark.parametrize("at_once", [1, 2])
def test_changed_households_come_page_by_page(
    cast: Cast, run: Run, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    later = finished("r2", date(2026, 11, 1))
    rows = [index_row(run, VILLAGE, number, 1, 2, "poor") for number in (1, 2, 3)]
    rows += [index_row(later, VILLAGE, number, 700_000, 800_000, "stable") for number in (1, 2, 4)]
    HouseholdIndex.objects.bulk_create([*rows, index_row(later, VILLAGE, 3, 1, 2, "poor")])
    monkeypatch.setattr("fupin.identify.sharing.AT_ONCE", at_once)
    found = list(shared_rows(signed(cast, "household_changes", ("band",)), later))
    assert [(row["household_number"][-1], row["band_before"]) for row in found] == [
        ("1", "poor"),
        ("2", "poor"),
        ("4", ""),
    ]


def test_a_countys_clerk_reads_the_countys_part(cast: Cast, run: Run) -> None:
    agreement = signed(cast, "findings", ("finding",))
    county = User.objects.create(username="county_clerk", role="department", region=COUNTY, department="civil_affairs")
    told = client_of(county).get(f"/api/agreements/{agreement.pk}/rows").json()
    assert [row["finding"] for row in told["rows"]] == ids(agreement, "f1", "f2")


def test_nothing_is_read_without_an_agreement_that_holds(cast: Cast, run: Run) -> None:
    agreement = signed(cast, "findings", ("finding",))
    client, address = client_of(cast.department), f"/api/agreements/{agreement.pk}/rows"
    other = User.objects.create(username="other", role="department", region=CITY, department="water")
    assert client_of(other).get(address).json() == client_of(other).get("/api/agreements/99/rows").json()
    assert client_of(other).get(address).status_code == 404
    assert client.get(address + "?after=AAAA").status_code == 400
    exchange.end(by=cast.office, agreement=agreement, why="用途已经实现")
    answer = client.get(address)
    assert (answer.status_code, "没有生效" in answer.json()["error"]["zh"]) == (400, True)
    assert not ExchangeEntry.objects.exists()


def test_a_department_sees_how_many_findings_its_data_raised(cast: Cast, run: Run) -> None:
    kept = {"region": CITY, "income_unknown": 0, "income_households": 0}
    rules = [[OWN, 2, "misplaced", "subsistence", 7], [OTHER, 1, "misplaced", "assets", 9]]
    before = finished("r0", date(2026, 9, 30))
    RegionAggregate.objects.create(run=run, rules=rules, **kept)
    RegionAggregate.objects.create(run=before, rules=[[OWN, 2, "misplaced", "subsistence", 10]], **kept)
    newest, (raised,) = identify.raised_from(cast.department, "civil_affairs")
    assert newest == run
    assert (raised.rule.rule, raised.rule.n, raised.before) == (OWN, 7, 10)
