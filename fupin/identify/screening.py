"""Order a screening, carry it out, exempt an object from a rule. The registry itself is never changed here."""

from __future__ import annotations

import json
import shutil
from datetime import date
from pathlib import Path

import polars as pl
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone
from procrastinate.contrib.django import app as queue

from fupin.accounts import api as accounts
from fupin.accounts.api import User
from fupin.catalogue.load import load_catalogue
from fupin.catalogue.screening import read_screening
from fupin.engine.run import DeliveryFile, RunInputs
from fupin.engine.screening import VILLAGES, Screened, screen
from fupin.engine.staging import Stage
from fupin.exchange import api as exchange
from fupin.identify import screening_rows
from fupin.identify.loading import copy_rows
from fupin.identify.long_work import Progress, mark_failed, reporter
from fupin.identify.rules import check_day
from fupin.identify.screening_models import ScreenAnswer, ScreenCount, ScreenExemption, ScreenHit, Screening
from fupin.identify.screening_queries import exemption_mark, hit_for, inside, previous_screening
from fupin.identify.services import demand_region
from fupin.kernel.errors import UserError
from fupin.kernel.seen import demand_seen
from fupin.registry import api as registry

SCREEN_TASK = "identify.screen"
LONGEST = 3 * 366  # days for which an exemption may hold


def start_screening(*, by: User, region: str, as_of: date | None = None, in_background: bool = True) -> Screening:
    """Create a screening and hand it to the queue (or leave it to the caller with ``in_background=False``)."""
    accounts.require(by, "screen", region)
    day = as_of or timezone.localdate()
    check_day(day, region, timezone.localdate(), load_catalogue())
    demand_region(by, region)
    stamp = timezone.localtime().strftime("%y%m%d%H%M%S%f")[:15]
    with transaction.atomic():
        made = Screening.objects.create(id=f"S{region}-{day:%Y%m%d}-{stamp}", region=region, as_of=day, started_by=by)
        accounts.record(by=by, verb="screen", object_kind="screening", object_id=made.id, region=region)
        if in_background:
            task = queue.configure_task(SCREEN_TASK)
            transaction.on_commit(lambda: task.defer(screening_id=made.id))
    return made


def execute_screening(one: Screening, progress: Progress | None = None) -> Screening:
    """Snapshot → rules → database. Safe to call again after a kill: it begins anew."""
    with accounts.acting_for(one.started_by, one.region):
        report = reporter(one, progress)
        Screening.objects.filter(pk=one.pk).update(state="running", problem={})
        folder = Path(settings.FUPIN_DATA_DIR) / "screenings" / one.pk
        try:
            screened = _screened(one, folder, report)
            report("load", 0.8)
            _load(one, screened)
        except Exception as error:
            mark_failed(one, error)
            raise
        finally:
            shutil.rmtree(folder, ignore_errors=True)  # a screening keeps no copy of the registry
        one.refresh_from_db()
        return one


def _screened(one: Screening, folder: Path, report: Progress) -> Screened:
    registry.snapshot(folder, lambda step, share: report(step, 0.4 * share))
    files = tuple(
        DeliveryFile(
            d.dataset, d.delivery, Path(d.path), d.sha256, d.cut_off, d.provider, d.rows, d.lake_key_id, d.correction
        )
        for d in exchange.usable_deliveries(one.as_of)
        if d.dataset == VILLAGES
    )
    stage = Stage(RunInputs(one.region, one.as_of, folder, files))
    return screen(stage, load_catalogue(), read_screening(), lambda share: report("screen", 0.4 + 0.4 * share))


def _load(one: Screening, screened: Screened) -> None:
    before = previous_screening(one)
    told = screened.rules
    applicable = told.filter("applicable").get_column("rule").to_list()
    with transaction.atomic():
        rows = screening_rows.standing_rows(
            screened.hits, _before(one, before), _answered(before), _exempt(one), applicable, one.as_of
        )
        ScreenHit.objects.filter(screening=one).delete()
        ScreenCount.objects.filter(screening=one).delete()
        owner = ("screening_id", one.pk)
        copy_rows(owner, ScreenHit._meta.db_table, rows, screening_rows.HIT_COLUMNS)
        counts = screening_rows.count_rows(rows, one.region)
        copy_rows(owner, ScreenCount._meta.db_table, counts, screening_rows.COUNT_COLUMNS)
        Screening.objects.filter(pk=one.pk).update(
            state="finished", before=before, told=[list(line) for line in told.iter_rows()],
            counts=screening_rows.total_counts(rows, told), progress=100, step="", finished_at=timezone.now(),
        )  # fmt: skip


def _before(one: Screening, before: Screening | None) -> pl.DataFrame:
    """What the screening before left open inside this one's region."""
    if before is None:
        return pl.DataFrame(schema=screening_rows.BEFORE)
    found = ScreenHit.objects.filter(inside(one.region), screening=before).exclude(standing="mended")
    names = [name for name in screening_rows.BEFORE if name != "params"]
    rows = [
        (*row[:-1], json.dumps(row[-1], ensure_ascii=False))
        for row in found.values_list(*names, "params").iterator(chunk_size=50_000)
    ]
    schema = {**{name: screening_rows.BEFORE[name] for name in names}, "params": pl.String()}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _answered(before: Screening | None) -> pl.DataFrame:
    """Who said last, since the screening before, that a hit is mended."""
    rows: dict[tuple[str, str], int] = {}
    if before is not None:
        found = ScreenAnswer.objects.filter(answer="mended", at__gte=before.started_at).order_by("at", "pk")
        rows = {(rule, object_id): by for rule, object_id, by in found.values_list("rule", "object_id", "by_id")}
    return pl.DataFrame([(*key, by) for key, by in rows.items()], schema=screening_rows.ANSWERED, orient="row")


def _exempt(one: Screening) -> pl.DataFrame:
    found = ScreenExemption.objects.filter(inside(one.region), ended_at__isnull=True, until__gte=one.as_of)
    return pl.DataFrame(list(found.values_list("rule", "object_id")), schema=screening_rows.EXEMPT, orient="row")


@transaction.atomic
def exempt(
    *, by: User, screening: Screening, key: str, reason: str, until: date, seen: str | None = None
) -> ScreenExemption:
    """The rule of a hit does not count for its object until a day; ``seen``: ``exemption_mark`` as the form had it,
    None: whatever it is now. Raises UserError, NotFound, Forbidden, Stale."""
    hit = hit_for(by, screening, key)
    accounts.require(by, "exempt", hit.village_code)
    _demand_unchanged(hit.rule, hit.object_id, seen)
    today = timezone.localdate()
    if not reason.strip():
        raise UserError("豁免没有写理由", "the exemption has no reason", "请写明理由", "say why")
    if not today <= until or (until - today).days > LONGEST:
        raise UserError(
            f"豁免到期日 {until} 不在今天至三年之内",
            f"the last day {until} is not within three years from today",
            "请填写三年之内的日期，到期后再核实",
            "give a day within three years; it is checked again then",
        )
    ScreenExemption.objects.filter(rule=hit.rule, object_id=hit.object_id, ended_at__isnull=True).update(
        ended_at=timezone.now(), ended_by=by
    )
    made = ScreenExemption.objects.create(
        rule=hit.rule, object_id=hit.object_id, village_code=hit.village_code, reason=reason.strip()[:200],
        until=until, by=by,
    )  # fmt: skip
    detail = {"rule": hit.rule, "until": until.isoformat()}
    accounts.record(
        by=by, verb="exempt", object_kind="screen_object", object_id=hit.object_id, region=hit.village_code,
        detail=detail, reason=made.reason,
    )  # fmt: skip
    return made


def _demand_unchanged(rule: str, object_id: str, seen: str | None) -> None:
    """Locked until the transaction ends, whether there is an exemption or not. Raises Stale."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"exemption {rule}/{object_id}"])
    now = exemption_mark(rule, object_id)
    demand_seen(seen, now, f"{object_id} 的豁免（{rule}）", f"the exemption of {object_id} from {rule}")


@transaction.atomic
def end_exemption(*, by: User, exemption: ScreenExemption) -> None:
    """Raises Forbidden; Stale where somebody ended it already, or another one took its place."""
    accounts.require(by, "exempt", exemption.village_code)
    _demand_unchanged(exemption.rule, exemption.object_id, str(exemption.pk))
    ScreenExemption.objects.filter(pk=exemption.pk, ended_at__isnull=True).update(ended_at=timezone.now(), ended_by=by)
    accounts.record(
        by=by, verb="exempt", object_kind="screen_object", object_id=exemption.object_id,
        region=exemption.village_code, detail={"rule": exemption.rule, "ended": True},
    )  # fmt: skip


def give_up_screening(screening_id: str) -> None:
    """The queue will not try again."""
    problem = {
        "zh": "筛查多次中断（内存不足或进程被终止），已停止重试",
        "en": "the screening was killed several times and is not tried again",
    }
    stopped = Screening.objects.filter(pk=screening_id, state__in=("waiting", "running"))
    stopped.update(state="failed", problem=problem, finished_at=timezone.now())
