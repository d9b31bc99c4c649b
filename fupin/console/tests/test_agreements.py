"""Two sides sign, a receiver is named, a message is given up and sent again; a department sees its own page."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from fupin.exchange import api as exchange
from fupin.exchange.api import Agreement, Push, Subscription
from fupin.exchange.outgoing import pseudonym
from fupin.exchange.pushing import attempt
from fupin.exchange.tests.receiver import Receiver, receiving
from fupin.identify import api as identify
from fupin.registry import api as registry
from fupin.ui.tests.visitor import Visitor


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    settings.FUPIN_PUSH_NETWORKS, settings.FUPIN_PUSH_HTTP = ["127.0.0.0/8"], True
    with receiving() as found:
        yield found


@pytest.fixture
def ended(visitor: Visitor) -> Iterator[None]:
    """The city is shared: what a test signed is ended after it."""
    known = set(Agreement.objects.values_list("pk", flat=True))
    yield
    for one in Agreement.objects.exclude(pk__in=known).exclude(state="ended"):
        exchange.end(by=visitor.city.cast["office"], agreement=one, why="测试结束")


def propose(visitor: Visitor, dataset: str) -> None:
    visitor.sign_in("office").open(f"/agreements/new/?dataset={dataset}")
    visitor.page.select_option("#taker", "civil_affairs")
    visitor.page.fill("#purpose", "核实疑点，反馈核查结果")
    visitor.page.fill("#legal_basis", "国发〔2016〕51号")


def submit(visitor: Visitor, words: str) -> None:
    visitor.page.click(f"main button:has-text('{words}')")


def test_from_proposal_to_replay(visitor: Visitor, receiver: Receiver, ended: None) -> None:
    propose(visitor, "findings")
    submit(visitor, "提出并签字")
    one = Agreement.objects.latest("pk")
    assert "待双方同意" in visitor.text()
    visitor.sign_in("department").open(f"/agreements/{one.pk}/")
    submit(visitor, "代表本方签字")
    visitor.page.fill("#url", receiver.url)
    submit(visitor, "登记")
    assert visitor.page.inner_text("[data-secret] code").startswith("whsec_")
    visitor.page.reload()
    assert visitor.page.query_selector("[data-secret]") is None  # shown once
    first = Subscription.objects.latest("pk").secret
    submit(visitor, "更换验签密钥")
    assert visitor.page.inner_text("[data-secret] code").startswith("whsec_")
    assert "原验签密钥有效至" in visitor.text()
    assert bytes(Subscription.objects.latest("pk").secret) != bytes(first)
    receiver.mood = "fails"
    assert identify.announce_run(visitor.city.run) == 1
    push = Push.objects.latest("made_at")
    for number in range(exchange.MOST_TRIES):
        attempt(push.pk, 1, number)
    visitor.page.reload()
    assert "已放弃" in visitor.page.inner_text("[data-pushes]")
    submit(visitor, "重发已放弃的 1 条")
    receiver.mood = "well"
    attempt(push.pk, 2, 0)
    visitor.page.reload()
    assert "已送达" in visitor.page.inner_text("[data-pushes]")
    visitor.open("/departments/civil_affairs/")
    assert "推送给部门" in visitor.text()


def test_what_is_wrong_is_said_and_what_was_typed_is_kept(visitor: Visitor, ended: None) -> None:
    propose(visitor, "own_findings")
    visitor.page.fill("#valid_until", str(timezone.localdate() - timedelta(days=1)))
    submit(visitor, "提出并签字")
    assert "早于生效日" in visitor.page.inner_text("main [role=alert]")
    assert visitor.page.input_value("#purpose") == "核实疑点，反馈核查结果"
    assert visitor.page.input_value("#taker") == "civil_affairs"


def test_an_address_inside_is_refused(visitor: Visitor, ended: None) -> None:
    (one,) = Agreement.objects.filter(taker="civil_affairs", dataset="own_findings", state="in_force")
    visitor.sign_in("department").open(f"/agreements/{one.pk}/")
    visitor.page.fill("#url", "https://169.254.169.254/latest")
    submit(visitor, "登记")
    assert "内部网络" in visitor.page.inner_text("main [role=alert]")
    assert visitor.page.input_value("#url") == "https://169.254.169.254/latest"


def test_a_departments_page_is_its_own(visitor: Visitor) -> None:
    visitor.sign_in("department")
    assert visitor.open("/departments/public_security/") == visitor.open("/departments/nothing/") == 404
    other = Agreement.objects.filter(giver="public_security").latest("pk")
    assert visitor.open(f"/agreements/{other.pk}/") == visitor.open("/agreements/999999/") == 404
    assert visitor.sign_in("cadre").open("/agreements/") == 403


def test_the_office_sees_what_a_department_gave_and_what_came_of_it(visitor: Visitor) -> None:
    office = visitor.city.cast["office"]
    gave = ("public_security", "disabled_federation", "agriculture")
    name = next(one for one in gave if identify.raised_from(office, one)[1])
    visitor.sign_in("office").open(f"/departments/{name}/")
    rules = {one.rule.rule for one in identify.raised_from(office, name)[1]}
    told = visitor.page.query_selector_all("#came-of-it tbody tr td.num:nth-child(4)")
    assert sum(int(one.inner_text().replace(",", "")) for one in told) == sum(
        1 for one in visitor.city.run.findings.all() if one.rule in rules
    )
    assert "部门交付" in visitor.text()
    assert "协议内" in visitor.text()


@pytest.mark.parametrize("width", [390, 1600])
@pytest.mark.parametrize(
    "path",
    [
        "/agreements/",
        "/agreements/new/?dataset=ps_population",
        "/departments/",
        "/departments/public_security/",
        "/exchanges/",
    ],
)
def test_the_pages_fit(visitor: Visitor, path: str, width: int) -> None:
    visitor.page.set_viewport_size({"width": width, "height": 844})
    assert visitor.sign_in("office").open(path) == 200
    assert visitor.fits(width)


def test_an_office_turns_one_pseudonym_back_with_a_reason(visitor: Visitor, ended: None) -> None:
    propose(visitor, "findings")
    submit(visitor, "提出并签字")
    one = Agreement.objects.latest("pk")
    home = registry.households_for(visitor.city.cast["office"]).order_by("pk")[3]
    said = pseudonym(home.pk, exchange.pseudonym_key(one))
    visitor.open(f"/agreements/{one.pk}/")
    visitor.page.click("main a:has-text('还原假名')")
    visitor.page.fill("#pseudonym", "不是假名")
    visitor.page.fill("#reason", "民政局来函询问")
    submit(visitor, "还原")
    assert "24 位" in visitor.page.inner_text("main [role=alert]")
    visitor.page.fill("#pseudonym", said)
    submit(visitor, "还原")
    assert home.pk in visitor.page.inner_text("[data-found]")
    assert visitor.sign_in("department").open(f"/agreements/{one.pk}/household/") == 404
    visitor.open("/departments/civil_affairs/")
    assert "核实属实" in visitor.page.inner_text("[data-came]")
