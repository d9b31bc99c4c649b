"""What is refused before a view sees it, said in the house's own words."""

from __future__ import annotations

import re
from datetime import date
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from fupin.accounts.api import acting_as
from fupin.accounts.tests.fixtures import Cast
from fupin.registry import api as registry
from fupin.registry.api import Filing, RegistryChange
from fupin.registry.tests.changing import seen
from fupin.registry.tests.fixtures import HEAD_ID, Homes

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


@pytest.mark.parametrize(
    ("sent_to", "page"),
    [
        ("/users/cungan/close/", "/users/cungan/"),
        ("/openings/7/passwords/", "/openings/7/"),
        ("/account/password/", "/account/"),
        ("/account/tokens/7/revoke/", "/account/"),
        ("/account/factors/7/remove/", "/account/factors/"),
        ("/agreements/7/end/", "/agreements/7/"),
        ("/households/H-own/helping/end/", "/households/H-own/helping/"),
        ("/dossiers/450124100201/acts/send/", "/dossiers/450124100201/"),
        ("/cases/7/objections/8/", "/cases/7/"),
        ("/ledgers/7/act/", "/ledgers/7/"),
        ("/changes/7/reverse/", "/changes/7/"),
        ("/changes/7/papers/", "/changes/7/"),
        ("/notices/ABC/object/", "/notices/ABC/"),
    ],
)
def test_the_address_of_a_form_opened_as_a_page_leads_to_the_page_that_holds_it(
    client: Client, cast: Cast, sent_to: str, page: str
) -> None:
    client.force_login(cast.office)
    answer = client.get(sent_to)
    assert (answer.status_code, answer.headers.get("Location")) == (302, page)
    assert client.put(sent_to).status_code == 405


def test_a_change_stands_on_the_page_of_its_household(client: Client, cast: Cast, homes: Homes) -> None:
    filing = Filing("correct_household", date(2026, 8, 1), "重新核实", seen("correct_household"))
    facts = {"cause_main": "02"}
    with acting_as(cast.office):
        change = registry.correct_household(by=cast.office, household_id=homes.own.pk, filing=filing, facts=facts)
    client.force_login(cast.office)
    assert client.get(f"/changes/{change.pk}/").headers["Location"] == f"/households/{homes.own.pk}/changes/"
    load = RegistryChange.objects.filter(kind="load")[0]
    assert client.get(f"/changes/{load.pk}/").status_code == client.get("/changes/999999/").status_code == 404


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


@pytest.mark.parametrize("path", ["/", "/households/", "/findings/", "/runs/", "/map/"])
def test_a_house_without_regions_says_what_is_missing(client: Client, cast: Cast, path: str) -> None:
    client.force_login(cast.office)
    assert client.get(path).status_code == 200


def test_an_upload_without_room_on_the_disk_is_refused_before_it_is_read(
    client: Client, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.force_login(cast.office)
    monkeypatch.setattr("fupin.ui.refusals.shutil.disk_usage", lambda _: SimpleNamespace(free=1 << 20))
    answer = client.post("/deliveries/new/", {"file": SimpleUploadedFile("a.csv", b"x" * 99)})
    assert answer.status_code == 507
    assert "磁盘空间不足" in answer.content.decode()


def announce(client: Client, path: str, megabytes: int, **more: Any) -> Any:
    """A request that says how long it is going to be; not a byte of it is read."""
    kind = "multipart/form-data; boundary=x"
    return client.generic("POST", path, b"", content_type=kind, CONTENT_LENGTH=str(megabytes << 20), **more)


@pytest.mark.parametrize("path", ["/sign-in/", "/deliveries/new/", "/users/new/", "/nowhere/"])
def test_a_visitor_cannot_fill_the_disk_with_200_mb(client: Client, db: None, path: str) -> None:
    answer = announce(client, path, 200)
    assert answer.status_code == 413
    assert "文件太大" in answer.content.decode()


def test_200_mb_are_taken_as_a_delivery_and_nowhere_else(client: Client, cast: Cast) -> None:
    client.force_login(cast.office)
    assert announce(client, "/deliveries/new/", 200).status_code != 413
    assert announce(client, "/deliveries/new/", 2100).status_code == 413
    assert announce(client, "/deliveries/guess/", 200).status_code == 413
    assert announce(client, "/ledgers/new/", 1200).status_code != 413
    assert announce(client, "/ledgers/new/", 1300).status_code == 413
    assert announce(client, "/households/find/", 200).status_code == 413


def test_a_machine_is_told_in_both_languages_that_its_file_is_too_large(client: Client, db: None) -> None:
    answer = announce(client, "/api/deliveries", 2100, headers={"Authorization": "Bearer x"})
    assert answer.status_code == 413
    told = answer.json()["error"]
    assert told["code"] == "too_large"
    assert told["zh"]
    assert told["hint_en"]


@pytest.mark.parametrize("path", ["/sign-in/", "/api/openapi.json", "/static/fupin/fupin.css", "/nowhere/"])
def test_every_answer_tells_browsers_what_it_may_load(client: Client, db: None, path: str) -> None:
    told = client.get(path).headers
    assert "script-src 'self';" in told["Content-Security-Policy"]
    assert "'unsafe-eval'" not in told["Content-Security-Policy"]
    assert told["X-Content-Type-Options"] == "nosniff"
    assert told["Cross-Origin-Opener-Policy"] == "same-origin"


def test_no_page_holds_a_script_of_its_own() -> None:
    inside = re.compile(r"<script(?![^>]*\bsrc=)[^>]*>|\son[a-z]+=|javascript:|hx-on", re.IGNORECASE)
    pages = list(settings.FUPIN_PACKAGE.rglob("templates/**/*.html"))
    assert len(pages) > 30
    assert [path.name for path in pages if inside.search(path.read_text(encoding="utf-8"))] == []


def test_an_id_number_in_an_address_is_taken_out(client: Client, cast: Cast) -> None:
    client.force_login(cast.office)
    answer = client.get(f"/findings/?severity=1&q={HEAD_ID}")
    assert answer["Location"] == "/findings/?severity=1"


def test_pages_behind_the_door_are_kept_nowhere(client: Client, cast: Cast) -> None:
    client.force_login(cast.office)
    assert client.get("/households/")["Cache-Control"] == "no-store, private"


def test_the_apis_own_page_needs_nothing_from_elsewhere(client: Client, db: None) -> None:
    assert "http" not in client.get("/api/docs").content.decode().replace("http://testserver", "")
