"""A real worker of the queue in a process of its own, over the tests' database; it can be killed at a given call."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection

WORKER = """
import os, signal, sys
import django
django.setup()
from django.db import connections
from django.utils.module_loading import import_string
from fupin.config import environment
name, kill_at = sys.argv[1:]
connections.databases["default"] |= environment.database("", os.environ["WORKER_URL"]) | {"NAME": name}
if kill_at:
    place, _, attribute = kill_at.rpartition(".")
    def kill(*_, **__):
        os.kill(os.getpid(), signal.SIGKILL)
    setattr(sys.modules[place], attribute, kill)
from procrastinate.contrib.django import app
connector = app.connector.get_worker_connector()
with app.replace_connector(connector):
    app.run_worker(wait=False, listen_notify=False, install_signal_handlers=False, update_heartbeat_interval=1)
"""


def work_off(data: Path, kill_at: str = "") -> subprocess.CompletedProcess[str]:
    """All waiting jobs; with ``kill_at`` (a function by its dotted name) the worker gets SIGKILL where it is called."""
    login: dict[str, Any] = connection.settings_dict
    url = f"postgresql://{login['USER']}:{login['PASSWORD']}@/{login['NAME']}?host={login['HOST']}&port={login['PORT']}"
    own = {"FUPIN_DATA_DIR": str(data), "FUPIN_KEYS_FILE": str(settings.FUPIN_KEYS_FILE), "WORKER_URL": url}
    own["FUPIN_SECRET_KEY"] = settings.SECRET_KEY  # it signs the tickets of the scope
    command = [sys.executable, "-c", WORKER, str(login["NAME"]), kill_at]
    return subprocess.run(command, env=os.environ | own, capture_output=True, text=True, check=False)


def a_minute_passes() -> None:
    """The last sign of life of every worker lies a minute back, and the keeper of the queue looks for such."""
    from procrastinate.contrib.django import app
    from procrastinate.exceptions import AlreadyEnqueued

    from fupin.exchange.tasks import STALLED_TASK
    from fupin.kernel.giving_up import HOUSEKEEPING

    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_workers SET last_heartbeat = last_heartbeat - interval '1 minute'")
    with suppress(AlreadyEnqueued):  # the killed worker may have had its turn to ask for it
        app.configure_task(STALLED_TASK, queue=HOUSEKEEPING).defer(timestamp=0)
