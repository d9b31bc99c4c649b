"""The trail proved whole: ten million sealed entries read, hashed and held against their seals.

Ours is ``fupin audit verify``. The reference is the same bytes of every entry read by one plain query and hashed once,
nothing compared. ``demanded_s``: two minutes; ``seal_s``: what making the seals took beforehand.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable
from functools import partial
from pathlib import Path

from fupin.bench.frame import Result, Work, made, measure
from fupin.bench.own_house import enter, execute_as_owner, run_fupin, running, stop

FULL, QUICK = 10_000_000, 200_000
DEMANDED_S = 120.0
REACH = 1.3
CHANGE = "jsonb_build_object('house_area', n % 200, 'savings', n % 100000, 'fuel', '02')"
ENTRIES = f"""
INSERT INTO accounts_trail (at, txid, actor, login, origin, why, source, op, key, before, after)
SELECT now(), 1000 + n / 3, 5 + n % 1000, 'fupin_app', '10.1.2.' || n % 250, '', 'registry_survey', 'U',
       'H' || lpad((n * 7 % 225337)::text, 14, '0') || '/2026', {CHANGE}, {CHANGE}
FROM generate_series(1, {{count}}) n
"""  # noqa: S608  # no input


def run(data: Path, quick: bool) -> Iterable[Result]:
    count = QUICK if quick else FULL
    folder = made(data / f"trail-{count}-v1", partial(_make, count=count))
    with running(folder) as server:
        reference = measure(partial(_reading, folder))
        ours = measure(partial(_verifying, folder))
    yield Result(
        name="trail verify",
        rows=ours.value,
        ours_s=ours.seconds,
        reference_s=reference.seconds,
        peak_mb=ours.peak_mb + server.mb,
        reference="the bytes of the same entries, one query, hashed once",
        reach=REACH,
        extra={
            "demanded_s": DEMANDED_S,
            "cpu_s": ours.cpu,
            "seal_s": float((folder / "seal_s").read_text()),
        },
    )


def _make(folder: Path, count: int) -> None:
    run_fupin(folder, "migrate")
    measure(partial(_writing, folder, count))
    began = time.perf_counter()
    run_fupin(folder, "audit", "seal", "--once")
    (folder / "seal_s").write_text(f"{time.perf_counter() - began:.1f}")
    stop(folder)


def _writing(folder: Path, count: int) -> Work:
    enter(folder)
    return lambda: execute_as_owner(ENTRIES.format(count=count), "ANALYZE accounts_trail", "SELECT 1")


def _reading(folder: Path) -> Work:
    enter(folder)
    from fupin.accounts.trail.entries import BYTES, owners_connection

    def work() -> str:
        found = hashlib.sha256()
        with owners_connection() as connection, connection.transaction(), connection.cursor("all", binary=True) as rows:
            rows.itersize = 20_000
            rows.execute(f"SELECT {BYTES} FROM accounts_trail ORDER BY id")  # noqa: S608
            for (line,) in rows:
                found.update(line)
        return found.hexdigest()

    return work


def _verifying(folder: Path) -> Work:
    enter(folder)
    from django.conf import settings

    from fupin.accounts.trail.api import NAME, public_keys, verify

    keys, heads = public_keys(Path(settings.FUPIN_TRAIL_KEY_FILE)), Path(settings.FUPIN_HEADS_DIR) / NAME

    def work() -> int:
        found = verify(keys, [heads], lambda _step, _share: None)
        if found.broken is not None:
            raise RuntimeError(found.broken.en)
        return found.entries

    return work
