"""What somebody sends who means ill: scripts in names, forged codes, fields that no form has, what is not his."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.models import Model
from django.test import Client
from playwright.sync_api import expect

from fupin.accounts.api import Role, User
from fupin.accounts.tests.fixtures import COUNTY, FAR_VILLAGE, OTHER_COUNTY, PASSWORD, VILLAGE, Cast
from fupin.exchange import api as exchange
from fupin.ui.tests.city import City
from fupin.ui.tests.visitor import Visitor

IMAGE = "<img src=x onerror=evil()>"
SCRIPT = "<script>evil()</script>"


@contextmanager
def changed(row: Model, **values: Any) -> Iterator[None]:
    """The city is shared: what a test writes into it is put back."""
    kind = type(row)._default_manager
    before = {name: getattr(row, name) for name in values}
    kind.filter(pk=row.pk).update(**values)
    try:
        yield
    finally:
        kind.filter(pk=row.pk).update(**before)


def household_with_head(city: City) -> tuple[Any, Any]:
    from fupin.registry.models import Membership

    row = Membership.objects.filter(relation="01", valid_to=None, household__village_code__startswith=COUNTY)
    member = row.select_related("household", "person").order_by("pk").first()
    assert member is not None
    return member.household, member.person


def test_a_script_in_a_name_stays_text_on_every_page(visitor: Visitor, city: City) -> None:
    household, head = household_with_head(city)
    delivery = exchange.Delivery.objects.filter(state="accepted").order_by("pk")[0]
    office = city.cast["office"]
    paths = [
        "/households/", f"/households/{household.pk}/", "/findings/", "/deliveries/", f"/deliveries/{delivery.pk}/",
        "/runs/", f"/runs/{city.run.pk}/", f"/runs/{city.run.pk}/doubts/", "/users/", "/deeds/", "/account/",
        f"/map/?region={household.village_code}", "/",
    ]  # fmt: skip
    visitor.sign_in("office")
    with (
        changed(head, name=IMAGE),
        changed(delivery, provider=SCRIPT, batch=IMAGE, file_name=IMAGE),
        changed(office, display_name=IMAGE),
    ):
        for path in paths:
            visitor.open(path)
            visitor.page.wait_for_load_state("networkidle")
            expect(visitor.page.locator("img[src=x], script:text('evil()')"), path).to_have_count(0)
        visitor.open(f"/deliveries/{delivery.pk}/")
        assert SCRIPT in visitor.page.content().replace("&lt;", "<").replace("&gt;", ">")


def test_a_formula_in_a_name_does_not_run_in_the_file(city: City, server: object) -> None:
    client = Client()
    client.force_login(city.cast["office"])
    delivery = exchange.Delivery.objects.filter(state="accepted").order_by("pk")[0]
    with changed(delivery, provider="=HYPERLINK(1)", batch="@SUM(1)"):
        answer: Any = client.post("/deliveries/", {"as": "csv"})
        text = b"".join(answer.streaming_content if answer.streaming else [answer.content]).decode("utf-8-sig")
    assert "'@SUM(1)" in text
    assert not re.search(r"(^|[,;\t\"])[=@]", text, re.MULTILINE)


FORGED = ["45'--", "450124%' OR '1'='1", "../../etc", "９９", "4" * 400, "-1", "45\u202e01", OTHER_COUNTY, "\U0001f600"]


@pytest.mark.parametrize("code", FORGED)
def test_a_forged_code_or_number_is_refused_or_finds_nothing(client: Client, cast: Cast, code: str) -> None:
    client.force_login(cast.county_office)
    for path, name in (
        ("/households/", "place"), ("/households/", "region"), ("/findings/", "place"), ("/findings/", "run"),
        ("/measures/", "region"), ("/map/", "region"), ("/", "place"), ("/households/", "page"),
        ("/households/", "sort"), ("/map/picture", "code"), ("/map/homes", "code"), ("/map/tree", "code"),
    ):  # fmt: skip
        answer = client.get(path, {name: code})
        assert answer.status_code in (200, 302, 400, 404), (path, name)


@pytest.mark.parametrize("code", FORGED)
def test_a_forged_part_of_an_address_is_not_found(client: Client, cast: Cast, code: str) -> None:
    client.force_login(cast.county_office)
    for path in ("/households/{}/", "/findings/{}/x/", "/runs/{}/", "/deliveries/{}/", "/users/{}/"):
        from urllib.parse import quote

        assert client.get(path.format(quote(code, safe=""))).status_code in (302, 404), path


def plain(answer: Any, *names: str) -> str:
    """The page without what must differ: the address asked for and the form's token."""
    text = answer.content.decode()
    for name in names:
        text = text.replace(name, "NAME")
    return re.sub(r'(csrfmiddlewaretoken" value=")[^"]+|("X-CSRFToken": ?")[^"]+', "", text)


def test_absent_and_forbidden_are_the_same_to_the_byte(city: City) -> None:
    """A household of another county, a delivery of another region, an account elsewhere: like what was never there."""
    from fupin.registry.models import Household

    client = Client()
    client.force_login(city.cast["county_office"])
    elsewhere = Household.objects.filter(village_code__gte="450125").order_by("pk")[0].pk
    absent = elsewhere[:-4] + "9999"
    assert not Household.objects.filter(pk=absent).exists()
    for path in ("/households/{}/", "/households/{}/members/1/number/"):
        one, two = client.get(path.format(elsewhere)), client.get(path.format(absent))
        assert one.status_code == two.status_code, path
        assert plain(one, elsewhere) == plain(two, absent), path
        assert dict(one.headers) | {"Content-Length": ""} == dict(two.headers) | {"Content-Length": ""}


def test_fields_that_a_form_does_not_have_change_nothing(client: Client, cast: Cast) -> None:
    client.force_login(cast.cadre)
    before = User.objects.values().get(pk=cast.cadre.pk)
    more = {
        "role": Role.OFFICE,
        "region": "",
        "is_superuser": "1",
        "is_staff": "1",
        "is_active": "1",
        "department": "finance",
    }
    client.post("/account/password/", {"old_password": "wrong", "new_password": "x", **more})
    client.post("/filters/", {"path": "/households/", "name": "mine", "query": "", "user": cast.office.pk, **more})
    client.post(f"/users/{cast.cadre.username}/move/", {"reason": "because I say so", **more})
    kept = ("role", "region", "department", "is_superuser", "is_staff", "is_active")
    after = User.objects.values().get(pk=cast.cadre.pk)
    assert {name: after.get(name) for name in kept} == {name: before.get(name) for name in kept}


def test_an_officer_cannot_open_an_account_wider_or_stronger_than_the_form_offers(client: Client, cast: Cast) -> None:
    client.force_login(cast.county_office)
    said = {"username": "xinren", "display_name": "新人", "title": "干部", "reason": "新到任干部"}
    for more in (
        {"role": Role.SECURITY_ADMINISTRATOR, "region": ""},
        {"role": Role.OFFICE, "region": "4501"},
        {"role": Role.CADRE, "region": FAR_VILLAGE},
        {"role": "god", "region": VILLAGE},
        {"role": Role.CADRE, "region": "4501' OR 1=1"},
    ):
        assert client.post("/users/new/", {**said, **more}).status_code in (200, 400, 403)
        assert not User.objects.filter(username="xinren").exists(), more


@pytest.mark.parametrize("field", ["provider", "batch"])
def test_an_overlong_field_is_refused_not_a_fault(client: Client, cast: Cast, field: str) -> None:
    client.force_login(cast.office)
    said = {"dataset": "fi_card", "provider": "财政局", "batch": "1", "cut_off": "2026-10-31", field: "长" * 5000}
    answer = client.post("/deliveries/new/", {**said, "file": SimpleUploadedFile("a.csv", b"a,b\n1,2\n")})
    assert answer.status_code in (200, 400)
    assert not exchange.Delivery.objects.exists()


def test_a_path_in_a_files_name_leads_nowhere(client: Client, cast: Cast, settings: Any, tmp_path: Any) -> None:
    settings.FUPIN_DATA_DIR = tmp_path
    client.force_login(cast.office)
    said = {"dataset": "fi_card", "provider": "财政局", "batch": "1", "cut_off": "2026-10-31"}
    file = SimpleUploadedFile("a.csv", b"a,b\n1,2\n")
    file.name = "../../../etc/passwd.csv"
    client.post("/deliveries/new/", {**said, "file": file})
    names = {path.name for path in tmp_path.rglob("*") if path.is_file()}
    assert names
    assert not [name for name in names if "passwd" in name]


def test_after_signing_in_nobody_is_sent_elsewhere(client: Client, cast: Cast) -> None:
    for place in ("https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)"):
        said = {"username": cast.office.username, "password": PASSWORD, "next": place}
        answer = client.post("/sign-in/?next=" + place, said)
        assert "evil" not in answer.headers.get("Location", "")
        assert not answer.headers.get("Location", "").startswith("javascript")


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "FROB", "PROPFIND"])
def test_a_method_that_nobody_speaks_is_refused(client: Client, cast: Cast, method: str) -> None:
    client.force_login(cast.office)
    for path in ("/households/", "/sign-in/", "/api/deliveries"):
        assert client.generic(method, path).status_code == 405, path


@pytest.mark.parametrize(
    "kind", ["application/json", "text/xml", "application/octet-stream", "multipart/form-data", ""]
)
def test_a_form_of_a_wrong_kind_is_refused_not_a_fault(client: Client, cast: Cast, kind: str) -> None:
    client.force_login(cast.office)
    for path in ("/deliveries/new/", "/runs/new/", "/filters/", "/users/new/", "/households/find/", "/account/tokens/"):
        answer = client.generic("POST", path, b'{"role": "office"}', content_type=kind)
        assert answer.status_code < 500, path


def test_behind_tls_browsers_are_told_to_stay_there() -> None:
    import os
    import subprocess
    import sys

    code = "from django.conf import settings as s; print(s.SECURE_HSTS_SECONDS, s.SECURE_HSTS_INCLUDE_SUBDOMAINS, "
    code += "s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE, s.SESSION_COOKIE_HTTPONLY, s.SESSION_COOKIE_SAMESITE, "
    code += "s.SESSION_COOKIE_NAME, s.CSRF_COOKIE_NAME, s.SESSION_COOKIE_DOMAIN, s.SESSION_COOKIE_PATH)"
    environment = os.environ | {"FUPIN_HTTPS": "1", "FUPIN_NO_DATABASE": "1", "FUPIN_HOSTS": "fupin.example"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split() == [
        "31536000", "True", "True", "True", "True", "Lax", "__Host-sessionid", "__Host-csrftoken", "None", "/",
    ]  # fmt: skip
