"""Sign-in by the government's identity provider, against a real small one."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from fupin.accounts.models import Deed, GovernmentIdentity, User
from fupin.accounts.provider import Provider
from fupin.accounts.tests.fixtures import PASSWORD, Cast
from fupin.accounts.tests.identity_provider import CLIENT, SECRET, IdentityProvider, new_key, running
from fupin.ui.tests.city import PASSWORD as CITY_PASSWORD
from fupin.ui.tests.visitor import Visitor


@pytest.fixture
def provider(settings: Any, tmp_path: Path) -> Iterator[IdentityProvider]:
    secret = tmp_path / "client-secret"
    secret.write_text(f"{SECRET}\n")
    with running() as found:
        settings.FUPIN_OIDC = Provider(found.issuer, CLIENT, secret)
        yield found


@pytest.fixture
def linked(provider: IdentityProvider, cast: Cast) -> IdentityProvider:
    GovernmentIdentity.objects.create(user=cast.department, issuer=provider.issuer, subject="s-1")
    return provider


def come_back(client: Client, provider: IdentityProvider, query: str = "") -> Any:
    """Goes to the provider, agrees there, and is sent back."""
    away = client.post("/sign-in/government/", {"next": "/deliveries/"})["Location"]
    assert away.startswith(f"{provider.issuer}/agree?")
    back = provider.agree(away).removeprefix("http://testserver")
    return client.get(query or back)


def is_in(client: Client) -> bool:
    return client.get("/account/").status_code == 200


def test_a_linked_account_is_entered_and_the_page_asked_for_opens(linked: IdentityProvider, client: Client) -> None:
    assert come_back(client, linked)["Location"] == "/deliveries/"
    assert is_in(client)
    assert Deed.objects.filter(verb="sign_in", detail__by=linked.issuer).count() == 1


def test_signing_out_ends_the_providers_session_too(linked: IdentityProvider, client: Client) -> None:
    come_back(client, linked)
    assert client.post("/sign-out/")["Location"].startswith(f"{linked.issuer}/out?client_id=fupin&")
    assert not is_in(client)


def test_who_signed_in_with_the_password_only_leaves_here(linked: IdentityProvider, client: Client) -> None:
    client.post("/sign-in/", {"username": "minzheng", "password": PASSWORD})
    assert client.post("/sign-out/")["Location"] == "/sign-in/"


def test_an_unknown_subject_gets_no_account(provider: IdentityProvider, client: Client, cast: Cast) -> None:
    before = User.objects.count()
    answer = come_back(client, provider)
    assert answer.status_code == 403
    assert "没有关联平台账号" in answer.content.decode()
    assert not is_in(client)
    assert User.objects.count() == before
    assert Deed.objects.filter(verb="government_refused").count() == 1


@pytest.mark.parametrize("change", [{"is_active": False}, {"ends_on": timezone.localdate() - timedelta(days=1)}])
def test_a_closed_account_is_told_so(
    linked: IdentityProvider, client: Client, cast: Cast, change: dict[str, Any]
) -> None:
    User.objects.filter(pk=cast.department.pk).update(**change)
    answer = come_back(client, linked)
    assert answer.status_code == 403
    assert "停用或已过到期日" in answer.content.decode()


def test_a_name_in_a_claim_counts_only_where_a_setting_says_so(
    provider: IdentityProvider, client: Client, cast: Cast, settings: Any
) -> None:
    provider.changes = {"preferred_username": "minzheng"}
    assert come_back(client, provider).status_code == 403
    kept = settings.FUPIN_OIDC
    settings.FUPIN_OIDC = Provider(kept.issuer, kept.client_id, kept.secret_file, "preferred_username")
    assert come_back(client, provider).status_code == 302
    assert is_in(client)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"aud": "somebody else"}, "InvalidAudienceError"),
        ({"iss": "http://127.0.0.1:1"}, "InvalidIssuerError"),
        ({"nonce": "another"}, "nonce"),
        ({"exp": int(time.time()) - 600}, "ExpiredSignatureError"),
        ({"sub": None}, "MissingRequiredClaimError"),
        ({"aud": [CLIENT, "other"]}, "azp"),
    ],
)
def test_what_does_not_fit_is_not_believed(
    linked: IdentityProvider, client: Client, change: dict[str, Any], says: str
) -> None:
    linked.changes = change
    answer = come_back(client, linked)
    assert answer.status_code == 403
    assert says in answer.content.decode()
    assert not is_in(client)


def test_a_token_signed_by_somebody_else_is_not_believed(linked: IdentityProvider, client: Client) -> None:
    linked.signs_with = new_key()
    assert "InvalidSignatureError" in come_back(client, linked).content.decode()
    assert not is_in(client)


def test_a_wrong_state_is_refused_and_uses_the_errand_up(linked: IdentityProvider, client: Client) -> None:
    assert (
        "对不上这次登录" in come_back(client, linked, "/sign-in/government/back/?code=x&state=made-up").content.decode()
    )
    answer = client.get("/sign-in/government/back/?code=x&state=made-up")
    assert "没有这次登录" in answer.content.decode()


def test_an_answer_taken_from_another_browser_opens_nothing(linked: IdentityProvider, client: Client) -> None:
    back = linked.agree(client.post("/sign-in/government/")["Location"]).removeprefix("http://testserver")
    stranger = Client()
    assert stranger.get(back).status_code == 403
    assert not is_in(stranger)


def test_a_refusal_there_is_told_here(linked: IdentityProvider, client: Client) -> None:
    away = client.post("/sign-in/government/")["Location"]
    state = linked.agree(away).rpartition("state=")[2]
    answer = client.get(f"/sign-in/government/back/?error=access_denied&state={state}")
    assert "没有同意登录" in answer.content.decode()


def test_an_identity_opens_one_account_only(linked: IdentityProvider, client: Client, cast: Cast) -> None:
    client.force_login(cast.audit)
    away = client.post("/account/government/", {"password": PASSWORD})["Location"]
    answer = client.get(linked.agree(away).removeprefix("http://testserver"))
    assert "已经关联了另一个账号" in answer.content.decode()
    assert GovernmentIdentity.objects.get().user == cast.department


def test_linking_asks_for_the_password(provider: IdentityProvider, client: Client, cast: Cast) -> None:
    client.force_login(cast.audit)
    assert client.post("/account/government/", {"password": "wrong"}).status_code == 403
    assert not GovernmentIdentity.objects.exists()


def test_a_provider_that_does_not_answer_is_told(client: Client, db: None, settings: Any) -> None:
    settings.FUPIN_OIDC = Provider("http://127.0.0.1:1", CLIENT)
    answer = client.post("/sign-in/government/")
    assert answer.status_code == 403
    assert "连不上" in answer.content.decode()


def test_without_a_provider_there_is_no_such_door(client: Client, db: None) -> None:
    assert "统一身份认证" not in client.get("/sign-in/").content.decode()
    assert client.post("/sign-in/government/").status_code == 404
    assert client.get("/sign-in/government/back/").status_code == 404


def test_in_the_browser_an_account_is_linked_and_then_opened_by_it(
    visitor: Visitor, provider: IdentityProvider
) -> None:
    page = visitor.page
    visitor.sign_in("department").open("/account/")
    page.fill("#government-password", CITY_PASSWORD)
    page.click("button:has-text('关联统一身份认证')")
    page.wait_for_selector("button:has-text('取消关联')")
    page.context.clear_cookies()
    visitor.open("/deliveries/")
    page.click("button:has-text('用统一身份认证登录')")
    page.wait_for_url(f"{visitor.base}/deliveries/")
    visitor.open("/account/")
    page.click("button:has-text('取消关联')")
    page.wait_for_selector("#government-password")
    assert not GovernmentIdentity.objects.exists()
