"""Sign-in by the identity provider of the government: to accounts that exist, never a new one."""

from __future__ import annotations

import secrets
import time
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.http import HttpRequest

from fupin.accounts import provider as oidc
from fupin.accounts.doors import KIND, name_key
from fupin.accounts.factors import has_factor
from fupin.accounts.models import GovernmentIdentity, User
from fupin.accounts.provider import Errand, Provider
from fupin.accounts.services import record
from fupin.kernel.errors import UserError

ERRAND = "government_errand"
BY_GOVERNMENT = "by_government"  # in the session: signing out ends the provider's session, too
ERRAND_SECONDS = 600


def government_provider() -> Provider | None:
    """None when no identity provider is configured."""
    found: Provider | None = settings.FUPIN_OIDC
    return found


def send_to_government(request: HttpRequest, *, redirect_uri: str, link: bool, then: str = "") -> str:
    """The provider's address for this reader. ``link``: to link the signed-in account. Raises UserError."""
    address, errand = oidc.begin(_demand_provider(), redirect_uri)
    request.session[ERRAND] = {
        "errand": [errand.state, errand.nonce, errand.verifier],
        "at": int(time.time()),
        "link": request.user.pk if link and request.user.is_authenticated else None,
        "next": then,
    }
    return address


def back_from_government(request: HttpRequest, *, redirect_uri: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """(what was remembered, what the provider signed). An answer is taken once. Raises UserError."""
    provider, kept = _demand_provider(), request.session.pop(ERRAND, None)
    if kept is None or time.time() - kept["at"] > ERRAND_SECONDS:
        raise _refused("没有这次登录，或已过十分钟", "no such sign-in, or ten minutes have passed")
    errand = Errand(*kept["errand"])
    if not secrets.compare_digest(request.GET.get("state", ""), errand.state):
        raise _refused("回答对不上这次登录", "the answer does not belong to this sign-in")
    if "error" in request.GET or not request.GET.get("code"):
        raise _refused("统一身份认证没有同意登录", "the identity provider did not agree")
    code = request.GET["code"]
    return kept, oidc.claims_of(provider, errand, code=code, redirect_uri=redirect_uri)


def sign_in_by_government(request: HttpRequest, claims: dict[str, Any]) -> User:
    """The account that is meant. Raises UserError where there is none, or it is closed or past its last day."""
    provider = _demand_provider()
    user, told = _meant(provider, claims), {"by": provider.issuer, "from": str(request.META.get("REMOTE_ADDR", ""))}
    if user is None or not user.is_open:
        told["user"] = str(user.pk) if user else ""
        record(by=None, verb="government_refused", object_kind=KIND, object_id=name_key(claims["sub"]), detail=told)
        raise _no_account() if user is None else _closed()
    verb = "password_accepted" if has_factor(user) else "sign_in"
    record(by=user, verb=verb, object_kind=KIND, object_id=name_key(user.username), detail=told)
    return user


def _meant(provider: Provider, claims: dict[str, Any]) -> User | None:
    linked = GovernmentIdentity.objects.filter(issuer=provider.issuer, subject=claims["sub"]).select_related("user")
    if (found := linked.first()) is not None:
        return found.user
    name = claims.get(provider.username_claim) if provider.username_claim else None
    return User.objects.filter(username=name).first() if isinstance(name, str) and name else None


@transaction.atomic
def link_government(*, user: User, claims: dict[str, Any]) -> None:
    """From now on this subject opens the account. Raises UserError when it opens another one."""
    issuer = _demand_provider().issuer
    try:
        with transaction.atomic():
            GovernmentIdentity.objects.update_or_create(issuer=issuer, user=user, defaults={"subject": claims["sub"]})
    except IntegrityError as error:
        raise _refused("这个身份已经关联了另一个账号", "this identity is linked to another account") from error
    _write(user, "link_government", issuer)


@transaction.atomic
def unlink_government(*, user: User) -> None:
    if GovernmentIdentity.objects.filter(user=user).delete()[0]:
        _write(user, "unlink_government", "")


def government_linked(user: User) -> bool:
    return GovernmentIdentity.objects.filter(user=user).exists()


def sign_out_of_government(request: HttpRequest, back: str) -> str:
    """The provider's address for signing out, when this session began there; else ""."""
    found = government_provider()
    return oidc.sign_out_address(found, back) if found and request.session.get(BY_GOVERNMENT) else ""


def _demand_provider() -> Provider:
    if (found := government_provider()) is None:
        raise _refused("没有配置统一身份认证", "no identity provider is configured")
    return found


def _refused(zh: str, en: str) -> UserError:
    return UserError(zh, en, "请从登录页重新开始，或用密码登录", "begin again at the sign-in page, or use the password")


def _no_account() -> UserError:
    return UserError(
        "这个身份没有关联平台账号",
        "this identity is not linked to an account here",
        "先用密码登录，在“我的账号”里关联；没有账号请找上级扶贫办开设",
        "sign in with the password and link it under the own account; accounts are opened by the office above",
    )


def _closed() -> UserError:
    return UserError(
        "账号已停用或已过到期日",
        "the account is closed or past its last day",
        "请找上级扶贫办或系统管理员",
        "ask the office above or the system administrator",
    )


def _write(user: User, verb: str, issuer: str) -> None:
    told = {"issuer": issuer} if issuer else {}
    record(by=user, verb=verb, object_kind="user", object_id=str(user.pk), region=user.region, detail=told)
