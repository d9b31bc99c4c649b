"""What a browser of ours never sends, or a hand mistypes: refused with words, never a fault of ours."""

from __future__ import annotations

from datetime import date

import pytest
from django.db import Error, connection, transaction
from django.test import Client
from django.urls import reverse

from fupin.accounts.api import acting_as
from fupin.accounts.tests.fixtures import VILLAGE, Cast
from fupin.identify.cases.models import CaseAct
from fupin.identify.cases.services import attach_paper
from fupin.identify.cases.tests.play import apply_for, ordinary_household, papers, take
from fupin.registry import api as registry
from fupin.registry.tests.fixtures import Homes

pytestmark = pytest.mark.django_db


def test_a_notice_at_a_step_without_one(client: Client, cast: Cast, homes: Homes) -> None:
    case = apply_for(cast.cadre, homes.own, "exit")
    client.force_login(cast.cadre)
    said = {"village": VILLAGE, "procedure": "exit", "step": case.step, "place": "村委会"}
    assert client.post(reverse("console:notices"), said).status_code == 400


@pytest.mark.parametrize("form", [{"step": "", "act": "papers"}, {"step": "", "outcome": "pass"}])
def test_a_step_of_a_case_that_has_ended(client: Client, cast: Cast, homes: Homes, form: dict[str, str]) -> None:
    home = ordinary_household("H-applies", VILLAGE, "农秀英")
    case = take(cast.cadre, apply_for(cast.cadre, home), outcome="withdraw")
    client.force_login(cast.cadre)
    assert client.post(reverse("console:case", args=[case.pk]), form).status_code == 400


def test_a_day_that_cannot_be_read_is_not_dropped(client: Client, cast: Cast, homes: Homes) -> None:
    case = apply_for(cast.cadre, homes.own, "exit")
    papers(cast.cadre, case)
    client.force_login(cast.cadre)
    said = {"step": case.step, "outcome": "pass", "held_on": "2026/11/20"}
    answer = client.post(reverse("console:case", args=[case.pk]), said)
    assert answer.status_code == 400
    assert "日期看不懂" in answer.content.decode()
    assert not CaseAct.objects.exists()


def test_the_paper_of_another_case(client: Client, cast: Cast, homes: Homes) -> None:
    one, other = (apply_for(cast.cadre, ordinary_household(name, VILLAGE, "农秀英")) for name in ("H-one", "H-other"))
    with acting_as(cast.cadre):
        paper = attach_paper(by=cast.cadre, case=other, paper="application", name="x.pdf", content=b"%PDF-1.4")
    client.force_login(cast.cadre)
    assert client.get(reverse("console:case_paper", args=[one.pk, paper.file_id])).status_code == 404
    assert client.get(reverse("console:case_paper", args=[other.pk, paper.file_id])).status_code == 200


def test_digits_that_are_none(client: Client, cast: Cast, homes: Homes) -> None:
    client.force_login(cast.county_office)
    assert client.get(reverse("console:dossier", args=[VILLAGE]), {"year": "²"}).status_code == 200
    said = {"number": "²", "day": "2026-01-01"}
    assert client.post(reverse("console:helping_act", args=["H-own", "end"]), said).status_code == 404


@pytest.mark.parametrize("typed", ["NaN", "Infinity", "1e20"])
def test_a_figure_that_is_none(client: Client, cast: Cast, homes: Homes, typed: str) -> None:
    client.force_login(cast.county_office)
    said = {"farmland_mu": typed, "stated_by": "韦大山"}
    assert client.post(reverse("console:village_form", args=[VILLAGE, 2026]), said).status_code == 400


def test_a_name_longer_than_its_record(client: Client, cast: Cast, homes: Homes) -> None:
    client.force_login(cast.county_office)
    said = {"name": "韦" * 61, "role": "member", "unit": "县农业局", "since": "2026-01-01"}
    answer = client.post(reverse("console:village_act", args=[VILLAGE, "send"]), said)
    assert answer.status_code == 400
    assert "太长" in answer.content.decode()


def test_nobody_draws_a_helper_of_another_county_into_his_own_scope(cast: Cast, homes: Homes) -> None:
    with acting_as(cast.office):
        made = registry.assign_helper(
            by=cast.office, household_id="H-far", since=date(2026, 1, 1), name="黄志强", unit="上林县农业局"
        )
    drawn = "INSERT INTO registry_helping (household_id, helper_id, since, ended_why) VALUES ('H-own', %s, now(), '')"
    refused = pytest.raises(Error, match="no such helper")
    with acting_as(cast.county_office), refused, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(drawn, [made.helper_id])
    with acting_as(cast.office):  # who sees both may pair them
        registry.assign_helper(by=cast.office, household_id="H-own", since=date(2026, 1, 1), helper_id=made.helper_id)
