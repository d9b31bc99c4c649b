"""A house of its own for the tests of backups, worked on by processes of their own: ``python -m … house VERB``.

In a module of its own because each verb is a process with its own data folder, as an installation has it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

#: the slow ones would take a second for each account and each sign-in
QUICK = ["django.contrib.auth.hashers.MD5PasswordHasher", "fupin.accounts.hashers.DrawnPassword"]
USERNAME, PASSWORD = "lianjie", "Bei-fen-2026-ok"
CONTENT = "身份证号,姓名,补贴项目,发放金额,发放日期\n450123198001011234,韦小明,08,{number}.50,2019-02-28\n"


def command(*arguments: str, data: Path, **more: str) -> tuple[list[str], dict[str, str]]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("FUPIN", "DATABASE"))}
    own = {"FUPIN_DATA_DIR": str(data), "FUPIN_PG_FAST": "1", "FUPIN_PG_IDLE_SECONDS": "2", **more}
    return [sys.executable, "-m", *arguments], inherited | own


def fupin(*arguments: str, data: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """The real command."""
    words, environment = command("fupin.cli.main", *arguments, data=data, **more)
    return subprocess.run(words, env=environment, capture_output=True, text=True, check=False)


def ask(verb: str, *, data: Path, **more: str) -> Any:
    """One verb of this module, in a process of its own; its answer."""
    words, environment = command(__name__, verb, data=data, **more)
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def build() -> dict[str, Any]:
    """A small city with a run, and somebody with a password."""
    from fupin.accounts.api import Role, User
    from fupin.cli.house import migrate_now
    from fupin.ui.tests.city import small_city

    migrate_now()
    city = small_city(Path(os.environ["FUPIN_DATA_DIR"]).with_name("city"))
    user = User(username=USERNAME, role=Role.OFFICE, region="450124")
    user.set_password(PASSWORD)
    user.save()
    return {"run": city.run.pk}


def write() -> dict[str, Any]:
    """Deliver, good files and bad ones, and run, until the standard input closes: what was acknowledged."""
    ended = threading.Event()
    threading.Thread(target=until_told, args=(ended,), daemon=True).start()
    runs = threading.Thread(target=_run_once)
    runs.start()
    done: list[str] = []
    while not ended.is_set():
        done.append(_deliver(len(done)))
        _sign_in()
        if len(done) == 4:
            print("working", flush=True)
    runs.join()
    return {"deliveries": len(done)}


def _sign_in() -> None:
    """A session as the door begins it."""
    from django.contrib.sessions.backends.db import SessionStore
    from django.test import RequestFactory

    from fupin.accounts.api import User, enter

    request = RequestFactory().post("/sign-in/", REMOTE_ADDR="127.0.0.1")
    request.session = SessionStore()
    enter(request, User.objects.get(username=USERNAME))
    request.session.save()


def until_told(ended: threading.Event) -> None:
    sys.stdin.read()
    ended.set()


def _deliver(number: int) -> str:
    """Queued and worked off; each third file is no table and is refused, its copy removed."""
    from datetime import date

    from django.core.files.uploadedfile import SimpleUploadedFile

    from fupin.accounts.api import User
    from fupin.exchange import api as exchange

    content = f"%PDF {number}" if number % 3 == 0 else CONTENT.format(number=number)
    file = SimpleUploadedFile("发放.csv", content.encode())
    by = User.objects.get(username="shiban")
    day = date(2026, 10, 31)
    delivery = exchange.enqueue(
        by=by, dataset="fi_card", uploaded_file=file, provider="市财政局", batch=str(number), cut_off=day
    )
    return exchange.process(delivery.pk).pk


def _run_once() -> None:
    from fupin.accounts.api import User, act_from_now_on
    from fupin.identify import api as identify
    from fupin.ui.tests.city import AS_OF

    by = User.objects.get(username="shiban")
    act_from_now_on(by, origin="test")  # a thread begins without a scope
    identify.execute_run(identify.start_run(by=by, region="4501", as_of=AS_OF, in_background=False))


def facts() -> dict[str, Any]:
    """What must be the same before and after: digests of runs, a sign-in, numbers that open, files of deliveries."""
    from django.contrib.auth import authenticate
    from django.contrib.sessions.models import Session
    from django.db import connections

    from fupin.cli.backups.take import count_rows
    from fupin.engine.digest import digest_file
    from fupin.engine.run import RESULTS
    from fupin.exchange import api as exchange
    from fupin.identify import api as identify

    with connections["owner"].cursor() as cursor:
        tables = count_rows(cursor)
    data = Path(os.environ["FUPIN_DATA_DIR"])
    finished = identify.Run.objects.filter(state="finished")
    digests = {
        run.pk: {name: digest_file(identify.run_folder(run) / f"{name}.parquet", key) for name, key in RESULTS.items()}
        for run in finished
    }
    return {
        "tables": tables,
        "digests": digests,
        "pinned digests": {run.pk: run.manifest["digests"] for run in finished},
        "signs in": authenticate(None, username=USERNAME, password=PASSWORD) is not None,
        "numbers": _numbers(),
        "sessions": Session.objects.count(),
        "missing": [file.path for file in exchange.files_kept() if not (data / file.path).is_file()],
        "states": sorted(exchange.Delivery.objects.values_list("state", flat=True)),
    }


def _numbers() -> list[str]:
    """ID numbers are sealed: they open with the keys of the house only, and show masked."""
    from fupin.accounts.api import User
    from fupin.registry import api as registry

    by = User.objects.get(username="shiban")
    households = registry.households_for(by).order_by("pk")[:3]
    return [member.id_masked for household in households for member in registry.members_of(by, household)]


def work_off() -> dict[str, Any]:
    """What a restored house does first: deliveries that were being worked on are worked on again."""
    from fupin.exchange import api as exchange

    for delivery in exchange.Delivery.objects.filter(state__in=("waiting", "reading")):
        exchange.process(delivery.pk)
    return facts()


if __name__ == "__main__":
    from fupin.cli.django_setup import django_ready

    django_ready()
    from django.conf import settings

    from fupin.accounts.api import act_from_now_on

    settings.PASSWORD_HASHERS = QUICK

    act_from_now_on(None, origin="test")
    print(json.dumps({"build": build, "write": write, "facts": facts, "work_off": work_off}[sys.argv[1]]()))
