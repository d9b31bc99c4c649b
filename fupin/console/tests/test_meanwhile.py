"""Two officers at one record: the later one is told who did what, keeps what he typed, and may send it again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from fupin.accounts import api as accounts
from fupin.accounts.models import Deed, User
from fupin.exchange import api as exchange
from fupin.exchange.api import Agreement, Terms
from fupin.identify import api as identify
from fupin.identify.api import ScreenExemption, ScreenHit
from fupin.registry import api as registry
from fupin.ui.tests.visitor import Visitor

VILLAGE, OTHER = "450124100201", "450124100202"


@pytest.fixture
def cadre(visitor: Visitor) -> Iterator[User]:
    """The city is shared: the account is closed and renamed away behind the test."""
    user = accounts.create_user(
        by=visitor.city.cast["office"], username="cun-later", password="Karst-Hills-9", role="cadre", region=VILLAGE,
        display_name="莫小文",
    )  # fmt: skip
    yield user
    User.objects.filter(pk=user.pk).update(is_active=False, username=f"gone-{user.pk}-later")


def test_of_two_who_move_one_account_the_later_one_compares_first(visitor: Visitor, cadre: User) -> None:
    office = visitor.city.cast["office"]
    visitor.sign_in("county_office").open("/users/cun-later/")
    visitor.page.fill("#display_name", "莫文")
    visitor.page.fill("#change-reason", "更正姓名")
    accounts.change_account(  # meanwhile
        by=office, user=cadre, role="cadre", region=OTHER, display_name="莫小文", reason="轮岗到邻村"
    )
    visitor.page.click("button:has-text('保存')")
    met = visitor.page.locator("#conflict")
    for words in (str(office), "调整账号", "轮岗到邻村", VILLAGE, OTHER):
        expect(met).to_contain_text(words)
    assert visitor.page.is_checked("[data-meeting=display_name] input >> nth=0")  # he alone changed it
    assert visitor.page.is_checked("[data-meeting=region] input >> nth=1")  # and this one only the other
    assert visitor.page.input_value("#change-reason") == "更正姓名"
    assert visitor.fits(visitor.page.viewport_size["width"] if visitor.page.viewport_size else 1600)
    cadre.refresh_from_db()
    assert (cadre.display_name, cadre.region) == ("莫小文", OTHER)
    visitor.page.click("button:has-text('保存')")
    expect(visitor.page.locator("#conflict")).to_have_count(0)
    cadre.refresh_from_db()
    assert (cadre.display_name, cadre.region) == ("莫文", OTHER)


def test_an_account_that_somebody_closed_is_not_closed_again(visitor: Visitor, cadre: User) -> None:
    """What was typed for a form that is no more stands beside what happened, never in another form."""
    visitor.sign_in("county_office").open("/users/cun-later/")
    visitor.page.fill("#close-reason", "离任，交接完毕")
    accounts.close_account(by=visitor.city.cast["office"], user=cadre, reason="退休")
    visitor.page.click("button:has-text('停用账号')")
    met = visitor.page.locator("#conflict")
    expect(met).to_contain_text("退休")
    expect(met).to_contain_text("离任，交接完毕")
    expect(visitor.page.locator("button:has-text('恢复账号')")).to_be_visible()
    assert visitor.page.input_value("#close-reason") == ""
    assert not Deed.objects.filter(reason="离任，交接完毕").exists()
    visitor.page.fill("#close-reason", "返聘")
    visitor.page.click("button:has-text('恢复账号')")
    expect(visitor.page.locator("button:has-text('停用账号')")).to_be_visible()


def test_a_refusal_does_not_pass_for_having_seen_what_changed(visitor: Visitor, cadre: User) -> None:
    visitor.sign_in("county_office").open("/users/cun-later/")
    visitor.page.fill("#successor", "nobody")
    visitor.page.fill("#close-reason", "离任")
    accounts.unlock(by=visitor.city.cast["office"], user=cadre, reason="来电")
    accounts.renew_password(by=visitor.city.cast["office"], user=cadre, password="Karst-Hills-8", reason="忘记密码")
    visitor.page.click("button:has-text('停用账号')")
    expect(visitor.page.locator("main [role=alert]")).to_contain_text("没有账号 nobody")
    visitor.page.fill("#successor", "")
    visitor.page.click("button:has-text('停用账号')")
    expect(visitor.page.locator("#conflict")).to_contain_text("忘记密码")
    cadre.refresh_from_db()
    assert cadre.is_active


@pytest.fixture
def draft(visitor: Visitor) -> Iterator[Agreement]:
    """Of a department's data, signed by the office alone; ended behind the test."""
    today = timezone.localdate()
    terms = Terms(
        "civil_affairs", "office", "ca_subsistence", tuple(exchange.columns_of("ca_subsistence")), "比对低保发放",
        "国发〔2016〕51号", "450124", today + timedelta(days=2000), today + timedelta(days=2100),
    )  # fmt: skip
    one = exchange.propose(by=visitor.city.cast["office"], terms=terms)
    yield one
    one.refresh_from_db()
    if one.state != "ended":
        exchange.end(by=visitor.city.cast["office"], agreement=one, why="测试结束")


def test_an_agreement_that_was_signed_meanwhile_is_not_taken_back_as_a_draft(
    visitor: Visitor, draft: Agreement
) -> None:
    clerk = visitor.city.cast["department"]
    visitor.sign_in("office").open(f"/agreements/{draft.pk}/")
    visitor.page.fill("#why", "草稿有误，先撤回")
    exchange.agree(by=clerk, agreement=draft)  # meanwhile
    visitor.page.click("button:has-text('终止')")
    met = visitor.page.locator("#conflict")
    for words in (str(clerk), "签订共享协议", "都保留在下面"):
        expect(met).to_contain_text(words)
    assert visitor.page.input_value("#why") == "草稿有误，先撤回"
    draft.refresh_from_db()
    assert draft.state == "in_force"
    visitor.page.click("button:has-text('终止')")
    expect(visitor.page.locator("#why")).to_have_count(0)
    draft.refresh_from_db()
    assert (draft.state, draft.ended_why) == ("ended", "草稿有误，先撤回")


def test_who_comes_after_the_end_reads_who_ended_it_and_keeps_his_words(visitor: Visitor, draft: Agreement) -> None:
    visitor.sign_in("office").open(f"/agreements/{draft.pk}/")
    visitor.page.fill("#why", "数据口径要改，另签一份")
    exchange.end(by=visitor.city.cast["department"], agreement=draft, why="本部门不同意用途")
    visitor.page.click("button:has-text('终止')")
    met = visitor.page.locator("#conflict")
    for words in ("本部门不同意用途", "数据口径要改，另签一份", "已经不能再办"):
        expect(met).to_contain_text(words)


@pytest.fixture
def home(visitor: Visitor) -> Iterator[str]:
    """A household whose pairings are as before behind the test."""
    found = registry.Household.objects.filter(state="0", ended_on=None, village_code__startswith="450124").order_by(
        "pk"
    )
    there = found.exclude(helping__isnull=False).first() or found[0]
    known = set(registry.Helping.objects.filter(household=there).values_list("pk", flat=True))
    yield there.pk
    for one in registry.Helping.objects.filter(household=there, until=None).exclude(pk__in=known):
        registry.end_helping(by=visitor.city.cast["office"], number=one.pk, until=timezone.localdate(), why="测试结束")


def test_who_pairs_a_household_after_somebody_else_reads_with_whom(visitor: Visitor, home: str) -> None:
    visitor.sign_in("county_office").open(f"/households/{home}/helping/")
    visitor.page.fill("#name", "吴静")
    visitor.page.fill("#unit", "县农业农村局")
    day = (timezone.localdate() - timedelta(days=3)).isoformat()
    visitor.page.fill("#day", day)
    office = visitor.city.cast["office"]
    with accounts.acting_as(office):
        made = registry.assign_helper(
            by=office, household_id=home, since=timezone.localdate(), name="周明", unit="县财政局"
        )
    visitor.page.click("button:has-text('结对')")
    met = visitor.page.locator("#conflict")
    for words in (str(office), "周明 · 县财政局"):
        expect(met).to_contain_text(words)
    assert visitor.page.input_value("#name") == "吴静"
    assert visitor.page.input_value("#day") == day
    visitor.page.click("button:has-text('结对')")
    expect(visitor.page.locator("[data-pairing]", has_text="吴静")).to_be_visible()
    pairing = visitor.page.locator(f"[data-pairing='{made.pk}']")
    pairing.locator("summary").click()
    pairing.locator("[name=why]").fill("本人调离")
    with accounts.acting_as(office):
        registry.end_helping(by=office, number=made.pk, until=timezone.localdate(), why="单位更换")
    pairing.locator("button").click()
    for words in ("单位更换", "本人调离", "已经不能再办"):
        expect(met).to_contain_text(words)


@pytest.fixture
def hit(visitor: Visitor) -> Iterator[ScreenHit]:
    """An open one of a screening of the county; nothing exempts its object behind the test."""
    one = identify.start_screening(
        by=visitor.city.cast["office"], region="450124", as_of=date(2026, 10, 31), in_background=False
    )
    identify.execute_screening(one)
    found = one.hits.filter(standing__in=("new", "still"), exempted=False).order_by("rule", "object_id")[0]
    yield found
    for left in ScreenExemption.objects.filter(object_id=found.object_id, ended_at__isnull=True):
        identify.end_exemption(by=visitor.city.cast["office"], exemption=left)


def test_an_exemption_is_not_written_over_another_one_unseen(visitor: Visitor, hit: ScreenHit) -> None:
    office, until = visitor.city.cast["office"], timezone.localdate() + timedelta(days=60)
    visitor.sign_in("county_office").open(f"/screenings/{hit.screening_id}/hits/{hit.key}/")
    visitor.page.fill("#reason", "村里证明属实")
    visitor.page.fill("#until", (until + timedelta(days=9)).isoformat())
    made = identify.exempt(by=office, screening=hit.screening, key=hit.key, reason="公安已核对", until=until)
    visitor.page.click("button:has-text('豁免')")
    for words in (str(office), "公安已核对", until.isoformat()):
        expect(visitor.page.locator("#conflict")).to_contain_text(words)
    assert visitor.page.input_value("#reason") == "村里证明属实"
    made.refresh_from_db()
    assert made.ended_at is None
    visitor.open("/screenings/exemptions/")
    row = visitor.page.locator("tbody tr", has_text="公安已核对")
    identify.end_exemption(by=office, exemption=made)
    row.locator("button").click()
    expect(visitor.page.locator("#conflict")).to_contain_text("已结束")
    expect(row).to_have_count(0)
