"""Dossiers of villages and regions: one's own numbers, parts that add up, forms that are checked, papers recorded."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.test import Client
from django.utils import timezone

from fupin.accounts.models import Deed
from fupin.registry import api as registry
from fupin.ui.export_marks import exports_named_in
from fupin.ui.tests.city import City
from fupin.ui.tests.visitor import Visitor

VILLAGE, OTHER = "450124100201", "450124100202"


def client_of(city: City, who: str) -> Client:
    client = Client()
    client.force_login(city.cast[who])
    return client


def numbers(text: str, row: str) -> list[str]:
    """The figures of a row of the table of parts."""
    found = re.search(rf'<th scope="row"><a href="[^"]*">{row}</a></th>(.*?)</tr>', text)
    assert found is not None, row
    return re.findall(r'<td class="num">(.*?)</td>', found[1])


def whole(value: str) -> int:
    return int(value.replace(",", ""))


def test_the_counties_add_up_to_the_city_and_a_town_to_its_villages(city: City) -> None:
    client = client_of(city, "office")
    for code in ("4501", "450124"):
        told = client.get(f"/dossiers/{code}/").context
        for figure in ("households", "persons", "poor_persons", "exited_households", "returned_households"):
            parts = sum(getattr(line.tally, figure) for line in told["lines"])
            assert parts == getattr(told["whole"].tally, figure), figure
        assert told["whole"].villages == sum(line.villages for line in told["lines"])


def test_a_figure_opens_a_list_of_that_length(visitor: Visitor) -> None:
    visitor.sign_in("office").open("/dossiers/4501/")
    told = client_of(visitor.city, "office").get("/dossiers/4501/").context["whole"].tally
    assert visitor.total_of("/households/?region=4501&state=unexited") == told.poor_households
    assert visitor.total_of("/households/?region=4501&state=1") == told.exited_households
    assert visitor.total_of("/households/?region=4501&state=listed") == told.registered_households


def test_the_own_dossier_is_the_one_of_the_own_level(city: City) -> None:
    for who, code in (("office", "4501"), ("county_office", "450124"), ("cadre", VILLAGE)):
        assert client_of(city, who).get("/dossiers/").headers["Location"] == f"/dossiers/{code}/"


@pytest.mark.parametrize("path", ["", "years/2026/"])
def test_a_dossier_out_of_scope_is_as_if_it_were_not(city: City, path: str) -> None:
    cadre, county = client_of(city, "cadre"), client_of(city, "county_office")
    assert cadre.get(f"/dossiers/{OTHER}/{path}").status_code == 404
    assert county.get(f"/dossiers/450125/{path}").status_code == 404
    assert county.get(f"/dossiers/999999/{path}").status_code == 404


@pytest.mark.parametrize("code", ["4501", "cn", "45"])
def test_wider_dossiers_than_the_own_are_absent(city: City, code: str) -> None:
    assert client_of(city, "county_office").get(f"/dossiers/{code}/").status_code == 404


def test_a_department_has_no_dossiers(city: City) -> None:
    assert client_of(city, "department").get("/dossiers/").status_code == 403


def test_the_dossier_of_a_city_asks_few_questions(city: City, django_assert_max_num_queries: object) -> None:
    client = client_of(city, "office")
    client.get("/dossiers/4501/")
    with django_assert_max_num_queries(18):  # type: ignore[operator]
        client.get("/dossiers/4501/")


def test_a_wrong_entry_is_refused_with_what_was_typed_and_a_right_one_saved(visitor: Visitor) -> None:
    year = timezone.localdate().year
    page = visitor.sign_in("cadre").page
    visitor.open(f"/dossiers/{VILLAGE}/")
    page.click("text=填报村情")
    page.fill("#f-households", "120")
    page.fill("#f-persons", "500")
    page.fill("#f-women", "600")
    page.click("button:has-text('保存')")
    assert "“妇女人口数”（600）不能大于“总人口数”（500）" in page.inner_text("[role=alert]")
    assert page.input_value("#f-households") == "120"
    page.fill("#f-women", "很多")
    page.click("button:has-text('保存')")
    assert "不是合适的数" in page.inner_text("[role=alert]")
    page.fill("#f-women", "240")
    page.fill("#f-collective_income", "12,345.60")
    page.select_option("#f-committee_sound", "1")
    page.click("button:has-text('保存')")
    page.wait_for_url(f"**/dossiers/{VILLAGE}/")
    (form,) = [one for one in registry.forms_of(visitor.city.cast["cadre"], VILLAGE) if one.year == year]
    assert (form.women, form.collective_income, form.committee_sound, form.bus) == (240, 1_234_560, True, None)
    assert form.entered_by == "cungan"
    row = page.locator("[data-standards] tr", has_text="有好的“两委”班子").inner_text()
    assert "达标" in row


def test_a_team_and_a_project_are_written_down_on_the_page(visitor: Visitor) -> None:
    page = visitor.sign_in("county_office").page
    visitor.open(f"/dossiers/{OTHER}/")
    page.click("#team summary:has-text('登记队员')")
    page.fill("#team-name", "周明")
    page.fill("#team-unit", "县财政局")
    page.fill("#team-since", "2026-01-05")
    page.click("#team form[action$='/send/'] button")
    assert "周明" in page.inner_text("#team")
    page.click("#team summary:has-text('登记队员')")
    page.fill("#team-name", "李强")
    page.fill("#team-unit", "县财政局")
    page.fill("#team-since", "2026-01-05")
    page.click("#team form[action$='/send/'] button")
    assert "已有第一书记" in page.inner_text("[role=alert]")
    page.click("#projects summary:has-text('登记项目')")
    page.fill("#project-name", "产业路")
    page.click("#projects form[action$='/plan/'] button")
    assert "产业路" in page.inner_text("#projects")


@pytest.mark.parametrize(("who", "code", "kind"), [("cadre", VILLAGE, "village"), ("office", "450124", "region")])
def test_a_printed_dossier_is_a_pdf_that_names_who_took_it(
    city: City, tmp_path: Path, who: str, code: str, kind: str
) -> None:
    answer = client_of(city, who).post(f"/dossiers/{code}/paper/")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/pdf")
    assert answer.content.startswith(b"%PDF")
    deed = Deed.objects.filter(verb="export", object_kind=f"paper:{kind}").latest("pk")
    assert (deed.by, deed.region, deed.object_id) == (city.cast[who], code, code)
    (tmp_path / "taken.pdf").write_bytes(answer.content)
    assert exports_named_in(tmp_path / "taken.pdf") == {deed.pk}


@pytest.mark.parametrize(
    "path", [f"/dossiers/{VILLAGE}/", "/dossiers/450124/", f"/dossiers/{VILLAGE}/years/2026/", "/helpers/"]
)
def test_the_pages_fit_a_phone(visitor: Visitor, path: str) -> None:
    visitor.page.set_viewport_size({"width": 390, "height": 844})
    visitor.sign_in("county_office").open(path)
    assert visitor.fits(390)
