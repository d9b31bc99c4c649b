"""A session that ends in the middle of a form: nothing typed is lost, and nothing of it reaches another person."""

from __future__ import annotations

import pytest
from django.contrib.sessions.models import Session

from fupin.accounts.models import Deed
from fupin.registry import api as registry
from fupin.ui.tests.city import PASSWORD
from fupin.ui.tests.visitor import Visitor

REASON = "离任，工作移交给镇里"


def sign_in_here(visitor: Visitor, username: str) -> None:
    """On the page where the visitor was sent."""
    visitor.page.fill("#username", username)
    visitor.page.fill("#password", PASSWORD)
    visitor.page.click("main button.btn-primary")


@pytest.fixture
def stopped(visitor: Visitor) -> Visitor:
    """Closing an account was typed and sent when the session had ended: now at the door."""
    visitor.sign_in("office").open("/users/cungan/")
    visitor.page.fill("#successor", "nobody")
    visitor.page.fill("#close-reason", REASON)
    Session.objects.all().delete()
    visitor.page.click("button:has-text('停用账号')")
    visitor.page.wait_for_url("**/sign-in/**")
    return visitor


def test_after_signing_in_what_was_typed_stands_there_again(stopped: Visitor) -> None:
    sign_in_here(stopped, "shiban")
    stopped.page.wait_for_url("**/users/cungan/")
    assert stopped.page.input_value("#close-reason") == REASON
    assert stopped.page.input_value("#successor") == "nobody"
    assert "已放回" in stopped.page.inner_text("[data-put-back]")
    assert not Deed.objects.filter(verb="close_user", reason=REASON).exists()  # nothing is sent by itself


def test_also_when_the_password_was_mistyped_at_the_door(stopped: Visitor) -> None:
    stopped.page.fill("#username", "shiban")
    stopped.page.fill("#password", "wrong")
    stopped.page.click("main button.btn-primary")
    sign_in_here(stopped, "shiban")
    stopped.page.wait_for_url("**/users/cungan/")
    assert stopped.page.input_value("#close-reason") == REASON


def test_also_when_the_form_had_been_refused_before(visitor: Visitor) -> None:
    """Its address is then that of the form, where there is no page to come back to."""
    home = registry.households_for(visitor.city.cast["office"]).exclude(state="9").order_by("pk")[0]
    address = f"/households/{home.pk}/helping/"
    visitor.sign_in("office").open(address)
    form = "form[action$='/assign/']"
    visitor.page.fill(f"{form} [name=name]", "农有福")
    visitor.page.fill(f"{form} [name=day]", "2031-01-01")
    visitor.page.click(f"{form} button.btn-primary")
    visitor.page.wait_for_url(f"**{address}assign/")
    Session.objects.all().delete()
    visitor.page.click(f"{form} button.btn-primary")
    visitor.page.wait_for_url("**/sign-in/**")
    sign_in_here(visitor, "shiban")
    visitor.page.wait_for_url(f"**{address}")
    assert visitor.page.input_value(f"{form} [name=name]") == "农有福"


def test_another_person_at_the_same_browser_sees_nothing_of_it(stopped: Visitor) -> None:
    sign_in_here(stopped, "xianban")
    stopped.page.wait_for_url("**/users/cungan/")
    assert stopped.page.input_value("#close-reason") == ""
    assert REASON not in str(stopped.page.evaluate("JSON.stringify({...sessionStorage})"))


def test_passwords_are_never_kept(visitor: Visitor) -> None:
    visitor.sign_in("office").open("/account/")
    for name in ("old", "new", "again"):
        visitor.page.fill(f"#{name}", "Secret-Word-1")
    Session.objects.all().delete()
    visitor.page.click("main form .btn-primary >> nth=0")
    visitor.page.wait_for_url("**/sign-in/**")
    assert "Secret-Word-1" not in str(visitor.page.evaluate("JSON.stringify({...sessionStorage})"))


def test_what_was_sent_well_is_not_put_back(visitor: Visitor) -> None:
    visitor.sign_in("office").open("/users/cungan/")
    visitor.page.fill("#successor", "nobody")
    visitor.page.fill("#close-reason", REASON)
    visitor.page.click("button:has-text('停用账号')")
    visitor.page.wait_for_selector("main [role=alert]")
    visitor.open("/users/cungan/")
    assert visitor.page.input_value("#close-reason") == ""


def test_a_form_older_than_its_session_is_put_back_too(visitor: Visitor) -> None:
    visitor.sign_in("office").open("/users/cungan/")
    visitor.page.fill("#close-reason", REASON)
    visitor.page.context.add_cookies([{"name": "csrftoken", "value": "x" * 32, "url": visitor.base}])
    visitor.page.click("button:has-text('停用账号')")
    assert "页面已过期" in visitor.text()
    visitor.page.click("a:has-text('重新打开原来的页面')")
    visitor.page.wait_for_url("**/users/cungan/")
    assert visitor.page.input_value("#close-reason") == REASON
