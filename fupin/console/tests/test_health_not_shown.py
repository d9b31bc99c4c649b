"""Pages of who may not see a member's health: what a run found of it is counted, and told of nobody."""

from __future__ import annotations

import re
from html import unescape

import pytest
from django.test import Client

from fupin.accounts.api import acting_as
from fupin.catalogue.health import health_rules, screening_tells_health
from fupin.identify import api as identify
from fupin.identify.api import ScreenHit, Screening
from fupin.identify.models import Finding
from fupin.ui.tests.city import AS_OF, City

NOT_SHOWN = "涉及成员健康情况，不显示"


def reader(city: City, who: str) -> Client:
    client = Client()
    client.force_login(city.cast[who])
    return client


def read(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, path
    return unescape(answer.content.decode())


def total(client: Client, path: str) -> int:
    found = re.search(r'data-total="(\d+)"', read(client, path))
    assert found, path
    return int(found[1])


@pytest.fixture
def screened(city: City) -> Screening:
    office = city.cast["office"]
    with acting_as(office):
        one = identify.start_screening(by=office, region="4501", as_of=AS_OF, in_background=False)
        return identify.execute_screening(one)


def test_a_screening_counts_it_and_tells_it_of_nobody(city: City, screened: Screening) -> None:
    client, path = reader(city, "decision"), f"/screenings/{screened.pk}/"
    hits = [one for one in ScreenHit.objects.filter(screening=screened) if screening_tells_health(one.rule)]
    assert hits
    page = read(client, path)
    for href, count in re.findall(r'href="([^"]*rule=[^"]*)" data-count="(\d+)"', page):
        assert total(client, href) == int(count), href
    assert re.search(r'rule=health&standing=open" data-count', page)
    assert not any(f"rule={one.rule}&" in page for one in hits)
    listed = read(client, f"{path}hits/?rule={hits[0].rule}").partition("<tbody")[2].partition("</tbody>")[0]
    assert NOT_SHOWN in listed
    assert not any(one.person_id in listed or f"{one.rule}:" in listed for one in hits if one.person_id)
    hit = f"{path}hits/{hits[0].key}/"
    assert (client.get(hit).status_code, reader(city, "office").get(hit).status_code) == (404, 200)


@pytest.fixture
def told(city: City) -> Finding:
    """A finding that names a disability."""
    found = city.run.findings.filter(rule__in=health_rules()).order_by("finding_id").first()
    assert found is not None
    return found


def part(page: str, id_: str) -> str:
    """An element of the portrait, up to the next one with a name of its own."""
    return re.split(r'<div class="col-12" id="', page.partition(f'id="{id_}"')[2])[0]


def test_the_portrait_names_it_to_the_office_alone(city: City, told: Finding) -> None:
    path = f"/households/{told.household_id}/"
    assert "残" in part(read(reader(city, "office"), path), "findings")
    page = read(reader(city, "decision"), path)
    assert NOT_SHOWN in part(page, "findings")
    assert "残" not in part(page, "findings")
    for name in ("重度残疾", "慢性病人数", "住院次数"):
        assert name not in page.partition("失分最多的指标")[2].partition("疑点")[0]


def test_the_finding_itself_shows_neither_its_sentence_nor_its_grounds(city: City, told: Finding) -> None:
    path = f"/findings/{city.run.pk}/{told.finding_id}/"
    page = read(reader(city, "decision"), path).partition("<main")[2]
    assert NOT_SHOWN in page
    assert "您的账号不显示依据" in page
    assert "残" not in page
    assert "部门数据这样说" in read(reader(city, "office"), path)


def test_no_filter_tells_what_the_sentence_does_not(city: City, told: Finding) -> None:
    """Asked for one such rule, the list shows all of them."""
    client, inside = reader(city, "decision"), city.run.findings.filter(rule__in=health_rules())
    page = read(client, "/findings/")
    assert not any(rule in page for rule in health_rules())
    for asked in ("rule=health", f"rule={told.rule}", "topic=disability", "topic=illness"):
        assert total(client, f"/findings/?{asked}") == inside.count(), asked
    listed = read(client, f"/findings/?rule={told.rule}").partition("<tbody")[2]
    assert NOT_SHOWN in listed
    assert "残" not in listed
    own = city.run.findings.filter(rule=told.rule).count()
    assert total(reader(city, "office"), f"/findings/?rule={told.rule}") == own


def test_figures_still_open_lists_of_that_length(city: City, told: Finding) -> None:
    client = reader(city, "decision")
    page = read(client, f"/runs/{city.run.pk}/")
    figures = re.findall(r'href="(/findings/[^"]*rule=[^"]*)" data-count="(\d+)"', page)
    assert any("rule=health" in href for href, _count in figures)
    assert not any(rule in href for href, _count in figures for rule in health_rules())
    for href, count in figures:
        assert total(client, href) == int(count), href
