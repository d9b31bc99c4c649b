"""What everybody may open: a notice, an objection, its answer; and what nobody may."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.urls import reverse

from fupin.accounts.models import Deed
from fupin.accounts.tests.fixtures import VILLAGE, Cast
from fupin.identify import api as identify
from fupin.identify.cases.models import Notice, Objection
from fupin.identify.cases.tests.play import apply_for, compared, hang, ordinary_household, to_step, turned_calendar
from fupin.portal import throttle
from fupin.registry.tests.fixtures import Homes

Wait = Callable[[int], None]
wait = pytest.fixture(lambda db, monkeypatch: (yield from turned_calendar(monkeypatch)))


@pytest.fixture
def notice(cast: Cast, homes: Homes, wait: Wait) -> Notice:
    throttle.forget()
    home = ordinary_household("H-applies", VILLAGE, "农秀英")
    compared(home.pk)
    return hang(cast.cadre, to_step(cast, apply_for(cast.cadre, home), "first_notice", wait))


def test_a_stranger_reads_masked_names_and_no_number(client: Client, notice: Notice) -> None:
    text = client.get(f"/notices/{notice.pk}/").content.decode()
    assert "农*英" in text
    assert "农秀英" not in text
    assert "H-applies" not in text


def test_an_objection_gives_a_receipt_that_opens_its_answer(client: Client, notice: Notice) -> None:
    case = notice.acts.get().case_id
    sent = client.post(f"/notices/{notice.pk}/object/", {"case": case, "body": "这家在县城有门面"})
    objection = Objection.objects.get()
    assert sent.headers["Location"].endswith(f"receipt={objection.receipt}")
    assert "正在核实" in client.get(sent.headers["Location"]).content.decode()


@pytest.mark.parametrize("case", ["", "x", "0", "99999999999999999999"])
def test_an_objection_to_nobody_on_the_notice_is_refused(client: Client, notice: Notice, case: str) -> None:
    sent = client.post(f"/notices/{notice.pk}/object/", {"case": case, "body": "这家在县城有门面"})
    assert sent.status_code == 400
    assert not Objection.objects.exists()


def test_what_was_typed_is_kept_when_it_is_refused(client: Client, notice: Notice) -> None:
    case = notice.acts.get().case_id
    sent = client.post(f"/notices/{notice.pk}/object/", {"case": case, "body": "这家在县城有门面", "name": "黄志强"})
    assert sent.status_code == 400
    assert "这家在县城有门面" in sent.content.decode()
    assert "同时填姓名和联系电话" in sent.content.decode()


def test_a_script_in_an_objection_stays_text(client: Client, notice: Notice) -> None:
    case = notice.acts.get().case_id
    sent = client.post(
        f"/notices/{notice.pk}/object/", {"case": case, "body": "<script>alert(1)</script>", "name": "甲", "phone": ""}
    )
    assert b"<script>alert(1)" not in sent.content


def test_one_address_sends_only_a_few(client: Client, notice: Notice) -> None:
    case = notice.acts.get().case_id
    codes = [
        client.post(f"/notices/{notice.pk}/object/", {"case": case, "body": f"第 {n} 次反映"}).status_code
        for n in range(throttle.MOST + 1)
    ]
    assert codes == [302] * throttle.MOST + [400]


def test_what_was_refused_does_not_count(client: Client, notice: Notice) -> None:
    case = notice.acts.get().case_id
    for _ in range(throttle.MOST):
        client.post(f"/notices/{notice.pk}/object/", {"case": case, "body": "这家在县城有门面", "name": "黄志强"})
    sent = client.post(f"/notices/{notice.pk}/object/", {"case": case, "body": "这家在县城有门面"})
    assert sent.status_code == 302


def test_an_objection_is_nobodys_also_from_a_browser_where_somebody_is_signed_in(
    client: Client, cast: Cast, notice: Notice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the trail would name who objects anonymously."""
    scopes, written = [], identify.object_to

    def watched(**said: Any) -> str:
        with connection.cursor() as cursor:
            cursor.execute("SELECT fupin_scope()")
            scopes.append(cursor.fetchone()[0])
        return written(**said)

    monkeypatch.setattr(identify, "object_to", watched)
    client.force_login(cast.cadre)
    client.post(f"/notices/{notice.pk}/object/", {"case": notice.acts.get().case_id, "body": "这家在县城有门面"})
    assert scopes == [None]


def test_five_files_of_8_mb_are_taken_from_anybody(client: Client, notice: Notice) -> None:
    case = notice.acts.get().case_id
    files = [SimpleUploadedFile(f"{n}.pdf", b"%PDF-1.7" + bytes((8 << 20) - 8)) for n in range(5)]
    sent = client.post(f"/notices/{notice.pk}/object/", {"case": case, "body": "这家在县城有门面", "files": files})
    assert sent.status_code == 302
    assert len(Objection.objects.get().files) == 5


def test_a_nul_in_a_form_with_files_is_a_wrong_request(client: Client, notice: Notice) -> None:
    case = notice.acts.get().case_id
    sent = client.post(f"/notices/{notice.pk}/object/", {"case": case, "body": "这家在县城\0有门面"})
    assert sent.status_code == 400


@pytest.mark.parametrize("path", ["/notices/NOSUCHCODE/", "/notices/?code=ILO01", "/notices/objections/?receipt=NONE"])
def test_a_wrong_code_is_not_found_and_says_what_to_do(client: Client, db: None, path: str) -> None:
    assert client.get(path).status_code == 404


def test_the_pages_of_offices_stay_closed(client: Client, notice: Notice) -> None:
    answer = client.get(reverse("console:notice", args=[notice.pk]))
    assert answer.status_code == 302
    assert "/sign-in/" in answer.headers["Location"]


def test_who_objects_by_name_is_masked_until_his_contact_is_opened_on_record(
    client: Client, cast: Cast, notice: Notice
) -> None:
    case = notice.acts.get().case_id
    said = {"case": case, "body": "这家在县城有门面", "name": "黄志强", "phone": "13977112345"}
    client.post(f"/notices/{notice.pk}/object/", said)
    opening = reverse("console:objection_contact", args=[case, Objection.objects.get().pk])
    client.force_login(cast.town)
    text = client.get(reverse("console:case", args=[case])).content.decode()
    assert "139****2345" in text
    assert "黄志强" not in text
    assert "黄志强 13977112345" in client.post(opening).content.decode()
    assert Deed.objects.filter(verb="open_contact", by=cast.town).count() == 1
    client.force_login(cast.cadre)
    assert client.post(opening).status_code == 404
    assert "139****2345" not in client.get(reverse("console:case", args=[case])).content.decode()
