"""A process that delivers small files until its standard input closes, and names each one once it is acknowledged.

    python -m fupin.cli.tests.writer NAME

A write that the database did not acknowledge is tried again with the same file, as a department's machine would.
"""

from __future__ import annotations

import io
import sys
import threading
import time
from datetime import date
from types import SimpleNamespace

CUT_OFF = date(2026, 9, 30)


def deliver(name: str, number: int) -> str:
    from fupin.accounts.api import User
    from fupin.exchange import api as exchange

    content = io.BytesIO(f"身份证号,姓名\n{name},{number}\n".encode())
    by = User.objects.get(username="shiban")
    file = SimpleNamespace(name=f"{name}-{number}.csv", file=content)
    delivery = exchange.enqueue(
        by=by, dataset="fi_card", uploaded_file=file, provider="市财政局", batch=f"{name}-{number}", cut_off=CUT_OFF
    )
    return delivery.pk


def until_told(ended: threading.Event) -> None:
    sys.stdin.read()
    ended.set()


def main(name: str) -> None:
    from django.db import InterfaceError, OperationalError, connection

    ended = threading.Event()
    threading.Thread(target=until_told, args=(ended,), daemon=True).start()
    number = 0
    while not ended.is_set():
        try:
            print(deliver(name, number), flush=True)
            number += 1
        except (OperationalError, InterfaceError):
            connection.close()
            time.sleep(0.1)


if __name__ == "__main__":
    from fupin.cli.django_setup import django_ready

    django_ready()
    main(sys.argv[1])
