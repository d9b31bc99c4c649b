"""Every page of the console is clean for axe-core, light and dark, at a desk and on a phone."""

import pytest

from fupin.accounts.api import acting_as
from fupin.exchange import api as exchange
from fupin.identify import api as identify
from fupin.registry import api as registry
from fupin.registry.tests.fixtures import HEAD_ID
from fupin.ui.tests.axe import violations, violations_in_dark
from fupin.ui.tests.visitor import Visitor

PAGES = {
    "home": ("office", "/"),
    "home of a cadre": ("cadre", "/"),
    "home of a department": ("department", "/"),
    "home of an administrator": ("administrator", "/"),
    "catalogue": ("office", "/catalogue/"),
    "deliveries": ("office", "/deliveries/"),
    "delivery": ("office", "/deliveries/{delivery}/"),
    "upload": ("office", "/deliveries/new/"),
    "agreements": ("office", "/agreements/"),
    "a new agreement": ("office", "/agreements/new/?dataset=findings"),
    "an agreement": ("department", "/agreements/{agreement}/"),
    "departments": ("office", "/departments/"),
    "a department": ("office", "/departments/disabled_federation/"),
    "exchanges": ("office", "/exchanges/"),
    "runs": ("office", "/runs/"),
    "run": ("office", "/runs/{run}/"),
    "doubts": ("office", "/runs/{run}/doubts/"),
    "findings": ("office", "/findings/"),
    "screenings": ("office", "/screenings/"),
    "exemptions": ("office", "/screenings/exemptions/"),
    "cases": ("county_office", "/cases/"),
    "a case": ("county_office", "/cases/{case}/"),
    "a new case": ("county_office", "/households/{outside}/case/"),
    "cases in numbers": ("county_office", "/cases/numbers/"),
    "notices": ("county_office", "/cases/notices/"),
    "applications": ("county_office", "/cases/applications/"),
    "an application": ("county_office", "/cases/applications/{application}/"),
    "applying": ("county_office", "/apply/450124100201/"),
    "where to apply": ("county_office", "/apply/?region=450124"),
    "notices for everybody": ("county_office", "/notices/"),
    "households": ("office", "/households/"),
    "nothing found": ("office", "/households/?q=zzzzzz"),
    "portrait": ("office", "/households/{household}/"),
    "handbook": ("office", "/households/{household}/handbook/"),
    "pairing": ("office", "/households/{registered}/helping/"),
    "portrait with a helper": ("office", "/households/{registered}/"),
    "helpers": ("office", "/helpers/"),
    "helper": ("office", "/helpers/{helper}/"),
    "dossier of a city": ("office", "/dossiers/4501/"),
    "dossier of a village": ("cadre", "/dossiers/450124100201/"),
    "form of a village": ("cadre", "/dossiers/450124100201/years/2026/"),
    "changes of a household": ("office", "/households/{household}/changes/"),
    "a form of a change": ("office", "/households/{household}/changes/split/"),
    "changes": ("office", "/changes/"),
    "users": ("administrator", "/users/"),
    "a new account": ("office", "/users/new/"),
    "an account": ("office", "/users/cungan/"),
    "my account": ("department", "/account/"),
    "second factors": ("office", "/account/factors/"),
    "a phone added": ("office", "/account/factors/add/totp/"),
    "a passkey added": ("office", "/account/factors/add/passkey/"),
    "accounts from a file": ("office", "/openings/"),
    "deeds": ("audit", "/deeds/"),
    "forbidden": ("cadre", "/runs/"),
    "not found": ("office", "/nowhere/"),
}


def address(visitor: Visitor, path: str) -> str:
    city = visitor.city
    delivery = exchange.deliveries_for(city.cast["office"]).order_by("-bad_rows")[0].pk
    household = city.run.index.order_by("-findings").values_list("household_id", flat=True)[0]
    agreement = exchange.agreements_for(city.cast["department"]).filter(dataset="own_findings")[0].pk
    outside = city.run.index.filter(village_code__startswith="450124", state="9").order_by("-household_id")[0]
    case = open_case_of(visitor, outside.household_id) if "{case}" in path else 0
    application = apply_to(visitor) if "{application}" in path else 0
    registered = registry.households_for(city.cast["office"]).exclude(state="9").order_by("pk")[0]
    helper = registry.helpers_of(city.cast["office"], registered)[0].helper_id
    names = {"run": city.run.pk, "delivery": delivery, "household": household, "agreement": agreement}
    names |= {"application": application, "case": case, "outside": outside.household_id, "helper": helper}
    return path.format(**names, registered=registered.pk)


def open_case_of(visitor: Visitor, household: str) -> int:
    """Its monitoring, at the first step."""
    office = visitor.city.cast["county_office"]
    known = identify.cases_for(office).filter(household_id=household, procedure="monitoring").first()
    with acting_as(office):
        return (
            known or identify.open_case(by=office, household_id=household, procedure="monitoring", kind="marginal")
        ).pk


def apply_to(visitor: Visitor) -> int:
    said = identify.Content("农秀英", HEAD_ID, "13877100001", "丈夫常年患病，没有劳力")
    identify.apply(village="450124100201", content=said, members=2)
    return identify.unanswered(visitor.city.cast["county_office"])[0].pk


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_clean_for_axe_in_light_and_dark(visitor: Visitor, name: str) -> None:
    who, path = PAGES[name]
    visitor.page.emulate_media(color_scheme="light", reduced_motion="reduce")
    visitor.sign_in(who).open(address(visitor, path))
    assert violations(visitor.page) == []
    assert violations_in_dark(visitor.page) == []


def test_the_sign_in_page_is_clean_for_axe_also_when_it_refuses(visitor: Visitor) -> None:
    visitor.open("/sign-in/")
    assert violations(visitor.page) == []
    visitor.page.fill("#username", "nobody")
    visitor.page.fill("#password", "wrong")
    visitor.page.press("#password", "Enter")
    visitor.page.wait_for_selector("[role=alert]")
    assert violations(visitor.page) == []


@pytest.mark.parametrize("path", ["/households/", "/findings/"])
def test_lists_are_clean_for_axe_on_a_phone(visitor: Visitor, path: str) -> None:
    visitor.page.set_viewport_size({"width": 390, "height": 844})
    visitor.sign_in("office").open(path)
    visitor.page.click(".list-tools .menu summary >> nth=1")
    assert violations(visitor.page) == []
