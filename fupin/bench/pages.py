"""Pages: the real server with its production settings and a generated city, asked from another process.

Sixteen signed-in users with a second of thought between two pages give the 95th percentile; the same sixteen without
any thought give the requests a second at saturation, against an empty Django view on the same server for the same
users (the load takes its share of the same machine). One line for each page; ``ours_s`` and ``reference_s`` are
seconds per request at saturation.
"""

from __future__ import annotations

import http.client
import itertools
import random
import re
import socket
import statistics
import subprocess
import sys
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.cookiejar import CookieJar
from pathlib import Path

from fupin.bench.frame import Result, Work, made, measure, say, watched
from fupin.bench.own_house import environment, run_fupin, stop, watched_server

USERS = 16
THINK_SECONDS = 1.0
P95_REACH_MS = 150.0
COUNTY = "450124"
ACCOUNTS = ("juece", "shiban")  # both see the whole city
EMPTY = "/alive/"
PORTRAITS = 200
START_SECONDS = 120


@dataclass(frozen=True)
class Size:
    """The city, seconds with thought, seconds at saturation for each page."""

    households: int
    others: int
    thinking: float
    saturated: float


FULL, QUICK = Size(75_337, 150_000, 30, 8), Size(1_000, 2_000, 6, 2)
Paths = Mapping[str, Sequence[str]]
Visits = list[tuple[str, float]]


def city(data: Path, size: Size) -> Path:
    """The data folder of a demonstration city, made once."""
    return made(data / f"city-{size.households}-v2", partial(_make, size=size))


def _make(folder: Path, size: Size) -> None:
    """With the work done that a finished run leaves to the worker."""
    run_fupin(folder, "demo", "--no-serve", "--households", str(size.households), "--others", str(size.others))
    run_fupin(folder, "manage", "procrastinate", "worker", "--one-shot")
    stop(folder)


def run(data: Path, quick: bool) -> Iterable[Result]:
    return compare(data, QUICK if quick else FULL)


def compare(data: Path, size: Size) -> list[Result]:
    folder = city(data, size)
    with served(folder) as (pid, port), watched(pid) as web, watched_server(folder) as database:
        users = _signed_in(port, folder)
        paths = _paths(port, users[0])
        thinking: Visits = measure(partial(load, port, users, paths, THINK_SECONDS, size.thinking)).value
        full = {name: _seconds_each(port, users, {name: paths[name]}, size.saturated) for name in paths}
        empty = _seconds_each(port, users, {"empty": [EMPTY]}, size.saturated)
    peak = web.mb + database.mb
    everything = [seconds for _name, seconds in thinking]
    say(f"  all pages: {len(everything)} requests, 95 % within {1000 * _p95(everything):.0f} ms")
    return [_result(name, [s for n, s in thinking if n == name], full[name], empty, peak) for name in paths]


def _result(name: str, visits: Sequence[float], seconds: float, empty: float, peak: float) -> Result:
    p95 = 1000 * _p95(visits)
    more = {
        "median_ms": 1000 * statistics.median(visits),
        "p95_ms": p95,
        "p95_reach_ms": P95_REACH_MS,
        "p95_reached": p95 <= P95_REACH_MS,
        "requests_a_second": 1 / seconds,
    }
    told = "an empty Django view on the same server, same users, at saturation"
    return Result(f"pages {name}", len(visits), seconds, empty, peak, told, None, more)


def _p95(values: Sequence[float]) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * 0.95))]


def _seconds_each(port: int, users: Sequence[str], paths: Paths, seconds: float) -> float:
    visits: Visits = measure(partial(load, port, users, paths, 0.0, seconds)).value
    return seconds / len(visits)


@contextmanager
def served(folder: Path) -> Iterator[tuple[int, int]]:
    """``fupin serve`` as a user starts it; (its process, its port)."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    command = [sys.executable, "-m", "fupin.cli.main", "serve", "--port", str(port)]
    with (folder / "serve.log").open("wb") as log:
        server = subprocess.Popen(command, env=environment(folder), stdout=log, stderr=log)
        try:
            _wait_until_answering(port, server)
            yield server.pid, port
        finally:
            server.terminate()
            server.wait(timeout=60)


def _wait_until_answering(port: int, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}{EMPTY}", timeout=5).close()
        except OSError:
            time.sleep(0.2)
        else:
            return
    raise RuntimeError("the server did not answer; see serve.log in the city's folder")


def _signed_in(port: int, folder: Path) -> list[str]:
    """The Cookie header of each user, from the sign-in page itself."""
    password = (folder / "demo" / "password.txt").read_text(encoding="utf-8").strip()
    return [_session(port, name, password) for name in itertools.islice(itertools.cycle(ACCOUNTS), USERS)]


def _session(port: int, username: str, password: str) -> str:
    jar = CookieJar()
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
    address = f"http://127.0.0.1:{port}/sign-in/"
    browser.open(address).close()
    token = next(cookie.value for cookie in jar if cookie.name == "csrftoken")
    form = {"username": username, "password": password, "csrfmiddlewaretoken": token}
    browser.open(address, urllib.parse.urlencode(form).encode()).close()
    cookies = {cookie.name: cookie.value for cookie in jar}
    if "sessionid" not in cookies:
        raise RuntimeError(f"{username} could not sign in")
    return "; ".join(f"{name}={value}" for name, value in cookies.items())


def _paths(port: int, cookie: str) -> Paths:
    """The pages of the benchmark; portraits of households of a county, from its list."""
    found: set[str] = set()
    for page in range(1, 2 + PORTRAITS // 50):
        text = _get(port, f"/households/?region={COUNTY}&page={page}", cookie)
        found |= set(re.findall(r'href="(/households/\d{10,}/)', text))
    return {
        "portrait": sorted(found)[:PORTRAITS],
        "households": [f"/households/?region={COUNTY}", "/households/"],
        "findings": [f"/findings/?region={COUNTY}", "/findings/"],
        "map of a county": [f"/map/?region={COUNTY}"],
        "picture of a county": [f"/map/picture?region={COUNTY}"],
    }


def _get(port: int, path: str, cookie: str) -> str:
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers={"Cookie": cookie})
    with urllib.request.urlopen(request) as answer:  # noqa: S310  # our own server
        return str(answer.read().decode())


def load(port: int, users: Sequence[str], paths: Paths, think: float, seconds: float) -> Work:
    """Each user on a connection of its own, page after page in turns; (page, seconds) of every answer in time.

    A first visit to every page is not counted. Raises RuntimeError for an answer other than 200.
    """
    visitors = [Visitor(port, cookie, number, paths) for number, cookie in enumerate(users)]
    for visitor in visitors[:2]:
        visitor.warm_up()

    def work() -> Visits:
        end = time.perf_counter() + seconds
        threads = [threading.Thread(target=visitor.go, args=(think, end)) for visitor in visitors]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if problems := [visitor.problem for visitor in visitors if visitor.problem]:
            raise RuntimeError(problems[0])
        return [visit for visitor in visitors for visit in visitor.visits]

    return work


class Visitor:
    """One signed-in user with a browser connection that stays open."""

    def __init__(self, port: int, cookie: str, number: int, paths: Paths) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.headers = {"Cookie": cookie}
        self.random = random.Random(number)  # noqa: S311  # which page, not a secret
        self.paths = paths
        self.visits: Visits = []
        self.problem = ""

    def warm_up(self) -> None:
        for choices in self.paths.values():
            self._read(choices[0])

    def go(self, think: float, end: float) -> None:
        """Until ``end`` (of ``perf_counter``); the first thought is a part of one, so that users come apart."""
        try:
            time.sleep(think * self.random.random())
            for name in itertools.cycle(self.random.sample(list(self.paths), len(self.paths))):
                began = time.perf_counter()
                if began >= end:
                    return
                self._read(self.random.choice(self.paths[name]))
                self.visits.append((name, time.perf_counter() - began))
                time.sleep(think)
        except (OSError, http.client.HTTPException, RuntimeError) as error:
            self.problem = f"{type(error).__name__}: {error}"

    def _read(self, path: str) -> None:
        self.connection.request("GET", path, headers=self.headers)
        answer = self.connection.getresponse()
        answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{path} answered {answer.status}")
