"""What is refused is written down; what is handed out does nothing in a browser; signing out leaves nothing there."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from django.test import Client

from fupin.accounts.api import Deed, acting_as
from fupin.accounts.tests.fixtures import VILLAGE, Cast
from fupin.identify import api as identify
from fupin.identify.cases.files import keep
from fupin.kernel.errors import UserError
from fupin.registry.tests.fixtures import HEAD_ID
from fupin.ui.refused import MOST


def refused() -> list[Deed]:
    return list(Deed.objects.filter(verb="refused").order_by("pk"))


def test_a_room_of_another_role_leaves_a_trace(client: Client, cast: Cast) -> None:
    client.force_login(cast.decision)
    client.get("/deliveries/new/?q=secret", REMOTE_ADDR="10.0.0.9")
    (one,) = refused()
    assert (one.by, one.object_id, one.region) == (cast.decision, "console:upload", cast.decision.region)
    assert one.detail == {"from": "10.0.0.9", "method": "GET", "path": "/deliveries/new/"}


def test_a_step_that_the_role_may_not_take_leaves_a_trace_though_it_is_rolled_back(client: Client, cast: Cast) -> None:
    client.force_login(cast.cadre)
    assert client.post("/runs/new/", {"region": VILLAGE}).status_code == 403
    assert [one.object_id for one in refused()] == ["console:run_start"]


def test_refusals_without_end_do_not_fill_the_disk(client: Client, cast: Cast) -> None:
    client.force_login(cast.decision)
    for _ in range(MOST + 5):
        assert client.get("/deliveries/new/").status_code == 403
    told = refused()
    assert len(told) == MOST
    assert ["more" in one.detail for one in told] == [False] * (MOST - 1) + [True]
    client.force_login(cast.cadre)  # each account has its own allowance
    client.get("/users/")
    assert len(refused()) == MOST + 1


def test_an_id_number_in_the_address_is_not_written_down(client: Client, cast: Cast) -> None:
    client.force_login(cast.audit)
    assert client.get(f"/households/{HEAD_ID}/").status_code == 403
    assert "path" not in refused()[0].detail


def test_visitors_and_what_is_absent_leave_none(client: Client, cast: Cast) -> None:
    Client(enforce_csrf_checks=True).post("/sign-in/", {"username": "a", "password": "b"})
    client.force_login(cast.cadre)
    assert client.get("/households/H-none/").status_code == 404
    assert refused() == []


def test_signing_out_clears_what_the_browser_kept(client: Client, cast: Cast) -> None:
    client.force_login(cast.cadre)
    assert client.post("/sign-out/")["Clear-Site-Data"] == '"cache", "storage"'


@pytest.mark.parametrize(
    ("content", "media", "ending"),
    [
        (b"%PDF-1.7 <script>alert(1)</script>", "application/pdf", "pdf"),
        (b"\x89PNG\r\n\x1a\n<html>", "image/png", "png"),
        (b"\xff\xd8\xff\xe0<svg onload=alert(1)>", "image/jpeg", "jpeg"),
    ],
)
def test_an_attached_file_is_saved_not_shown(
    client: Client, cast: Cast, monkeypatch: pytest.MonkeyPatch, content: bytes, media: str, ending: str
) -> None:
    with acting_as(cast.cadre):
        file = keep(identify.attached("页面.html\r\nX: y", content), VILLAGE)
    case = SimpleNamespace(pk=1, household_id="H-own", village_code=VILLAGE)
    monkeypatch.setattr("fupin.console.views.cases.identify.case_for", lambda _user, _number: case)
    client.force_login(cast.cadre)
    answer = client.get(f"/cases/1/papers/{file.mark}/")
    assert answer.content == content
    assert answer["Content-Type"] == media
    assert answer["Content-Disposition"] == f'attachment; filename="{file.mark}.{ending}"'
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"].startswith("sandbox")


@pytest.mark.parametrize("content", [b"<html>", b"GIF89a", b"PK\x03\x04", b"MZ", b"<?xml version='1.0'?><svg/>"])
def test_the_first_bytes_say_what_it_is_not_its_name(content: bytes) -> None:
    with pytest.raises(UserError, match="不是 PDF、JPEG 或 PNG"):
        identify.attached("照片.jpg", content)
