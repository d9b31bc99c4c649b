"""A resident's application without an account: from the form to the case, followed by its receipt alone."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import Error, connection, transaction
from django.test import Client

from fupin.accounts.api import acting_as, nobody_acting
from fupin.accounts.models import Deed
from fupin.accounts.tests.fixtures import OTHER_VILLAGE, VILLAGE, Cast
from fupin.identify import api as identify
from fupin.identify.api import Application, ApplicationAnswer, Case
from fupin.identify.cases.tests.play import ordinary_household
from fupin.kernel.errors import Forbidden, NotFound, UserError
from fupin.portal import throttle
from fupin.registry.tests.fixtures import HEAD_ID, Homes

FORM = {
    "name": "农秀英", "number": HEAD_ID, "phone": "138 7710 0001", "members": "3", "body": "丈夫尿毒症，每周透析",
    "consent": "yes",
}  # fmt: skip
PAGE = f"/apply/{VILLAGE}/"


@pytest.fixture(autouse=True)
def fresh(homes: Homes) -> None:
    throttle.forget()


@pytest.fixture
def applied(client: Client) -> Application:
    assert client.post(PAGE, FORM).status_code == 302
    return Application.objects.get()


def test_the_village_is_found_level_by_level(client: Client) -> None:
    text = client.get("/apply/").content.decode()
    assert "马山县" in text  # province and city have one part each here
    assert "新汉村" in client.get(f"/apply/?region={VILLAGE[:9]}").content.decode()
    assert client.get(f"/apply/?region={VILLAGE}").headers["Location"] == PAGE


@pytest.mark.parametrize("path", ["/apply/?region=99", "/apply/?region=x", "/apply/450124999999/", "/apply/4501/"])
def test_a_place_that_there_is_not_is_not_found(client: Client, path: str) -> None:
    assert client.get(path).status_code == 404


def test_an_application_gives_a_receipt_that_tells_its_course(client: Client, cast: Cast, homes: Homes) -> None:
    sent = client.post(PAGE, FORM)
    receipt = Application.objects.get().receipt
    assert sent.headers["Location"] == f"/apply/receipt/?receipt={receipt}"
    assert "待受理" in client.get(sent.headers["Location"]).content.decode()
    home = ordinary_household("H-applies", VILLAGE, "农秀英")
    with acting_as(cast.cadre):
        identify.take_up(by=cast.cadre, application=Application.objects.get(), household_id=home.pk)
    text = client.get(sent.headers["Location"]).content.decode()
    assert "正在办理" in text
    assert "农秀英" not in text
    assert HEAD_ID not in text


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"number": HEAD_ID[:-1] + ("1" if HEAD_ID[-1] != "1" else "2")}, "校验码"),
        ({"number": ""}, "证件号不对"),
        ({"name": "农"}, "姓名要有"),
        ({"phone": "123"}, "联系电话不对"),
        ({"members": "0"}, "家庭人口"),
        ({"members": "三"}, "家庭人口"),
        ({"body": "苦"}, "困难情况要有"),
        ({"consent": ""}, "没有勾选"),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_is_kept(client: Client, wrong: dict[str, str], said: str) -> None:
    sent = client.post(PAGE, {**FORM, **wrong})
    assert sent.status_code == 400
    text = sent.content.decode()
    assert said in text
    assert (FORM | wrong)["body"] in text
    assert not Application.objects.exists()


def test_a_file_of_another_kind_is_refused_and_nothing_is_kept(client: Client) -> None:
    sent = client.post(PAGE, {**FORM, "files": SimpleUploadedFile("a.pdf", b"<script>alert(1)</script>")})
    assert sent.status_code == 400
    assert not Application.objects.exists()


def test_one_address_sends_only_a_few_but_mistakes_are_free(client: Client) -> None:
    for _ in range(throttle.MOST + 1):
        client.post(PAGE, {**FORM, "number": "1"})
    codes = [client.post(PAGE, FORM).status_code for _ in range(throttle.MOST + 1)]
    assert codes == [302] * throttle.MOST + [400]


def test_nothing_that_was_written_lies_in_clear(applied: Application) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT a::text FROM identify_application a")
        (row,) = cursor.fetchone()
    for word in ("农秀英", HEAD_ID, "13877100001", "透析"):
        for told in (word, word.encode().hex()):
            assert told not in row


def test_opening_it_is_recorded_and_shows_no_full_number(client: Client, cast: Cast, applied: Application) -> None:
    client.force_login(cast.cadre)
    text = client.get(f"/cases/applications/{applied.pk}/").content.decode()
    assert "13877100001" in text
    assert HEAD_ID not in text
    assert Deed.objects.filter(verb="open_application", by=cast.cadre, object_id=str(applied.pk)).count() == 1


def test_taken_up_it_becomes_a_case_with_the_application_as_its_paper(cast: Cast, applied: Application) -> None:
    home = ordinary_household("H-applies", VILLAGE, "农秀英")
    with acting_as(cast.cadre):
        case = identify.take_up(by=cast.cadre, application=applied, household_id=home.pk)
    assert (case.channel, case.opened_by) == ("resident", cast.cadre)
    assert applied.receipt in case.papers.get(paper="application").kept_at


def test_declined_the_applicant_reads_why(client: Client, cast: Cast, applied: Application) -> None:
    with acting_as(cast.cadre):
        with pytest.raises(UserError, match="理由"):
            identify.decline(by=cast.cadre, application=applied, reason=" ")
        identify.decline(by=cast.cadre, application=applied, reason="户口不在本村，请向尚新村申请")
        with pytest.raises(UserError, match="已经处理"):
            identify.decline(by=cast.cadre, application=applied, reason="再次不予受理")
    assert "请向尚新村申请" in client.get(f"/apply/receipt/?receipt={applied.receipt}").content.decode()


def test_a_household_of_another_village_is_refused_and_nothing_is_opened(cast: Cast, applied: Application) -> None:
    home = ordinary_household("H-elsewhere", OTHER_VILLAGE, "黄志强")
    with acting_as(cast.town), pytest.raises(UserError, match="不在申请所在的村"):
        identify.take_up(by=cast.town, application=applied, household_id=home.pk)
    assert not Case.objects.exists()


def test_only_offices_of_the_place_see_it(client: Client, cast: Cast, applied: Application) -> None:
    for who, status in ((cast.stranger, 404), (cast.cadre, 200), (cast.county_office, 200)):
        client.force_login(who)
        assert client.get(f"/cases/applications/{applied.pk}/").status_code == status, who
    with acting_as(cast.stranger), pytest.raises(NotFound):
        identify.application_for(cast.stranger, applied.pk)


def test_the_city_looks_on_but_does_not_answer(cast: Cast, applied: Application) -> None:
    with acting_as(cast.office), pytest.raises(Forbidden):
        identify.decline(by=cast.office, application=applied, reason="不在本市范围")


def refused(statement: str, *values: int) -> str:
    with pytest.raises(Error) as said, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, values)
    return str(said.value)


def test_raw_statements_neither_add_change_nor_answer_out_of_turn(cast: Cast, applied: Application) -> None:
    answer = (
        "INSERT INTO identify_applicationanswer (application_id, village_code, case_id, reason, by_id) "
        "VALUES (%s, '', NULL, '不予受理', %s)"
    )
    with acting_as(cast.cadre):
        assert "permission denied" in refused("UPDATE identify_application SET due_on = '2099-01-01'")
        assert "permission denied" in refused("DELETE FROM identify_application")
        assert "permission denied" in refused("INSERT INTO identify_application SELECT * FROM identify_application")
    with acting_as(cast.stranger):
        assert "no such application" in refused(answer, applied.pk, cast.stranger.pk)
    with acting_as(cast.office):
        assert "is answered by" in refused(answer, applied.pk, cast.office.pk)
    with nobody_acting():
        assert not Application.objects.exists()
        assert "no such application" in refused(answer, applied.pk, cast.cadre.pk)


def test_a_case_opened_before_is_no_answer(cast: Cast, client: Client, homes: Homes) -> None:
    home = ordinary_household("H-applies", VILLAGE, "农秀英")
    with acting_as(cast.cadre):
        case = identify.open_case(by=cast.cadre, household_id=home.pk, procedure="identification", channel="resident")
    client.post(PAGE, FORM)
    with acting_as(cast.cadre):
        told = refused(
            "INSERT INTO identify_applicationanswer (application_id, village_code, case_id, reason, by_id) "
            "VALUES (%s, '', %s, '', %s)",
            Application.objects.get().pk, case.pk, cast.cadre.pk,
        )  # fmt: skip
    assert "not a case of this application" in told
    assert not ApplicationAnswer.objects.exists()


def test_a_village_takes_so_many_in_a_day(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttle, "MOST", 1000)
    assert {client.post(PAGE, FORM).status_code for _ in range(100)} == {302}
    sent = client.post(PAGE, FORM)
    assert sent.status_code == 400
    assert "今天收到的网上申请太多" in sent.content.decode()


def test_the_list_shows_receipts_and_no_names(client: Client, cast: Cast, applied: Application) -> None:
    client.force_login(cast.cadre)
    text = client.get("/cases/applications/?standing=waiting").content.decode()
    assert applied.receipt in text
    assert "农秀英" not in text
