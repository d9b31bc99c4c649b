"""What is refused before a view sees it, said in the house's own words."""

from __future__ import annotations

import pytest
from django.test import Client

from fupin.accounts.tests.fixtures import Cast

NUL_PLACES = ["/households/?q=%00", "/findings/?rule=%00", "/deliveries/?state=a%00", "/households/%00/", "/runs/%00/"]


@pytest.mark.parametrize("path", NUL_PLACES)
def test_an_address_with_a_nul_is_a_wrong_request_not_a_fault_of_ours(client: Client, cast: Cast, path: str) -> None:
    client.force_login(cast.office)
    answer = client.get(path)
    assert answer.status_code == 400
    assert "不能识别的字符" in answer.content.decode()


def test_a_stranger_who_types_a_nul_is_refused_too(client: Client, db: None) -> None:
    wrong = "username=a%00b&password=x"
    answer = client.post("/sign-in/", wrong, content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 400


def test_a_wrong_method_has_a_page_with_a_way_on(client: Client, cast: Cast) -> None:
    client.force_login(cast.office)
    answer = client.get("/runs/new/")
    assert answer.status_code == 405
    assert answer["Allow"] == "POST"
    assert "回到总览" in answer.content.decode()


def test_a_stale_form_is_told_in_our_own_words(db: None) -> None:
    answer = Client(enforce_csrf_checks=True).post("/sign-in/", {"username": "a", "password": "b"})
    assert answer.status_code == 403
    assert "页面已过期" in answer.content.decode()


def test_who_may_not_do_a_step_gets_a_forbidden(client: Client, cast: Cast) -> None:
    client.force_login(cast.decision)
    assert client.get("/deliveries/new/").status_code == 403


def test_after_a_session_has_ended_a_form_leads_back_to_its_page(client: Client, db: None) -> None:
    answer = client.post("/runs/new/", headers={"Referer": "http://testserver/runs/?page=2"})
    assert answer["Location"] == "/sign-in/?next=/runs/%3Fpage%3D2"


def test_a_foreign_referer_leads_home(client: Client, db: None) -> None:
    answer = client.post("/runs/new/", headers={"Referer": "http://elsewhere.example/runs/"})
    assert answer["Location"] == "/sign-in/?next=/"


def test_a_part_of_a_page_takes_the_whole_page_to_the_door(client: Client, db: None) -> None:
    headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/findings/?severity=1"}
    answer = client.get("/findings/", headers=headers)
    assert answer["HX-Redirect"] == "/sign-in/?next=/findings/%3Fseverity%3D1"
