"""A machine's keys to the API: shown once, kept as a digest, ending by themselves."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from fupin.accounts.models import ApiToken, User
from fupin.accounts.queries import may_keep
from fupin.accounts.rules import TOKEN_DAYS, VERBS, role_may, token_verbs
from fupin.accounts.services import record, require
from fupin.kernel.errors import Forbidden, UserError

TOKEN_PREFIX = "fupin_"  # noqa: S105 – a mark by which leaked tokens are recognised
MAX_DAYS = 365
OVERLAP = timedelta(days=1)  # a rotated token works on for a day, so that nothing stops between two machines


@transaction.atomic
def token_for(*, by: User, user: User, name: str, days: int = TOKEN_DAYS, verbs: Collection[str] | None = None) -> str:
    """A new API token in clear: shown this once, only its SHA-256 is kept; it ends after ``days``. Own tokens only.

    ``verbs``: what it may do, all that its account's tokens may by default. Raises UserError and Forbidden.
    """
    require(by, "issue_token")
    if by.pk != user.pk:
        raise Forbidden(
            "令牌只能由账号本人签发",
            "a token is issued by the account itself",
            "请该账号登录后签发",
            "sign in with that account",
        )
    if not name.strip() or not 1 <= days <= MAX_DAYS:
        raise UserError(
            f"令牌要写用途，有效期 1–{MAX_DAYS} 天",
            f"a token needs a purpose and lives 1 to {MAX_DAYS} days",
            "例如：夜间交付，180 天",
            "for example: nightly delivery, 180 days",
        )
    chosen = _chosen(user, verbs)
    text = TOKEN_PREFIX + secrets.token_urlsafe(32)
    ends = timezone.now() + timedelta(days=days)
    token = ApiToken.objects.create(
        user=user, name=name.strip()[:60], digest=token_digest(text), expires_at=ends, verbs=chosen
    )
    told = {"for": user.pk, "verbs": chosen}
    record(by=by, verb="issue_token", object_kind="token", object_id=str(token.pk), detail=told)
    return text


def _chosen(user: User, verbs: Collection[str] | None) -> list[str]:
    """In their own order. Raises UserError for none, or for one that the account's tokens may not carry."""
    most = token_verbs(user.role)
    if verbs is None:
        return list(most)
    if not verbs or not set(verbs) <= set(most):
        raise UserError(
            "请勾选令牌能做的事，至少一项",
            "choose what the token may do, at least one thing",
            f"可选：{'、'.join(VERBS[verb][0] for verb in most)}",
            f"one or more of: {', '.join(VERBS[verb][1] for verb in most)}",
        )
    return [verb for verb in most if verb in verbs]


@transaction.atomic
def rotate_token(*, by: User, token: ApiToken, days: int = TOKEN_DAYS) -> str:
    """A new one with the same purpose and verbs; the old one ends within a day. Raises UserError and Forbidden."""
    kept = [verb for verb in token.verbs if verb in token_verbs(token.user.role)]
    text = token_for(by=by, user=token.user, name=token.name, days=days, verbs=kept)
    token.expires_at = min(token.expires_at, timezone.now() + OVERLAP)
    token.save(update_fields=["expires_at"])
    return text


@transaction.atomic
def revoke_token(*, by: User, token: ApiToken) -> None:
    """The own one, or as security administrator or officer above. Raises Forbidden."""
    if by.pk != token.user.pk and not may_keep(by, token.user):
        require(by, "guard_users")
    end_token(by, token)


def end_token(by: User, token: ApiToken) -> None:
    """Whoever calls it has asked whether ``by`` may."""
    token.revoked_at = timezone.now()
    token.save(update_fields=["revoked_at"])
    record(by=by, verb="revoke_token", object_kind="token", object_id=str(token.pk))


def token_of(text: str) -> ApiToken | None:
    """A token that neither ended nor was revoked, of an open account whose role may still have one; else None."""
    now = timezone.now()
    token = (
        ApiToken.objects.select_related("user")
        .filter(digest=token_digest(text), revoked_at__isnull=True, expires_at__gt=now)
        .first()
    )
    if token is None or not token.user.is_open or not role_may(token.user.role, "issue_token"):
        return None
    ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)
    return token


def user_of_token(text: str) -> User | None:
    """The account of such a token."""
    token = token_of(text)
    return token.user if token is not None else None


def require_of_token(token: ApiToken, verb: str) -> None:
    """Raises Forbidden unless the token carries the verb; whether its account may is asked where the deed is done."""
    if verb in token.verbs:
        return
    zh, en = VERBS[verb]
    raise Forbidden(
        f"这个令牌不能{zh}",
        f"this token may not {en}",
        f"它只能：{'、'.join(VERBS[one][0] for one in token.verbs)}；请在“我的账号”另签发一个",
        f"it may only: {', '.join(VERBS[one][1] for one in token.verbs)}; issue another under the own account",
    )


def token_digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
