"""The process that owns the embedded server: starts or adopts it, restarts it when it dies, stops it when idle.

Run as ``python -m fupin.cli.postgres.supervisor DATA_FOLDER``, detached, by ``ensure_server()``. It tells how it
fares in ``database.state.json``; the process that started it waits for that file.
"""

import json
import os
import signal
import sys
import time
from pathlib import Path

from fupin.cli.postgres import cluster as clusters
from fupin.cli.postgres import locks, places, postmaster
from fupin.cli.postgres.places import KEEP, STATE
from fupin.kernel.errors import UserError

IDLE_SECONDS = 10.0
TICK_SECONDS = 0.5


class Supervisor:
    """One server over one data folder."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.plan = clusters.read_plan(data)
        self.cluster = self.plan.folder(data)
        self.account = places.server_account(self.cluster)
        self.binaries = places.find_binaries(self.account)
        self.idle_limit = float(os.environ.get("FUPIN_PG_IDLE_SECONDS") or IDLE_SECONDS)
        self.clients = locks.Lock(data, locks.CLIENTS)
        self.asked_to_stop = False

    def bring_up(self) -> None:
        """Adopt the running server or start one; make cluster and logins the first time."""
        server = postmaster.find(self.cluster)
        if server is None or not server.answers():
            socket = places.socket_folder(self.data, self.account)
            if not (self.cluster / "PG_VERSION").exists():
                clusters.make_cluster(self.cluster, self.plan, self.account, self.binaries, socket)
            clusters.write_settings(self.cluster, self.account, socket)
            server = postmaster.start(self.cluster, self.account, self.binaries)
        prepared = self.data / "database.prepared"
        if not prepared.exists():
            clusters.make_logins(self.plan, server.socket)
            places.private_file(prepared, "")
        self.report("ready")

    def report(self, state: str, message: str = "") -> None:
        """Tell those who wait how it went."""
        text = json.dumps({"pid": os.getpid(), "state": state, "message": message}, ensure_ascii=False)
        places.private_file(self.data / STATE, text)

    def watch(self) -> None:
        """Until asked to stop or idle for long enough: restart the server whenever it is gone."""
        last_used = time.monotonic()
        while not self.asked_to_stop:
            time.sleep(TICK_SECONDS)
            if not self.data.exists():  # the folder was deleted under us: nothing left to serve
                return
            if self.is_wanted():
                last_used = time.monotonic()
            elif time.monotonic() - last_used >= self.idle_limit:
                return
            server = postmaster.find(self.cluster)
            if server is None or not (server.socket / places.SOCKET_NAME).exists():
                postmaster.stop(self.cluster, self.account, self.binaries)
                self.bring_up()

    def is_wanted(self) -> bool:
        """Does a client hold the lock, or did somebody ask to keep the server up?"""
        if (self.data / KEEP).exists() or not self.clients.try_take():
            return True
        self.clients.release()
        return False

    def shut_down(self) -> bool:
        """Stop the server unless a client came meanwhile; no client can come in between, we hold the start lock."""
        if not self.data.exists():
            postmaster.stop(self.cluster, self.account, self.binaries)
            return True
        with locks.holding(self.data, locks.START):
            if not self.asked_to_stop and self.is_wanted():
                return False
            self.report("stopped")
            postmaster.stop(self.cluster, self.account, self.binaries)
            os._exit(0)  # inside the lock: whoever gets it next finds neither server nor supervisor

    def run(self) -> None:
        """Serve until nobody needs the server."""
        self.bring_up()
        self.watch()
        while not self.shut_down():
            self.watch()

    def ask_to_stop(self, *_: object) -> None:
        self.asked_to_stop = True


def main(folder: str) -> int:
    """Become the supervisor of ``folder``; 0 also when another one already is."""
    data = Path(folder)
    lock = locks.Lock(data, locks.SUPERVISOR)
    if not lock.try_take():
        return 0
    supervisor = None
    try:
        supervisor = Supervisor(data)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, supervisor.ask_to_stop)
        supervisor.run()
    except UserError as error:
        message = [error.zh, error.en, error.hint_zh, error.hint_en]
        places.private_file(data / STATE, json.dumps({"pid": os.getpid(), "state": "failed", "message": message}))
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
