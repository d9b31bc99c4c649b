"""One message over HTTP, signed as Standard Webhooks says. Nothing of the answer is believed but a whole 2xx.

No redirect is followed, no more than ``ANSWER_BYTES`` of the answer is read, and everything together has
``SECONDS``: a receiver that sends one byte a second is cut off by a timer, not by a time-out that each byte renews.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import secrets
import socket
import ssl
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from fupin.exchange.addresses import NoHost, Target, judged
from fupin.kernel.errors import UserError

SECONDS = 15.0
ANSWER_BYTES = 64 * 1024
PREFIX = "whsec_"


@dataclass(frozen=True)
class Outcome:
    """``word``: delivered, refused (no 2xx), redirect, too_slow, too_long, broken, no_connection, wrong_certificate,
    not_allowed."""

    word: str
    status: int | None
    milliseconds: int

    @property
    def delivered(self) -> bool:
        return self.word == "delivered"


def new_secret() -> str:
    """As receivers' libraries want it: whsec_ and base64 of 32 bytes."""
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def signature(secret: str, id_: str, timestamp: int, body: bytes) -> str:
    """The header ``webhook-signature``."""
    key = base64.b64decode(secret.removeprefix(PREFIX))
    signed = hmac.digest(key, f"{id_}.{timestamp}.".encode() + body, hashlib.sha256)
    return "v1," + base64.b64encode(signed).decode()


def send(
    target: Target, *, keys: Sequence[str], id_: str, body: bytes, allowed: Sequence[str], seconds: float = SECONDS
) -> Outcome:
    """Never raises for what the receiver does."""
    began = time.monotonic()

    def outcome(word: str, status: int | None = None) -> Outcome:
        return Outcome(word, status, int((time.monotonic() - began) * 1000))

    try:
        address = judged(target, allowed)
    except NoHost:
        return outcome("no_connection")
    except UserError:
        return outcome("not_allowed")
    connection = _Pinned(target, address, seconds)
    timer = threading.Timer(seconds, connection.cut)
    timer.start()
    word, status = "no_connection", None
    try:
        connection.connect()
        word = "broken"
        connection.request("POST", target.path, body, _headers(target, keys, id_, body))
        answer = connection.getresponse()
        status = answer.status
        word = _word(status, answer.read(ANSWER_BYTES + 1), answer)
    except TimeoutError:
        word = "too_slow"
    except ssl.SSLCertVerificationError:
        word = "wrong_certificate"
    except (OSError, http.client.HTTPException, ValueError):
        pass
    finally:
        timer.cancel()
        connection.close()
    return outcome("too_slow" if connection.was_cut else word, status)


def _word(status: int, read: bytes, answer: http.client.HTTPResponse) -> str:
    """A read with a limit does not say that the end was cut off: ``length`` left over does."""
    if 300 <= status < 400:
        return "redirect"
    if len(read) > ANSWER_BYTES:
        return "too_long"
    if answer.length:
        return "broken"
    return "delivered" if 200 <= status < 300 else "refused"


def _headers(target: Target, keys: Sequence[str], id_: str, body: bytes) -> dict[str, str]:
    """A signature for each key; the receiver is content with one that he knows."""
    timestamp = int(time.time())
    usual = 443 if target.https else 80
    name = f"[{target.host}]" if ":" in target.host else target.host
    return {
        "Host": name if target.port == usual else f"{name}:{target.port}",
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": "fupin",
        "Connection": "close",
        "webhook-id": id_,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(signature(key, id_, timestamp, body) for key in keys),
    }


class _Pinned(http.client.HTTPConnection):
    """Connects to the address that was judged; TLS is verified for the name."""

    def __init__(self, target: Target, address: str, seconds: float) -> None:
        super().__init__(target.host, target.port, timeout=seconds)
        self._target, self._address = target, address
        self._held: socket.socket | None = None  # http.client lets go of its own before the answer is read
        self.was_cut = False

    def connect(self) -> None:
        self.sock = self._held = socket.create_connection((self._address, self.port), self.timeout)
        if self._target.https:
            context = ssl.create_default_context()
            wrapped = context.wrap_socket(self.sock, server_hostname=self._target.host, do_handshake_on_connect=False)
            self.sock = self._held = wrapped
            wrapped.do_handshake()

    def cut(self) -> None:
        """From the timer's thread: whatever waits for the receiver ends now."""
        self.was_cut = True
        if self._held is not None:
            with suppress(OSError):
                socket.socket.shutdown(self._held, socket.SHUT_RDWR)
