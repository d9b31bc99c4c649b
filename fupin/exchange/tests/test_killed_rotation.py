"""A rotation killed with SIGKILL just after it put a file in its place: run again, it goes on and ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connections

from fupin.exchange import api as exchange
from fupin.exchange.tests import test_key_rotation as rotations
from fupin.exchange.tests.test_receive import files_of
from fupin.kernel.live_keys import LiveKeys
from fupin.registry.key_rotation import LOCK

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])
live, delivered = rotations.live, rotations.delivered

KILLED = """
import os, signal, sys
import django
django.setup()
from django.db import connections
from fupin.config import environment
for alias in ("default", "owner"):
    connections.databases[alias] |= environment.database("", os.environ["URL_OF_" + alias])
from fupin.accounts.api import act_from_now_on
from fupin.exchange import key_rotation
put = key_rotation.put
def put_and_die(*arguments):
    put(*arguments)
    os.kill(os.getpid(), signal.SIGKILL)
key_rotation.put = put_and_die
act_from_now_on(None, origin="command")
key_rotation.rotate_key(by=None, purpose=sys.argv[1])
"""


def rotate_and_die(purpose: str, data: Path, keys: LiveKeys) -> int:
    own = {"FUPIN_DATA_DIR": str(data), "FUPIN_KEYS_FILE": str(keys.path), "FUPIN_SECRET_KEY": settings.SECRET_KEY}
    for alias in ("default", "owner"):
        login = connections[alias].settings_dict
        place = f"{login['NAME']}?host={login['HOST']}&port={login['PORT']}"
        own[f"URL_OF_{alias}"] = f"postgresql://{login['USER']}:{login['PASSWORD']}@/{place}"
    command = [sys.executable, "-c", KILLED, purpose]
    died = subprocess.run(command, env=os.environ | own, capture_output=True, text=True, check=False)
    assert died.returncode == -signal.SIGKILL, died.stderr
    return until_the_server_knows()


def until_the_server_knows() -> int:
    """The killed process's lock is gone; how often we had to look."""
    for turn in range(100):
        with connections["owner"].cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = %s", [LOCK])
            if cursor.fetchone() == (0,):
                return turn
        time.sleep(0.1)
    raise AssertionError("the lock of the killed process stays")


@pytest.mark.parametrize("purpose", ["lake", "encryption"])
def test_a_killed_rotation_is_taken_up_again(
    data: Path, live: LiveKeys, delivered: list[exchange.Delivery], purpose: str
) -> None:
    first = getattr(live.now, purpose).id
    rotate_and_die(purpose, data, live)
    assert len(exchange.usable_deliveries(rotations.LATER)) == 2
    assert exchange.keys_used(purpose)[first] > 0
    done = exchange.rotate_key(by=None, purpose=purpose)
    assert (done.made, set(exchange.keys_used(purpose))) == (False, {getattr(live.now, purpose).id})
    exchange.drop_key(by=None, purpose=purpose, id_=first)
    assert len(exchange.usable_deliveries(rotations.LATER)) == 2
    assert files_of(data / "work") == []
    assert all(one.path.is_file() for one in exchange.usable_deliveries(rotations.LATER))
