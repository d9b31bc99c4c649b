"""A real HTTP receiver on this machine that fails, is slow, or lies, as it is told."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any


class Receiver(ThreadingHTTPServer):
    """``mood`` names the method of ``Answer`` that answers; ``got`` is what came: (headers, body)."""

    daemon_threads = True

    def __init__(self, certificate: Path | None = None) -> None:
        """``certificate``: file of it and its key, for one that speaks TLS."""
        super().__init__(("127.0.0.1", 0), Answer)
        self.url = f"{'https' if certificate else 'http'}://127.0.0.1:{self.server_port}/"
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        self.mood = "well"
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.over = threading.Event()


class Answer(BaseHTTPRequestHandler):
    server: Receiver

    def log_message(self, *_said: Any) -> None:
        """Quiet."""

    def handle(self) -> None:
        with suppress(ssl.SSLError, ConnectionError):  # who does not trust our certificate hangs up
            super().handle()

    def do_GET(self) -> None:  # the library's name
        """Only who follows a redirect comes here."""
        self.server.got.append(({}, b""))
        self.say(200)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
        with suppress(OSError):
            getattr(self, self.server.mood)()

    def well(self) -> None:
        self.say(204)

    def fails(self) -> None:
        self.say(500)

    def redirects(self) -> None:
        self.say(302, Location=self.server.url + "elsewhere")

    def closes_in_the_middle(self) -> None:
        self.say(200, **{"Content-Length": "1000"})
        self.wfile.write(b"half of it")

    def says_nothing(self) -> None:
        self.server.over.wait(5)

    def drips_its_headers(self) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\n")
        self.drip(b"X: y\r\n")

    def drips_its_answer(self) -> None:
        self.say(200)
        self.drip(b".")

    def never_ends(self) -> None:
        self.say(200)
        while not self.server.over.is_set():
            self.wfile.write(b"." * 65536)

    def speaks_no_http(self) -> None:
        self.wfile.write(b"SSH-2.0-OpenSSH\r\n")

    def say(self, status: int, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def drip(self, drop: bytes) -> None:
        while not self.server.over.is_set():
            self.wfile.write(drop)
            self.wfile.flush()
            time.sleep(0.05)


@contextmanager
def receiving(certificate: Path | None = None) -> Iterator[Receiver]:
    receiver = Receiver(certificate)
    threading.Thread(target=receiver.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield receiver
    finally:
        receiver.over.set()
        receiver.shutdown()
        receiver.server_close()
