"""Runs, each household's index, findings. A run's full detail lies in its folder; here is what pages need."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from fupin.identify.cases.application_models import Application, ApplicationAnswer
from fupin.identify.cases.models import (
    Bulk,
    BulkCase,
    CalendarDay,
    Case,
    CaseAct,
    CaseFile,
    CasePaper,
    DatedParameter,
    Ended,
    Monitored,
    Notice,
    Objection,
    ObjectionAnswer,
    OverdueRule,
    Reminder,
    SampleCheck,
    StandardItem,
    StepRule,
)
from fupin.identify.measure_models import RegionMeasure
from fupin.identify.screening_models import ScreenAnswer, ScreenCount, ScreenExemption, ScreenHit, Screening
from fupin.identify.verdict_models import FindingVerdict

__all__ = [
    "Application", "ApplicationAnswer", "Band", "Bulk", "BulkCase", "CalendarDay", "Case", "CaseAct", "CaseFile",
    "CasePaper", "DatedParameter", "Ended", "Finding", "FindingVerdict", "HouseholdIndex", "Monitored", "Notice",
    "Objection", "ObjectionAnswer", "OverdueRule", "RegionAggregate", "RegionMeasure", "RegionResult", "Reminder",
    "Run", "RunState", "SampleCheck", "ScreenAnswer", "ScreenCount", "ScreenExemption", "ScreenHit", "Screening",
    "StandardItem", "StepRule",
]  # fmt: skip


class RunState(models.TextChoices):
    WAITING = "waiting", _("等待")
    RUNNING = "running", _("运行中")
    FINISHED = "finished", _("完成")
    FAILED = "failed", _("失败")


class Band(models.TextChoices):
    POOR = "poor", _("贫困")
    POSSIBLY = "possibly", _("可能贫困")
    STABLE = "stable", _("稳定脱贫")
    UNDECIDED = "undecided", _("待定")


class Run(models.Model):
    """One identification run over a region at a cut-off date."""

    id = models.CharField(primary_key=True, max_length=40)
    region = models.CharField(max_length=15, db_collation="C")
    as_of = models.DateField()
    state = models.CharField(max_length=10, choices=RunState.choices, default=RunState.WAITING)
    step = models.CharField(max_length=60, blank=True)
    progress = models.PositiveSmallIntegerField(default=0)
    problem = models.JSONField(default=dict)
    folder = models.CharField(max_length=255, blank=True)
    manifest = models.JSONField(default=dict)
    counts = models.JSONField(default=dict)
    rerun_of = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="reruns")
    started_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)
    started_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["-started_at"]
        constraints = [
            models.CheckConstraint(name="run_state_known", condition=models.Q(state__in=RunState.values)),
            models.CheckConstraint(
                name="finished_run_has_manifest",
                condition=~models.Q(state="finished") | (models.Q(finished_at__isnull=False) & ~models.Q(manifest={})),
            ),
        ]


class HouseholdIndex(models.Model):
    """The 脱贫指数 of one household in one run: ten-thousandths of a point, 0–1,000,000."""

    pk = models.CompositePrimaryKey("run_id", "household_id")
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="index")
    household_id = models.CharField(max_length=24, db_collation="C")
    village_code = models.CharField(max_length=12, db_collation="C")
    state = models.CharField(max_length=1)
    low = models.IntegerField()
    high = models.IntegerField()
    band = models.CharField(max_length=10, choices=Band.choices)
    unknown = models.SmallIntegerField()
    dim_low = ArrayField(models.IntegerField(), size=7)
    dim_high = ArrayField(models.IntegerField(), size=7)
    dim_weight = ArrayField(models.IntegerField(), size=7)
    findings = models.SmallIntegerField(default=0)
    cause = models.CharField(
        max_length=2, blank=True, default=""
    )  # 主要致贫原因 when the run was made; "" = none given
    income_head = models.BigIntegerField(null=True)  # net income per head over twelve months, 分; null = unknown

    class Meta:
        indexes = [
            models.Index(fields=["run", "village_code", "band"], name="index_place_band"),
            models.Index(fields=["run", "low"], name="index_low"),
        ]
        constraints = [
            models.CheckConstraint(
                name="index_interval",
                condition=models.Q(low__gte=0, high__lte=1_000_000, low__lte=models.F("high")),
            ),
        ]


class Finding(models.Model):
    """疑点: a contradiction for people to check on the spot. Never an automatic change."""

    pk = models.CompositePrimaryKey("run_id", "finding_id")
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="findings")
    finding_id = models.CharField(max_length=32)
    rule = models.CharField(max_length=60)
    rule_version = models.PositiveSmallIntegerField()
    topic = models.CharField(max_length=20)
    household_id = models.CharField(max_length=24, db_collation="C")
    village_code = models.CharField(max_length=12, db_collation="C")
    severity = models.PositiveSmallIntegerField()
    direction = models.CharField(max_length=12)
    n = models.IntegerField()
    exempted = models.IntegerField()
    params = models.JSONField(default=dict)
    evidence = models.JSONField(default=list)

    class Meta:
        indexes = [
            models.Index(fields=["run", "village_code", "severity"], name="finding_place"),
            # the list's own order, so that a page of it reads fifty rows and not the whole run's
            models.Index(fields=["run", "severity", "village_code", "finding_id"], name="finding_order"),
            models.Index(fields=["run", "rule"], name="finding_rule"),
            models.Index(fields=["run", "household_id"], name="finding_household"),
        ]
        constraints = [
            models.CheckConstraint(name="finding_severity", condition=models.Q(severity__range=(1, 5))),
            models.CheckConstraint(
                name="finding_direction",
                condition=models.Q(direction__in=["misplaced", "missed", "inconsistent"]),
            ),
        ]


class RegionResult(models.Model):
    """What a run says of one region: every level from the run's region down to the village."""

    pk = models.CompositePrimaryKey("run_id", "region")
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="regions")
    region = models.CharField(max_length=15, db_collation="C")
    level = models.PositiveSmallIntegerField()
    households = models.IntegerField()
    persons = models.IntegerField()
    registered_households = models.IntegerField()
    registered_persons = models.IntegerField()
    unexited_households = models.IntegerField()
    unexited_persons = models.IntegerField()
    poor = models.IntegerField()
    possibly = models.IntegerField()
    stable = models.IntegerField()
    undecided = models.IntegerField()
    findings = models.IntegerField()
    severe_findings = models.IntegerField()
    low_sum = models.BigIntegerField()
    high_sum = models.BigIntegerField()
    dim_low_sum = ArrayField(models.BigIntegerField(), size=7)
    dim_high_sum = ArrayField(models.BigIntegerField(), size=7)
    dim_weight_sum = ArrayField(models.BigIntegerField(), size=7)

    class Meta:
        indexes = [models.Index(fields=["run", "level", "region"], name="region_result_level")]


class RegionAggregate(models.Model):
    """How a region's households spread in a run: what charts draw, for the same regions as ``RegionResult``.

    Each list holds rows whose last number counts; what would count nothing is left out. Kept apart from the figures,
    which are read for thousands of regions at once, while these are read for one.
    """

    pk = models.CompositePrimaryKey("run_id", "region")
    # no index of its own: the primary key begins with it
    run = models.ForeignKey(Run, on_delete=models.CASCADE, db_index=False, related_name="aggregates")
    region = models.CharField(max_length=15, db_collation="C")
    histogram = models.JSONField(default=list)  # [bin of the index, households]
    causes = models.JSONField(default=list)  # [main cause, listed households]
    scatter = models.JSONField(default=list)  # [bin of the income per head, bin of the index, households]
    rules = models.JSONField(default=list)  # [rule, severity, direction, topic, findings]
    income = models.JSONField(default=list)  # [month, wage, business, transfer, property (分), persons, households]
    income_unknown = models.IntegerField()
    income_households = models.IntegerField()
