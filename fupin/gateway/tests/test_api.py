"""The machine door: a token, a file, an answer that machines and people can read."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from fupin.accounts.api import Role, User, token_for
from fupin.accounts.models import ApiToken, Deed
from fupin.exchange import api as exchange
from fupin.kernel.identity import check_digit

SAID = {"dataset": "fi_card", "provider": "市财政局", "batch": "201912", "cut_off": "2019-12-31"}
FIRST = "45012319800101123"
ROW = f"{FIRST}{check_digit(FIRST)},韦小明,08,100.50,2019-02-28"
CONTENT = f"身份证号,姓名,补贴项目,发放金额,发放日期\n{ROW}\n".encode()


@pytest.fixture(autouse=True)
def data(db: None, settings: Any, tmp_path: Path) -> None:
    settings.FUPIN_DATA_DIR = tmp_path


def client_of(name: str, department: str) -> Client:
    user = User.objects.create(username=name, role=Role.DEPARTMENT, region="4501", department=department)
    return Client(headers={"Authorization": f"Bearer {token_for(by=user, user=user, name='test')}"})


@pytest.fixture
def finance(db: None) -> Client:
    return client_of("finance", "finance")


def post(client: Client, content: bytes = CONTENT, **said: Any) -> tuple[int, dict[str, Any]]:
    file = SimpleUploadedFile("发放.csv", content, "text/csv")
    answer = client.post("/api/deliveries", {**SAID, **said, "file": file})
    return answer.status_code, json.loads(answer.content)


def test_a_file_is_queued_and_can_be_asked_for(finance: Client) -> None:
    status, told = post(finance)
    assert (status, told["state"], told["file_name"]) == (202, "waiting", "发放.csv")
    exchange.process(told["id"])
    told = finance.get(f"/api/deliveries/{told['id']}").json()
    assert (told["state"], told["progress"], told["rows"], told["good_rows"]) == ("accepted", 100, 1, 1)


def test_the_same_file_again_says_so(finance: Client) -> None:
    _, first = post(finance)
    exchange.process(first["id"])
    status, again = post(finance)
    assert (status, again["id"], again["seen_before"]) == (200, first["id"], True)


def test_a_token_does_only_what_was_chosen_when_it_was_issued(finance: Client) -> None:
    user = User.objects.get(username="finance")
    text = token_for(by=user, user=user, name="looks only", verbs=["see_deliveries"])
    looks_only = Client(headers={"Authorization": f"Bearer {text}"})
    status, told = post(looks_only)
    assert (status, told["error"]["code"]) == (403, "forbidden")
    assert "这个令牌不能提交部门数据" in told["error"]["zh"]
    assert "查看交换批次" in told["error"]["hint_zh"]
    assert looks_only.get("/api/datasets").status_code == 403
    assert set(Deed.objects.filter(verb="refused").values_list("by", flat=True)) == {user.pk}
    _, first = post(finance)
    assert looks_only.get(f"/api/deliveries/{first['id']}").status_code == 200


def test_a_refused_file_tells_why_in_two_languages(finance: Client) -> None:
    _, told = post(finance, b"%PDF-1.7")
    exchange.process(told["id"])
    told = finance.get(f"/api/deliveries/{told['id']}").json()
    assert told["state"] == "refused"
    assert told["problem"]["code"] == "not_a_table"
    assert all(told["problem"][name] for name in ("zh", "en", "hint_zh", "hint_en"))


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic x"}])
def test_without_a_valid_token_nothing_is_answered(headers: dict[str, str]) -> None:
    status, told = post(Client(headers=headers))
    assert status == 401
    assert told["error"]["code"] == "no_token"
    assert told["error"]["zh"]
    assert told["error"]["en"]


@pytest.mark.parametrize(
    ("said", "status", "code"),
    [
        ({"dataset": "ps_vehicles"}, 403, "forbidden"),
        ({"dataset": "nothing"}, 400, "wrong_request"),
        ({"cut_off": "gestern"}, 422, "wrong_fields"),
        ({"provider": ""}, 400, "wrong_request"),
        ({"corrects": "nothing"}, 404, "not_found"),
        ({"corrects": "no\0thing"}, 422, "wrong_fields"),
        ({"batch": "\0"}, 422, "wrong_fields"),
    ],
)
def test_wrong_requests_get_clear_errors(finance: Client, said: dict[str, Any], status: int, code: str) -> None:
    answered, told = post(finance, **said)
    assert (answered, told["error"]["code"]) == (status, code)
    assert told["error"]["zh"]
    assert told["error"]["en"]


def test_a_missing_file_is_named(finance: Client) -> None:
    answer = finance.post("/api/deliveries", SAID)
    assert answer.status_code == 422
    assert "file" in answer.json()["error"]["zh"]


def test_another_departments_delivery_looks_absent(finance: Client) -> None:
    _, told = post(finance)
    other = client_of("water", "water")
    assert other.get(f"/api/deliveries/{told['id']}").status_code == 404
    assert other.get("/api/deliveries/none").json() == other.get(f"/api/deliveries/{told['id']}").json()


def test_the_catalogue_lists_what_the_account_may_deliver(finance: Client) -> None:
    told = finance.get("/api/datasets").json()
    assert {one["id"] for one in told} == {"fi_payroll", "fi_card"}
    assert told[0]["columns"][0]["name"] == "id_number"
    assert told[0]["columns"][0]["required"]


def test_the_api_describes_itself(client: Client) -> None:
    paths = client.get("/api/openapi.json").json()["paths"]
    deliveries = {"/api/deliveries", "/api/deliveries/{delivery_id}", "/api/datasets"}
    assert set(paths) == deliveries | {"/api/agreements", "/api/agreements/{number}/rows", "/api/changes"}


@pytest.mark.parametrize(("method", "path", "status"), [("get", "/api/nowhere", 404), ("put", "/api/deliveries", 405)])
def test_what_the_api_does_not_have_is_answered_in_json(finance: Client, method: str, path: str, status: int) -> None:
    answer = getattr(finance, method)(path)
    assert answer.status_code == status
    assert answer.json()["error"]["hint_en"]


def test_a_malformed_form_is_answered_in_json(finance: Client) -> None:
    answer = finance.post("/api/deliveries", b"--x", content_type="multipart/form-data; boundary=")
    assert answer.status_code == 400
    assert answer.json()["error"]["zh"]


def test_a_nul_in_a_field_is_refused_in_json(finance: Client) -> None:
    status, told = post(finance, provider="a\0b")
    assert status in (400, 422)
    assert told["error"]["zh"]


@pytest.mark.parametrize("end", [{"revoked_at": timezone.now()}, {"expires_at": timezone.now() - timedelta(days=1)}])
def test_a_token_that_was_revoked_or_has_ended_opens_nothing(finance: Client, end: dict[str, Any]) -> None:
    ApiToken.objects.update(**end)
    status, told = post(finance)
    assert (status, told["error"]["code"]) == (401, "no_token")


def test_another_departments_delivery_cannot_be_corrected(finance: Client) -> None:
    _, told = post(finance)
    other = client_of("water", "water")
    status, answer = post(other, dataset="wt_supply", corrects=told["id"])
    absent = post(other, dataset="wt_supply", corrects="none")
    assert (status, answer) == absent
    assert status == 404


def test_fields_that_the_form_does_not_have_change_nothing(finance: Client) -> None:
    """Whose the delivery is, comes from the token; what became of it, from the platform."""
    more = {"region": "", "department": "water", "state": "accepted", "received_by": "1", "id": "mine", "rows": "9"}
    status, told = post(finance, CONTENT, **more)
    assert (status, told["department"], told["state"], told["rows"]) == (202, "finance", "waiting", None)
    kept = exchange.Delivery.objects.get(pk=told["id"])
    assert (kept.region, kept.department, str(kept.received_by)) == ("4501", "finance", "finance")
