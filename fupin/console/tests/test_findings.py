"""The list of findings and the evidence beside the household's own statement."""

from playwright.sync_api import expect

from fupin.identify import api as identify
from fupin.ui.tests.visitor import Visitor


def test_evidence_opens_beside_the_households_own_statement(visitor: Visitor) -> None:
    visitor.sign_in("office").open("/findings/")
    visitor.page.click("button[hx-get] >> nth=0")
    visitor.page.wait_for_selector("[data-detail]")
    text = visitor.page.inner_text("[data-detail]")
    assert "部门数据这样说" in text
    assert "这户自己这样说" in text
    visitor.page.click("button[hx-get] >> nth=0")
    expect(visitor.page.locator("[data-detail]")).to_have_count(0)  # a second click closes it


def test_a_finding_sent_as_an_address_opens_as_a_page(visitor: Visitor) -> None:
    one = visitor.city.run.findings.order_by("finding_id")[0]
    assert visitor.sign_in("office").open(f"/findings/{visitor.city.run.pk}/{one.finding_id}/") == 200
    assert "部门数据这样说" in visitor.text()
    expect(visitor.page.locator("header .brand")).to_have_count(1)


def test_evidence_that_cannot_be_fetched_says_so(visitor: Visitor) -> None:
    visitor.sign_in("office").open("/findings/")
    visitor.page.route("**/findings/*/*/", lambda route: route.abort())
    visitor.page.click("button[hx-get] >> nth=0")
    visitor.page.wait_for_selector("tr.detail [role=alert]")


def test_filters_by_severity_show_only_that_severity(visitor: Visitor) -> None:
    severity = visitor.city.run.findings.order_by("severity").values_list("severity", flat=True)[0]
    visitor.sign_in("office").open(f"/findings/?severity={severity}")
    expected = visitor.city.run.findings.filter(severity=severity).count()
    assert visitor.total() == expected
    expect(visitor.page.locator(f"tbody .chip.sev-{severity}")).to_have_count(min(expected, 50))


def test_a_finding_elsewhere_does_not_exist(visitor: Visitor) -> None:
    elsewhere = visitor.city.run.findings.exclude(village_code__startswith="450124")[0]
    visitor.sign_in("county_office")
    assert visitor.open(f"/findings/{visitor.city.run.pk}/{elsewhere.finding_id}/") == 404


def test_the_run_page_figures_open_lists_of_that_length(visitor: Visitor) -> None:
    visitor.sign_in("office").open(f"/runs/{visitor.city.run.pk}/")
    visitor.page.wait_for_selector("[data-chart=histogram][data-drawn]")
    figures = visitor.figures()
    assert len(figures) > 6
    for href, count in figures:
        assert visitor.total_of(href) == count, href


def test_a_run_with_a_wrong_date_says_how_to_write_it(visitor: Visitor) -> None:
    visitor.sign_in("office").open("/runs/")
    visitor.page.evaluate("document.getElementById('as_of').type = 'text'")
    visitor.page.fill("#as_of", "去年")
    visitor.page.click("main form button.btn-primary")
    assert "2026-10-31" in visitor.page.inner_text("[role=alert]")


def test_a_run_is_started_watched_and_read_when_it_is_done(visitor: Visitor) -> None:
    county = visitor.city.cast["county_office"]
    visitor.sign_in("county_office").open("/runs/")
    visitor.page.fill("#as_of", "2026-10-31")
    visitor.page.click("main form button.btn-primary")
    visitor.page.wait_for_selector("[data-busy]")
    started = identify.runs_for(county).exclude(pk=visitor.city.run.pk).get(region=county.region)
    try:
        identify.execute_run(started)  # the work of the queue
        visitor.page.wait_for_selector("h1 :text('已完成')")  # by itself
        visitor.page.wait_for_selector("[data-chart=histogram][data-drawn]")
        assert "疑点" in visitor.text()
    finally:
        identify.Run.objects.filter(pk=started.pk).delete()  # the other tests read the city's run


def test_doubtful_matches_are_listed_for_people(visitor: Visitor) -> None:
    run = visitor.city.run
    visitor.sign_in("office")
    assert visitor.open(f"/runs/{run.pk}/doubts/") == 200
    assert visitor.total() == len(identify.doubts_for(visitor.city.cast["office"], run))
    visitor.sign_in("department")
    assert visitor.open(f"/runs/{run.pk}/doubts/") == 403
