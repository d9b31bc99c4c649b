"""Cases: 500 decided at once at a town and at its county, with 20,000 cases and 200,000 acts behind them.

Ours is what an officer waits for, built whole by Django's own test client as a signed-in user: the list, the numbers,
closing the list and drawing its sample, the page of the bulk decision, one look into a sampled case, and the decision
itself: papers, acts, the course of every case looked at by the database, the trail. The floors are the same rows read
by one query written by hand and without policies, and the same papers and acts inserted into tables without an index.
"""

from __future__ import annotations

import shutil
import statistics
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from fupin.bench.frame import Result, Work, made, measure
from fupin.bench.own_house import enter, execute_as_owner, run_fupin, running, stop

CASES, QUICK_CASES = 20_000, 2_000
EACH = 10  # acts of a case
WAITING, QUICK_WAITING = 500, 60
TURNS = 5
COUNTY, TOWN = "450124", "450124100"
#: who decides, at which step, whose sample
DECIDERS = {"zhenban": ("town_audit", TOWN), "xianban": ("county_decision", COUNTY)}
#: who looks into the sample: another person, here of the level above
LOOKERS = {"zhenban": "xianban", "xianban": "shiban"}
DEMANDED = {"list": 2.0, "numbers": 2.0, "draw": 5.0, "page": 2.0, "look": 2.0, "decide": 5.0}
TABLES = ("identify_case", "identify_caseact", "identify_casepaper")

#: the first cases wait for the town, the next for the county; of the rest one in eight is open, a third of those late
MADE = """
INSERT INTO identify_case (id, procedure, kind, household_id, village_code, standards, channel, opened_on, opened_at,
    opened_by_id, note, step, entered_on, entered_at, hung_on, due_on, ended, ended_on)
SELECT x.n + 1, 'identification', '', 'BENCH-' || x.n, x.village, '', 'cadre', x.day, x.day, {by}, '',
       CASE WHEN x.open THEN x.step ELSE '' END, x.day + 20, x.day + 20, NULL,
       CASE WHEN x.open THEN current_date + CASE WHEN x.n % 3 = 0 THEN -7 ELSE 7 END END,
       CASE WHEN x.open THEN '' WHEN x.n % 9 = 0 THEN 'refused' ELSE 'passed' END,
       CASE WHEN x.open THEN NULL ELSE x.day + 60 END
FROM (SELECT h.n, h.village, CASE WHEN h.n < 2 * {waiting} THEN current_date - 30 ELSE current_date - 70 - h.n % 600 END
        AS day, h.n < 2 * {waiting} OR h.n % 8 = 0 AS open,
        CASE WHEN h.n < {waiting} THEN 'town_audit' WHEN h.n < 2 * {waiting} THEN 'county_decision' ELSE 'survey' END
        AS step FROM (SELECT split_part(household_id, '-', 2)::int AS n, village_code AS village
                      FROM registry_household WHERE household_id LIKE 'BENCH-%') h) x
"""
ACTS = """
INSERT INTO identify_caseact (case_id, village_code, step, outcome, returned_to, taken_on, taken_at, by_id, note,
    signatures, standards, run)
SELECT c.id, c.village_code, (ARRAY['application', 'survey', 'comparison', 'appraisal', 'first_notice'])[1 + g % 5],
       'pass', '', c.opened_on + g, c.opened_on + g, {by}, 'bench', '{{"auditor": "x"}}', '{{}}', ''
FROM identify_case c, generate_series(0, {each} - 1) g
"""


def make(folder: Path, cases: int, waiting: int) -> None:
    """A data folder with divisions, the cast, households and cases at their steps; its server stopped."""
    house = folder / "house"
    run_fupin(house, "migrate")
    measure(partial(_filled, house, cases, waiting))
    stop(house)


def _filled(house: Path, cases: int, waiting: int) -> Work:
    enter(house)

    def work() -> None:
        from fupin.accounts.cast import create_cast
        from fupin.registry import api as registry

        office = create_cast(password="Cases-2026-ok")["office"]  # noqa: S106 – of a throw-away house
        registry.load_shipped_regions(by=office)
        _households(cases, waiting)
        switched = [f"ALTER TABLE {table} {{}} TRIGGER USER" for table in TABLES]
        execute_as_owner(*(one.format("DISABLE") for one in switched))
        execute_as_owner(
            MADE.format(by=office.pk, waiting=waiting),
            ACTS.format(by=office.pk, each=EACH),
            "SELECT setval(pg_get_serial_sequence('identify_case', 'id'), max(id)) FROM identify_case",
        )
        execute_as_owner(*(one.format("ENABLE") for one in switched))
        execute_as_owner("ANALYZE identify_case, identify_caseact, registry_household")

    return work


def _households(cases: int, waiting: int) -> None:
    """Those that wait for the town live in it, the others anywhere in the county."""
    from fupin.registry.models import Household, Region

    villages = sorted(
        Region.objects.filter(code__gte=COUNTY, code__lt=COUNTY + ":", level=5).values_list("code", flat=True)
    )
    own = [code for code in villages if code.startswith(TOWN)]
    homes = []
    for number in range(cases):
        among = own if number < waiting else villages
        homes.append(
            Household(household_id=f"BENCH-{number}", village_code=among[number % len(among)], state="9",
                      head_name="韦大山", members=3)
        )  # fmt: skip
    Household.objects.using("owner").bulk_create(homes, batch_size=2000)


def run(data: Path, quick: bool) -> Iterable[Result]:
    cases, waiting = (QUICK_CASES, QUICK_WAITING) if quick else (CASES, WAITING)
    folder = made(data / f"cases-{cases}-v1", partial(make, cases=cases, waiting=waiting))
    try:
        with running(folder / "house") as server:
            for who in DECIDERS:
                seen = measure(partial(_work, folder / "house", who, waiting))
                yield from _results(who, cases, waiting, seen.value, seen.peak_mb + server.mb)
    finally:
        shutil.rmtree(folder, ignore_errors=True)  # what was decided does not wait again


def _results(
    who: str, cases: int, waiting: int, seen: Mapping[str, tuple[float, float]], mb: float
) -> Iterator[Result]:
    for name, (ours, floor) in seen.items():
        more = {"demanded_s": DEMANDED[name], "in_time": ours < DEMANDED[name]}
        rows = cases if name in ("list", "numbers") else 1 if name == "look" else waiting
        yield Result(f"cases/{name} {who}", rows, ours, floor, mb, FLOORS[name][0], None, more)


def _work(house: Path, who: str, waiting: int) -> Work:
    enter(house)
    from django.conf import settings

    settings.ALLOWED_HOSTS = ["*"]
    settings.FUPIN_SECOND_FACTOR = "numbers"  # a house without real people, as in the demonstration
    return partial(_day, who, waiting)


def _day(who: str, waiting: int) -> dict[str, tuple[float, float]]:
    """What an officer does on the day of a batch: name → seconds, seconds of its floor."""
    from django.test import Client

    from fupin.accounts.api import User

    step, region = DECIDERS[who]
    client, other = Client(), Client()
    client.force_login(User.objects.get(username=who))
    other.force_login(User.objects.get(username=LOOKERS[who]))
    asked = f"/cases/?procedure=identification&step={step}"
    found = {
        "list": _median(lambda: _ask(client, asked)),
        "numbers": _median(lambda: _ask(client, "/cases/numbers/")),
    }
    began = time.perf_counter()
    made_at = client.post(f"/cases/bulk/?procedure=identification&step={step}")
    found["draw"] = time.perf_counter() - began
    address = made_at.headers["Location"]
    found["page"] = _median(lambda: _ask(client, address))
    found["look"] = statistics.median(_looks(other, address))
    began = time.perf_counter()
    done = client.post(address, {"act": "decide", "sign_auditor": "梁润生", "sign_leader": "韦志远", "kept_at": "批 1"})
    found["decide"] = time.perf_counter() - began
    _demand_decided(done.status_code, step, region, waiting)
    return {name: (took, _floor(name, step, region)) for name, took in found.items()}


def _looks(client: Any, address: str) -> list[float]:
    from fupin.identify.models import BulkCase

    number = address.rstrip("/").rsplit("/", 1)[-1]
    rows = list(BulkCase.objects.using("owner").filter(bulk=int(number), sampled=True).values_list("pk", flat=True))
    told = {"act": "check", "sound": "yes", "note": "看了调查表"}
    return [_timed(partial(client.post, address, {**told, "row": row})) for row in rows]


def _demand_decided(status: int, step: str, region: str, waiting: int) -> None:
    from fupin.identify.models import Case, CaseAct

    acts = CaseAct.objects.using("owner").filter(bulk__isnull=False, step=step)
    left, decided = Case.objects.using("owner").filter(step=step, village_code__startswith=region), acts.count()
    if status != 302 or left.exists() or decided != waiting:
        raise RuntimeError(f"{status}: {decided} of {waiting} were decided, {left.count()} still wait")


def _timed(work: Callable[[], Any]) -> float:
    began = time.perf_counter()
    answer = work()
    if answer.status_code >= 400 or "next=" in answer.headers.get("Location", ""):
        raise RuntimeError(f"{answer.status_code}: {answer.content[:500]!r}")
    return time.perf_counter() - began


def _ask(client: Any, address: str) -> Any:
    return client.get(address)


def _median(work: Callable[[], Any]) -> float:
    return statistics.median([_timed(work) for _turn in range(TURNS + 1)][1:])  # the first one warms the caches


#: what it is held against, and the statements for it
ROWS = (
    "SELECT c.*, h.head_name, r.name FROM identify_case c JOIN registry_household h USING (household_id) "
    "JOIN registry_region r ON r.code = c.village_code WHERE starts_with(c.village_code, '{region}') {more}"
)
FLOORS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "list": ("the rows of the page by one query", (ROWS.format(region="{region}", more="ORDER BY c.due_on LIMIT 50"),)),
    "numbers": (
        "the two counts by hand, no policies",
        (
            "SELECT left(village_code, {width}), count(*) FILTER (WHERE ended = ''), "
            "count(*) FILTER (WHERE ended = 'passed') FROM identify_case WHERE starts_with(village_code, '{region}') "
            "GROUP BY 1",
            "SELECT procedure, step, count(*) FILTER (WHERE ended = ''), count(*) FILTER (WHERE ended = 'passed') "
            "FROM identify_case WHERE starts_with(village_code, '{region}') GROUP BY 1, 2",
        ),
    ),
    "draw": (
        "the rows of the list into a table without an index",
        ("CREATE TEMP TABLE bare ON COMMIT DROP AS SELECT * FROM identify_bulkcase",),
    ),
    "page": (
        "the rows of the list by one query",
        (
            "SELECT x.*, c.*, h.head_name, r.name FROM identify_bulkcase x JOIN identify_case c ON c.id = x.case_id "
            "JOIN registry_household h USING (household_id) JOIN registry_region r ON r.code = c.village_code",
        ),
    ),
    "look": (
        "one row into a table",
        ("CREATE TEMP TABLE bare ON COMMIT DROP AS SELECT * FROM identify_samplecheck LIMIT 1",),
    ),
    "decide": (
        "the same papers and acts into tables without an index",
        (
            "CREATE TEMP TABLE bare ON COMMIT DROP AS SELECT * FROM identify_caseact WHERE bulk_id IS NOT NULL",
            "CREATE TEMP TABLE bare_paper ON COMMIT DROP AS SELECT * FROM identify_casepaper",
        ),
    ),
}  # fmt: skip


def _floor(name: str, step: str, region: str) -> float:
    statements = [one.format(region=region, step=step, width=9 if len(region) == 6 else 12) for one in FLOORS[name][1]]
    times = []
    for _turn in range(TURNS):
        began = time.perf_counter()
        execute_as_owner(*statements)
        times.append(time.perf_counter() - began)
    return statistics.median(times)
