"""A small identity provider: discovery, keys, a page that agrees at once, tokens signed with RS256."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

CLIENT, SECRET = "fupin", "a secret of the provider"


def new_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@dataclass
class IdentityProvider:
    """``changes`` are written over the claims of the next tokens; ``signs_with`` another key forges them."""

    issuer: str = ""
    key: rsa.RSAPrivateKey = field(default_factory=new_key)
    signs_with: rsa.RSAPrivateKey | None = None
    changes: dict[str, Any] = field(default_factory=dict)
    asked: dict[str, dict[str, str]] = field(default_factory=dict)  # by code: what the reader came with

    def agree(self, address: str) -> str:
        """The reader stands on our page and agrees; where he is sent back to."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        code = f"code-{len(self.asked)}"
        self.asked[code] = asked
        return f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}"

    def document(self, path: str) -> dict[str, Any]:
        if path == "/keys":
            public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key()))
            return {"keys": [{**public, "kid": "k1", "alg": "RS256", "use": "sig"}]}
        names = {"authorization_endpoint": "agree", "token_endpoint": "token", "jwks_uri": "keys"}
        told = {name: f"{self.issuer}/{path}" for name, path in names.items()}
        return {"issuer": self.issuer, "end_session_endpoint": f"{self.issuer}/out", **told}

    def token(self, body: dict[str, str], authorization: str) -> dict[str, Any] | None:
        asked = self.asked.pop(body.get("code", ""), None)
        digest = hashlib.sha256(body.get("code_verifier", "").encode()).digest()
        proof = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        pair = base64.b64encode(f"{CLIENT}:{SECRET.replace(' ', '%20')}".encode()).decode()
        if asked is None or proof != asked["code_challenge"] or authorization != f"Basic {pair}":
            return None
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": CLIENT,
            "sub": "s-1",
            "iat": now,
            "exp": now + 300,
            "nonce": asked["nonce"],
        }
        kept = {name: value for name, value in {**claims, **self.changes}.items() if value is not None}
        return {"id_token": jwt.encode(kept, self.signs_with or self.key, "RS256", headers={"kid": "k1"})}


@contextmanager
def running() -> Iterator[IdentityProvider]:
    provider = IdentityProvider()

    class Pages(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path.startswith("/agree"):
                self.send_response(302)
                self.send_header("Location", provider.agree(self.path))
                self.end_headers()
                return
            self._answer(provider.document(self.path))

        def do_POST(self) -> None:
            sent = self.rfile.read(int(self.headers["Content-Length"])).decode()
            body = {name: values[0] for name, values in parse_qs(sent).items()}
            self._answer(provider.token(body, self.headers.get("Authorization", "")))

        def _answer(self, told: dict[str, Any] | None) -> None:
            self.send_response(400 if told is None else 200)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(told or {"error": "invalid_grant"}).encode())

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    provider.issuer = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield provider
    server.shutdown()
    server.server_close()
