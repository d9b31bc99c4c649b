"""Signing in, what each role sees first, and what it may not see."""

import pytest

from fupin.exchange import api as exchange
from fupin.ui.tests.city import PASSWORD
from fupin.ui.tests.visitor import Visitor


def test_a_wrong_password_is_said_clearly(visitor: Visitor) -> None:
    visitor.page.goto(f"{visitor.base}/sign-in/")
    visitor.page.fill("#username", "nobody")
    visitor.page.fill("#password", "wrong")
    visitor.page.click("main button.btn-primary")
    assert "用户名或密码不对" in visitor.page.inner_text("[role=alert]")
    assert visitor.page.input_value("#username") == "nobody"


def test_after_signing_in_the_page_asked_for_opens(visitor: Visitor) -> None:
    visitor.open("/findings/?severity=1")
    visitor.page.fill("#username", visitor.city.cast["office"].username)
    visitor.page.fill("#password", PASSWORD)
    visitor.page.click("main button.btn-primary")
    assert visitor.page.url.endswith("/findings/?severity=1")


@pytest.mark.parametrize(
    ("who", "words"),
    [
        ("decision", "农户的判定"),
        ("office", "需要处理的批次"),
        ("department", "提交数据"),
        ("administrator", "我最近的操作"),
        ("audit", "最近的操作"),
    ],
)
def test_home_shows_each_role_its_own_work(visitor: Visitor, who: str, words: str) -> None:
    visitor.sign_in(who).open("/")
    assert words in visitor.text()


def test_the_latest_deeds_name_their_objects_in_words(visitor: Visitor) -> None:
    visitor.sign_in("audit").open("/")
    objects = visitor.page.locator("main tbody td.table-note").all_inner_texts()
    assert objects
    assert not any(one.startswith(("sign_in", "user ", "run ", "delivery ")) for one in objects)


@pytest.mark.parametrize(("who", "path"), [("department", "/households/"), ("cadre", "/runs/"), ("cadre", "/users/")])
def test_a_room_of_another_role_is_refused_politely(visitor: Visitor, who: str, path: str) -> None:
    assert visitor.sign_in(who).open(path) == 403
    assert "没有权限" in visitor.text()


def test_every_figure_of_the_home_page_opens_a_list_of_that_length(visitor: Visitor) -> None:
    visitor.sign_in("office").open("/")
    figures = visitor.figures()
    assert len(figures) >= 6
    for href, count in figures:
        assert visitor.total_of(href) == count, href


def test_an_address_that_does_not_exist_says_what_to_do(visitor: Visitor) -> None:
    assert visitor.sign_in("office").open("/nowhere/") == 404
    assert "回到总览" in visitor.text()


@pytest.mark.parametrize("language", ["zh-hans", "en"])
@pytest.mark.parametrize(
    "path", ["/", "/households/", "/findings/", "/deliveries/", "/catalogue/", "/runs/", "DELIVERY"]
)
def test_pages_fit_the_phone_and_the_desk(visitor: Visitor, path: str, language: str) -> None:
    cookie = {"name": "django_language", "value": language, "url": visitor.base}
    visitor.page.context.add_cookies([cookie])  # type: ignore[list-item]  # a plain dict is one
    delivery = exchange.deliveries_for(visitor.city.cast["office"]).order_by("-bad_rows")[0].pk
    path = path.replace("DELIVERY", f"/deliveries/{delivery}/")
    visitor.page.set_viewport_size({"width": 390, "height": 844})
    visitor.sign_in("office").open(path)
    assert visitor.fits(390)
    visitor.page.set_viewport_size({"width": 1280, "height": 720})
    assert visitor.fits(1280)
