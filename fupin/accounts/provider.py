"""OpenID Connect, the part of a client: where to send the reader, and whom the provider's signed answer names.

Authorization code with PKCE, state and nonce (OpenID Connect Core 1.0 §3.1; RFC 7636). Nothing of Django.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import quote, urlencode, urlsplit
from urllib.request import Request, urlopen

import jwt

from fupin.kernel.errors import UserError

SECONDS = 10  # for an answer of the provider
MOST_BYTES = 1 << 20
KNOWN_FOR = 3600  # seconds that what the provider says of itself is believed
ALGORITHMS = ["RS256", "PS256", "ES256"]  # never "none", never a shared secret
CLAIMS = ["iss", "sub", "aud", "exp", "iat"]
HERE = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class Provider:
    """As configured. ``username_claim``: the claim that is a username here, "" when only owners link accounts."""

    issuer: str
    client_id: str
    secret_file: Path | None = None
    username_claim: str = ""


@dataclass(frozen=True)
class Errand:
    """What the provider's answer must fit: kept in the session of who was sent there."""

    state: str
    nonce: str
    verifier: str


_KNOWN: dict[str, tuple[float, dict[str, Any]]] = {}


def begin(provider: Provider, redirect_uri: str) -> tuple[str, Errand]:
    """The address to send the reader to, and what to remember. Raises UserError when the provider cannot be reached."""
    errand = Errand(*(secrets.token_urlsafe(32) for _ in range(3)))
    digest = hashlib.sha256(errand.verifier.encode()).digest()
    asked = {
        "response_type": "code",
        "scope": "openid profile",
        "client_id": provider.client_id,
        "redirect_uri": redirect_uri,
        "state": errand.state,
        "nonce": errand.nonce,
        "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
    }
    return f"{_known(provider)['authorization_endpoint']}?{urlencode(asked)}", errand


def claims_of(provider: Provider, errand: Errand, *, code: str, redirect_uri: str) -> dict[str, Any]:
    """What the provider signed about the reader who came back with ``code``. Raises UserError when anything is off."""
    body = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": redirect_uri,
        "client_id": provider.client_id,
        "code_verifier": errand.verifier,
    }
    answer = _ask(_known(provider)["token_endpoint"], urlencode(body).encode(), _authorization(provider))
    token = str(answer.get("id_token", ""))
    try:
        claims: dict[str, Any] = jwt.decode(
            token,
            _key(provider, token),
            algorithms=ALGORITHMS,
            audience=provider.client_id,
            issuer=provider.issuer,
            leeway=60,
            options={"require": CLAIMS},
        )
    except jwt.PyJWTError as error:
        raise _off(type(error).__name__) from error
    if not secrets.compare_digest(str(claims.get("nonce", "")), errand.nonce):
        raise _off("nonce")
    if isinstance(claims["aud"], list) and len(claims["aud"]) > 1 and claims.get("azp") != provider.client_id:
        raise _off("azp")
    return claims


def sign_out_address(provider: Provider, back: str) -> str:
    """Where the provider ends its own session; "" when it says no such address, or nothing at all."""
    try:
        address = str(_known(provider).get("end_session_endpoint", ""))
    except UserError:
        return ""
    asked = urlencode({"client_id": provider.client_id, "post_logout_redirect_uri": back})
    return f"{address}?{asked}" if address else ""


def _key(provider: Provider, token: str) -> Any:
    """The provider's public key that the token names; asked for anew when it is one that we do not know."""
    wanted = jwt.get_unverified_header(token).get("kid")
    for fresh in (False, True):
        keys = _known(provider, "jwks_uri", fresh=fresh).get("keys", [])
        for one in keys:
            if isinstance(one, dict) and (one.get("kid") == wanted or (wanted is None and len(keys) == 1)):
                return jwt.PyJWK.from_dict(one).key
    raise jwt.InvalidKeyError("no such key")


def _known(provider: Provider, name: str = "", *, fresh: bool = False) -> dict[str, Any]:
    """What the provider says of itself (its discovery document), or the document that stands there under ``name``."""
    address = f"{provider.issuer.rstrip('/')}/.well-known/openid-configuration"
    if name:
        address = str(_known(provider)[name])
    at, found = _KNOWN.get(address, (0.0, {}))
    if fresh or time.time() - at > KNOWN_FOR:
        found = _ask(address)
        if not name and found.get("issuer") != provider.issuer:
            raise _off("issuer")
        _KNOWN[address] = (time.time(), found)
    return found


def _authorization(provider: Provider) -> dict[str, str]:
    if provider.secret_file is None:
        return {}
    try:
        secret = provider.secret_file.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise _unreachable("FUPIN_OIDC_SECRET_FILE") from error
    pair = f"{quote(provider.client_id, safe='')}:{quote(secret, safe='')}"
    return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}


def _ask(address: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> dict[str, Any]:
    parts = urlsplit(address)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in HERE):
        raise _unreachable("https")
    request = Request(address, body, {"Accept": "application/json", **(headers or {})})  # noqa: S310  # checked above
    try:
        with urlopen(request, timeout=SECONDS) as answer:  # noqa: S310
            found = json.loads(answer.read(MOST_BYTES))
    except (OSError, URLError, ValueError) as error:
        raise _unreachable(type(error).__name__) from error
    if not isinstance(found, dict):
        raise _unreachable("JSON")
    return found


def _off(what: str) -> UserError:
    return UserError(
        f"统一身份认证的回答不可信（{what}），没有登录",
        f"the answer of the identity provider cannot be trusted ({what}); you are not signed in",
        "请从登录页重新开始；仍然不行请改用密码登录，并告诉系统管理员",
        "begin again at the sign-in page; if it fails again sign in with the password and tell the administrator",
    )


def _unreachable(what: str) -> UserError:
    return UserError(
        f"统一身份认证连不上，或没有接受登录（{what}）",
        f"the identity provider cannot be reached or refused ({what})",
        "请改用密码登录，并告诉系统管理员",
        "sign in with the password and tell the administrator",
    )
